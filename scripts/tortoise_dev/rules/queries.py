"""What the anti-pattern rules ask about calls: whose they are, who makes them, what query they build."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Class, External, Function, Module
from ..analysis.syntax import FunctionNode
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


def names_connection(context: Context, query: ast.expr) -> bool:
    """Does a call that makes the query name the connection?"""
    return any(
        name == "using_db"
        or any(keyword.arg in ("using_db", None) for keyword in getattr(call, "keywords", ()))
        for name, call in steps(context, query)
    )


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


def has_handlers(context: Context, cls: Class) -> bool:
    """Does the project register a signal handler for this model?"""
    return any(
        cls in (entity for argument in decorator.args for entity in module.meanings(argument))
        for module in context.project.users_of(cls.module, cls.name, *sorted(tortoise_api.SIGNALS))
        for node in module.functions
        for decorator in node.decorator_list
        if isinstance(decorator, ast.Call) and is_signal(module.tortoise_name(decorator.func))
    )
