"""The end of a block: has its last statement been reached when an exception or an exit leaves the block?

Of a compound statement it is the last statement of the branch that runs, so that nothing of the block is cut
off in silence.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from ..checks import BEFORE, NEARLY, THERE, Reached

Mark = Callable[..., ast.expr]
"""Makes the call that says how far the block has got, at the place of a statement; in a ``finally`` with one
more argument, because there only a block that no exception is leaving has got any further.
"""


def mark_last_statement(body: list[ast.stmt], mark: Mark, reached: Reached = THERE) -> None:
    """Put a mark in front of the last statement of a block, and of each branch of it."""
    if not body or is_inert(body[-1]) or _is_future(body[-1]):
        return
    last = body[-1]

    def note(statements: list[ast.stmt], index: int, state: Reached, mark: Mark = mark) -> None:
        place = statements[index]
        call = mark(place, ast.Constant(state))
        statements.insert(index, ast.copy_location(ast.Expr(call), place))

    def branch(statements: list[ast.stmt], state: Reached, mark: Mark = mark) -> None:
        if statements and not is_inert(statements[-1]):
            mark_last_statement(statements, mark, state)
            note(statements, 0, BEFORE, mark)  # what an earlier round or branch reached is past

    match last:
        case ast.For() | ast.AsyncFor() | ast.While():
            rounds = reached if isinstance(last, ast.While) else NEARLY
            branch(last.body, rounds)
            branch(last.orelse, reached)
            note(body, len(body) - 1, NEARLY)  # what it loops over may raise
        case ast.With() | ast.AsyncWith() | ast.ClassDef() if not all(map(is_inert, last.body)):
            mark_last_statement(last.body, mark, reached)
        case ast.If() if not all(map(is_inert, [*last.body, *last.orelse])):
            mark_last_statement(last.body, mark, reached)
            mark_last_statement(last.orelse, mark, reached)
        case ast.Try() | ast.TryStar():
            branch(last.body, NEARLY if last.orelse else reached)
            for statements in (*(handler.body for handler in last.handlers), last.orelse):
                branch(statements, reached)
            branch(last.finalbody, reached, lambda place, state: mark(place, state, ast.Constant(True)))
        case ast.Match():
            for case in last.cases:
                mark_last_statement(case.body, mark, reached)
        case _:
            note(body, len(body) - 1, reached)


def is_inert(node: ast.stmt) -> bool:
    """Does a statement do nothing at all?"""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
