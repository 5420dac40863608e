"""The literals that a name, a subscript or a target of a loop stands for."""

from __future__ import annotations

import ast
from typing import TypeAlias

from ..analysis.modules import Module
from ..analysis.scopes import Scope
from .base import Context

_DEPTH = 8
"""How many names are followed one after the other."""

_ADDING = frozenset("append extend insert add update setdefault".split())

_Known: TypeAlias = dict[tuple[Scope, str], list[ast.expr]]
"""What names stand for. A name that is being followed stands for nothing known: ``data = data["rows"]``."""


def is_literal(context: Context, node: ast.expr) -> bool:
    """Is it certainly a list or dictionary that the code spells out, and that is not empty?"""
    return all(_parts(one) for one in _literals(context.module, node, _DEPTH, {}))


def holds_constants_only(module: Module, node: ast.expr) -> bool:
    """Is it certainly a list or dictionary of constants, to which nothing is added?"""
    found = _literals(module, node, _DEPTH, {})
    return not _is_added_to(module, node) and all(
        _parts(one) and all(isinstance(v, ast.Constant) for v in _parts(one)) for one in found
    )


def _is_added_to(module: Module, node: ast.expr) -> bool:
    """Does the module add something to it, as ``units[key] = value`` and ``units.update(more)`` do?"""
    if not isinstance(node, ast.Name):
        return False
    stored = (one.value for one in module.of_type(ast.Subscript) if isinstance(one.ctx, ast.Store))
    changed = (one.value for one in module.of_type(ast.Attribute) if one.attr in _ADDING)
    named = (one for one in (*stored, *changed) if isinstance(one, ast.Name) and one.id == node.id)
    place = _place_of(module, node)
    return any(_place_of(module, one) is place for one in named)


def _place_of(module: Module, name: ast.Name) -> Scope | None:
    """The scope that binds a name."""
    place = module.scope_of(name).lookup(name.id, None)
    return place[0] if place is not None else None


def _parts(node: ast.expr) -> list[ast.expr]:
    """What a literal holds; an empty one is filled later."""
    match node:
        case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
            return elements
        case ast.Dict(values=values):
            return values
    return []


def _literals(module: Module, node: ast.expr, depth: int, known: _Known) -> list[ast.expr]:
    """The expressions that a node stands for: itself where that is not known."""
    match node:
        case ast.Name() if depth:
            return _of_name(module, node, depth - 1, known)
        case ast.Subscript(value=owner, slice=ast.Constant(value=key)) if depth:
            return [_entry(one, key) or node for one in _literals(module, owner, depth - 1, known)]
    return [node]


def _entry(node: ast.expr, key: object) -> ast.expr | None:
    """The value of a key of a dictionary."""
    if not isinstance(node, ast.Dict):
        return None
    pairs = zip(node.keys, node.values, strict=True)
    return next(
        (value for name, value in pairs if isinstance(name, ast.Constant) and name.value == key), None
    )


def _of_name(module: Module, name: ast.Name, depth: int, known: _Known) -> list[ast.expr]:
    """What the bindings of a name say: assignments, imports, loops over literals."""
    place = module.scope_of(name).lookup(name.id, None)
    if place is None or place[0].is_class:
        return [name]
    key = (place[0], name.id)
    if key in known:
        return known[key] or [name]
    known[key] = []
    found: list[ast.expr] = []
    for binding in place[0].names[name.id]:
        match binding.node:
            case ast.For(target=target, iter=rows):
                parts = [_bound_part(target, one, name.id) for one in _steps(module, rows, depth, known)]
                found += [part or name for part in parts] or [name]
            case ast.ImportFrom():
                found += _imported(module, binding.node, name, depth, known)
            case _:
                found += (
                    _literals(module, binding.value, depth, known) if binding.value is not None else [name]
                )
    known[key] = list(dict.fromkeys(found))
    return known[key]


def _imported(
    module: Module, node: ast.ImportFrom, name: ast.Name, depth: int, known: _Known
) -> list[ast.expr]:
    """What a name of another module is bound to, where one assignment binds it."""
    source = next((one.name for one in node.names if (one.asname or one.name) == name.id), name.id)
    for found in module.resolver.imported(module, node.module, node.level):
        if isinstance(found, Module):
            values = [one.value for one in found.scope.names.get(source, ())]
            if len(values) == 1 and values[0] is not None:
                return _literals(found, values[0], depth, known)
    return [name]


def _steps(module: Module, rows: ast.expr, depth: int, known: _Known) -> list[ast.expr]:
    """What a loop over an expression binds at its steps."""
    match rows:
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]):
            return [
                ast.Tuple(elts=[ast.Constant(value=0), one]) for one in _steps(module, inner, depth, known)
            ]
        case ast.Call(func=ast.Attribute(value=owner, attr="items" | "values" as method), args=[]):
            return [
                ast.Tuple(elts=[key or value, value]) if method == "items" else value
                for literal in _literals(module, owner, depth, known)
                if isinstance(literal, ast.Dict)
                for key, value in zip(literal.keys, literal.values, strict=True)
            ]
    return [part for literal in _literals(module, rows, depth, known) for part in _parts(literal)]


def _bound_part(target: ast.expr, element: ast.expr, name: str) -> ast.expr | None:
    """The part of an element that a loop's target binds to a name."""
    match target, element:
        case ast.Name(id=bound), _ if bound == name:
            return element
        case ast.Tuple(elts=targets), ast.Tuple(elts=parts) if len(targets) == len(parts):
            found = (_bound_part(one, part, name) for one, part in zip(targets, parts, strict=True))
            return next((one for one in found if one is not None), None)
    return None
