"""Python blocks: compiled with the page's line numbers, watched for what Python itself passes over in
silence.

A block is padded with blank lines up to its place on the page, so that every line number, traceback, warning
and ``inspect.getsource`` is the page's. Three kinds of places are rewritten (columns and lines stay):

* a call that stands as a statement reports a result that should have been awaited;
* a condition (``if``, ``while``, ``assert``, ``not`` …) reports an awaitable, which is always true;
* an ``assert`` of a comparison remembers the compared values.
"""

from __future__ import annotations
import __future__

import ast
import types
from dataclasses import dataclass

from ..source import compile_tree, modules_imported, parse, too_much, warnings_as_errors
from .idle import idle_reason, names_used

STATEMENT, CONDITION, COMPARE = "__snippet_statement__", "__snippet_condition__", "__snippet_compare__"
"""Names of the run-time checks that the rewritten code calls; guards.py puts them among the builtins."""

_FUTURES = 0
for _name in __future__.all_feature_names:
    _FUTURES |= getattr(__future__, _name).compiler_flag


@dataclass(frozen=True)
class Program:
    """A block made ready before the fork, so that the child only has to run it.

    ``code`` or the SyntaxError to raise in its place; why the block proves nothing; the modules it names in
    import statements; the lines of its last statement.
    """

    code: types.CodeType | None
    error: SyntaxError | None
    idle: str | None
    imports: set[str]
    ending: range


def make_programs(blocks: list[tuple[str, int, bool]], filename: str) -> list[Program]:
    """Compile the Python blocks of a chain, given as (source, the page's line, is a file of its own)."""
    with warnings_as_errors():
        return _make_programs(blocks, filename)


def _make_programs(blocks: list[tuple[str, int, bool]], filename: str) -> list[Program]:
    trees: list[ast.Module | SyntaxError] = []
    for source, line, _ in blocks:
        try:
            trees.append(parse(source, filename, line))
        except SyntaxError as error:
            trees.append(error)
    names = [frozenset() if isinstance(tree, SyntaxError) else names_used(tree) for tree in trees]
    flags, programs = 0, []
    for number, ((source, _, is_file), tree) in enumerate(zip(blocks, trees, strict=True)):
        imports = modules_imported([source])
        try:
            if isinstance(tree, SyntaxError):
                raise tree
            others = frozenset[str]().union(*names[:number], *names[number + 1 :])
            idle = idle_reason(tree, names[number] | others, is_file=is_file)
            ending = _last_lines(tree)
            code = _compile(tree, filename, flags)
        except SyntaxError as error:
            programs.append(Program(None, error.with_traceback(None), None, imports, range(0)))
        else:
            flags |= code.co_flags & _FUTURES
            programs.append(Program(code, None, idle, imports, ending))
    return programs


def _compile(tree: ast.Module, filename: str, flags: int = 0) -> types.CodeType:
    """Compile with the run-time checks in it; top-level ``await`` is allowed.

    ``flags`` are the ``from __future__`` flags of the blocks that it continues.
    """
    # once as it is written: its warnings are not about what the checks make of it
    compile_tree(tree, filename, flags & _FUTURES)
    try:
        watched = ast.fix_missing_locations(_Watch().visit(tree))
    except RecursionError as error:
        raise too_much(error, filename, 1) from None
    return compile_tree(watched, filename, flags & _FUTURES)


class _Watch(ast.NodeTransformer):
    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.value, ast.Call):
            node.value = _call(STATEMENT, node.value, node.value)
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            operator = ast.Constant(type(test.ops[0]).__name__)
            node.test = _call(COMPARE, test, operator, test.left, test.comparators[0])
        elif not _is_checked(test):
            node.test = _call(CONDITION, test, test)
        return node

    def visit_If(self, node: ast.If) -> ast.AST:
        return self._condition(node)

    def visit_While(self, node: ast.While) -> ast.AST:
        return self._condition(node)

    def visit_IfExp(self, node: ast.IfExp) -> ast.AST:
        return self._condition(node)

    def _condition(self, node: ast.If | ast.While | ast.IfExp) -> ast.AST:
        self.generic_visit(node)
        if _may_be_awaitable(node.test):
            node.test = _call(CONDITION, node.test, node.test)
        return node

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.AST:
        self.generic_visit(node)
        *deciding, last = node.values
        node.values = [_call(CONDITION, v, v) if _may_be_awaitable(v) else v for v in deciding] + [last]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Not) and _may_be_awaitable(node.operand):
            node.operand = _call(CONDITION, node.operand, node.operand)
        return node

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        node.ifs = [_call(CONDITION, test, test) if _may_be_awaitable(test) else test for test in node.ifs]
        return node


def _may_be_awaitable(node: ast.expr) -> bool:
    return isinstance(node, ast.Call | ast.Name | ast.Attribute | ast.NamedExpr) and not _is_checked(node)


def _is_checked(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == CONDITION


def _call(name: str, place: ast.AST, *arguments: ast.expr) -> ast.Call:
    call = ast.Call(ast.copy_location(ast.Name(name, ast.Load()), place), list(arguments), [])
    for argument in arguments:
        if isinstance(argument, ast.Constant) and not hasattr(argument, "lineno"):
            ast.copy_location(argument, place)
    return ast.copy_location(call, place)


def _last_lines(tree: ast.Module) -> range:
    """The lines of the last statement: leaving a block there cuts nothing off."""
    if not tree.body:
        return range(0)
    last = tree.body[-1]
    return range(last.lineno, (last.end_lineno or last.lineno) + 1)
