"""The fields that make relations, as calls: in which class each stands, and where it leads."""

from __future__ import annotations

import ast
from typing import NamedTuple

from . import tortoise_api
from .modules import Class, Module
from .syntax import argument, called

FIELDS = tortoise_api.TO_ONE_FIELDS | tortoise_api.TO_MANY_FIELDS
WORDS = (*sorted(name.encode() for name in FIELDS), b"related_name")
"""A file that makes relations holds one of these."""


class RelationCall(NamedTuple):
    """A call that makes a relation: the class in whose body it stands, its target and its name there."""

    call: ast.Call
    owner: Class | None
    target: str | None
    """The name of the target's class; None where the text does not tell."""
    label: str | None
    """The app label that stands before it."""
    is_own: bool
    """Is the field one of Tortoise's?"""

    @property
    def field(self) -> str:
        """The name of the field: ``ForeignKeyField``."""
        return called(self.call)

    @property
    def is_many(self) -> bool:
        """Does it make a relation from many rows to many?"""
        return self.field == "ManyToManyField"

    @property
    def related_name(self) -> ast.expr | None:
        """What the other side is to call it, if that is said."""
        return argument(self.call, "related_name", 4 if self.is_many else 1)


def relation_calls(module: Module) -> list[RelationCall]:
    """The calls of a module that make relations, or may: those of Tortoise's fields, and of others that take
    a ``related_name``.
    """
    return module.once(_relation_calls)


def _relation_calls(module: Module) -> list[RelationCall]:
    data = module.file.data
    found = {call for name in FIELDS if name.encode() in data for call in module.calls_by_name.get(name, ())}
    if b"related_name" in data:
        for call in module.of_type(ast.Call):
            if any(k.arg == "related_name" for k in call.keywords):
                found.add(call)
    return [_relation(module, one) for one in sorted(found, key=lambda one: (one.lineno, one.col_offset))]


def _relation(module: Module, call: ast.Call) -> RelationCall:
    label, target = target_of(module, call)
    name = module.tortoise_name(call.func)
    is_own = name is not None and tortoise_api.is_field(name)
    return RelationCall(call, _owner(module, call), target, label, is_own)


def target_of(module: Module, call: ast.Call) -> tuple[str | None, str | None]:
    """The label and the class that a relation names: ``"billing.Invoice"``, or the class itself."""
    to = argument(call, "to", 0) or argument(call, "model_name", 0)
    match to:
        case ast.Constant(value=str(text)):
            label, _, name = text.rpartition(".")
            return label or None, name
        case ast.JoinedStr(values=[*_, ast.Constant(value=str(text))]) if "." in text:
            return None, tortoise_api.short(text)
        case ast.Name() | ast.Attribute():
            classes = [entity for entity in module.meanings(to) if isinstance(entity, Class)]
            return None, classes[0].name if len(classes) == 1 else None
    return None, None


def _owner(module: Module, call: ast.Call) -> Class | None:
    for parent in module.ancestors(call):
        if isinstance(parent, ast.ClassDef):
            return module.class_of(parent)
        if not isinstance(parent, (ast.expr, ast.keyword, ast.Assign, ast.AnnAssign, ast.If)):
            return None
    return None
