"""The attributes of models: relations, managers, and what a new row takes as arguments."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol, TypeAlias

from . import tortoise_api
from .backward import BackwardRelation, BackwardRelations
from .models import Models, members_of
from .modules import Class, Entity, External, unquoted
from .relation_calls import target_of
from .scopes import Binding
from .syntax import FUNCTIONS

Arity: TypeAlias = Literal["one", "many"]


class _Arguments(NamedTuple):
    """What a class itself adds to the arguments of a new row."""

    names: frozenset[str]
    keyed: bool
    """Does one of its fields say that it is the primary key?"""


class Surroundings(Protocol):
    """What a project knows about its models as a whole."""

    def models_named(self, name: str) -> list[Class]:
        """The models of this name."""

    def backward_to(self, name: str) -> BackwardRelations:
        """The backward relations of the models of this name."""

    @property
    def related_names(self) -> frozenset[str]:
        """Every ``related_name`` that the text gives."""

    @property
    def function_names(self) -> frozenset[str]:
        """Every name by which the project may call a function that gives something to await."""


class Relations:
    """The attributes of a project's models."""

    def __init__(self, models: Models, surroundings: Surroundings) -> None:
        self.models = models
        self.around = surroundings
        self._annotations: dict[Class, dict[str, ast.expr]] = {}
        self._arguments: dict[Class, frozenset[str] | None] = {}
        self._own_arguments: dict[Class, _Arguments | None] = {}

    def relation(self, cls: Class, name: str) -> Arity | None:
        """Is this attribute a relation of the model, to one row or to many?"""
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, Class) and name in one.body:
                return _arity(one, _at_run_time(one, name))
            if isinstance(one, Class) and name in self._annotated(one):
                return _annotated_arity(one, self._annotated(one)[name])
        return None

    def related(self, cls: Class, name: str) -> Class | None:
        """The model on the other side of a relation, where an annotation or a field names it."""
        found = self._annotated_model(cls, name) or self._model_of_field(cls, name)
        backward = self.backward(cls, name) if found is None else None
        return backward.source if backward is not None else found

    def _model_of_field(self, cls: Class, name: str) -> Class | None:
        """The model that a field for a relation names, where the project has one of that name."""
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, Class) and name in one.body:
                value = _at_run_time(one, name).value
                if _arity(one, _at_run_time(one, name)) is None or not isinstance(value, ast.Call):
                    return None
                _, target = target_of(one.module, value)
                found = self.around.models_named(target) if target is not None else []
                return found[0] if len(found) == 1 else None
        return None

    def _annotated_model(self, cls: Class, name: str) -> Class | None:
        for one in (cls, *self.models.ancestors(cls)):
            annotation = self._annotated(one).get(name) if isinstance(one, Class) else None
            if isinstance(one, Class) and isinstance(annotation, ast.Subscript):
                for entity in one.module.meanings(annotation.slice, one.scope):
                    if isinstance(entity, Class) and self.models.is_model(entity):
                        return entity
        return None

    def _annotated(self, cls: Class) -> dict[str, ast.expr]:
        """The annotations in the body of a class."""
        if cls not in self._annotations:
            found: dict[str, ast.expr] = {}
            for statement in cls.node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    found.setdefault(statement.target.id, statement.annotation)
            self._annotations[cls] = found
        return self._annotations[cls]

    def is_manager(self, cls: Class, name: str) -> bool:
        """Is this attribute a manager of the model?"""
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, Class) and name in one.body:
                value = _at_run_time(one, name).value
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

    def backward(self, cls: Class, name: str) -> BackwardRelation | None:
        """The relation of another model to this one that is called so here, where it leads to one model."""
        found = self._backward(cls, name)
        return found[0] if len({(one.source, one.arity) for one in found}) == 1 else None

    def backward_arity(self, cls: Class, name: str) -> Arity | None:
        """Does such a relation lead back to one row or to many?"""
        found = self.backward(cls, name)
        return found.arity if found is not None else None

    def may_be_backward(self, cls: Class, name: str) -> bool:
        """May a relation of another model to this one be called so here?"""
        return bool(self._backward(cls, name)) or cls.name in self.around.backward_to(cls.name).unsure

    def _backward(self, cls: Class, name: str) -> Sequence[BackwardRelation]:
        if name not in self.around.related_names and not name.endswith("s"):  # as default names do
            return ()
        for one in (cls, *self.models.ancestors(cls)):
            if isinstance(one, Class) and not self.models.is_abstract(one):
                found = self.around.backward_to(one.name).of(one.name).get(name)
                if found:
                    return found
        return ()

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
                if one.name in tortoise_api.MODEL_NAMES or one.name == "typing.Generic":
                    continue
                return None
            if one not in self._own_arguments:
                self._own_arguments[one] = self._read_own_arguments(one) if self.is_whole(one) else None
            own = self._own_arguments[one]
            if own is None:
                return None
            names |= own.names
            keyed = keyed or own.keyed
        return frozenset(names if keyed else {*names, "id"})

    def has_own_key(self, cls: Class) -> bool:
        """Does a field of the class, or of one that it extends, say that it is the primary key?"""
        return bool(self.own_keys(cls))

    def own_keys(self, cls: Class) -> set[str]:
        """The fields of the class, and of those that it extends, that say that they are the primary key."""
        classes = [one for one in (cls, *self.models.ancestors(cls)) if isinstance(one, Class)]
        return {name for one in classes for name, call in self.models.fields(one) if _is_key(call)}

    def _read_own_arguments(self, cls: Class) -> _Arguments:
        names: set[str] = set()
        for name in cls.body.names:
            binding = _at_run_time(cls, name)
            if not isinstance(binding.node, (*FUNCTIONS, ast.ClassDef)):
                names |= {name, f"{name}_id"} if _arity(cls, binding) == "one" else {name}
        for member in members_of(cls.node):
            if isinstance(member.node, ast.AnnAssign) and member.node.value is None:
                names.add(member.name)
        return _Arguments(frozenset(names), any(_is_key(call) for _, call in self.models.fields(cls)))

    def is_whole(self, cls: Class) -> bool:
        """Does the text of a class say all of its fields, and that its rows are made the usual way?"""
        if cls.node.keywords or cls.node.decorator_list or not _MADE_BY.isdisjoint(cls.body.names):
            return False
        if any(len(cls.module.meanings(base, cls.scope)) != 1 for base in cls.node.bases):
            return False
        plain = (ast.Assign, ast.AnnAssign, *FUNCTIONS, ast.ClassDef, ast.Pass, ast.If)
        return all(
            isinstance(node, plain) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
            for node in cls.node.body
        )


def _at_run_time(cls: Class, name: str) -> Binding:
    """The last binding of a name in a class body, without those for type checkers alone."""
    bindings = cls.body.names[name]
    if len(bindings) > 1:
        real = [one for one in bindings if not cls.module.is_for_type_checkers(one.node)]
        return real[-1] if real else bindings[-1]
    return bindings[-1]


_MADE_BY = frozenset({"__init__", "__new__", "_set_kwargs"})


def _is_key(call: ast.Call) -> bool:
    """Does a field say that it is the primary key?"""
    return any(k.arg in ("primary_key", "pk") or k.arg is None for k in call.keywords)


def _arity(cls: Class, binding: Binding) -> Arity | None:
    node = binding.node
    if isinstance(node, ast.AnnAssign):
        arity = _annotated_arity(cls, node.annotation)
        if arity is not None:
            return arity
    if isinstance(binding.value, ast.Call):
        for entity in cls.module.meanings(binding.value.func, cls.body):
            if isinstance(entity, External) and tortoise_api.is_field(entity.name):
                name = tortoise_api.short(entity.name)
                if name in tortoise_api.TO_MANY_FIELDS:
                    return "many"
                if name in tortoise_api.TO_ONE_FIELDS:
                    return "one"
    return None


def _annotated_arity(cls: Class, annotation: ast.expr) -> Arity | None:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        inner = unquoted(annotation.value)
        if inner is None:
            return None
        annotation = inner
    outer = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    for entity in cls.module.meanings(outer, cls.scope):
        if isinstance(entity, External) and entity.name.startswith("tortoise."):
            if tortoise_api.short(entity.name) in tortoise_api.TO_MANY_ANNOTATIONS:
                return "many"
            if tortoise_api.short(entity.name) in tortoise_api.TO_ONE_ANNOTATIONS:
                return "one"
    return None
