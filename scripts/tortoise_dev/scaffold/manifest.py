"""Completes a ``pyproject.toml`` that was there before the project: what it has stays as it is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..toml_text import TomlError, parse_toml
from .changes import RefusedError, read

MANIFEST = "pyproject.toml"
_HEADER = re.compile(r"^\[+([^\]]+)\]", re.MULTILINE)
_LIST = re.compile(r"^(dependencies[ \t]*=[ \t]*\[)\s*(\])?", re.MULTILINE)
_PROJECT = re.compile(r"^\[project\][^\n]*\n", re.MULTILINE)


def table_of(manifest: Path, name: str) -> dict[str, Any]:
    """A table of the file, or an empty one. Raises RefusedError if the file is no TOML."""
    try:
        table = parse_toml(read(manifest)).get(name, {})
    except TomlError as error:
        raise RefusedError("unreadable", manifest, f"the file is no TOML: {error}") from None
    return table if isinstance(table, dict) else {}


def name_in(manifest: Path, default: str) -> str:
    """The normal form of the project's name (PEP 503), ``my-shop`` for ``My_Shop``."""
    return _normal(str(table_of(manifest, "project").get("name", default)))


def lacking(wanted: Sequence[str], project: dict[str, Any]) -> list[str]:
    """The requirements whose distribution the table ``[project]`` does not depend on."""
    there = {_distribution(one) for one in _listed(project) if isinstance(one, str)}
    return [one for one in wanted if _distribution(one) not in there]


def completed(manifest: Path, template: str, requirements: Sequence[str]) -> str:
    """The text of the file with the requirements that it lacks, and with the template's tables that it lacks.

    A table ``[tool.x…]`` is lacking if the file has nothing under ``tool.x``. ``[dependency-groups]`` comes
    with ``[tool.uv]``, which makes the groups defaults. Raises RefusedError if the list of dependencies
    has a form that this module does not know.
    """
    text = read(manifest).replace("\r\n", "\n").rstrip("\n") + "\n"
    tools = table_of(manifest, "tool")
    wanted = lacking(requirements, table_of(manifest, "project"))
    if wanted:
        text = _with_dependencies(manifest, text, wanted)
    groups_are_new = not table_of(manifest, "dependency-groups") and "uv" not in tools
    for name, table in _tables_in(template):
        top, _, rest = name.partition(".")
        if top == "dependency-groups" or name == "tool.uv":
            new = groups_are_new
        else:
            new = top == "tool" and rest.partition(".")[0] not in tools
        if new:
            text += f"\n{table}"
    return text


def _with_dependencies(manifest: Path, text: str, wanted: Sequence[str]) -> str:
    """The text with the requirements at the head of its list, or with a new list."""
    items = "".join(f'\n    "{one}",' for one in wanted)
    changed = _LIST.sub(lambda found: f"{found[1]}{items}\n{found[2] or '    '}", text, count=1)
    if changed == text:
        changed = _PROJECT.sub(lambda found: f"{found[0]}dependencies = [{items}\n]\n", text, count=1)
    old = _listed(table_of(manifest, "project"))
    try:
        right = parse_toml(changed)["project"]["dependencies"] == [*wanted, *old]
    except (TomlError, KeyError, TypeError):
        right = False
    if not right:
        named = ", ".join(wanted)
        raise RefusedError("dependencies", manifest, f"add these to the dependencies of [project]: {named}")
    return changed


def _listed(project: dict[str, Any]) -> list[Any]:
    listed = project.get("dependencies")
    return listed if isinstance(listed, list) else []


def _tables_in(text: str) -> list[tuple[str, str]]:
    """The name and the text of each table, in order."""
    found = list(_HEADER.finditer(text))
    ends = [*(header.start() for header in found[1:]), len(text)]
    return [
        (header[1], text[header.start() : end].rstrip("\n") + "\n")
        for header, end in zip(found, ends, strict=True)
    ]


def _distribution(requirement: str) -> str:
    return _normal(re.split(r"[^\w.-]", requirement.strip(), maxsplit=1)[0])


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
