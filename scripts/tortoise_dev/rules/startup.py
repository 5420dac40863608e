"""Where ``Tortoise.init`` is called from: a start-up hook, a request handler, or neither."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, TypeAlias

from ..project.modules import Function, Module
from .calls import callers, calls, decorator_names, function_around, is_call_of
from .rule import Context

Place: TypeAlias = Literal["lifespan", "request"]

_METHODS = frozenset(
    ["get", "post", "put", "patch", "delete", "head", "options", "trace", "route", "api_route", "websocket"]
)
_APPS = frozenset({"FastAPI", "Starlette", "Litestar", "Quart", "BlackSheep"})


def inits(context: Context) -> Iterator[tuple[ast.Call, set[Place]]]:
    """The calls of ``Tortoise.init`` in the module, with the places that they run in."""
    for call in calls(context):
        if not is_call_of(context.module, call, "Tortoise", "init"):
            continue
        function = function_around(context.module, call)
        places: set[Place] = set()
        if function is not None:
            places |= _places(context.module, function)
            for module, caller in callers(context, function):
                outer = function_around(module, caller)
                if outer is not None and outer is not function:
                    places |= _places(module, outer)
        yield call, places


def _places(module: Module, function: Function) -> set[Place]:
    found: set[Place] = set()
    if _is_handler(function) or _is_dependency(module, function):
        found.add("request")
    if _is_lifespan(module, function):
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


def _is_lifespan(module: Module, function: Function) -> bool:
    for named, call in decorator_names(function):
        if _last(named) == "on_event" and call is not None and call.args:
            first = call.args[0]
            if isinstance(first, ast.Constant) and first.value == "startup":
                return True
        if _last(named) == "asynccontextmanager" and (_takes_app(function) or _is_passed(module, function)):
            return True
    return _is_startup_hook(module, function)


def _takes_app(function: Function) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args]
    annotation = arguments[0].annotation if len(arguments) == 1 else None
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value in _APPS
    return annotation is not None and _last(annotation) in _APPS


def _is_passed(module: Module, function: Function) -> bool:
    """Is it given to an application as ``lifespan=``?"""
    return any(
        isinstance(node, ast.keyword)
        and node.arg == "lifespan"
        and isinstance(node.value, ast.Name)
        and node.value.id == function.name
        for node in module.nodes
    )


def _is_startup_hook(module: Module, function: Function) -> bool:
    """Is it in a list ``on_startup=[…]``, or given to ``add_event_handler("startup", …)``?"""
    for node in module.nodes:
        match node:
            case ast.keyword(arg="on_startup", value=ast.List(elts=hooks)):
                pass
            case ast.Call(args=[ast.Constant(value="startup"), hook]) if (
                _last(node.func) == "add_event_handler"
            ):
                hooks = [hook]
            case _:
                continue
        if any(isinstance(one, ast.Name) and one.id == function.name for one in hooks):
            return True
    return False


def _last(node: ast.AST) -> str:
    return getattr(node, "attr", None) or getattr(node, "id", None) or ""
