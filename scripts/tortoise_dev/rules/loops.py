"""What a loop binds at each step, and whether one query could do what it does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from ..analysis.modules import Class
from .base import Context
from .literals import is_literal
from .queries import is_orm_await, suppressed_kinds
from .syntax import loop_around

Loop: TypeAlias = ast.For | ast.AsyncFor | ast.ListComp | ast.SetComp | ast.DictComp
LOOPS = (ast.For, ast.AsyncFor, ast.ListComp, ast.SetComp, ast.DictComp)
_FEW = 5


def targets_of(loop: Loop) -> Iterator[ast.expr]:
    """What the loop itself binds."""
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        yield loop.target
    else:
        yield from (one.target for one in loop.generators)


def names_in(loop: Loop) -> set[str]:
    """The names that each step of a loop binds: its targets, and what is assigned from them."""
    names = {
        node.id for target in targets_of(loop) for node in ast.walk(target) if isinstance(node, ast.Name)
    }
    for statement in loop.body if isinstance(loop, (ast.For, ast.AsyncFor)) else ():
        if isinstance(statement, ast.Assign) and uses(statement.value, names):
            names |= {n.id for t in statement.targets for n in ast.walk(t) if isinstance(n, ast.Name)}
    return names


def uses(node: ast.AST, names: set[str]) -> bool:
    """Is one of the names in an expression?"""
    return any(isinstance(one, ast.Name) and one.id in names for one in ast.walk(node))


def is_plain(context: Context, loop: Loop) -> bool:
    """Could the loop be one statement: no error of one row, no early end, nothing else that it waits for?"""
    if isinstance(loop, (ast.For, ast.AsyncFor)):
        rows, is_async = loop.iter, isinstance(loop, ast.AsyncFor)
        repeated: list[ast.AST] = [*loop.body, *loop.orelse]
    else:
        rows, is_async = loop.generators[0].iter, any(one.is_async for one in loop.generators)
        repeated = [one for one in ast.iter_child_nodes(loop) if one is not loop.generators[0]]
    if is_short(context, rows) or (is_async and context.inference.of(rows) is None):
        return False
    for part in repeated:
        for node in ast.walk(part):
            if isinstance(node, (ast.Return, ast.Yield, ast.Raise, ast.AsyncWith, ast.AsyncFor)):
                return False
            if isinstance(node, ast.Break) and loop_around(context.module, node) is loop:
                return False
            if handles_errors(context, node):
                return False
            if isinstance(node, ast.Await) and not is_orm_await(context, node):
                return False
    return True


def handles_errors(context: Context, node: ast.AST) -> bool:
    """Does it go on after an error of its body: a ``try``, or ``with suppress(…):``?"""
    if isinstance(node, (ast.Try, ast.TryStar)):
        return True
    return isinstance(node, ast.With) and bool(suppressed_kinds(context, node))


def is_short(context: Context, rows: ast.expr) -> bool:
    """Is it a literal, a constant, an Enum, or a few numbers?"""
    match rows:
        case ast.Call(func=ast.Name(id="range"), args=[ast.Constant(value=int(count))]):
            return count <= _FEW
        case ast.Call(func=ast.Name(), args=[first, *_]):  # enumerate(KINDS)
            return is_short(context, first)
        case ast.Call(func=ast.Attribute(value=owner, attr="items" | "values" | "keys")):
            return is_short(context, owner)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            if name.isupper() or any(isinstance(one, Class) for one in context.module.meanings(rows)):
                return True
    return is_literal(context, rows)


def is_for_one_value(context: Context, node: ast.AST, loop: Loop, names: set[str]) -> bool:
    """Does a node in a loop run for one constant value alone: ``if name == "admin":``?"""
    child = node
    for parent in context.module.ancestors(node):
        if parent is loop:
            return False
        if isinstance(parent, ast.If) and child in parent.body and _asks_for_constant(parent.test, names):
            return True
        child = parent
    return False


def _asks_for_constant(test: ast.expr, names: set[str]) -> bool:
    match test:
        case ast.BoolOp(op=ast.Or(), values=values):
            return all(_asks_for_constant(one, names) for one in values)
        case ast.BoolOp(values=values):
            return any(_asks_for_constant(one, names) for one in values)
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Eq()], comparators=[ast.Constant()]):
            return name in names
    return False
