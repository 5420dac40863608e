"""Moving members of a class, as whole lines: comments and decorators come along, nothing else changes.

Every function here refuses rather than guesses, and a result is only returned when its syntax tree has the
very members that the class had before.
"""

from __future__ import annotations

import ast
from collections import Counter

from ...analysis.models import Member, members_of
from ...analysis.modules import Module
from ...analysis.source import UnreadableError, comments_of, parse, split_lines
from .lines import assembled, cut
from .order import keeps_meaning, order_of


def can_lead(module: Module, node: ast.ClassDef, meta: Member) -> bool:
    """May this Meta become the first member?"""
    members = members_of(node)
    wanted = order_of(members, lead=True, sort=False)
    return (
        isinstance(meta.node, ast.ClassDef)
        and wanted is not None
        and wanted[0].node is meta.node
        and keeps_meaning(module.root, members, wanted)
        and cut(module.file.lines, node, members) is not None
    )


def can_sort(module: Module, node: ast.ClassDef) -> bool:
    """May the members be brought into their order?"""
    members = members_of(node)
    wanted = order_of(members, lead=False, sort=True)
    return (
        wanted is not None
        and keeps_meaning(module.root, members, wanted)
        and cut(module.file.lines, node, members) is not None
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
        wanted, blocks = order_of(members, lead=lead, sort=sort), cut(lines, node, members)
        if wanted is None or blocks is None or not keeps_meaning(tree, members, wanted):
            return None
        if [m.node for m in wanted] == [m.node for m in members]:
            return text
        result = assembled(blocks, wanted)
        return result if _same_members(text, result, place) else None
    except (UnreadableError, RecursionError):
        return None


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
