"""The class of the project of which an object is, as far as the text tells."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from .bound_values import defined
from .modules import Class, Module
from .scopes import Scope
from .syntax import FUNCTIONS


def class_of_object(module: Module, node: ast.expr) -> Class | None:
    """The class of ``Repo()``, of a name for that, of a parameter, of ``self`` and of ``self.repo``."""
    match node:
        case ast.Name(id="self" | "cls"):
            return class_around(module, node)
        case ast.Name():
            annotation = _annotation(module, node)
            if annotation is not None:
                return _class_named(module, annotation, module.scope_of(node))
            module, made = _made(module, node)
            return _class_made(module, made)
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            cls = class_around(module, node)
            return _class_of_attribute(cls, name) if cls is not None else None
    return _class_made(module, node)


def class_around(module: Module, node: ast.AST) -> Class | None:
    """The class in whose body a node stands."""
    around = next((one for one in module.ancestors(node) if isinstance(one, ast.ClassDef)), None)
    return module.class_of(around) if around is not None else None


def _class_made(module: Module, made: ast.expr | None) -> Class | None:
    """The class that a call makes an object of."""
    if not isinstance(made, ast.Call):
        return None
    found = module.meanings(made.func)
    return found[0] if len(found) == 1 and isinstance(found[0], Class) else None


def _class_named(module: Module, annotation: ast.expr, scope: Scope) -> Class | None:
    """The class that an annotation names."""
    found = module.meanings(annotation, scope)
    return found[0] if len(found) == 1 and isinstance(found[0], Class) else None


def _annotation(module: Module, name: ast.Name) -> ast.expr | None:
    """The annotation of a parameter that nothing else binds."""
    scope = module.scope_of(name)
    bindings = scope.names.get(name.id, ())
    only = bindings[0].node if len(bindings) == 1 else None
    return only.annotation if isinstance(only, ast.arg) and name.id not in scope.elsewhere else None


def _class_of_attribute(cls: Class, name: str) -> Class | None:
    """The class of ``self.name``, where all that its class assigns to it makes an object of one class."""
    found = {_class_assigned(cls, value, place) for value, place in _assigned(cls, name)}
    return found.pop() if len(found) == 1 else None


def _class_assigned(cls: Class, value: ast.expr, place: ast.AST) -> Class | None:
    if isinstance(value, ast.Name) and isinstance(place, FUNCTIONS):
        bindings = cls.module.inside(place).names.get(value.id, ())
        if len(bindings) == 1 and isinstance(bindings[0].node, ast.arg):
            annotation = bindings[0].node.annotation
            return _class_named(cls.module, annotation, cls.scope) if annotation is not None else None
    return _class_made(cls.module, value)


def _assigned(cls: Class, name: str) -> Iterator[tuple[ast.expr, ast.AST]]:
    """What the body of a class and its methods assign to an attribute, and the class or method."""
    for binding in cls.body.names.get(name, ()):
        if binding.value is not None:
            yield binding.value, cls.node
    for method, value in cls.module.assigned_to_self.get(name, ()):
        if cls.module.parents.get(method) is cls.node:
            yield value, method


def _made(module: Module, name: ast.Name) -> tuple[Module, ast.expr | None]:
    """The one expression that a name is bound to, here or in the module that it is imported from."""
    local = module.only_value(name)
    scope = module.scope_of(name)
    if local is not None or (name.id in scope and scope.parent is not None):
        return module, local
    return defined(module, name.id)


class Held(NamedTuple):
    """What is known of an attribute of a class's objects: its annotation, or all that is assigned to it."""

    owner: Class
    annotation: ast.expr | None = None
    values: tuple[ast.expr, ...] = ()


def held(cls: Class, name: str) -> Held | None:
    """What the text says of an attribute; None where its own module assigns it outside of its class too."""
    known = cls.module.once(_known)
    if (cls, name) not in known:
        known[cls, name] = _held(cls, name)
    return known[cls, name]


def _known(module: Module) -> dict[tuple[Class, str], Held | None]:
    """What was found of the attributes of a module's classes."""
    return {}


def _held(cls: Class, name: str) -> Held | None:
    for statement in cls.node.body:
        match statement:
            case ast.AnnAssign(target=ast.Name(id=target), annotation=annotation) if target == name:
                return Held(cls, annotation)
    in_methods = [
        value
        for method, value in cls.module.assigned_to_self.get(name, ())
        if cls.module.parents.get(method) is cls.node
    ]
    if not in_methods or len(in_methods) != cls.module.once(_stores)[name]:
        return None
    return Held(cls, None, tuple(value for value, _ in _assigned(cls, name)))


def is_assigned_elsewhere(cls: Class, name: str) -> bool:
    """May another file give the objects of a class something else by this name?"""
    known = cls.module.once(_elsewhere)
    if (cls, name) not in known:
        known[cls, name] = is_replaced(cls.module, cls.name, name, but=cls.module)
    return known[cls, name]


def _elsewhere(module: Module) -> dict[tuple[Class, str], bool]:
    """What was found of the attributes of a module's classes in other files."""
    return {}


def is_replaced(module: Module, cls: str, name: str, *, but: Module | None = None) -> bool:
    """May a file that names a class give its objects something else by this name?

    It may assign it, or extend the class and define it as a plain function. The words of the text tell.
    """
    replaces = re.compile(rf"(?<!async )\bdef\s+{name}\b|\b{name}\s*(?::[^=\n]+)?=(?!=)".encode())
    sought = name.encode()
    return any(
        sought in file.data and replaces.search(file.data) is not None
        for file in module.resolver.holding(cls)
        if but is None or file.key != but.key
    )


def _stores(module: Module) -> Counter[str]:
    """How often a module assigns to, or deletes, attributes of each name."""
    return Counter(one.attr for one in module.of_type(ast.Attribute) if not isinstance(one.ctx, ast.Load))
