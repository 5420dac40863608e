"""The lines of a class: cut at its members, and put together in another order."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import NamedTuple

from ...analysis.models import Member
from ...analysis.syntax import FUNCTIONS
from .order import without_docstrings


class Block(NamedTuple):
    """A member with its lines: blank ones before it, then comments, then itself and what trails it."""

    node: ast.stmt
    blank: list[str]
    lines: list[str]

    @property
    def is_tall(self) -> bool:
        """Is it set apart by blank lines?"""
        return isinstance(self.node, (*FUNCTIONS, ast.ClassDef, ast.If, ast.Try, ast.With))


class Cut(NamedTuple):
    """The lines of a file: those before the members of a class, of each member, and behind them."""

    before: list[str]
    blocks: list[Block]
    after: list[str]


def cut(lines: Sequence[str], node: ast.ClassDef, members: Sequence[Member]) -> Cut | None:
    """The lines of a file, cut at the members of one class; None where they cannot be cut safely."""
    has_doc = len(node.body) > len(members)
    kept = {id(m.node) for m in without_docstrings(members)}
    body = node.body[1:] if has_doc else node.body
    if not body:
        return None
    indent = body[0].col_offset
    margin = lines[body[0].lineno - 1][:indent]
    start = (node.body[0].end_lineno if has_doc else _header_end(node, lines)) or 0
    blocks: list[Block] = []
    end = start  # lines up to here are given out
    for statement in body:
        first = min([statement.lineno, *(d.lineno for d in getattr(statement, "decorator_list", ()))]) - 1
        last = statement.end_lineno or statement.lineno
        if first < end or lines[first][: len(lines[first]) - len(lines[first].lstrip())] != margin:
            return None
        gap = list(lines[end:first])
        if any(
            _is_switch(line, indent) or (line.strip() and not line.lstrip().startswith("#")) for line in gap
        ):
            return None
        own = list(lines[first:last])
        if id(statement) not in kept and blocks:
            blocks[-1].lines.extend(gap + own)
        else:
            trailing = _trailing(gap, indent, followed=True) if blocks else 0
            if blocks:
                blocks[-1].lines.extend(gap[:trailing])
            gap = gap[trailing:]
            blank = next((i for i, line in enumerate(gap) if line.strip()), len(gap))
            blocks.append(Block(statement, gap[:blank], gap[blank:] + own))
        end = last
    tail = list(lines[end:])
    size = next(
        (i for i, line in enumerate(tail) if line.strip() and not line.lstrip().startswith("#")), len(tail)
    )
    trailing = _trailing(tail[:size], indent, followed=False)
    if any(_is_switch(line, indent) for line in tail[:trailing]):
        return None
    blocks[-1].lines.extend(tail[:trailing])
    return Cut(list(lines[:start]), blocks, tail[trailing:])


def _is_switch(line: str, indent: int) -> bool:
    """Is it a comment between members that holds for all lines below it: ``# fmt: off``?"""
    return len(line) - len(line.lstrip()) <= indent and re.match(_SWITCH, line.lstrip()) is not None


_SWITCH = (
    r"#\s*(?:(?:fmt|yapf|isort|autopep8|ruff)\s*:\s*(?:off|on|disable|enable)\b"
    r"|pylint\s*:\s*(?:disable|enable)\s*=|(?:end)?region\b)"
)


def _header_end(node: ast.ClassDef, lines: Sequence[str]) -> int:
    """The number of the line on which the class's header ends; the file's end where its body is on it."""
    first = node.body[0]
    start = min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", ()))])
    end = start - 1
    while end > node.lineno and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end if end >= node.lineno else len(lines)


def _trailing(gap: Sequence[str], indent: int, *, followed: bool) -> int:
    """How many lines of a gap belong to the member before it: comments right below it, or indented deeper."""

    def depth(line: str) -> int:
        return len(line) - len(line.lstrip())

    deeper = [i for i, line in enumerate(gap) if line.strip() and depth(line) > indent]
    size = deeper[-1] + 1 if deeper else 0
    block = size
    while block < len(gap) and gap[block].strip() and depth(gap[block]) >= indent:
        block += 1
    if any(line.lstrip().startswith("#:") for line in gap[size:block]):
        return size  # documents the next field
    if followed and block == len(gap):
        return size  # right above the next member
    return block


def assembled(cut: Cut, wanted: Sequence[Member]) -> str:
    by_node = {id(block.node): block for block in cut.blocks}
    order = [by_node[id(member.node)] for member in wanted]
    before = {id(block): cut.blocks[n - 1] if n else None for n, block in enumerate(cut.blocks)}
    header = next((line for line in cut.before if line.strip()), "\n")
    newline = header[len(header.rstrip("\r\n")) :] or "\n"
    unended = (
        bool(cut.blocks[-1].lines) and not cut.after and not cut.blocks[-1].lines[-1].endswith(("\n", "\r"))
    )
    result = list(cut.before)
    for number, block in enumerate(order):
        previous = order[number - 1] if number else None
        if previous is before[id(block)]:
            blank = block.blank
        elif previous is None:
            blank = cut.blocks[0].blank
        else:
            tall = previous.is_tall or block.is_tall
            blank = block.blank[:1] or [newline] if tall else []
        own = list(block.lines)
        if not own[-1].endswith(("\n", "\r")):
            own[-1] += newline
        result += blank + own
    if unended:
        result[-1] = result[-1].rstrip("\r\n")
    return "".join(result + cut.after)
