"""The members of a model: which of them go to its abstract base, and in which order they stand."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

import libcst as cst

from ..analysis import tortoise_api
from ..analysis.models import Rank, members_of, metas_of
from ..analysis.modules import Class, External
from ..analysis.project import Project
from .refusals import refused
from .uses import When, bound_names, uses_of


class Role(Enum):
    """What a member is for the division into base and table."""

    META = "Meta"
    NESTED = "nested class"
    DATA = "column"
    RELATION = "relation"
    MANAGER = "manager"
    CONSTANT = "constant"
    ANNOTATION = "annotation"
    METHOD = "method"
    OTHER = "statement"


@dataclass(eq=False)
class Part:
    """A member with its text; ``doc`` is a string that stands below it and documents it."""

    text: cst.BaseStatement
    node: ast.stmt
    role: Role
    rank: Rank | None
    names: list[str]
    early: set[str]
    doc: list[cst.BaseStatement] = field(default_factory=list)


_RELATION_TYPES = tortoise_api.TO_MANY_ANNOTATIONS | tortoise_api.TO_ONE_ANNOTATIONS
_RELATION_FIELD = re.compile(r"(ForeignKey|OneToOne|ManyToMany)\w*$")
_RELATION_FIELDS = tortoise_api.TO_MANY_FIELDS | tortoise_api.TO_ONE_FIELDS


def parts_of(cls: Class, project: Project, body: Sequence[cst.BaseStatement]) -> list[Part]:
    """The members of a class in the order of the text, without its docstring."""
    ranks = {member.node: member.rank for member in members_of(cls.node)}
    parts: list[Part] = []
    nodes = iter(cls.node.body)
    for text in body:
        count = len(text.body) if isinstance(text, cst.SimpleStatementLine) else 1
        own = [next(nodes) for _ in range(count)]
        node = own[0]
        if node not in ranks:  # the docstring
            continue
        if _is_string(node) and parts and parts[-1].rank is Rank.FIELD and count == 1:
            parts[-1].doc.append(text)
            continue
        roles = {_role(one, cls, project) for one in own}
        role = roles.pop() if len(roles) == 1 else Role.OTHER
        early = {use.name for one in own for use in uses_of(one) if use.when is When.IMPORT}
        names = bound_names(own) or [one for one in [_annotated(node)] if one]
        parts.append(Part(text, node, role, ranks[node], names, early))
    return parts


def _is_string(node: ast.stmt) -> bool:
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _annotated(node: ast.stmt) -> str:
    target = node.target if isinstance(node, ast.AnnAssign) else None
    return target.id if isinstance(target, ast.Name) else ""


def _role(node: ast.stmt, cls: Class, project: Project) -> Role:
    match node:
        case ast.ClassDef(name=name):
            return Role.META if name == "Meta" else Role.NESTED
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return Role.METHOD
        case ast.Assign(targets=[ast.Name(id="Meta")]):
            return Role.META
        case ast.AnnAssign(value=None):
            words = set(re.findall(r"\w+", ast.unparse(node.annotation)))
            relational = words & _RELATION_TYPES or any(project.models_named(word) for word in words)
            return Role.RELATION if relational else Role.ANNOTATION
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return _value_role(value, cls, project)
    return Role.OTHER


def _value_role(value: ast.expr, cls: Class, project: Project) -> Role:
    if isinstance(value, ast.Subscript):
        last = getattr(value.value, "attr", getattr(value.value, "id", ""))
        return Role.RELATION if last in _RELATION_TYPES else Role.CONSTANT
    if not isinstance(value, ast.Call):
        return Role.CONSTANT
    called = value.func
    if getattr(called, "attr", getattr(called, "id", "")) == "cast" and len(value.args) == 2:
        return _value_role(value.args[1], cls, project)
    names = {getattr(called, "attr", getattr(called, "id", ""))}
    for entity in cls.module.meanings(called, cls.body):
        if isinstance(entity, External):
            names.add(tortoise_api.short(entity.name))
        elif isinstance(entity, Class):
            above = project.models.ancestors(entity)
            names |= {tortoise_api.short(one.name) for one in (entity, *above)}
    if names & _RELATION_FIELDS or any(_RELATION_FIELD.search(name) for name in names):
        return Role.RELATION
    if any(name.endswith("Manager") for name in names):
        return Role.MANAGER
    return Role.DATA  # a function may return one, too


def relation_names(cls: Class, project: Project) -> set[str]:
    """The names of the relations of a model and of what it inherits, and of their key columns."""
    names: set[str] = set()
    for one in (cls, *project.models.ancestors(cls)):
        if isinstance(one, Class):
            for statement in one.node.body:
                if _role(statement, one, project) is Role.RELATION:
                    names |= {*bound_names([statement]), _annotated(statement)}
    return {name for one in names if one for name in (one, f"{one}_id")}


_INSTANCE = frozenset(tortoise_api.INSTANCE_CALLS) | {"fetch_related", "refresh_from_db", "_meta", "clone"}
_QUERIES = frozenset(tortoise_api.MODEL_CALLS) | _INSTANCE
_PURE_DECORATORS = frozenset({"property", "staticmethod", "cached_property", "setter", "getter", "deleter"})


def based_parts(cls: Class, parts: Sequence[Part], project: Project) -> list[Part] | None:
    """The members that the abstract base takes; None where dividing them would change their meaning."""
    if any(part.role is Role.OTHER and not isinstance(part.node, ast.Pass) for part in parts):
        return None
    columns = (Role.DATA, Role.CONSTANT, Role.ANNOTATION)
    taken = [part for part in parts if part.role in columns and not _is_dunder(part)]
    wanted = {name for part in taken for name in part.early}
    taken += [part for part in parts if part.role is Role.NESTED and part.node.name in wanted]  # type: ignore[attr-defined]
    taken = _without_key_annotations(taken, relation_names(cls, project))
    kept = [part for part in parts if part not in taken and part.role is not Role.META]
    _give_back_constants(taken, kept)
    taken += _pure_methods(cls, parts, taken, project)
    kept = [part for part in parts if part not in taken and part.role is not Role.META]
    own = {name for part in parts for name in part.names}
    based = {name for part in taken for name in part.names}
    crosses = any(part.early & based for part in kept) or any(part.early & (own - based) for part in taken)
    return None if crosses else [part for part in parts if part in taken]


def _is_dunder(part: Part) -> bool:
    """Is it ``__hash__ = …`` or the like? ``__eq__`` takes away an inherited ``__hash__``."""
    return any(name.startswith("__") for name in part.names)


def _without_key_annotations(parts: Sequence[Part], relations: set[str]) -> list[Part]:
    """``customer_id: UUID`` belongs to the relation."""
    return [part for part in parts if not (part.role is Role.ANNOTATION and relations & set(part.names))]


def _give_back_constants(taken: list[Part], kept: list[Part]) -> None:
    """Constants that only what stays behind uses stay, too."""
    for part in [one for one in reversed(taken) if one.role in (Role.CONSTANT, Role.NESTED)]:
        names = set(part.names)
        if any(names & one.early for one in kept) and not any(
            names & one.early for one in taken if one is not part
        ):
            taken.remove(part)
            kept.append(part)


def _pure_methods(cls: Class, parts: Sequence[Part], taken: Sequence[Part], project: Project) -> list[Part]:
    """The methods that only need columns: no query, no relation, no other model."""
    methods = [part for part in parts if part.role is Role.METHOD]
    relations = relation_names(cls, project)
    staying = {name for part in parts if part not in taken and part not in methods for name in part.names}
    by_name: dict[str, list[Part]] = {}
    for part in methods:
        by_name.setdefault(part.names[0], []).append(part)
    pure = {name for name, own in by_name.items() if all(_may_be_pure(part, cls, project) for part in own)}
    while True:
        forbidden = relations | staying | _QUERIES | (by_name.keys() - pure)
        impure = {name for name in pure if any(_touched(part) & forbidden for part in by_name[name])}
        if not impure:
            return [part for part in methods if part.names[0] in pure]
        pure -= impure


def _may_be_pure(part: Part, cls: Class, project: Project) -> bool:
    node = part.node
    if not isinstance(node, ast.FunctionDef) or node.name in ("__eq__", "__hash__"):
        return False
    names = {getattr(one, "attr", getattr(one, "id", "")) for one in node.decorator_list}
    if names - _PURE_DECORATORS:
        return False
    uses = {use.name for use in uses_of(node) if use.when is not When.ANNOTATION}
    if cls.name in uses or any(project.models_named(name) for name in uses):
        return False
    first = node.args.args[0].arg if node.args.args and "staticmethod" not in names else None
    return first is None or _only_attributes(node, first)


def _only_attributes(node: ast.FunctionDef, own: str) -> bool:
    """Is ``self`` used for nothing but to read and write attributes?"""
    owners = {id(one.value) for one in ast.walk(node) if isinstance(one, ast.Attribute)}
    return all(id(one) in owners for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == own)


def _touched(part: Part) -> set[str]:
    """The attributes that a method reads or writes, of whatever object."""
    return {one.attr for one in ast.walk(part.node) if isinstance(one, ast.Attribute)}


def ordered(cls: Class, parts: Iterable[Part]) -> list[Part]:
    """The members by Rule 4, each group in the order of the text.

    Raises RefusedError where a member uses, when the class is made, a name that would come after it.
    """
    before = list(parts)
    if any(part.rank is None for part in before):
        metas = [part for part in before if part.rank is Rank.META]
        return [*metas, *(part for part in before if part not in metas)]
    after = sorted(before, key=lambda part: (part.rank is not None, part.rank))
    where_before = {name: index for index, part in enumerate(before) for name in part.names}
    where_after = {name: index for index, part in enumerate(after) for name in part.names}
    for index, part in enumerate(after):
        for name in part.early & where_after.keys():
            was_there = where_before[name] < before.index(part)
            if (
                part.role is not Role.META
                and name not in part.names
                and (where_after[name] < index) != was_there
            ):
                what = f"{part.names[0]} of {cls.name} uses {name} of the class body"
                raise refused("member-order", part.node.lineno, f"{what}: define {name} at module level")
    return after


def has_meta(cls: Class) -> bool:
    """Does the class define Meta itself?"""
    return bool(metas_of(cls.node))
