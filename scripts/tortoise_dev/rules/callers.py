"""Where a node's function is called, and where those callers are called: what may be around the node."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Module
from .base import Context
from .syntax import function_around


def ways_to(context: Context, node: ast.AST, depth: int) -> Iterator[tuple[Module, ast.AST, int]]:
    """The node, the calls of its function, the calls of their functions: each with its level, 0 to ``depth``.

    A call is known by its name alone, so it may be one of another function. Each name of a module is followed
    once, so functions that call each other end the walk. Calls outside of any function are left out.
    """
    places: list[tuple[Module, ast.AST]] = [(context.module, node)]
    followed: set[tuple[Module, str]] = set()
    for level in range(depth + 1):
        names: dict[tuple[Module, str], None] = {}
        for module, place in places:
            yield module, place, level
            function = function_around(module, place)
            if function is not None:
                names[module, function.name] = None
        places = [
            (user, call)
            for module, name in names
            if (module, name) not in followed
            for user in context.project.users_of(module, name)
            for call in user.calls_by_name.get(name, ())
            if function_around(user, call) is not None
        ]
        followed.update(names)
