"""Calls on pages that run without an error and still mislead who copies them.

A run cannot see them: the answer has the same truth, or the row was there by chance. They are what a type
checker or a reviewer would say.
"""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterator

from prose.reading import Prose
from tortoise import functions

NOT_RUN = {"norun", "breaks", "xfail"}
HOW_MANY = {"total", "count", "number", "n"}
AGGREGATES = {
    name
    for name, one in vars(functions).items()
    if isinstance(one, type) and issubclass(one, functions.Aggregate)
}


def problems(page: Prose) -> Iterator[str]:
    """What is wrong with the calls of a page's Python blocks, one line each."""
    for block in page.blocks:
        if block.kind != "python" or NOT_RUN & block.attributes.keys():
            continue
        try:
            tree = ast.parse(block.source)
        except SyntaxError:
            continue
        found = {
            *of_rows(tree),
            *of_errors(tree),
            *of_bases(tree),
            *of_numbers(tree),
            *of_fixtures(tree),
            *of_locks(tree, block.source.split("\n")),
        }
        if "raises" in block.attributes:
            _last(tree.body).pop()  # it is there to fail
        for line, problem in sorted({*found, *of_queries(tree)}):
            yield f"line {block.start + line - 1}: {problem}"


def _last(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements that end with the last one to run: of a `with`, those inside."""
    while body and isinstance(body[-1], ast.With | ast.AsyncWith):
        body = body[-1].body
    return body


def of_queries(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Calls of a query that do something else than they seem to do."""
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=ast.Attribute(attr="filter" | "exclude" as name), args=[], keywords=[]):
                yield node.lineno, f"{name}() without a condition: all() says that"
            case ast.Call(func=ast.Attribute(attr="group_by" | "order_by" as name), args=[]):
                yield node.lineno, f"{name}() without a field"
            case ast.Call(func=ast.Attribute(attr="group_by")) if not _is_grouped(node):
                yield (
                    node.lineno,
                    "group_by() without an aggregate or values() groups nothing: order_by() was meant",
                )
            case ast.Call(func=ast.Attribute(attr="exists")) if "exclude" in map(_name, _chain(node)):
                yield node.lineno, "any other row makes this true: filter() was meant"
            case ast.For(iter=ast.Tuple(elts=elements) | ast.List(elts=elements)) if _twice(elements):
                yield node.lineno, "goes through one thing twice: one of them was to be another"
            case ast.Call(func=ast.Attribute(attr="update" | "delete")) if _excludes_a_key(node):
                yield node.lineno, "writes every row but one: filter() was meant"
            case ast.Call(func=ast.Name(id="Subquery"), args=[ast.Call() as query]):
                if _name(query) == "values_list":
                    yield node.lineno, "Subquery() takes values()"
            case ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(attr="get_or_create")))):
                yield node.lineno, "what get_or_create() answers is thrown away: create() was meant"
            case ast.Expr(value=ast.Await(value=ast.Call(func=ast.Attribute(attr="get_or_none")))):
                yield node.lineno, "what get_or_none() answers is thrown away: get() was meant"
            case ast.Assert(test=test) | ast.If(test=test) | ast.While(test=test):
                yield from _truths(test)
            case ast.Compare(left=left, comparators=[right]):
                yield from _compared(left, right)


def _twice(elements: list[ast.expr]) -> bool:
    """Whether a list has an element twice; `(create_app(), create_app())` is two of them."""
    named = [ast.unparse(one) for one in elements if not _is_made(one)]
    return len(set(named)) < len(named)


def _is_made(element: ast.expr) -> bool:
    return isinstance(element, ast.Call) and isinstance(element.func, ast.Name)


def _excludes_a_key(call: ast.Call) -> bool:
    """Whether a query leaves out the row of a key, and no other."""
    excluding = [one for one in _chain(call) if _name(one) == "exclude"]
    return any(keyword.arg in ("id", "pk") for one in excluding for keyword in one.keywords)


def _is_grouped(call: ast.Call) -> bool:
    """Whether the query before has something to group; one that has a name may have it."""
    before = list(_chain(call))
    starts = before[-1].func
    is_named = (
        isinstance(starts, ast.Attribute) and isinstance(starts.value, ast.Name) and starts.value.id.islower()
    )
    return is_named or any(
        _name(one) in ("values", "values_list") or (_name(one) == "annotate" and _may_aggregate(one))
        for one in before
    )


def _may_aggregate(call: ast.Call) -> bool:
    """Whether `annotate()` gets an aggregate; what has a name may be one."""
    return any(
        isinstance(node, ast.Name) and (node.id in AGGREGATES or node.id.islower()) for node in ast.walk(call)
    )


def of_numbers(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A name that says how many, for something that says whether."""
    for node in ast.walk(tree):
        match node:
            case ast.Dict(keys=keys, values=values):
                named = [(one.value, value) for one, value in zip(keys, values, strict=True)
                         if isinstance(one, ast.Constant)]  # fmt: skip
            case (
                ast.keyword(arg=str(name), value=value) | ast.Assign(targets=[ast.Name(id=name)], value=value)
            ):
                named = [(name, value)]
            case _:
                continue
        for name, value in named:
            if not (isinstance(value, ast.Await) and isinstance(value.value, ast.Call)):
                continue
            if name in HOW_MANY and _name(value.value) == "exists":
                yield value.lineno, f"{name} gets True or False from exists(): count() was meant"


def _truths(test: ast.expr, negated: bool = False) -> Iterator[tuple[int, str]]:
    match test:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _truths(value, negated)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield from _truths(operand, not negated)
        case ast.Await(value=ast.Call(func=ast.Attribute(attr="count"))):
            yield test.lineno, "a count as a truth value: exists() says that"
        case ast.Await(
            value=ast.Call(func=ast.Attribute(attr="exists", value=ast.Name()), args=[], keywords=[])
        ):
            if not negated:
                yield test.lineno, "any row makes this true: say which one is there"


def _compared(left: ast.expr, right: ast.expr) -> Iterator[tuple[int, str]]:
    match left, right:
        case ast.Tuple(elts=ones), ast.Tuple(elts=others):
            for one, other in zip(ones, others, strict=False):
                yield from _compared(one, other)
        case ast.Await(value=ast.Call(func=ast.Attribute(attr="exists"))), ast.Constant(value=value):
            if not isinstance(value, bool):
                yield left.lineno, "exists() is compared with a number: count() was meant"


def of_rows(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A row that may be None, used as if it were there."""
    asked = {ast.unparse(one) for node in ast.walk(tree) for one in _asked(node)}
    unsure: dict[str, int] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _may_be_none(value):
                unsure[name] = node.lineno
            case ast.Attribute(value=value) | ast.Call(args=[value]) if _may_be_none(value):
                yield node.lineno, "may be None here: get() says that the row is there"
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name)) if name in unsure and name not in asked:
                yield unsure[name], f"{name} may be None: get() says that the row is there"


def _may_be_none(value: ast.expr) -> bool:
    return isinstance(value, ast.Await) and any(_name(call) == "get_or_none" for call in _chain(value.value))


def _asked(node: ast.AST) -> list[ast.expr]:
    """What a node asks for being there."""
    match node:
        case ast.Compare(left=left, comparators=[ast.Constant(value=None)]):
            return [left]
        case ast.If(test=test) | ast.Assert(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            values = test.values if isinstance(test, ast.BoolOp) else [test]
            return [one.operand if isinstance(one, ast.UnaryOp) else one for one in values]
    return []


def of_errors(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """An error of Python itself that does not say what is wrong."""
    for node in ast.walk(tree):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=[], keywords=[])) if hasattr(
                builtins, name
            ):
                yield node.lineno, f"{name}() does not say what is wrong"


def of_bases(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A `Base<Entity>` that would get a table of its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and re.match("Base[A-Z]", node.name) and _is_model(node):
            options = [
                ast.unparse(option)
                for meta in node.body
                if isinstance(meta, ast.ClassDef) and meta.name == "Meta"
                for option in meta.body
            ]
            if "abstract = True" not in options:
                yield node.lineno, f"{node.name} is not abstract"

    classes = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in classes.values():
        bases = [classes.get(ast.unparse(base)) for base in node.bases]
        given = {name for base in bases if base for name, _ in _attributes(base)}
        for name, value in _attributes(node):
            if all(bases) and isinstance(value, ast.Constant) and value.value is None and name not in given:
                yield node.lineno, f"{name} = None removes nothing: no base of {node.name} has it"


def _attributes(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr]]:
    for statement in node.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value


def of_fixtures(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """A fixture that opens a database of the test's own without saying which."""
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and any(
            isinstance(one, ast.Yield) for one in ast.walk(node)
        ):
            for call in ast.walk(node):
                match call:
                    case ast.Call(func=ast.Name(id="tortoise_test_context"), keywords=keywords):
                        if not any(keyword.arg == "db_url" for keyword in keywords):
                            yield call.lineno, "tortoise_test_context() of a fixture needs db_url="


def of_locks(tree: ast.Module, lines: list[str]) -> Iterator[tuple[int, str]]:
    """A lock outside of a transaction of the block's own, or of the function's. A reader copies no other."""
    waiting: list[ast.AST] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.AsyncWith) and "in_transaction" in ast.unparse(node.items[0]):
            continue
        if isinstance(node, ast.AsyncFunctionDef) and any(
            "atomic" in ast.unparse(decorator) for decorator in node.decorator_list
        ):
            continue
        if (
            isinstance(node, ast.Await)
            and "select_for_update" in map(_name, _chain(node.value))
            and "# WRONG" not in lines[node.lineno - 1]
        ):
            yield node.lineno, "select_for_update() locks nothing outside of a transaction"
        waiting += ast.iter_child_nodes(node)


def _is_model(node: ast.ClassDef) -> bool:
    return any(
        isinstance(base, ast.Name) and re.match("Base(?!Model$)[A-Z]|Model$", base.id) for base in node.bases
    )


def _chain(node: ast.expr) -> Iterator[ast.Call]:
    """The calls of `a.b().c()`, the last first."""
    while isinstance(node, ast.Call | ast.Attribute):
        if isinstance(node, ast.Call):
            yield node
            node = node.func
        else:
            node = node.value


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""
