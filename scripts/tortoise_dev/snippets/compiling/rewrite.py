"""Calls of the run-time checks, put into a block's syntax tree; lines and columns stay the page's.

* A call, an await or a generator that stands as a statement reports a result that should have been awaited,
  entered, iterated or read; so does each call in a list that stands as a statement.
* A call that may run a command, by its name, hands its function over: a status that nobody reads is reported.
* A condition (``if``, ``while``, ``and`` …) reports an awaitable, which is always true.
* An ``assert`` remembers the values that decide it.
* ``isinstance`` and its like say that a query is looked at.
* A handler of exceptions, or a ``finally`` that leaves by itself, says that the code above it was cut off.
* What ``__exit__`` returns is looked at: it may swallow an exception.
* A branch says that it was entered, where it is all that the block does.
* The last statement of the block, and of the compound statement that it is, says that it was reached.
"""

from __future__ import annotations

import ast
import functools
import types
import warnings
from collections.abc import Sequence
from typing import Any

from ..checks import Check
from ..source import compile_tree
from .assertions import Assertion
from .check_calls import check_call, is_check_call
from .ending import is_inert, mark_last_statement
from .swallowing import called, expects_exception, is_broad, leaves, returns_of, selects, suppresses

_REFLECTION = {"isinstance", "hasattr", "dir", "type", "callable", "id"}
"""What is asked about a query as an object."""


def with_checks(
    tree: ast.Module, filename: str, flags: int, branches: Sequence[ast.If] = ()
) -> types.CodeType:
    """Compile a tree with calls of the checks in it, by their names: ``checks.hold`` puts the functions
    there. Of ``branches`` it is told whether one of them was entered.

    Changes the tree. Raises RecursionError, SyntaxError.
    """
    tree = _Rewrite().visit(tree)
    for node in branches:
        place = node.body[0]
        node.body.insert(0, ast.copy_location(ast.Expr(check_call(Check.ENTERED, place)), place))
    mark_last_statement(tree.body, functools.partial(check_call, Check.REACHED))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a string that is called
        return compile_tree(tree, filename, flags)


class _Rewrite(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.List | ast.Tuple | ast.Set):
            node.value.elts = list(map(_statement, node.value.elts))
        node.value = _statement(node.value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in _REFLECTION and node.args:
            first = node.args[0]
            if not isinstance(first, ast.Starred):
                node.args[0] = check_call(Check.LOOKED_AT, first, first)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is not None:
            node.msg = self.visit(node.msg)
        node.test = Assertion(node, self.visit).explain(node.test)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        for handler in node.handlers:
            broad, idle = is_broad(handler.type), all(map(is_inert, handler.body))
            handler.body.insert(0, _caught(handler.body[0], broad, idle=idle))
        if any(map(leaves, node.finalbody)):
            inner: list[ast.stmt] = node.body
            if node.handlers:  # what these name is expected: only what they let pass is swallowed
                parts = type(node)(node.body, node.handlers, node.orelse, [])
                inner = [ast.copy_location(parts, node)]
            guarded = _guarded(inner, swallows=True, idle=True)
            return ast.copy_location(ast.Try([guarded], [], [], node.finalbody), node)
        return node

    def visit_TryStar(self, node: Any) -> ast.AST:
        return self.visit_Try(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ast.AST:
        if node.name in ("__exit__", "__aexit__") and not selects(node):
            idle = all(is_inert(one) or _returns_constant(one) for one in node.body)
            for returned in returns_of(node.body):
                if returned.value is not None:
                    value = returned.value
                    returned.value = check_call(Check.EXITED, value, value, ast.Constant(idle))
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        contexts = [item.context_expr for item in node.items]
        if any(map(expects_exception, contexts)):
            idle = any(called(context) == "suppress" for context in contexts)
            node.body = [_guarded(node.body, swallows=any(map(suppresses, contexts)), idle=idle)]
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        return self._condition(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._condition(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self._condition(node)

    def _condition(self, node: ast.If | ast.While | ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        node.test = _condition(node.test)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        *deciding, last = node.values
        node.values = [*map(_condition, deciding), last]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not):
            node.operand = _condition(node.operand)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = list(map(_condition, node.ifs))
        return node


def _statement(node: ast.expr) -> ast.expr:
    """An expression whose value nobody reads."""
    is_call = isinstance(node, ast.Call) and not is_check_call(node)
    if isinstance(node, ast.Call) and is_call and called(node) in ("system", "call"):
        node.func = check_call(Check.STATUS, node.func, node.func)
    if is_call or isinstance(node, ast.Await | ast.GeneratorExp):
        return check_call(Check.STATEMENT, node, node, ast.Constant(isinstance(node, ast.Await)))
    return node


def _condition(node: ast.expr) -> ast.expr:
    """An expression that is only asked whether it is true."""
    if isinstance(node, ast.Name | ast.Attribute | ast.NamedExpr) or (
        isinstance(node, ast.Call) and not is_check_call(node)
    ):
        return check_call(Check.CONDITION, node, node, ast.Constant(isinstance(node, ast.Call)))
    return node


def _caught(place: ast.stmt, broad: bool, *, idle: bool) -> ast.Expr:
    """The statement at the head of a handler that tells of what was caught."""
    call = check_call(Check.CAUGHT, place, ast.Constant(broad), ast.Constant(idle))
    return ast.copy_location(ast.Expr(call), place)


def _guarded(body: list[ast.stmt], *, swallows: bool, idle: bool) -> ast.Try:
    """Statements whose exceptions are told of, and raised again for what stands around them."""
    place = body[-1]
    caught = _caught(place, swallows, idle=idle)
    handler = ast.ExceptHandler(None, None, [caught, ast.copy_location(ast.Raise(), place)])
    guarded = ast.Try(body, [ast.copy_location(handler, place)], [], [])
    return ast.copy_location(guarded, body[0])


def _returns_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)
