"""What the attributes of a model are: relations, managers, and what a new row takes as arguments."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cached_property
from typing import Literal, TypeAlias

from . import orm
from .models import Models, members_of
from .modules import Class, Entity, External, unquoted
from .scopes import FUNCTIONS, Binding

Kind: TypeAlias = Literal["one", "many"]


class Attributes:
    """The attributes of a project's models; the project must have been read to its end."""

    def __init__(self, models: Models) -> None:
        self.models = models
        self._arguments: dict[Class, frozenset[str] | None] = {}

    def relation(self, cls: Class, name: str) -> Kind | None:
        """Is this attribute a relation of the model, to one row or to many?"""
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, Class) and name in one.body:
                return _kind(one, one.body.names[name][-1])
            if isinstance(one, Class):
                for statement in one.node.body:
                    if (
                        isinstance(statement, ast.AnnAssign)
                        and isinstance(statement.target, ast.Name)
                        and statement.target.id == name
                    ):
                        return _annotated_kind(one, statement.annotation)
        return None

    def related(self, cls: Class, name: str) -> Class | None:
        """The model on the other side of a relation, where its annotation names it."""
        for one in (cls, *self.models.ancestors(cls)):
            if not isinstance(one, Class):
                continue
            for statement in one.node.body:
                if (
                    isinstance(statement, ast.AnnAssign)
                    and isinstance(statement.target, ast.Name)
                    and statement.target.id == name
                    and isinstance(statement.annotation, ast.Subscript)
                ):
                    inner = statement.annotation.slice
                    for entity in one.module.meanings(inner, one.scope):
                        if isinstance(entity, Class) and self.models.is_model(entity):
                            return entity
        return None

    def is_manager(self, cls: Class, name: str) -> bool:
        """Is this attribute a manager of the model?"""
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, Class) and name in one.body:
                value = one.body.names[name][-1].value
                return isinstance(value, ast.Call) and any(
                    self._leads_to(entity, "tortoise.manager.Manager")
                    for entity in one.module.meanings(value.func, one.body)
                )
        return False

    def _leads_to(self, entity: Entity, name: str) -> bool:
        if isinstance(entity, External):
            return entity.name == name
        return isinstance(entity, Class) and any(
            isinstance(one, External) and one.name == name for one in self.models.ancestors(entity)
        )

    def backward_names(self, cls: Class) -> set[str]:
        """What relations of other models to this one are called here: ``related_name``, or its default."""
        return self._backward_names.get(cls.name, set())

    @cached_property
    def _backward_names(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for model in self.models.everywhere:
            for _, call in self.models.fields(model):
                to = call.args[0] if call.args else None
                if not isinstance(to, ast.Constant) or not isinstance(to.value, str):
                    continue
                given = next((k.value for k in call.keywords if k.arg == "related_name"), None)
                if given is None:
                    found[orm.short(to.value)] |= {model.name.lower(), f"{model.name.lower()}s"}
                elif isinstance(given, ast.Constant):
                    found[orm.short(to.value)].add(str(given.value))
        return found

    def arguments(self, cls: Class) -> frozenset[str] | None:
        """The names that a new row takes: fields, and keys of relations; None where others may be added.

        Whatever a class body binds counts as a field, except for functions and classes.
        """
        if cls not in self._arguments:
            self._arguments[cls] = self._read_arguments(cls)
        return self._arguments[cls]

    def _read_arguments(self, cls: Class) -> frozenset[str] | None:
        names: set[str] = set()
        keyed = False
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, External):
                if one.name in orm.MODEL_NAMES or one.name == "typing.Generic":
                    continue
                return None
            if not self._is_whole(one):
                return None
            for name, bindings in one.body.names.items():
                if not isinstance(bindings[-1].node, (*FUNCTIONS, ast.ClassDef)):
                    names |= {name, f"{name}_id"} if _kind(one, bindings[-1]) == "one" else {name}
            names |= {
                member.name
                for member in members_of(one.node)
                if isinstance(member.node, ast.AnnAssign) and member.node.value is None
            }
            keyed = keyed or any(_is_key(call) for _, call in self.models.fields(one))
        return frozenset(names if keyed else {*names, "id"})

    def _is_whole(self, cls: Class) -> bool:
        """Does the text of a class say all of its fields, and that its rows are made the usual way?"""
        if cls.node.keywords or cls.node.decorator_list or not _MADE_BY.isdisjoint(cls.body.names):
            return False
        with self.models.library.opened():
            if any(len(cls.module.meanings(base, cls.scope)) != 1 for base in cls.node.bases):
                return False
        plain = (ast.Assign, ast.AnnAssign, *FUNCTIONS, ast.ClassDef, ast.Pass, ast.If)
        return all(
            isinstance(node, plain) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            for node in cls.node.body
        )


_MADE_BY = frozenset({"__init__", "__new__", "_set_kwargs"})


def _is_key(call: ast.Call) -> bool:
    """Does a field say that it is the primary key?"""
    return any(k.arg in ("primary_key", "pk") or k.arg is None for k in call.keywords)


def _kind(cls: Class, binding: Binding) -> Kind | None:
    node = binding.node
    if isinstance(node, ast.AnnAssign):
        kind = _annotated_kind(cls, node.annotation)
        if kind is not None:
            return kind
    if isinstance(binding.value, ast.Call):
        for entity in cls.module.meanings(binding.value.func, cls.body):
            if isinstance(entity, External) and orm.is_field(entity.name):
                name = orm.short(entity.name)
                if name in orm.TO_MANY_FIELDS:
                    return "many"
                if name in orm.TO_ONE_FIELDS:
                    return "one"
    return None


def _annotated_kind(cls: Class, annotation: ast.expr) -> Kind | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        inner = unquoted(annotation.value)
        if inner is None:
            return None
        annotation = inner
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    for entity in cls.module.meanings(outer, cls.scope):
        if isinstance(entity, External) and entity.name.startswith("tortoise."):
            if orm.short(entity.name) in orm.TO_MANY_ANNOTATIONS:
                return "many"
            if orm.short(entity.name) in orm.TO_ONE_ANNOTATIONS:
                return "one"
    return None
