"""The page about link tables, pasted into a new project: the project's own tools find nothing wrong."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "references" / "link-tables.md").read_text(encoding="utf-8")
BILLING_CONFTEST = (ROOT / "examples" / "billing" / "tests" / "conftest.py").read_text(encoding="utf-8")
RACES = (ROOT / "references" / "races.md").read_text(encoding="utf-8")


def block(text: str, first_line: str) -> str:
    """The only block that begins with the line."""
    (found,) = re.findall(rf"^```[^\n]*\n({re.escape(first_line)}\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def titled(text: str, title: str) -> str:
    (found,) = re.findall(
        rf'^```python title="{re.escape(title)}"[^\n]*\n(.*?)^```$', text, re.MULTILINE | re.DOTALL
    )
    return str(found)


def with_overlap(conftest: str) -> str:
    """The conftest.py of a new project, with what the page about races says to add."""
    fixture = titled(RACES, "tests/conftest.py")
    there = set(imported(conftest))
    imports = "\n".join(
        line
        for name, line in imported(BILLING_CONFTEST).items()
        if re.search(rf"\b{name}\b", fixture) and name not in there
    )
    docstring, _, rest = conftest.partition('"""\n\n')
    return f'{docstring}"""\n\n{imports}\n{rest}\n\n{fixture}'


def imported(text: str) -> dict[str, str]:
    """The names that a module imports, each with a statement of its own."""
    nodes = [node for node in ast.parse(text).body if isinstance(node, ast.Import | ast.ImportFrom)]
    return {
        alias.asname or alias.name: f"from {node.module} import {alias.name}"
        if isinstance(node, ast.ImportFrom)
        else f"import {alias.name}"
        for node in nodes
        for alias in node.names
    }


def test_the_page_works_in_a_new_project(project: Any, mypy_cache: str) -> None:
    project.new(migrations="builtin")
    project.add("people", "Person", "name:char:100")
    project.add("work", "Project", "name:char:100")
    url = {"DATABASE_URL": f"sqlite://{project.folder}/db.sqlite3"}
    project.run("-m", "tortoise", "makemigrations", **url)

    command = re.search(r"scaffold\.py\" model (.*?)\n```", PAGE, re.DOTALL)
    assert command is not None
    app, name, *fields = shlex.split(command[1].replace("\\\n", " "))
    project.add(app, name, *fields)
    model = project.text("apps/work/models/membership.py")
    start = model.index("    class Meta:", model.index("class Membership("))
    end = model.index("    project: fields")
    model = model[:start] + indent(block(PAGE, "class Meta:"), "    ") + "\n" + model[end:]
    index = "from apps.common.indexes import UniquePartialIndex\n"
    model = model.replace("from apps.common.models", f"{index}from apps.common.models", 1)
    files = {"apps/work/models/membership.py": model}
    for title in ("apps/common/indexes.py", "apps/work/services/memberships.py", "tests/test_memberships.py"):
        files[title] = titled(PAGE, title)
    files["tests/conftest.py"] = with_overlap(project.text("tests/conftest.py"))
    project.write(files)

    project.run("-m", "tortoise", "makemigrations", **url)
    (draft,) = (project.folder / "migrations").glob("0002*.py")
    (more,) = re.findall(r"stays here\n(.*?)\n\]\n", block(PAGE, "operations = ["), re.DOTALL)
    text = draft.read_text(encoding="utf-8").rstrip()
    assert text.endswith("]")
    draft.write_text(f"{text[:-1].rstrip()}\n{more}\n    ]\n", encoding="utf-8")
    project.run("-m", "tortoise", "migrate", **url)
    assert "No changes detected" in project.run("-m", "tortoise", "makemigrations", **url)

    report = project.run("-m", "pytest", "-q", "-p", "no:cacheprovider", "tests")
    assert " failed" not in report
    project.run("-m", "ruff", "format", "--no-cache", ".")
    project.run("-m", "ruff", "check", "--no-cache", "--ignore", "I001,E402", ".")
    project.run("-m", "mypy", f"--cache-dir={mypy_cache}", ".")
