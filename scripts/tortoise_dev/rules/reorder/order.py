"""The order that members of a class are to have, and whether they may have it."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from ...analysis.models import Member, Rank
from ...analysis.syntax import FUNCTIONS
from ...analysis.tree import children

_LOOKS_AT_SCOPE = frozenset({"locals", "vars", "dir", "exec", "eval", "globals"})


def order_of(members: Sequence[Member], *, lead: bool, sort: bool) -> list[Member] | None:
    """The members in their wanted order; None where they have none."""
    members = without_docstrings(members)
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


def without_docstrings(members: Sequence[Member]) -> list[Member]:
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


def keeps_meaning(tree: ast.Module, members: Sequence[Member], wanted: Sequence[Member]) -> bool:
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
