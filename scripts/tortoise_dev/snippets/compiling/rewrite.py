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
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from ..checks import Check
from ..source import compile_tree
from .ending import is_inert, mark_last_statement

Node = TypeVar("Node", bound=ast.AST)


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
        node.body.insert(0, ast.copy_location(ast.Expr(_call(Check.ENTERED, place)), place))
    mark_last_statement(tree.body, functools.partial(_call, Check.REACHED))
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
                node.args[0] = _call(Check.LOOKED_AT, first, first)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        if node.msg is not None:
            node.msg = self.visit(node.msg)
        node.test = _Assertion(self, node).explain(node.test)
        return node

    def visit_Try(self, node: ast.Try) -> ast.AST:
        self.generic_visit(node)
        for handler in node.handlers:
            broad, idle = _is_broad(handler.type), all(map(is_inert, handler.body))
            handler.body.insert(0, _caught(handler.body[0], broad, idle=idle))
        if any(map(_leaves, node.finalbody)):
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
        if node.name in ("__exit__", "__aexit__") and not _selects(node):
            idle = all(is_inert(one) or _returns_constant(one) for one in node.body)
            for returned in _returns_of(node.body):
                if returned.value is not None:
                    value = returned.value
                    returned.value = _call(Check.EXITED, value, value, ast.Constant(idle))
        self.generic_visit(node)
        return node

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        return self.visit_FunctionDef(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        contexts = [item.context_expr for item in node.items]
        if any(map(_expects_exception, contexts)):
            idle = any(_called(context) == "suppress" for context in contexts)
            node.body = [_guarded(node.body, swallows=any(map(_suppresses, contexts)), idle=idle)]
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


class _Assertion:
    """One ``assert``: each part that decides it is handed to a check, with the text to show its values in."""

    def __init__(self, rewrite: _Rewrite, node: ast.Assert) -> None:
        self.rewrite = rewrite
        self.lines = node.lineno, node.end_lineno or node.lineno
        self.parts = 0

    def explain(self, test: ast.expr) -> ast.expr:
        if isinstance(test, ast.BoolOp):
            test.values = [self.explain(value) for value in test.values]
            return test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test.operand = self._part(test.operand, negated=True)
            return test
        return self._part(test)

    def _part(self, node: ast.expr, *, negated: bool = False) -> ast.expr:
        texts: list[str] = ["not " if negated else ""]
        compares = isinstance(node, ast.Compare)
        attribute = node.attr if isinstance(node, ast.Attribute) else ""
        if isinstance(node, ast.Compare):
            operators = [*(f" {_SYMBOLS[type(operator)]} " for operator in node.ops), ""]
            left, *others = [self._operand(node.left, 0, texts), *node.comparators]
            texts[-1] += operators[0]
            node.left = left
            for number, other in enumerate(others):
                others[number] = self._operand(other, number + 1, texts)
                texts[-1] += operators[number + 1]
            node.comparators = others
        else:
            negated_text = texts[0]
            if isinstance(node, ast.Call) and self._has_plain_arguments(node):
                self._call_texts(node, texts)
            elif not isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set):
                texts[0] = _short(node)
            if texts != [negated_text]:
                texts[-1] += " is "
            if isinstance(node, ast.Attribute):
                node.value = _call(Check.OPERAND, node.value, node.value, ast.Constant(0))
            node = self.rewrite.visit(node)
        spec = (tuple(texts), self.lines, self.parts, negated, compares, attribute)
        self.parts += 1
        return _call(Check.ASSERTED, node, node, _constant(spec))

    def _operand(self, node: ast.expr, number: int, texts: list[str]) -> ast.expr:
        """Remember this operand's value when it is evaluated; what follows it in the text begins here."""
        texts.append("")
        kept: ast.expr = self.rewrite.visit(node)
        return _call(Check.OPERAND, node, kept, ast.Constant(number))

    def _call_texts(self, node: ast.Call, texts: list[str]) -> None:
        texts[0] = f"{_short(node.func)}("
        places = [*enumerate(node.args)]
        number = 0
        for index, argument in places:
            texts[-1] += ", " if index else ""
            if isinstance(argument, ast.Constant | ast.GeneratorExp | ast.Lambda):
                texts[-1] += _short(argument)
            else:
                node.args[index] = _call(Check.OPERAND, argument, argument, ast.Constant(number))
                number += 1
                texts.append("")
        texts[-1] += ")"

    def _has_plain_arguments(self, node: ast.Call) -> bool:
        return (
            bool(node.args)
            and not node.keywords
            and not any(isinstance(argument, ast.Starred) for argument in node.args)
        )


_REFLECTION = {"isinstance", "hasattr", "dir", "type", "callable", "id"}
"""What is asked about a query as an object."""

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def _statement(node: ast.expr) -> ast.expr:
    """An expression whose value nobody reads."""
    is_call = isinstance(node, ast.Call) and not _is_check(node)
    if isinstance(node, ast.Call) and is_call and _called(node) in ("system", "call"):
        node.func = _call(Check.STATUS, node.func, node.func)
    if is_call or isinstance(node, ast.Await | ast.GeneratorExp):
        return _call(Check.STATEMENT, node, node, ast.Constant(isinstance(node, ast.Await)))
    return node


_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def _leaves(node: ast.AST, *, in_loop: bool = False) -> bool:
    """Does a statement leave the function or the loop that it stands in, or the program?"""
    if isinstance(node, _SCOPES):
        return False
    match node:
        case ast.Return():
            return True
        case ast.Break() | ast.Continue():
            return not in_loop
        case ast.Call() if ast.unparse(node.func) in ("exit", "quit", "sys.exit"):
            return True
    in_loop = in_loop or isinstance(node, ast.For | ast.AsyncFor | ast.While)
    return any(_leaves(child, in_loop=in_loop) for child in ast.iter_child_nodes(node))


def _returns_of(statements: Sequence[ast.AST]) -> Iterator[ast.Return]:
    """The ``return`` statements of a function, without those of functions within it."""
    for node in statements:
        if isinstance(node, ast.Return):
            yield node
        elif not isinstance(node, _SCOPES):
            yield from _returns_of([*ast.iter_child_nodes(node)])


def _returns_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Return) and isinstance(node.value, ast.Constant)


def _names_assertion(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "AssertionError" for part in ast.walk(node))


_ABOUT_ANY = {"isinstance", "issubclass", "bool", "Exception", "BaseException"}


def _selects(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """May ``__exit__`` swallow some exceptions only, those that the page has named to it?"""
    arguments = node.args
    given = [*arguments.posonlyargs, *arguments.args, arguments.vararg]
    known = {one.arg for one in given if one is not None} | _ABOUT_ANY
    deciding = [one.test for one in ast.walk(node) if isinstance(one, ast.If | ast.IfExp | ast.While)]
    deciding += [one.value for one in _returns_of(node.body) if one.value is not None]
    parts = [part for one in deciding for part in ast.walk(one)]
    return (
        _names_assertion(node)
        or any(isinstance(one, ast.Match) for one in ast.walk(node))
        or any(isinstance(part, ast.Attribute) for part in parts)
        or any(isinstance(part, ast.Name) and part.id not in known for part in parts)
    )


def _guarded(body: list[ast.stmt], *, swallows: bool, idle: bool) -> ast.Try:
    """Statements whose exceptions are told of, and raised again for what stands around them."""
    place = body[-1]
    caught = _caught(place, swallows, idle=idle)
    handler = ast.ExceptHandler(None, None, [caught, ast.copy_location(ast.Raise(), place)])
    guarded = ast.Try(body, [ast.copy_location(handler, place)], [], [])
    return ast.copy_location(guarded, body[0])


def _condition(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Name | ast.Attribute | ast.NamedExpr) or (
        isinstance(node, ast.Call) and not _is_check(node)
    ):
        return _call(Check.CONDITION, node, node, ast.Constant(isinstance(node, ast.Call)))
    return node


def _is_check(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Constant)


def _expects_exception(node: ast.expr) -> bool:
    """Is it ``pytest.raises(…)`` or its like?"""
    return _called(node) in ("raises", "assertRaises", "assertRaisesRegex", "suppress")


def _suppresses(node: ast.expr) -> bool:
    """Is it ``suppress(Exception)`` or its like?"""
    return isinstance(node, ast.Call) and any(map(_is_broad, node.args))


def _called(node: ast.expr) -> str:
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def _is_broad(kind: ast.expr | None) -> bool:
    """Does a handler catch an AssertionError without saying so?"""
    if isinstance(kind, ast.Tuple):
        return any(map(_is_broad, kind.elts)) and not _names_assertion(kind)
    return kind is None or ast.unparse(kind).removeprefix("builtins.") in ("Exception", "BaseException")


def _caught(place: ast.stmt, broad: bool, *, idle: bool) -> ast.Expr:
    call = _call(Check.CAUGHT, place, ast.Constant(broad), ast.Constant(idle))
    return ast.copy_location(ast.Expr(call), place)


def _constant(value: Any) -> ast.Constant:
    return ast.Constant(value)


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:60]}…"


def _call(check: Check, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    call = _at(place, ast.Call(_at(place, ast.Constant(check.value)), list(arguments), []))
    for argument in arguments:
        if isinstance(argument, ast.Constant) and not hasattr(argument, "lineno"):
            _at(place, argument)
    return call


def _at(place: Any, node: Node) -> Node:
    """Give a node the place of another one. ``ast.copy_location`` does it in three times the time."""
    made: Any = node
    made.lineno, made.end_lineno = place.lineno, place.end_lineno
    made.col_offset, made.end_col_offset = place.col_offset, place.end_col_offset
    return node
