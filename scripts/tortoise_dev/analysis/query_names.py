"""Where a name in a query leads: ``customer__name__startswith`` from a model over its relations to a lookup.

What the text does not tell for certain leads somewhere.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

from .backward import BackwardRelations, backward_relations, descendants, models_by_name
from .field_tables import LOOKUPS, VALUE_LOOKUPS, kind_of
from .modules import Class, External
from .relation_calls import target_of
from .scopes import Binding
from .syntax import FUNCTIONS, argument
from .tortoise_api import MODEL_NAMES

if TYPE_CHECKING:
    from .project import Project

Use: TypeAlias = Literal["filter", "update", "values", "order", "relation"]

_RELATIONS = frozenset({"one", "many", "backward"})


class Attribute(NamedTuple):
    """A name that a query may use: what it is, and for a relation the models on its other side."""

    kind: str
    """A kind of ``field_tables.LOOKUPS``, or ``open`` where the text does not tell."""
    targets: tuple[Class, ...] = ()
    """None of them: the text does not tell."""


class Miss(NamedTuple):
    """A name that leads nowhere: at which model, at which part of it, and what would have led on."""

    model: Class
    part: str
    reason: Literal["unknown", "lookup", "plain", "alias", "foreign key"]
    before: str = ""
    """The attribute that the part was to be a lookup of."""
    known: tuple[str, ...] = ()


class QueryNames:
    """The names that queries of a project's models may use."""

    def __init__(self, project: Project) -> None:
        self._near = _View(project, is_whole=False)
        self._whole = _View(project, is_whole=True)

    def is_strange(self, model: Class, name: str, use: Use) -> bool:
        """Does a name lead nowhere, as far as the files near the model tell? This is cheap to ask."""
        return self._near.miss(model, name, use) is not None

    def miss(self, model: Class, name: str, use: Use) -> Miss | None:
        """Where a strange name fails for a query of this model; None if it leads somewhere, or may.

        The whole project is read for it.
        """
        return self._whole.miss(model, name, use)

    def target(self, model: Class, relation: str) -> Class | None:
        """The model on the other side of a relation, where it is certainly that one."""
        attributes = self._near.attributes(model)
        attribute = attributes.get(relation) if attributes is not None else None
        return attribute.targets[0] if attribute is not None and len(attribute.targets) == 1 else None


class _View:
    """The names, by the whole project or by the files near each model."""

    def __init__(self, project: Project, *, is_whole: bool) -> None:
        self.project = project
        self.is_whole = is_whole
        self._attributes: dict[Class, dict[str, Attribute] | None] = {}

    def miss(self, model: Class, name: str, use: Use) -> Miss | None:
        """Where a name fails; rows may be of a model that extends this one."""
        children = self.project.once(descendants).get(model, ()) if self.is_whole else ()
        candidates = [model, *children]
        if any(self.project.models.is_abstract(one) is not False for one in candidates):
            return None
        return self._miss_of_all(candidates, name, use)

    def _backward_of(self, cls: Class) -> BackwardRelations:
        if self.is_whole:
            return self.project.once(backward_relations)
        if self.project.models.is_abstract(cls):
            return BackwardRelations()
        return self.project.backward_to(cls.name)

    def _named(self, name: str) -> list[Class]:
        if self.is_whole:
            return self.project.once(models_by_name).get(name, [])
        found = self.project.models_named(name)
        return [one for one in found if self.project.models.is_abstract(one) is not True]

    def _miss_of_all(self, models: Iterable[Class], name: str, use: Use) -> Miss | None:
        found = [self._miss(one, name, use) for one in models]
        return found[0] if found and None not in found else None

    def _miss(self, model: Class, name: str, use: Use) -> Miss | None:
        known = self.attributes(model)
        if known is None or name in known:
            attribute = known.get(name) if known is not None else None
            is_plain = use == "relation" and attribute is not None and attribute.kind not in _RELATIONS
            if is_plain and attribute is not None and attribute.kind != "open":
                return Miss(model, name, "plain")
            return None
        first, _, rest = name.partition("__")
        if first == "pk":
            if use == "filter":
                return None
            return Miss(model, "pk", "alias", known=tuple(known)) if not rest else None
        attribute = known.get(first)
        if attribute is None:
            if any(one.startswith(f"{first}__") for one in known):
                return None
            return Miss(model, first, "unknown", known=tuple(known))
        if attribute.kind == "open" or (attribute.kind == "json" and use in ("values", "order")):
            return None
        if use == "update":
            return Miss(model, name, "unknown", known=tuple(known))
        if attribute.kind not in _RELATIONS:
            if use == "filter" and rest in LOOKUPS[attribute.kind]:
                return None
            if use == "relation":
                return Miss(model, first, "plain")
            lookups = tuple(LOOKUPS[attribute.kind]) if use == "filter" else ()
            return Miss(model, rest, "lookup", first, lookups)
        if use == "filter" and rest in LOOKUPS[attribute.kind]:
            return None
        if not attribute.targets:
            return None
        miss = self._miss_of_all(attribute.targets, rest, use)
        if miss is not None and use == "filter" and miss.part == rest and rest in VALUE_LOOKUPS:
            return Miss(model, rest, "foreign key" if attribute.kind == "one" else "lookup", first)
        return miss

    def attributes(self, model: Class) -> dict[str, Attribute] | None:
        """The names that a query of a model may use, without ``pk``; None where there may be others."""
        if model not in self._attributes:
            self._attributes[model] = self._read(model)
        return self._attributes[model]

    def _read(self, model: Class) -> dict[str, Attribute] | None:
        found: dict[str, Attribute] = {}
        if self.is_whole and self.project.once(backward_relations).is_open:
            return None
        for one in (model, *self.project.models.ancestors(model)):
            if isinstance(one, External):
                if one.name in MODEL_NAMES or one.name == "typing.Generic":
                    continue
                return None
            backward = self._backward_of(one)
            if self.is_whole and one.name in backward.unsure:
                return None
            if not self.project.relations.is_whole(one):
                return None
            for name, attribute in self._own(one).items():
                found.setdefault(name, attribute)
            for name, relations in backward.of(one.name).items():
                sure = tuple(relation.source for relation in relations if relation.source is not None)
                kind = relations[0].kind
                found.setdefault(name, Attribute(kind, sure if len(sure) == len(relations) else ()))
            for name in self._declared(one):
                found.setdefault(name, self._annotated(one, name))
        if not self.project.relations.has_own_key(model):
            found.setdefault("id", Attribute("value"))
        return found

    def _own(self, cls: Class) -> dict[str, Attribute]:
        """What a class body itself binds, except for functions and classes."""
        found: dict[str, Attribute] = {}
        for name, bindings in cls.body.names.items():
            telling = [one for one in bindings if not isinstance(one.node, (*FUNCTIONS, ast.ClassDef))]
            if not telling:
                continue
            attribute = self._attribute(cls, telling[0]) if len(bindings) == 1 else Attribute("open")
            found[name] = attribute
            if attribute.kind in ("one", "open"):
                found.setdefault(f"{name}_id", Attribute("value" if attribute.kind == "one" else "open"))
        return found

    def _declared(self, cls: Class) -> Iterator[str]:
        """The names that a class body only annotates, for type checkers too."""
        for statement in cls.node.body:
            for node in ast.walk(statement) if isinstance(statement, ast.If) else (statement,):
                if (
                    isinstance(node, ast.AnnAssign)
                    and isinstance(node.target, ast.Name)
                    and node.value is None
                ):
                    yield node.target.id

    def _attribute(self, cls: Class, binding: Binding) -> Attribute:
        value = binding.value
        if not isinstance(value, ast.Call):
            return Attribute("open")
        for call in (value, *(one for one in value.args if isinstance(one, ast.Call))):
            kind = self._kind(cls, call)
            if kind in _RELATIONS:
                return Attribute(kind, self._targets(cls, call))
            if kind is not None:
                return Attribute(kind)
        return Attribute("open")

    def _kind(self, cls: Class, call: ast.Call) -> str | None:
        entities = cls.module.meanings(call.func, cls.body)
        if len(entities) != 1:
            return None
        entity = entities[0]
        if isinstance(entity, External):
            return kind_of(entity.name)
        if isinstance(entity, Class):
            above = [one for one in self.project.models.ancestors(entity) if isinstance(one, External)]
            kinds = {kind for one in above if (kind := kind_of(one.name)) is not None}
            return kinds.pop() if len(kinds) == 1 else None
        return None

    def _targets(self, cls: Class, call: ast.Call) -> tuple[Class, ...]:
        to = argument(call, "to", 0)
        if isinstance(to, (ast.Name, ast.Attribute)):
            return tuple(one for one in cls.module.meanings(to, cls.body) if isinstance(one, Class))
        _, name = target_of(cls.module, call)
        return tuple(self._named(name)) if name is not None else ()

    def _annotated(self, cls: Class, name: str) -> Attribute:
        """An annotation without a value: it declares the other side of a relation."""
        arity = self.project.relations.relation(cls, name)
        target = self.project.relations.related(cls, name)
        if arity is None or target is None:
            return Attribute("open")
        return Attribute("backward", (target,))
