"""Which classes are Tortoise models, which of them are abstract, and what their members are."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import IntEnum
from typing import NamedTuple

from . import tortoise_api
from .modules import Class, External, Module
from .scopes import Scope
from .source import source_of
from .syntax import FUNCTIONS, FunctionNode


class Rank(IntEnum):
    """The places that members of a model have, in their order (Rule 4)."""

    META = 0
    HELPER = 1
    FIELD = 2
    OWN = 3
    PUBLIC = 4

    @property
    def title(self) -> str:
        """What a member of this rank is called."""
        return _TITLES[self]


_TITLES = {
    Rank.META: "class Meta",
    Rank.HELPER: "nested class",
    Rank.FIELD: "field",
    Rank.OWN: "dunder, class or private method",
    Rank.PUBLIC: "public method",
}


class Member(NamedTuple):
    """A statement of a class body; ``rank`` is None for what has no place in the order (``if``, ``pass``)."""

    node: ast.stmt
    name: str
    rank: Rank | None


def members_of(node: ast.ClassDef) -> list[Member]:
    """The members of a class body in the order of the text, without its docstring."""
    body = node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body
    return [_member(statement) for statement in body]


def _member(node: ast.stmt) -> Member:
    match node:
        case ast.ClassDef(name=name):
            return Member(node, name, Rank.META if name == "Meta" else Rank.HELPER)
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return Member(node, name, _method_rank(node))
        case ast.Assign(targets=[ast.Name(id="Meta")]):
            return Member(node, "Meta", Rank.META)
        case ast.Assign(targets=[target, *_]) | ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            name = target.id if isinstance(target, ast.Name) else source_of(target)
            return Member(node, name, Rank.FIELD)
        case _:
            return Member(node, "", None)


def _method_rank(node: FunctionNode) -> Rank:
    own = node.name.startswith("_") or any(
        isinstance(decorator, ast.Name) and decorator.id in ("classmethod", "staticmethod")
        for decorator in node.decorator_list
    )
    return Rank.OWN if own else Rank.PUBLIC


def interface_names(model: str) -> frozenset[str]:
    """The names that a model's abstract base may have: ``Invoice2`` may share ``BaseInvoice``."""
    return frozenset((f"Base{model}", f"Base{model.rstrip('0123456789')}"))


def metas_of(node: ast.ClassDef) -> list[ast.stmt]:
    """Where the class defines its Meta: directly, or in a branch of an ``if`` or ``try``."""
    found: list[ast.stmt] = []
    waiting: list[ast.stmt] = list(reversed(node.body))
    while waiting:
        statement = waiting.pop()
        match statement:
            case (
                ast.ClassDef(name="Meta")
                | ast.Assign(targets=[ast.Name(id="Meta")])
                | ast.AnnAssign(target=ast.Name(id="Meta"))
            ):
                found.append(statement)
            case ast.If() | ast.Try() | ast.With():
                inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
                waiting += reversed(inner)
    return found


class Models:
    """The models among the classes of a project; what is found out about a class is kept."""

    def __init__(self, extra_bases: Iterable[str]) -> None:
        self.extra_bases = tortoise_api.PUBLISHED_BASES.union(extra_bases)
        self._of: dict[Module, list[Class]] = {}
        self._fields: dict[Class, list[tuple[str, ast.Call]]] = {}
        self._is_model: dict[Class, bool] = {}
        self._is_abstract: dict[Class, bool | None] = {}
        self._bases: dict[Class, list[Class | External]] = {}
        self._ancestors: dict[Class, list[Class | External]] = {}

    def bases(self, cls: Class) -> list[Class | External]:
        """What the bases of a class refer to, as far as that is known."""
        if cls not in self._bases:
            self._bases[cls] = []
            self._bases[cls] = [
                entity
                for base in cls.node.bases
                for entity in cls.module.meanings(base, cls.scope)
                if isinstance(entity, (Class, External)) and entity is not cls
            ]
        return self._bases[cls]

    def ancestors(self, cls: Class) -> list[Class | External]:
        """All bases and their bases, nearest first."""
        if cls not in self._ancestors:
            found: dict[Class | External, None] = {}
            waiting: list[Class | External] = list(reversed(self.bases(cls)))
            while waiting:
                one = waiting.pop()
                if one in found or one is cls:
                    continue
                found[one] = None
                if isinstance(one, Class):
                    waiting += reversed(self.bases(one))
            self._ancestors[cls] = list(found)
        return self._ancestors[cls]

    def is_model(self, cls: Class) -> bool:
        """Do its bases lead to ``tortoise.models.Model``, or to one of ``extra-model-bases``?"""
        if cls not in self._is_model:
            self._is_model[cls] = any(self._is_root(one) for one in self.ancestors(cls))
        return self._is_model[cls]

    def _is_root(self, one: Class | External) -> bool:
        if isinstance(one, Class):
            return False
        return (
            one.name in tortoise_api.MODEL_NAMES
            or one.name in self.extra_bases
            or tortoise_api.short(one.name) in self.extra_bases
        )

    def is_abstract(self, cls: Class) -> bool | None:
        """Has it no table? None where the text does not tell."""
        if cls not in self._is_abstract:
            self._is_abstract[cls] = self._read_abstract(cls)
        return self._is_abstract[cls]

    def _read_abstract(self, cls: Class) -> bool | None:
        metas = metas_of(cls.node)
        if not metas:
            return cls.name == "Model" and not self.has_fields(cls)
        answers = {self._meta_abstract(cls, meta, cls.body, frozenset()) for meta in metas}
        return answers.pop() if len(answers) == 1 else None

    def _meta_abstract(
        self, cls: Class, meta: ast.stmt, scope: Scope, seen: frozenset[ast.AST]
    ) -> bool | None:
        """What a Meta that stands in a scope says about ``abstract``."""
        if meta in seen:
            return None
        seen |= {meta}
        if not isinstance(meta, ast.ClassDef):
            value = getattr(meta, "value", None)
            return None if value is None else self._abstract_of(cls, value, scope, seen)
        for statement in meta.body:
            match statement:
                case ast.Assign(targets=targets, value=value) if _names(targets, "abstract"):
                    flag = getattr(value, "value", None)
                    return flag if isinstance(flag, bool) else None
                case ast.AnnAssign(target=ast.Name(id="abstract"), value=ast.Constant(value=value)):
                    return bool(value)
                case ast.If() | ast.Try() if "abstract" in ast.dump(statement):
                    return None
        unknown = False
        for base in meta.bases:
            answer = self._abstract_of(cls, base, scope, seen)
            if answer:
                return True
            unknown = unknown or answer is None
        return None if unknown else False

    def _abstract_of(
        self, cls: Class, expression: ast.expr, scope: Scope, seen: frozenset[ast.AST]
    ) -> bool | None:
        """What a base of a Meta says about ``abstract``."""
        meanings = cls.module.meanings(expression, scope)
        if not meanings and isinstance(expression, ast.Attribute) and expression.attr == "Meta":
            # Child(Parent): Parent has no Meta of its own, so the attribute is an ancestor's.
            for owner in cls.module.meanings(expression.value, scope):
                for one in self.ancestors(owner) if isinstance(owner, Class) else ():
                    if isinstance(one, Class) and (metas := metas_of(one.node)):
                        return self._meta_abstract(one, metas[-1], one.body, seen)
                    if isinstance(one, External):
                        return False if one.name in tortoise_api.MODEL_NAMES else None
        for entity in meanings:
            if isinstance(entity, Class):
                return self._meta_abstract(entity, entity.node, entity.scope, seen)
            if isinstance(entity, External):
                return False if entity.name in {f"{name}.Meta" for name in tortoise_api.MODEL_NAMES} else None
        return False if isinstance(expression, ast.Name) and expression.id == "object" else None

    def has_fields(self, cls: Class) -> bool:
        """Does it, or an ancestor in the project, define a field?"""
        own = [cls, *(one for one in self.ancestors(cls) if isinstance(one, Class))]
        return any(self.fields(one) for one in own)

    def fields(self, cls: Class) -> list[tuple[str, ast.Call]]:
        """The fields that the class itself assigns: name and call."""
        if cls not in self._fields:
            self._fields[cls] = list(self._read_fields(cls))
        return self._fields[cls]

    def _read_fields(self, cls: Class) -> Iterator[tuple[str, ast.Call]]:
        for member in members_of(cls.node):
            value = getattr(member.node, "value", None)
            if member.rank is Rank.FIELD and value is not None:
                for call in _calls_in(value):
                    if any(
                        isinstance(e, External) and tortoise_api.is_field(e.name)
                        for e in cls.module.meanings(call.func, cls.body)
                    ):
                        yield member.name, call
                        break

    def of(self, module: Module) -> list[Class]:
        """The models that a module defines, in the order of the text; not those for type checkers alone."""
        if module not in self._of:
            models = [cls for cls in module.classes if self.is_model(cls)]
            self._of[module] = [cls for cls in models if not module.is_for_type_checkers(cls.node)]
        return self._of[module]

    def method(self, cls: Class, name: str) -> tuple[Class, FunctionNode] | None:
        """The method of this name that an instance has, where the project defines it."""
        for one in (cls, *self.ancestors(cls)):
            if isinstance(one, Class) and name in one.body:
                node = one.body.names[name][-1].node
                return (one, node) if isinstance(node, FUNCTIONS) else None
        return None

    def defines(self, cls: Class, name: str) -> bool:
        """Does the project bind this name in the class or an ancestor?"""
        return any(isinstance(one, Class) and name in one.body for one in (cls, *self.ancestors(cls)))

    def names_option(self, cls: Class, option: str) -> bool:
        """Does a ``Meta`` of the class or of an ancestor hold the name of an option?"""
        classes = [one for one in (cls, *self.ancestors(cls)) if isinstance(one, Class)]
        nodes = (node for one in classes for meta in metas_of(one.node) for node in ast.walk(meta))
        return any(isinstance(node, ast.Name) and node.id == option for node in nodes)


def _calls_in(value: ast.expr) -> Iterator[ast.Call]:
    """A call, or the calls among its arguments: ``cast(Field, fields.CharField(…))``."""
    if isinstance(value, ast.Call):
        yield value
        yield from (argument for argument in value.args if isinstance(argument, ast.Call))


def _names(targets: Iterable[ast.expr], name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in targets)
