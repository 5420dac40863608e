"""How a finding is repaired: pieces of text that are replaced, or members of a class that move."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Literal, NamedTuple, TypeAlias

from ..analysis.modules import Module

Place: TypeAlias = tuple[int, int]
"""A line, counted from 1, and a number of characters on it."""


class Edit(NamedTuple):
    """The text from one place up to another is replaced; ``path`` names another file than the finding's."""

    start: Place
    end: Place
    text: str
    path: Path | None = None


class Fix(NamedTuple):
    """A repair: all of its edits, or the order of a class's members.

    What is not ``safe`` changes what the program does: it is made on request only.
    """

    edits: tuple[Edit, ...] = ()
    order: Literal["", "lead", "sort"] = ""
    """``lead`` moves Meta to the front of the class at the finding, ``sort`` sorts its members."""
    safe: bool = True


def place(module: Module, line: int, offset: int) -> Place:
    """Where a node of a module is, whose offset counts bytes."""
    text = module.file.lines[line - 1]
    return line, offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))


def start_of(module: Module, node: ast.expr | ast.stmt | ast.keyword) -> Place:
    """Where a node begins."""
    return place(module, node.lineno, node.col_offset)


def end_of(module: Module, node: ast.expr | ast.stmt | ast.keyword) -> Place:
    """Where a node ends."""
    return place(module, node.end_lineno or node.lineno, node.end_col_offset or 0)


def insertion(at: Place, text: str) -> Edit:
    """A text that is put in."""
    return Edit(at, at, text)


def source_of(module: Module, node: ast.expr) -> str:
    """The text of a node, comments in it too."""
    (first, start), (last, end) = start_of(module, node), end_of(module, node)
    lines = module.file.lines[first - 1 : last]
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    return "".join(lines)
