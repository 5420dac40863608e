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
import contextlib
import re
import types
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

STATEMENT, CONDITION, COMPARE = "__snippet_statement__", "__snippet_condition__", "__snippet_compare__"
"""Names of the run-time checks that the rewritten code calls; guards.py puts them among the builtins."""

_TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
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
    with _warnings_as_errors():
        return _make_programs(blocks, filename)


def _make_programs(blocks: list[tuple[str, int, bool]], filename: str) -> list[Program]:
    trees: list[ast.Module | SyntaxError] = []
    for source, line, _ in blocks:
        try:
            trees.append(_parse(source, filename, line))
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


def check_compiles(source: str, filename: str, line: int) -> None:
    """Compile a block whose first line is line ``line``, without running it.

    Raises SyntaxError at that line, also for what Python only warns of (``assert (x, "message")``).
    """
    with _warnings_as_errors():
        _compile(_parse(source, filename, line), filename)


def _parse(source: str, filename: str, line: int) -> ast.Module:
    padded = "\n" * (line - 1) + dedent(source)
    try:
        return ast.parse(padded, filename)
    except (ValueError, RecursionError, MemoryError) as error:
        raise _too_much(error, filename, line) from None


def _compile(tree: ast.Module, filename: str, flags: int = 0) -> types.CodeType:
    """Compile with the run-time checks in it; top-level ``await`` is allowed.

    ``flags`` are the ``from __future__`` flags of the blocks that it continues.
    """
    mode = _TOP_LEVEL_AWAIT | (flags & _FUTURES)
    try:
        # once as it is written: its warnings are not about what the checks make of it
        compile(tree, filename, "exec", mode, dont_inherit=True)
        watched = ast.fix_missing_locations(_Watch().visit(tree))
        code: types.CodeType = compile(watched, filename, "exec", mode, dont_inherit=True)
    except (ValueError, RecursionError, MemoryError) as error:
        raise _too_much(error, filename, 1) from None
    return code


def _too_much(error: Exception, filename: str, line: int) -> SyntaxError:
    message = f"cannot be compiled: {error or type(error).__name__}"
    return SyntaxError(message, (filename, line, 1, ""))


def dedent(source: str) -> str:
    """Take away the first line's indentation, where every line has it (an excerpt of a class)."""
    first = next((line for line in source.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    if not indent or any(line.strip() and not line.startswith(indent) for line in source.split("\n")):
        return source
    return re.sub(rf"(?m)^{indent}", "", source)


@contextlib.contextmanager
def _warnings_as_errors() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", SyntaxWarning)
        warnings.filterwarnings("error", r"invalid (escape|octal)", DeprecationWarning)
        yield


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


def idle_reason(tree: ast.Module, used: frozenset[str], *, is_file: bool) -> str | None:
    """Say why a block that ran without an error still proved nothing, or None.

    ``used`` are the names that the blocks of the chain use; a block that is a file of its own (``is_file``)
    is there to be imported.
    """
    if all(map(_is_inert, tree.body)):
        return "nothing in it is executed"
    for node in tree.body:
        name = _waits_for_a_call(node)
        if name is not None and name not in used:
            return f"defines {name} but nothing calls it"
    if not is_file and all(_is_inert(n) or isinstance(n, _DEFINITIONS) for n in tree.body):
        for node in tree.body:
            if isinstance(node, ast.AsyncFunctionDef) and not node.decorator_list and node.name not in used:
                return f"defines {node.name}() but never awaits it"
    return None


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Import, ast.ImportFrom)


def names_used(tree: ast.AST) -> frozenset[str]:
    """Every name that code reads, also as an attribute."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return frozenset(names | {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)})


def _is_inert(node: ast.stmt) -> bool:
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _waits_for_a_call(node: ast.stmt) -> str | None:
    """The name of a function or class that only a test runner or a ``main()`` line would call."""
    if isinstance(node, ast.ClassDef):
        members = [n for n in node.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
        names = [node.name, *(ast.unparse(base) for base in node.bases)]
        is_test = names[0].startswith("Test") or any(name.endswith("TestCase") for name in names)
        is_test = is_test and any(member.name.startswith("test") for member in members)
        return node.name if is_test else None
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return None
    if any(not ast.unparse(decorator).startswith("pytest.") for decorator in node.decorator_list):
        return None
    return node.name if node.name == "main" or node.name.startswith("test_") else None


def _last_lines(tree: ast.Module) -> range:
    """The lines of the last statement: leaving a block there cuts nothing off."""
    if not tree.body:
        return range(0)
    last = tree.body[-1]
    return range(last.lineno, (last.end_lineno or last.lineno) + 1)


def busy_loop(source: str, line: int) -> int:
    """The line that begins the loop around a block's line, if that loop calls and awaits nothing.

    Such a loop is stopped at its head or in its body by chance alone.
    """
    try:
        tree = ast.parse(dedent(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return line
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.While | ast.For | ast.AsyncFor)]
    around = [loop for loop in loops if loop.lineno <= line <= (loop.end_lineno or line)]
    innermost = max(around, key=lambda loop: loop.lineno, default=None)
    waits = (ast.Call, ast.Await, ast.AsyncFor)
    if innermost is None or any(isinstance(node, waits) for node in ast.walk(innermost)):
        return line
    return innermost.lineno


def needs_own_loop(source: str) -> bool:
    """Does a block start an event loop of its own (``asyncio.run``), so that an in-memory database would be
    lost?
    """
    return (
        re.search(r"\basyncio\.(run|Runner)\b|\brun_async\b|\banyio\.run\b|\brun_until_complete\b", source)
        is not None
    )


_IMPORT = re.compile(r"(?m)^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)")


def modules_imported(sources: Iterable[str]) -> set[str]:
    """The top-level modules that sources name in import statements, by their text alone."""
    return {name for source in sources for name in _IMPORT.findall(source)}
