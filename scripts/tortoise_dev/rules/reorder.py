"""Moving members of a class, as whole lines: comments and decorators come along, nothing else changes.

Every function here refuses rather than guesses, and a result is only returned when its syntax tree has the
very members that the class had before.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from ..analysis.models import Member, Rank, members_of
from ..analysis.modules import Module
from ..analysis.source import UnreadableError, comments_of, parse, split_lines
from ..analysis.syntax import FUNCTIONS, children

_LOOKS_AT_SCOPE = frozenset({"locals", "vars", "dir", "exec", "eval", "globals"})


def can_lead(module: Module, node: ast.ClassDef, meta: Member) -> bool:
    """May this Meta become the first member?"""
    members = members_of(node)
    wanted = _order(members, lead=True, sort=False)
    return (
        isinstance(meta.node, ast.ClassDef)
        and wanted is not None
        and wanted[0].node is meta.node
        and _keeps_meaning(module.root, members, wanted)
        and _blocks(module.file.lines, node, members) is not None
    )


def can_sort(module: Module, node: ast.ClassDef) -> bool:
    """May the members be brought into their order?"""
    members = members_of(node)
    wanted = _order(members, lead=False, sort=True)
    return (
        wanted is not None
        and _keeps_meaning(module.root, members, wanted)
        and _blocks(module.file.lines, node, members) is not None
    )


def reordered(text: str, place: tuple[int, str], *, lead: bool, sort: bool) -> str:
    """The text with Meta first (``lead``) and members in order (``sort``) in the class at a line, by name.

    Where that is not safe, as much of it as is; the text itself if nothing is.
    """
    for do_lead, do_sort in ((lead, sort), (lead, False), (False, sort)):
        if do_lead or do_sort:
            result = _reordered(text, place, lead=do_lead, sort=do_sort)
            if result is not None:
                return result
    return text


def _reordered(text: str, place: tuple[int, str], *, lead: bool, sort: bool) -> str | None:
    try:
        tree = parse(text)
        node = next(
            (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and (n.lineno, n.name) == place), None
        )
        if node is None:
            return None
        lines = split_lines(text)
        members = members_of(node)
        wanted, blocks = _order(members, lead=lead, sort=sort), _blocks(lines, node, members)
        if wanted is None or blocks is None or not _keeps_meaning(tree, members, wanted):
            return None
        if [m.node for m in wanted] == [m.node for m in members]:
            return text
        result = _assemble(lines, blocks, wanted)
        return result if _same_members(text, result, place) else None
    except (UnreadableError, RecursionError):
        return None


# --- the order


def _order(members: Sequence[Member], *, lead: bool, sort: bool) -> list[Member] | None:
    """The members in their wanted order; None where they have none."""
    members = _joined(members)
    metas = [member for member in members if member.rank is Rank.META]
    if len(metas) > 1:
        return None
    if sort:
        if any(member.rank is None for member in members):
            return None
        ranks: list[int] = []
        for member in members:
            stays = member.rank is Rank.META and not lead
            ranks.append((ranks[-1] if ranks else Rank.META) if stays else (member.rank or Rank.META))
        order = sorted(range(len(members)), key=lambda number: ranks[number])
        return [members[number] for number in order]
    if lead and metas:
        return [*metas, *(member for member in members if member is not metas[0])]
    return members


def _joined(members: Sequence[Member]) -> list[Member]:
    """The members without strings that document the one before them: those move with it."""
    return [
        member
        for number, member in enumerate(members)
        if not (number and _is_string(member.node) and members[number - 1].rank is Rank.FIELD)
    ]


def _is_string(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _keeps_meaning(tree: ast.Module, members: Sequence[Member], wanted: Sequence[Member]) -> bool:
    """Does no name change its meaning when the members change their order?"""
    lazy = any(
        isinstance(s, ast.ImportFrom)
        and s.module == "__future__"
        and any(a.name == "annotations" for a in s.names)
        for s in tree.body
    )
    uses = {id(m.node): _names(m.node, lazy) for m in wanted}
    if any(reads & _LOOKS_AT_SCOPE for _, reads in uses.values()):
        return False
    rank = {id(m.node): number for number, m in enumerate(wanted)}
    before = [m for m in members if id(m.node) in rank]
    for number, one in enumerate(before):
        for other in before[number + 1 :]:
            if rank[id(one.node)] < rank[id(other.node)]:
                continue
            (binds, reads), (other_binds, other_reads) = uses[id(one.node)], uses[id(other.node)]
            if binds & other_reads or other_binds & reads or binds & other_binds:
                return False
    return True


def _names(statement: ast.stmt, lazy: bool) -> tuple[set[str], set[str]]:
    """The names that a statement of a class body binds, and those that it reads while it runs."""
    binds: set[str] = set()
    reads: set[str] = set()
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name):
            (reads if isinstance(node.ctx, ast.Load) else binds).add(node.id)
        elif isinstance(node, FUNCTIONS):
            binds.add(node.name)
            arguments = node.args
            waiting += [*node.decorator_list, *arguments.defaults, *(d for d in arguments.kw_defaults if d)]
            if not lazy:
                every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
                every += [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
                waiting += [a.annotation for a in every if a.annotation is not None]
                waiting += [node.returns] if node.returns is not None else []
        elif isinstance(node, ast.ClassDef):
            binds.add(node.name)
            waiting += [*node.decorator_list, *node.bases, *(k.value for k in node.keywords)]
        elif isinstance(node, ast.Lambda):
            waiting += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            reads.add(node.target.id)
            waiting += children(node)
        elif isinstance(node, ast.alias):
            binds.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.AnnAssign) and lazy:
            waiting += [node.target, *([node.value] if node.value is not None else [])]
        else:
            waiting += children(node)
    return binds, reads


# --- the lines


class _Block(NamedTuple):
    """A member with its lines: blank ones before it, then comments, then itself and what trails it."""

    node: ast.stmt
    blank: list[str]
    lines: list[str]

    @property
    def is_tall(self) -> bool:
        """Is it set apart by blank lines?"""
        return isinstance(self.node, (*FUNCTIONS, ast.ClassDef, ast.If, ast.Try, ast.With))


class _Blocks(NamedTuple):
    before: list[str]
    blocks: list[_Block]
    after: list[str]


def _blocks(lines: Sequence[str], node: ast.ClassDef, members: Sequence[Member]) -> _Blocks | None:
    """The lines of a file, cut at the members of one class; None where they cannot be cut safely."""
    has_doc = len(node.body) > len(members)
    kept = {id(m.node) for m in _joined(members)}
    body = node.body[1:] if has_doc else node.body
    if not body:
        return None
    indent = body[0].col_offset
    margin = lines[body[0].lineno - 1][:indent]
    start = (node.body[0].end_lineno if has_doc else _header_end(node, lines)) or 0
    blocks: list[_Block] = []
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
            blocks.append(_Block(statement, gap[:blank], gap[blank:] + own))
        end = last
    tail = list(lines[end:])
    size = next(
        (i for i, line in enumerate(tail) if line.strip() and not line.lstrip().startswith("#")), len(tail)
    )
    trailing = _trailing(tail[:size], indent, followed=False)
    if any(_is_switch(line, indent) for line in tail[:trailing]):
        return None
    blocks[-1].lines.extend(tail[:trailing])
    return _Blocks(list(lines[:start]), blocks, tail[trailing:])


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


def _assemble(lines: Sequence[str], cut: _Blocks, wanted: Sequence[Member]) -> str:
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


# --- the proof


def _same_members(old: str, new: str, place: tuple[int, str]) -> bool:
    """Is the new text the old one with nothing but the members of this class in another order?"""
    return _outline(old, place) == _outline(new, place) and comments_of(old) == comments_of(new)


def _outline(text: str, place: tuple[int, str]) -> tuple[str, Counter[str]]:
    tree = parse(text)
    members: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and (node.lineno, node.name) == place:
            members = Counter(ast.dump(statement) for statement in node.body)
            node.body = []
            break
    return ast.dump(tree), members
