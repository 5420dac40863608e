"""Python source that is written: lines that fit, and imports in their order, as ``ruff`` would leave them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from ..analysis.import_order import imported_order, module_order


def call(head: str, items: Sequence[str], tail: str, indent: int, width: int) -> str:
    """A call or a ``def`` with its arguments: on one line, on one line of their own, or on a line each."""
    margin = " " * indent
    one = f"{margin}{head}{', '.join(items)}{tail}"
    if len(one) <= width or not items:
        return one
    comma = "," if "def " in head and len(items) == 1 else ""
    inner = f"{margin}    {', '.join(items)}{comma}"
    if len(inner) <= width:
        return f"{margin}{head}\n{inner}\n{margin}{tail}"
    return _a_line_each(head, items, tail, indent)


def collection(head: str, items: Sequence[str], tail: str, indent: int, width: int) -> str:
    """A list, a tuple or the names of an import: on one line, or on a line each."""
    one = f"{' ' * indent}{head}{', '.join(items)}{tail}"
    return one if len(one) <= width and "\n" not in one else _a_line_each(head, items, tail, indent)


def _a_line_each(head: str, items: Sequence[str], tail: str, indent: int) -> str:
    margin = " " * indent
    lines = "".join(f"{margin}    {item.strip()},\n" for item in items)
    return f"{margin}{head}\n{lines}{margin}{tail}"


def import_from(module: str, names: Iterable[str], width: int) -> str:
    """An import of names from a module."""
    ordered = sorted(set(names), key=imported_order)
    one = f"from {module} import {', '.join(ordered)}"
    return one if len(one) <= width else _a_line_each(f"from {module} import (", ordered, ")", 0)


class Imports:
    """The imports of a file that is written."""

    def __init__(self, own: Iterable[str]) -> None:
        self._own = frozenset(own)
        """The first parts of the names of the project's modules."""
        self._names: dict[str, set[str]] = {}

    def add(self, module: str, *names: str) -> None:
        """Import names from a module, or the module itself."""
        self._names.setdefault(module, set()).update(names)

    def render(self, width: int) -> str:
        """All imports, section after section."""
        sections: dict[int, list[str]] = {}
        for module in sorted(
            self._names, key=lambda module: (bool(self._names[module]), module_order(module))
        ):
            names = self._names[module]
            text = import_from(module, names, width) if names else f"import {module}"
            sections.setdefault(self._section(module), []).append(text)
        return "\n\n".join("\n".join(sections[number]) for number in sorted(sections))

    def _section(self, module: str) -> int:
        top = module.partition(".")[0]
        if top == "__future__":
            return 0
        if top in self._own:
            return 3
        return 1 if top in sys.stdlib_module_names else 2
