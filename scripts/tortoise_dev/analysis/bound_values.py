"""What an expression stands for: names that are bound once are followed, over imports too."""

from __future__ import annotations

import ast

from .modules import Class, Module

_HOPS = 8
"""How many names are followed."""


def bound_value(module: Module, node: ast.expr | None, depth: int = 0) -> ast.expr | None:
    """What an expression stands for, over names that are bound once."""
    if not isinstance(node, (ast.Name, ast.Attribute)) or depth > _HOPS:
        return node
    if isinstance(node, ast.Attribute):
        owners = [entity for entity in module.meanings(node.value) if isinstance(entity, (Module, Class))]
        if len(owners) != 1:
            return None
        owner = owners[0]
        scope, home, name = (
            (owner.scope, owner, node.attr)
            if isinstance(owner, Module)
            else (owner.body, owner.module, node.attr)
        )
    else:
        place = module.scope_of(node).lookup(node.id, None)
        if place is None:
            return None
        scope, home, name = place[0], module, node.id
    bindings = scope.names.get(name, [])
    if len(bindings) != 1:
        return None
    binding = bindings[0]
    if isinstance(binding.node, ast.ImportFrom):
        original = next((a.name for a in binding.node.names if (a.asname or a.name) == name), name)
        targets = home.resolver.imported(home, binding.node.module, binding.node.level)
        if len(targets) != 1 or not isinstance(targets[0], Module):
            return None
        there = targets[0].scope.names.get(original, [])
        if len(there) != 1 or there[0].value is None:
            return None
        return bound_value(targets[0], there[0].value, depth + 1)
    return bound_value(home, binding.value, depth + 1)
