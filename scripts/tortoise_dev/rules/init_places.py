"""Where ``Tortoise.init`` is called from: a start-up hook, a request handler, or neither."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, TypeAlias

from ..analysis.modules import Function, Module
from ..analysis.syntax import FunctionNode
from .base import Context
from .queries import callers, calls_of
from .syntax import decorator_names, function_around

Place: TypeAlias = Literal["lifespan", "request"]

_METHODS = frozenset("get post put patch delete head options trace route api_route websocket".split())
_HOOKS = ("lifespan", "on_startup", "add_event_handler")
_APPS = frozenset({"FastAPI", "Starlette", "Litestar", "Quart", "BlackSheep"})


def inits(context: Context) -> Iterator[tuple[ast.Call, set[Place]]]:
    """The calls of ``Tortoise.init`` in the module, with the places that they run in."""
    for call in calls_of(context, "Tortoise", "init"):
        yield call, places_of(context, call)


def places_of(context: Context, call: ast.Call) -> set[Place]:
    """The places that a call runs in, itself or through a function of the project."""
    function = function_around(context.module, call)
    if function is None:
        return set()
    places = _places(context, context.module, function)
    for module, caller in callers(context, function):
        outer = function_around(module, caller)
        if outer is not None and outer is not function:
            places |= _places(context, module, outer)
    return places


def _places(context: Context, module: Module, function: FunctionNode) -> set[Place]:
    found: set[Place] = set()
    if _is_handler(function) or _is_dependency(module, function) or _is_dispatch(module, function):
        found.add("request")
    if _is_lifespan(function) or _is_hook(context, module, function):
        found.add("lifespan")
    return found


def _is_handler(function: FunctionNode) -> bool:
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


def _is_dependency(module: Module, function: FunctionNode) -> bool:
    return any(
        node.args and isinstance(node.args[0], ast.Name) and node.args[0].id == function.name
        for node in module.calls_by_name.get("Depends", ())
    )


def _is_dispatch(module: Module, function: FunctionNode) -> bool:
    """Is it what Starlette's middleware does with each request: ``BaseHTTPMiddleware.dispatch``?"""
    owner = module.parents.get(function)
    return (
        function.name == "dispatch"
        and isinstance(owner, ast.ClassDef)
        and any(_last(base) == "BaseHTTPMiddleware" for base in owner.bases)
    )


def _is_lifespan(function: FunctionNode) -> bool:
    for named, call in decorator_names(function):
        match call:
            case ast.Call(args=[ast.Constant(value="startup"), *_]) if _last(named) == "on_event":
                return True
        if _last(named) == "asynccontextmanager" and _takes_app(function):
            return True
    return False


def _takes_app(function: FunctionNode) -> bool:
    arguments = [*function.args.posonlyargs, *function.args.args]
    annotation = arguments[0].annotation if len(arguments) == 1 else None
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return annotation.value in _APPS
    return annotation is not None and _last(annotation) in _APPS


def _is_hook(context: Context, module: Module, function: FunctionNode) -> bool:
    """Does the project give the function to an application to be run at its start?"""
    return any(
        isinstance(entity, Function) and entity.node is function
        for user in context.project.users_of(module, function.name, *_HOOKS)
        for call in user.of_type(ast.Call)
        for given in _hooks_of(call)
        for entity in user.meanings(given)
    )


def _hooks_of(call: ast.Call) -> Iterator[ast.expr]:
    """What a call gives as ``lifespan=f``, ``on_startup=[f]`` or ``add_event_handler("startup", f)``."""
    for keyword in call.keywords:
        if keyword.arg == "lifespan":
            yield keyword.value
        elif keyword.arg == "on_startup" and isinstance(keyword.value, ast.List):
            yield from keyword.value.elts
    match call.args:
        case [ast.Constant(value="startup"), hook] if _last(call.func) == "add_event_handler":
            yield hook


def _last(node: ast.AST) -> str:
    return getattr(node, "attr", None) or getattr(node, "id", None) or ""
