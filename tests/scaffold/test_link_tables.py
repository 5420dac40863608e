"""The page about link tables, pasted into a new project: the project's own tools find nothing wrong."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "references" / "link-tables.md").read_text(encoding="utf-8")
RESTRICTED = """
import pytest
from tortoise.exceptions import IntegrityError

from apps.work.models import Membership, Project
from tests.test_memberships import make_members


async def test_a_project_with_members_stays(database: None) -> None:
    project = await Project.get(id=(await make_members())[0])
    with pytest.raises(IntegrityError):
        await project.delete()
    await Membership.filter(project_id=project.id).delete()
    await project.delete()
"""


def block(text: str, first_line: str) -> str:
    """The only block that begins with the line."""
    (found,) = re.findall(rf"^```[^\n]*\n({re.escape(first_line)}\n.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return str(found)


def titled(text: str, title: str) -> str:
    (found,) = re.findall(
        rf'^```python title="{re.escape(title)}"[^\n]*\n(.*?)^```$', text, re.MULTILINE | re.DOTALL
    )
    return str(found)


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
    files["tests/test_restricted.py"] = RESTRICTED.lstrip()
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
    project.run("-m", "ruff", "format", "--no-cache", "--check", ".")
    project.run("-m", "ruff", "check", "--no-cache", ".")
    project.run("-m", "mypy", f"--cache-dir={mypy_cache}", ".")
