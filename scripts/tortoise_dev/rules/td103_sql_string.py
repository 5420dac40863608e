"""# TD103 sql-from-strings

## What it does
An f-string, `%`, `.format` or `+` puts values into the SQL of `execute_query`, `execute_query_dict`,
`execute_script`, `.raw()` or `RawSQL`.

Values are what stands within quotes, after a comparison, in `IN (…)`, `VALUES (…)` or `LIMIT`. Constants
are allowed, and so is what cannot be a parameter (names of tables, clauses).

## Why is this bad
A value from a user can change the statement (SQL injection). The methods of a connection
take values as parameters, `.raw()` does not.

## Fix safety
Not fixed by `--fix`: placeholders depend on the database.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from ..analysis import tortoise_api
from ..analysis.modules import Function, Module
from ..analysis.project import Project
from ..analysis.syntax import FUNCTIONS, own_nodes
from .base import Context, Hit, Rule
from .queries import calls

BAD = """\
# file: apps/reports.py
from tortoise.connection import get_connection


async def invoices_of(name: str):
    sql = f"SELECT * FROM invoice WHERE customer = '{name}'"
    return await get_connection("default").execute_query_dict(sql)
"""

GOOD = """\
# file: apps/reports.py
from tortoise.connection import get_connection


async def invoices_of(name: str):
    sql = "SELECT * FROM invoice WHERE customer = ?"
    return await get_connection("default").execute_query_dict(sql, [name])
"""

_ONLY_TORTOISE = frozenset({"execute_query_dict", "execute_query_dict_with_affected"})
"""Methods that no other library has: a connection that nothing annotates is known by them."""
_DEPTH = 6
"""How many names are followed, one after the other."""
_SAFE_CALLS = frozenset({"int", "len", "float"})


def check(context: Context) -> Iterator[Hit]:
    """At the call that gets the SQL."""
    for call, name in _sql_calls(context):
        sql = next(
            (k.value for k in call.keywords if k.arg in ("query", "sql")), call.args[0] if call.args else None
        )
        if sql is not None and _is_built(context, sql, _has_values(call)):
            instead = "use execute_query_dict(sql, values)" if name == "raw()" else "pass them as parameters"
            yield Hit(call, f"SQL for {name} is put together from values: {instead}")


def _sql_calls(context: Context) -> Iterator[tuple[ast.Call, str]]:
    """The calls that take SQL, and what a message calls them."""
    for call, dotted in context.tortoise_calls:
        if tortoise_api.short(dotted) == "RawSQL":
            yield call, "RawSQL"
    for call in calls(context, "raw", *tortoise_api.CONNECTION_CALLS):
        if not isinstance(call.func, ast.Attribute):
            continue
        owner, name = context.inference.of(call.func.value), call.func.attr
        if owner is None and name in _ONLY_TORTOISE and not context.project.once(_has_its_own):
            yield call, name
        if owner is not None and owner.kind == "connection" and name != "raw":
            yield call, name
        elif owner is not None and owner.kind in ("class", "query", "manager") and name == "raw":
            yield call, "raw()"


def _has_its_own(project: Project) -> bool:
    """Does the project define a method of these names itself?"""
    return project.mentions(re.compile(rb"def execute_query_dict"))


def _has_values(call: ast.Call) -> bool:
    """Does the call pass values beside the SQL? Then what the text takes in may be placeholders and names."""
    return len(call.args) > 1 or any(k.arg in ("values", None) for k in call.keywords)


def _is_built(context: Context, node: ast.expr, only_quoted: bool, depth: int = 0) -> bool:
    """Is a value put into this text where a parameter could stand?"""
    if isinstance(node, ast.Name):
        values = _assigned(context, node) if depth < _DEPTH and not _is_made_at_import(context, node) else []
        return any(_is_built(context, value, only_quoted, depth + 1) for value in values)
    before = ""
    for part in _parts(node):
        if isinstance(part, str):
            before += part
            continue
        text = _COMMENT.sub("", before)
        if text.count("$$") % 2 == 1:
            continue  # the body of a function or of DO takes no parameters
        quoted = text.count("'") % 2 == 1
        if isinstance(part, ast.Name) and _is_built(context, part, only_quoted, depth + 1):
            return True
        if any(_is_built(context, one, only_quoted, depth + 1) for one in _joined(context, part, depth)):
            return True
        is_value = quoted or (not only_quoted and _VALUE_PLACE.search(text) is not None)
        if is_value and not _is_harmless(context, part, depth):
            return True
        before += "?"
    return False


_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VALUE_PLACE = re.compile(
    r"(?is)([=<>]|\b(like|ilike|limit|offset|between)|\b(in|values)\s*\(([^()]*,)?)\s*[\"%]*$"
)
_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sdifr]|\{(\w*)[^{}]*\}")


def _parts(node: ast.expr) -> Iterator[str | ast.expr]:
    """A text as its literal pieces and the expressions between them."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for value in values:
                yield from _parts(value.value if isinstance(value, ast.FormattedValue) else value)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(text)), right=right):
            given = right.elts if isinstance(right, ast.Tuple) else [right]
            yield from _filled(text, given, {})
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), args=args, keywords=keys
        ):
            yield from _filled(text, args, {k.arg: k.value for k in keys if k.arg is not None})
        case _:
            yield node


def _filled(text: str, given: Sequence[ast.expr], named: Mapping[str, ast.expr]) -> Iterator[str | ast.expr]:
    """A template with its arguments in their places."""
    end = 0
    for number, match in enumerate(_PLACEHOLDER.finditer(text)):
        yield text[end : match.start()]
        end = match.end()
        name = match[1] or match[2] or ""
        if name in named:
            yield named[name]
        elif number < len(given) or (given and number == 0):
            yield given[number]
    yield text[end:]


def _is_made_at_import(context: Context, name: ast.Name) -> bool:
    """Is it a text of the module, which no request has made?"""
    scope = context.module.scope_of(name)
    while scope.parent is not None:
        if name.id in scope:
            return False
        scope = scope.parent
    return context.module.scope_of(name) is not scope


def _joined(context: Context, node: ast.expr, depth: int) -> Iterator[ast.expr]:
    """What stands in the list that ``" AND ".join(conditions)`` joins, and what ``append`` puts into it."""
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.List(elts=elements)]):
            yield from elements
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[ast.Name() as name]) if (
            depth < _DEPTH
        ):
            for made in _assigned(context, name):
                yield from made.elts if isinstance(made, ast.List) else ()
            for call in context.module.calls_by_name.get("append", ()):
                match call:
                    case ast.Call(func=ast.Attribute(value=ast.Name(id=owner)), args=[added]) if (
                        owner == name.id and context.module.scope_of(call) is context.module.scope_of(name)
                    ):
                        yield added


def _assigned(context: Context, node: ast.Name) -> list[ast.expr]:
    """What is assigned or added to a name in its scope, as far as that is known."""
    scope = context.module.scope_of(node)
    while node.id not in scope and scope.parent is not None:
        scope = scope.parent
    values = [
        binding.value or (binding.node.value if isinstance(binding.node, ast.AugAssign) else None)
        for binding in scope.names.get(node.id, ())
    ]
    return [value for value in values if value is not None]


def _local_values(context: Context, node: ast.Name) -> list[ast.expr] | None:
    """All that a name is bound to in its function or module; None if that is not all known."""
    scope = context.module.scope_of(node)
    while node.id not in scope:
        if scope.parent is None:
            return None
        scope = scope.parent
    bindings = scope.names[node.id]
    if node.id in scope.elsewhere or not isinstance(scope.node, (*FUNCTIONS, ast.Module)):
        return None
    values = [binding.value for binding in bindings]
    return (
        None if any(value is None for value in values) else [value for value in values if value is not None]
    )


def _is_harmless(context: Context, node: ast.expr, depth: int) -> bool:
    """Is it a constant, a name out of Tortoise's own description of the model, or a number for sure?"""
    match node:
        case ast.Constant():
            return True
        case ast.JoinedStr():
            return not _is_built(context, node, False, depth)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return all(_is_harmless(context, one, depth) for one in elements)
        case ast.Attribute(value=member, attr="value") if _is_constant(context, member):
            return True
        case ast.Attribute(attr=name):
            parts = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)]
            return "_meta" in parts or name in ("db_table", "db_column") or _is_constant(context, node)
        case ast.Await(value=ast.Call() as call):
            return _gives_constants(context, call)
        case ast.Call(func=ast.Name(id=name)):
            return name in _SAFE_CALLS or _gives_constants(context, node)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[argument]):
            return _joins_constants(context, argument, depth)
        case ast.IfExp(body=body, orelse=orelse):
            return _is_harmless(context, body, depth) and _is_harmless(context, orelse, depth)
        case (
            ast.BinOp(op=ast.Mult(), left=ast.Constant(), right=_) | ast.BinOp(op=ast.Mult(), left=ast.List())
        ):
            return True
        case ast.BinOp(left=left, right=right):
            return _is_harmless(context, left, depth) and _is_harmless(context, right, depth)
        case ast.Name() if depth < _DEPTH:
            values = _local_values(context, node)
            return _is_constant(context, node) or (
                bool(values) and all(_is_harmless(context, value, depth + 1) for value in values or ())
            )
    return False


def _gives_constants(context: Context, call: ast.Call) -> bool:
    """Does a function of the project return constants alone, or a name of its module that holds only such?"""
    functions = context.module.meanings(call.func)
    returned = [
        (one.module, node.value)
        for one in functions
        if isinstance(one, Function)
        for node in own_nodes(one.node.body)
        if isinstance(node, ast.Return)
    ]
    return bool(returned) and all(
        isinstance(value, ast.Constant)
        or (isinstance(value, ast.Name) and _holds_constants(module, value.id))
        for module, value in returned
    )


def _holds_constants(module: Module, name: str) -> bool:
    """Is all that a module assigns to a name anywhere a constant?"""
    nodes: list[ast.Assign | ast.AnnAssign] = [*module.of_type(ast.Assign), *module.of_type(ast.AnnAssign)]
    values = [
        node.value
        for node in nodes
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id == name
    ]
    return bool(values) and all(value is None or isinstance(value, ast.Constant) for value in values)


def _joins_constants(context: Context, node: ast.expr, depth: int) -> bool:
    """``", ".join("?" * n)``, ``", ".join("?" for _ in ids)``."""
    if isinstance(node, (ast.GeneratorExp, ast.ListComp)):
        loops = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
        if isinstance(node.elt, ast.JoinedStr):
            inner = [part.value for part in node.elt.values if isinstance(part, ast.FormattedValue)]
            counted = all(_counts(g.iter) for g in node.generators)
            return all(
                (counted and {n.id for n in ast.walk(v) if isinstance(n, ast.Name)} <= loops)
                or _is_harmless(context, v, depth)
                for v in inner
            )
        return isinstance(node.elt, ast.Constant)
    if isinstance(node, (ast.List, ast.Tuple)):
        return all(_is_harmless(context, element, depth) for element in node.elts)
    return _is_harmless(context, node, depth)


def _counts(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"


def _is_constant(context: Context, node: ast.expr) -> bool:
    """A name in capitals: a constant of this or another module."""
    name = getattr(node, "attr", None) or getattr(node, "id", "")
    return isinstance(name, str) and name.isupper()


RULE = Rule("TD103", "sql-from-strings", check)
