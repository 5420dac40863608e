"""What the anti-pattern rules ask about calls: whose they are, and which function they stand in."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ..project import orm
from ..project.modules import Callable, External, Module
from ..project.scopes import FUNCTIONS, SCOPES, Function
from .rule import Context

LOOPS = (ast.For, ast.AsyncFor, ast.While)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def calls(context: Context) -> Iterator[ast.Call]:
    """Every call of the module, in the order of the text."""
    yield from context.module.of_type(ast.Call)


def tortoise_name(module: Module, node: ast.expr) -> str | None:
    """The dotted name of what an expression refers to, where that is Tortoise's."""
    for entity in module.meanings(node):
        if isinstance(entity, External) and entity.name.startswith("tortoise."):
            return entity.name
    return None


def is_call_of(module: Module, call: ast.Call, owner: str, name: str) -> bool:
    """Is it a call of ``owner.name`` of Tortoise, such as ``Tortoise.init``?"""
    dotted = tortoise_name(module, call.func) if isinstance(call.func, ast.Attribute) else None
    return dotted is not None and dotted.endswith(f".{owner}.{name}")


def function_around(module: Module, node: ast.AST) -> Function | None:
    """The function that a node runs in."""
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, FUNCTIONS) and isinstance(child, ast.stmt):
            return parent
        child = parent
    return None


def own_nodes(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and those below them, without what is inside of functions and classes among them."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, SCOPES):
            waiting += ast.iter_child_nodes(node)


def decorator_names(function: Function) -> Iterator[tuple[ast.expr, ast.Call | None]]:
    """The decorators of a function: what is named, and the call if it is one."""
    for decorator in function.decorator_list:
        if isinstance(decorator, ast.Call):
            yield decorator.func, decorator
        else:
            yield decorator, None


def callers(context: Context, function: Function) -> Iterator[tuple[Module, ast.Call]]:
    """The calls of a function in the parsed modules of the project."""
    for module, call in context.picture.calls_by_name.get(function.name, ()):
        if any(isinstance(e, Callable) and e.node is function for e in module.meanings(call.func)):
            yield module, call


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def has_unknown_keywords(call: ast.Call) -> bool:
    """Does it pass ``**options``?"""
    return any(k.arg is None for k in call.keywords)


def is_true(node: ast.expr | None) -> bool:
    """Is it the literal ``True``?"""
    return isinstance(node, ast.Constant) and node.value is True


def loop_around(module: Module, node: ast.AST) -> ast.AST | None:
    """The innermost loop or comprehension that repeats a node, within its function."""
    child = node
    for parent in module.ancestors(node):
        if isinstance(parent, (*FUNCTIONS, ast.Lambda, ast.ClassDef)):
            return None
        if isinstance(parent, ast.While):
            return parent
        if isinstance(parent, ast.For | ast.AsyncFor) and child in parent.body:
            return parent
        if isinstance(parent, COMPREHENSIONS) and child is not parent.generators[0]:
            return parent
        child = parent
    return None


def is_orm_await(context: Context, node: ast.Await) -> bool:
    """Does it await a call of Tortoise?"""
    value = context.values.of(node.value)
    return value is not None and (value.awaitable or value.kind == "relation")


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


def text(node: ast.AST, limit: int = 60) -> str:
    """The source of an expression, shortened, for a message."""
    try:
        source = ast.unparse(node)
    except RecursionError:
        return "…"
    source = " ".join(source.split())
    return source if len(source) <= limit else source[: limit - 1] + "…"


def is_signal(name: str | None) -> bool:
    """Is it one of Tortoise's signal decorators?"""
    return name is not None and orm.short(name) in orm.SIGNALS and ".signals." in name
