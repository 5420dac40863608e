"""What made a query: all the calls behind it, through local names."""

from __future__ import annotations

import ast
from typing import TypeAlias

from ..analysis import tortoise_api
from ..analysis.modules import Module
from ..analysis.scopes import Scope
from .base import Context


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
