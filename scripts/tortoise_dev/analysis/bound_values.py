"""What an expression stands for: names that are bound once are followed, over imports too."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from .modules import Class, Module
from .scopes import Binding

_NAMES = 8
"""How many names are followed from one expression to the next."""

_IMPORTS = 5
"""How many imports of a name are followed to the object that it is."""


def bound_value(module: Module, node: ast.expr | None, depth: int = 0) -> ast.expr | None:
    """What an expression stands for, over names that are bound once."""
    if not isinstance(node, (ast.Name, ast.Attribute)) or depth > _NAMES:
        return node
    if isinstance(node, ast.Attribute):
        owners = [entity for entity in module.meanings(node.value) if isinstance(entity, (Module, Class))]
        if len(owners) != 1:
            return None
        owner, name = owners[0], node.attr
        scope, home = (owner.scope, owner) if isinstance(owner, Module) else (owner.body, owner.module)
    else:
        place = module.scope_of(node).lookup(node.id, None)
        if place is None:
            return None
        scope, home, name = place[0], module, node.id
    home, value = _only_one(home, name, scope.names.get(name, ()))
    return bound_value(home, value, depth + 1)


def defined(module: Module, name: str) -> tuple[Module, ast.expr | None]:
    """The one expression that a name of a module is bound to, and the module that does it."""
    return _only_one(module, name, module.scope.names.get(name, ()))


def _only_one(module: Module, name: str, bindings: Sequence[Binding]) -> tuple[Module, ast.expr | None]:
    """The expression of a name's only binding, over imports, and the module in which it stands."""
    where = module
    for _ in range(_IMPORTS):
        if len(bindings) != 1:
            break
        statement = bindings[0].node
        if not isinstance(statement, ast.ImportFrom):
            return where, bindings[0].value
        name = next(a.name for a in statement.names if (a.asname or a.name) == name)
        targets = where.resolver.imported(where, statement.module, statement.level)
        if len(targets) != 1 or not isinstance(targets[0], Module):
            break
        where = targets[0]
        bindings = where.scope.names.get(name, ())
    return module, None
