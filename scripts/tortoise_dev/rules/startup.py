"""Where ``Tortoise.init`` is called from: a start-up hook, a request handler, or neither."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from typing import Literal, TypeAlias

from ..project.modules import Callable, Module
from ..project.picture import Picture
from ..project.scopes import Function
from .calls import callers, calls, decorator_names, function_around, is_call_of
from .rule import Context

Place: TypeAlias = Literal["lifespan", "request"]

_METHODS = frozenset("get post put patch delete head options trace route api_route websocket".split())
_APPS = frozenset({"FastAPI", "Starlette", "Litestar", "Quart", "BlackSheep"})


def inits(context: Context) -> Iterator[tuple[ast.Call, set[Place]]]:
    """The calls of ``Tortoise.init`` in the module, with the places that they run in."""
    for call in calls(context):
        if not is_call_of(context.module, call, "Tortoise", "init"):
            continue
        function = function_around(context.module, call)
        places: set[Place] = set()
        if function is not None:
            hooks = _hooks(context.picture)
            places |= _places(context.module, function, hooks)
            for module, caller in callers(context, function):
                outer = function_around(module, caller)
                if outer is not None and outer is not function:
                    places |= _places(module, outer, hooks)
        yield call, places


def _places(module: Module, function: Function, hooks: frozenset[Function]) -> set[Place]:
    found: set[Place] = set()
    if _is_handler(function) or _is_dependency(module, function):
        found.add("request")
    if function in hooks or _is_lifespan(function):
        found.add("lifespan")
    return found


def _is_handler(function: Function) -> bool:
    for named, call in decorator_names(function):
        if isinstance(named, ast.Attribute) and call is not None:
            first = call.args[0] if call.args else None
            is_path = (
                isinstance(first, ast.Constant)
                and isinstance(first.value, str)
                and first.value.startswith("/")
            )
            if named.attr in _METHODS and is_path:
                return True
            if named.attr == "middleware" and isinstance(first, ast.Constant) and first.value == "http":
                return True
    return False


def _is_dependency(module: Module, function: Function) -> bool:
    return any(
        isinstance(node, ast.Call)
        and _last(node.func) == "Depends"
        and node.args
        and isinstance(node.args[0], ast.Name)
        and node.args[0].id == function.name
        for node in module.nodes
    )


def _is_lifespan(function: Function) -> bool:
    for named, call in decorator_names(function):
        match call:
            case ast.Call(args=[ast.Constant(value="startup"), *_]) if _last(named) == "on_event":
                return True
        if _last(named) == "asynccontextmanager" and _takes_app(function):
            return True
    return False


def _takes_app(function: Function) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args]
    annotation = arguments[0].annotation if len(arguments) == 1 else None
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value in _APPS
    return annotation is not None and _last(annotation) in _APPS


@lru_cache(maxsize=1)
def _hooks(picture: Picture) -> frozenset[Function]:
    """The functions that the project gives to an application to be run at its start.

    As ``lifespan=f``, ``on_startup=[f]`` or ``add_event_handler("startup", f)``.
    """
    found: set[Function] = set()
    for module, call in chain.from_iterable(picture.calls_by_name.values()):
        given: list[ast.expr] = []
        for keyword in call.keywords:
            if keyword.arg == "lifespan":
                given.append(keyword.value)
            elif keyword.arg == "on_startup" and isinstance(keyword.value, ast.List):
                given += keyword.value.elts
        if _last(call.func) == "add_event_handler" and len(call.args) == 2:
            event, hook = call.args
            given += [hook] if isinstance(event, ast.Constant) and event.value == "startup" else []
        for expression in given:
            found |= {e.node for e in module.meanings(expression) if isinstance(e, Callable)}
    return frozenset(found)


def _last(node: ast.AST) -> str:
    return getattr(node, "attr", None) or getattr(node, "id", None) or ""
