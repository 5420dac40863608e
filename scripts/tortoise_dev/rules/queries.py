"""What the anti-pattern rules ask about calls: whose they are, who makes them, what query they build."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from ..analysis import tortoise_api
from ..analysis.modules import Class, External, Function, Module
from ..analysis.scopes import Scope
from ..analysis.syntax import FunctionNode, keyword
from .base import Context


def calls(context: Context, *methods: str) -> Iterator[ast.Call]:
    """The calls of the module; where ``methods`` are given, of attributes of these names."""
    if not methods:
        yield from context.module.of_type(ast.Call)
    for name in methods:
        for call in context.module.calls_by_name.get(name, ()):
            if isinstance(call.func, ast.Attribute):
                yield call


def calls_of(context: Context, owner: str, name: str) -> Iterator[ast.Call]:
    """The calls of ``owner.name`` of Tortoise, such as ``Tortoise.init``."""
    for call, dotted in context.tortoise_calls:
        if isinstance(call.func, ast.Attribute) and dotted.endswith(f".{owner}.{name}"):
            yield call


def callers(context: Context, function: FunctionNode) -> Iterator[tuple[Module, ast.Call]]:
    """The calls in the project of a function of the module."""
    for module in context.project.users_of(context.module, function.name):
        for call in module.calls_by_name.get(function.name, ()):
            if any(isinstance(e, Function) and e.node is function for e in module.meanings(call.func)):
                yield module, call


def is_orm_await(context: Context, node: ast.Await) -> bool:
    """Does it await a call of Tortoise?"""
    value = context.inference.of(node.value)
    return value is not None and (value.awaitable or value.kind == "relation")


def suppressed_kinds(context: Context, node: ast.With) -> dict[ast.expr, ast.Call]:
    """The exceptions that ``with suppress(…):`` takes, each with its call."""
    return {
        kind: item.context_expr
        for item in node.items
        if isinstance(item.context_expr, ast.Call)
        and [External("contextlib.suppress")] == context.module.meanings(item.context_expr.func)
        for kind in item.context_expr.args
    }


def is_relation(context: Context, node: ast.expr) -> bool:
    """Is it the many side of a relation?"""
    value = context.inference.of(node)
    return value is not None and value.kind == "relation"


def steps(context: Context, node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """The calls and slices that made a query, the last one first: each one's name and node.

    A local name is followed where it is bound once.
    """
    while True:
        match node:
            case ast.Call(func=ast.Attribute(value=owner, attr=name)):
                yield name, node
                node = owner
            case ast.Subscript(value=owner, slice=ast.Slice()):
                yield "[…]", node
                node = owner
            case ast.Name(id=name):
                value = context.module.only_value(node)
                if value is None:
                    return
                node = value
            case _:
                return


def field_of(context: Context, model: Class | None, column: str) -> str | None:
    """Which of Tortoise's fields a column is; None for a field of the project's own, or an unknown one."""
    for one in (model, *context.models.ancestors(model)) if model is not None else ():
        for name, call in context.models.fields(one) if isinstance(one, Class) else ():
            if column in (name, f"{name}_id"):
                dotted = one.module.tortoise_name(call.func) if isinstance(one, Class) else None
                return tortoise_api.short(dotted) if dotted is not None else None
    return None


def is_signal(name: str | None) -> bool:
    """Is it one of Tortoise's signal decorators?"""
    return name is not None and tortoise_api.short(name) in tortoise_api.SIGNALS and ".signals." in name


class Origin:
    """What made a query: the names that ``annotate`` gave, and the relations of rows that it began with."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.relations: list[ast.Attribute] = []

    def add(self, other: Origin) -> None:
        """What made another query made this one, too."""
        self.names |= other.names
        self.relations += (one for one in other.relations if one not in self.relations)


def origin(context: Context, node: ast.expr) -> Origin | None:
    """What made a query; None where the text does not tell all of it.

    A local name is followed to everything that it is bound to.
    """
    found = Origin()
    names = _read_chains(context, [node], found)
    for name in names if names is not None else ():
        other = _origin_of_name(context, name)
        if other is None:
            return None
        found.add(other)
    return found if names is not None else None


_Origins: TypeAlias = dict[tuple[Scope, str], Origin | None]
"""The origins of the local names of a module, by the scope that binds them."""


def _origins(module: Module) -> _Origins:
    return {}


def _origin_of_name(context: Context, name: ast.Name) -> Origin | None:
    known = context.module.once(_origins)
    start = _place_of(context, name)
    if start is not None and start not in known:
        known[start] = _read_names(context, name, known)
    return known[start] if start is not None else None


def _read_names(context: Context, name: ast.Name, known: _Origins) -> Origin | None:
    """The origin of a local name, and of the names that it is bound to."""
    found = Origin()
    seen: set[tuple[Scope, str]] = set()
    waiting = [name]
    while waiting:
        place = _place_of(context, waiting.pop())
        if place in seen:
            continue
        if place is None:
            return None
        seen.add(place)
        if place in known:
            other = known[place]
            if other is None:
                return None
            found.add(other)
            continue
        bindings = place[0].names[place[1]]
        values = [binding.value for binding in bindings if binding.value is not None]
        names = _read_chains(context, values, found) if len(values) == len(bindings) else None
        if names is None:
            return None
        waiting += names
    return found


def _place_of(context: Context, name: ast.Name) -> tuple[Scope, str] | None:
    """The function that binds a name; None where none does."""
    place = context.module.scope_of(name).lookup(name.id, None)
    return (place[0], name.id) if place is not None and place[0].is_function else None


def _read_chains(context: Context, waiting: list[ast.expr], found: Origin) -> list[ast.Name] | None:
    """Adds what chains of calls say, and gives the names that the chains begin with; None for other code."""
    names: list[ast.Name] = []
    while waiting:
        one = waiting.pop()
        match one:
            case ast.Call(func=ast.Attribute(value=owner, attr=method), keywords=keywords):
                if method == "annotate":
                    if any(keyword.arg is None for keyword in keywords):
                        return None
                    found.names |= {str(keyword.arg) for keyword in keywords}
                elif method not in tortoise_api.QUERYSET_CALLS:
                    return None
                waiting.append(owner)
            case ast.Subscript(value=owner, slice=ast.Slice()) | ast.NamedExpr(value=owner):
                waiting.append(owner)
            case ast.IfExp(body=body, orelse=orelse):
                waiting += [body, orelse]
            case ast.Name():
                value = context.inference.of(one)
                if value is None or value.kind != "class":
                    names.append(one)
            case ast.Attribute():
                value = context.inference.of(one)
                if value is not None and value.kind == "relation":
                    found.relations.append(one)
            case _:
                return None
    return names


_FETCHING = ("prefetch_related", "select_related")


def fetched_names(context: Context, rows: ast.expr | None) -> set[str] | None:
    """The relations that were fetched with rows, as their query names them; None where that is not known.

    A name for rows is followed to all that it is bound to. ``fetch_for_list(rows, "owner")`` counts too.
    """
    found: set[str] = set()
    waiting = [rows] if rows is not None else []
    seen: set[str] = set()
    while waiting:
        node = waiting.pop()
        match node:
            case ast.Await(value=value) | ast.Subscript(value=value):
                waiting.append(value)
            case ast.Call(func=ast.Attribute(value=owner, attr=name), args=args):
                waiting.append(owner)
                for one in args if name in _FETCHING else ():
                    named = _names_fetched(context, one)
                    if named is None:
                        return None
                    found |= named
            case ast.Name(id=name) if name not in seen:
                seen.add(name)
                scope = context.module.scope_of(node)
                waiting += [b.value for b in scope.names.get(name, ()) if b.value is not None]
                for call in context.module.calls_by_name.get("fetch_for_list", ()):
                    if call.args and ast.unparse(call.args[0]) == name:
                        found |= {one for arg in call.args[1:] for one in _names_fetched(context, arg) or ()}
            case ast.Attribute(value=ast.Name() as row, attr=relation) if is_relation(context, node):
                around = _fetched_with_row(context, row)
                if around is None:
                    return None
                found |= {
                    one.removeprefix(f"{relation}__") for one in around if one.startswith(f"{relation}__")
                }
    return found


def _fetched_with_row(context: Context, row: ast.Name) -> set[str] | None:
    """The relations that were fetched with one row, or that ``fetch_related`` adds; None where unknown."""
    found: set[str] = set()
    scope = context.module.scope_of(row)
    for binding in scope.names.get(row.id, ()):
        source = binding.value
        if isinstance(binding.node, (ast.For, ast.AsyncFor)):
            source = binding.node.iter
        names = fetched_names(context, source) if source is not None else None
        if names is None:
            return None
        found |= names
    for call in context.module.calls_by_name.get("fetch_related", ()):
        owner = call.func.value if isinstance(call.func, ast.Attribute) else None
        if isinstance(owner, ast.Name) and owner.id == row.id and context.module.scope_of(call) is scope:
            for argument in call.args:
                names = _names_fetched(context, argument)
                if names is None:
                    return None
                found |= names
    return found


def _names_fetched(context: Context, node: ast.expr) -> set[str] | None:
    """The relations that ``"owner"`` or ``Prefetch("owner", query)`` fetches; None where unknown."""
    inner: set[str] | None = set()
    if isinstance(node, ast.Call) and node.args:
        query = keyword(node, "queryset")
        inner = fetched_names(context, query if query is not None else (*node.args, None)[1])
        node = node.args[0]
    if inner is None or not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
        return None
    return {node.value, *(f"{node.value}__{one}" for one in inner)}


def has_handlers(context: Context, cls: Class) -> bool:
    """Does the project register a signal handler for this model?"""
    return any(
        cls in (entity for argument in decorator.args for entity in module.meanings(argument))
        for module in context.project.users_of(cls.module, cls.name, *sorted(tortoise_api.SIGNALS))
        for node in module.functions
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and is_signal(module.tortoise_name(decorator.func))
    )
