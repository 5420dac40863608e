"""The ``pyproject.toml`` of a project: what it says, and what a new project adds to one that is there."""

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


class Manifest:
    """A pyproject.toml, read once. Raises RefusedError if the file is no TOML."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = read(path)
        try:
            self.tables = parse_toml(self.text)
        except TomlError as error:
            raise RefusedError("unreadable", path, f"the file is {error}") from None

    def table(self, name: str) -> dict[str, Any]:
        """One of its tables; empty without it."""
        table = self.tables.get(name)
        return table if isinstance(table, dict) else {}

    @property
    def name(self) -> str | None:
        """The normal form of the project's name (PEP 503), ``my-shop`` for ``My_Shop``."""
        name = self.table("project").get("name")
        return None if name is None else _normal(str(name))

    def lacking(self, wanted: Sequence[str]) -> list[str]:
        """The requirements whose distribution the table ``[project]`` does not depend on."""
        there = {_distribution(one) for one in self._dependencies if isinstance(one, str)}
        return [one for one in wanted if _distribution(one) not in there]

    def completed(self, template: str, requirements: Sequence[str]) -> str:
        """Its text with the requirements and the template's tables that it lacks.

        A table ``[tool.x…]`` is lacking if the file has nothing under ``tool.x``. ``[dependency-groups]``
        comes with ``[tool.uv]``, which makes the groups defaults. Raises RefusedError if the list of
        dependencies has a form that this module does not know.
        """
        text = self.text.replace("\r\n", "\n").rstrip("\n") + "\n"
        wanted = self.lacking(requirements)
        if wanted:
            text = self._with_dependencies(text, wanted)
        tools = self.table("tool")
        groups_are_new = not self.table("dependency-groups") and "uv" not in tools
        for name, table in _tables_in(template):
            top, _, rest = name.partition(".")
            if top == "dependency-groups" or name == "tool.uv":
                new = groups_are_new
            else:
                new = top == "tool" and rest.partition(".")[0] not in tools
            if new:
                text += f"\n{table}"
        return text

    def _with_dependencies(self, text: str, wanted: Sequence[str]) -> str:
        """The text with the requirements at the head of its list, or with a new list."""
        items = "".join(f'\n    "{one}",' for one in wanted)
        changed = _LIST.sub(lambda found: f"{found[1]}{items}\n{found[2] or '    '}", text, count=1)
        if changed == text:
            changed = _PROJECT.sub(lambda found: f"{found[0]}dependencies = [{items}\n]\n", text, count=1)
        try:
            right = parse_toml(changed)["project"]["dependencies"] == [*wanted, *self._dependencies]
        except (TomlError, KeyError, TypeError):
            right = False
        if not right:
            named = ", ".join(wanted)
            raise RefusedError(
                "dependencies", self.path, f"add these to the dependencies of [project]: {named}"
            )
        return changed

    @property
    def _dependencies(self) -> list[Any]:
        listed = self.table("project").get("dependencies")
        return listed if isinstance(listed, list) else []


def manifest_in(folder: Path) -> Manifest | None:
    """The manifest of a folder; None without one. Raises RefusedError."""
    path = folder / MANIFEST
    return Manifest(path) if path.is_file() else None


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
