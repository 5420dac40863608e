"""Blocks that run without an error and still prove nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from .ending import is_inert

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_ENVIRONMENT = re.compile(r"\b(environ|getenv)\b")


def idle_reason(tree: ast.Module, others: frozenset[str], *, is_file: bool) -> str | None:
    """Say why a block that ran without an error still proved nothing, or None.

    ``others`` are the names that the other blocks of the chain use; a block that is a file of its own, or a
    prelude (``is_file``), is there for others.
    """
    if all(map(is_inert, tree.body)):
        return "nothing in it is executed"
    if (name := waits_for_a_runner(tree, others)) is not None:
        return f"defines {name} but nothing calls it"
    if is_file or any(map(_acts, tree.body)):
        return None
    return next(_unused(tree, others), None) or _only_fixtures(tree, others)


def _only_fixtures(tree: ast.Module, others: frozenset[str]) -> str | None:
    """Say so where a block defines fixtures of pytest alone, which no test of the chain asks for."""
    functions = [node for node in tree.body if isinstance(node, (*_FUNCTIONS, ast.ClassDef))]
    fixtures = [node for node in functions if any(map(_is_fixture, node.decorator_list))]
    if not functions or fixtures != functions or any(node.name in others for node in fixtures):
        return None
    if others and any("autouse" in ast.unparse(d) for node in fixtures for d in node.decorator_list):
        return None
    return f"defines the fixture {fixtures[0].name}, and no test asks for it"


def _is_fixture(decorator: ast.expr) -> bool:
    return ast.unparse(decorator).partition("(")[0] in ("pytest.fixture", "fixture", "pytest_asyncio.fixture")


def jumps(tree: ast.Module, source: str) -> str | None:
    """Say so where a trace function may take the block past some of its lines."""
    if "f_lineno" in source:
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and node.attr == "f_lineno"
                and isinstance(node.ctx, ast.Store)
            ):
                return f"sets f_lineno at line {node.lineno}: lines may have been left out"
    return None


def unsure_assert(tree: ast.Module) -> int | None:
    """The line of the first assert in a loop, where a block has no assert that surely runs.

    One in a branch is for some versions or databases alone, and one in a handler for a failure; one in a
    function is another matter.
    """
    if any(isinstance(node, ast.Assert) for node in tree.body):
        return None
    return next((line for node in tree.body for line in _asserts_of(node)), None)


def unsure_branches(tree: ast.Module, source: str) -> list[ast.If]:
    """The conditions on environment variables that all a block does stands under.

    A branch for another platform or version is another matter: nobody can have it run here. So is one that
    only leaves the block: it is right where it is not entered.
    """
    if not _ENVIRONMENT.search(source):
        return []
    acting = [node for node in tree.body if _acts(node)]
    asking = [node for node in acting if isinstance(node, ast.If) and _asks_environment(node)]
    return [node for node in asking if not _leaves(node.body[-1])] if asking == acting else []


def _asks_environment(node: ast.If) -> bool:
    return not node.orelse and _ENVIRONMENT.search(ast.unparse(node.test)) is not None


def _leaves(node: ast.stmt) -> bool:
    """Does a statement raise an exception, or end the program?"""
    return isinstance(node, ast.Raise) or (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and ast.unparse(node.value.func) in ("exit", "quit", "sys.exit", "os._exit", "pytest.skip")
    )


def _asserts_of(node: ast.AST) -> Iterator[int]:
    if isinstance(node, ast.Assert):
        yield node.lineno
    elif not isinstance(node, (*_FUNCTIONS, ast.Lambda, ast.ExceptHandler, ast.If, ast.Match)):
        for child in ast.iter_child_nodes(node):
            yield from _asserts_of(child)


def names_used(tree: ast.AST) -> frozenset[str]:
    """Every name that code reads, also as an attribute."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    return frozenset(names | {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)})


def tests_of(tree: ast.Module, others: frozenset[str]) -> tuple[str, ...]:
    """The test functions and classes of a block that no code of the chain calls: pytest runs them."""
    names = ((_run_by_others(node), node) for node in tree.body)
    return tuple(
        name
        for name, node in names
        if name is not None and name != "main" and name not in others and not _is_used(name, node, tree)
    )


def waits_for_a_runner(tree: ast.Module, others: frozenset[str]) -> str | None:
    """The name of a function or class that only a test runner or a ``main()`` line would call, and that no
    code of the chain does.
    """
    for node in tree.body:
        name = _run_by_others(node)
        if name is not None and name not in others and not _is_used(name, node, tree):
            return name
    return None


def _run_by_others(node: ast.stmt) -> str | None:
    if isinstance(node, ast.ClassDef):
        members = [n for n in node.body if isinstance(n, _FUNCTIONS)]
        names = [node.name, *(ast.unparse(base) for base in node.bases)]
        is_test = names[0].startswith("Test") or any(name.endswith("TestCase") for name in names)
        is_test = is_test and any(member.name.startswith("test") for member in members)
        return node.name if is_test else None
    if not isinstance(node, _FUNCTIONS):
        return None
    if any(not ast.unparse(decorator).startswith("pytest.") for decorator in node.decorator_list):
        return None
    return node.name if node.name == "main" or node.name.startswith("test_") else None


def _is_used(name: str, definition: ast.stmt, tree: ast.Module) -> bool:
    return any(name in names_used(node) for node in tree.body if node is not definition)


# --- a block of definitions only


def _acts(node: ast.stmt) -> bool:
    """Does a statement do more than define something?"""
    if is_inert(node) or isinstance(node, (*_FUNCTIONS, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return False
    if isinstance(node, ast.If):
        return not _is_dead(node.test) or any(map(_acts, node.orelse))
    if isinstance(node, ast.Assign | ast.AnnAssign) and not isinstance(node.value, ast.Lambda):
        return any(isinstance(part, ast.Call | ast.Await) for part in ast.walk(node))
    return not isinstance(node, ast.Assign | ast.AnnAssign)


def _is_dead(test: ast.expr) -> bool:
    """A condition that is false wherever the block runs."""
    if isinstance(test, ast.Constant):
        return not test.value
    if isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__":
        other = test.comparators[0]
        return isinstance(other, ast.Constant) and other.value != "__main__"
    return _is_for_types(test)


def _is_for_types(test: ast.expr) -> bool:
    return ast.unparse(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _unused(tree: ast.Module, others: frozenset[str]) -> Iterator[str]:
    """What a block of definitions holds that somebody should have called."""
    called = _called(tree, others)
    defines = any(isinstance(node, (*_FUNCTIONS, ast.ClassDef)) for node in tree.body)
    for node in tree.body:
        if isinstance(node, ast.If) and not (defines and _is_for_types(node.test)):
            yield f"the code under `if {ast.unparse(node.test)}` is not run, and nothing else is"
        for name, function in _definitions(node):
            if name.partition(".")[0] in called:
                continue
            if _asserts(function):
                yield f"{name}() holds an assert, but nothing calls it"
            elif name in others or "." in name or _is_used(name, node, tree):
                continue
            elif _needs_nothing(function.args):
                waits = isinstance(function, ast.AsyncFunctionDef)
                yield f"defines {name}() but {'never awaits it' if waits else 'nothing calls it'}"
        if isinstance(node, ast.ClassDef) and _is_placeholder(node) and node.name not in called:
            yield f"the body of class {node.name} is only `...`"


def _called(tree: ast.Module, others: frozenset[str]) -> frozenset[str]:
    """The names that code uses which is run: outside of function bodies, or in the body of a function that
    is used itself.
    """
    functions = {name: node for top in tree.body for name, node in _definitions(top)}
    called = others.union(*(_names_run(node) for node in tree.body))
    while reached := {name for name in functions if name.partition(".")[0] in called}:
        called = called.union(*(names_used(functions.pop(name)) for name in reached))
    return called


def _names_run(node: ast.stmt) -> frozenset[str]:
    """The names that defining something uses."""
    if isinstance(node, _FUNCTIONS):
        parts: Iterable[ast.AST] = [*node.decorator_list, node.args]
    elif isinstance(node, ast.ClassDef):
        inner = (_names_run(child) for child in node.body)
        return frozenset[str]().union(*map(names_used, [*node.decorator_list, *node.bases]), *inner)
    elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Lambda):
        parts = [node.value.args]
    else:
        parts = [node]
    return frozenset[str]().union(*map(names_used, parts))


_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def _definitions(node: ast.stmt) -> Iterator[tuple[str, _Function]]:
    """The functions that a statement defines and hands to nobody: methods too, by their dotted name."""
    if isinstance(node, _FUNCTIONS) and all(map(_hands_to_nobody, node.decorator_list)):
        yield node.name, node
    elif isinstance(node, ast.ClassDef) and not node.decorator_list:
        for child in node.body:
            yield from ((f"{node.name}.{name}", function) for name, function in _definitions(child))
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value


def _hands_to_nobody(decorator: ast.expr) -> bool:
    """Does a decorator only say how the function is called?"""
    return ast.unparse(decorator).rpartition(".")[2] in (
        *("property", "cached_property", "staticmethod", "classmethod", "override"),
        *("abstractmethod", "setter", "overload"),
    )


def _asserts(function: _Function) -> bool:
    return any(isinstance(part, ast.Assert) for part in ast.walk(function))


def _needs_nothing(arguments: ast.arguments) -> bool:
    """Could a function with these parameters be called without arguments?"""
    positional = len(arguments.posonlyargs) + len(arguments.args)
    return positional == len(arguments.defaults) and None not in arguments.kw_defaults


def _is_placeholder(node: ast.ClassDef) -> bool:
    last = node.body[-1]
    only = len([child for child in node.body if not _is_docstring(child)]) == 1
    is_dots = isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant) and last.value.value is ...
    return only and is_dots


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
