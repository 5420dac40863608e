"""What relations are called on their other side, in a whole project: ``related_name``, or its default."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from . import tortoise_api
from .models import metas_of
from .modules import Class, Module
from .syntax import called

if TYPE_CHECKING:
    from .project import Project

_FIELDS = tortoise_api.TO_ONE_FIELDS | tortoise_api.TO_MANY_FIELDS


class Backward:
    """The names that relations give to the models they lead to, by the name of that model's class."""

    def __init__(self) -> None:
        self.names: dict[str, dict[str, list[Class | None]]] = defaultdict(lambda: defaultdict(list))
        """For each name the models that the relation leads back to; None where the text does not tell."""
        self.many: set[tuple[str, str]] = set()
        """Target and name of those that a ManyToManyField gives."""
        self.unsure: set[str] = set()
        """Models that may have more names than these."""
        self.is_open = False
        """May any model have more names than these?"""


class RelationCall(NamedTuple):
    """A call that makes a relation: the class in whose body it stands, its target and its name there."""

    call: ast.Call
    owner: Class | None
    target: str | None
    """The name of the target's class; None where the text does not tell."""
    label: str | None
    """The app label that stands before it."""
    is_many: bool
    is_own: bool
    """Is the field one of Tortoise's?"""

    @property
    def related_name(self) -> ast.expr | None:
        """What the other side is to call it, if that is said."""
        return argument(self.call, "related_name", 4 if self.is_many else 1)


def argument(call: ast.Call, name: str, position: int) -> ast.expr | None:
    """An argument of a call, given by name or by position."""
    given = next((k.value for k in call.keywords if k.arg == name), None)
    if given is None and len(call.args) > position and not isinstance(call.args[position], ast.Starred):
        return call.args[position]
    return given


def relation_calls(module: Module) -> list[RelationCall]:
    """The calls of a module that make relations, or may: those of Tortoise's fields, and of others that take
    a ``related_name``.
    """
    return module.once(_relation_calls)


def _relation_calls(module: Module) -> list[RelationCall]:
    data = module.file.data
    found = {call for name in _FIELDS if name.encode() in data for call in module.calls_by_name.get(name, ())}
    if b"related_name" in data:
        for call in module.of_type(ast.Call):
            if any(k.arg == "related_name" for k in call.keywords):
                found.add(call)
    return [_relation(module, one) for one in sorted(found, key=lambda one: (one.lineno, one.col_offset))]


def _relation(module: Module, call: ast.Call) -> RelationCall:
    label, target = target_of(module, call)
    name = module.tortoise_name(call.func)
    is_own = name is not None and tortoise_api.is_field(name)
    return RelationCall(call, _owner(module, call), target, label, called(call) == "ManyToManyField", is_own)


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


def backward_relations(project: Project) -> Backward:
    """What the relations of a project are called on their other side."""
    found = Backward()
    found.is_open = any(_BEYOND_TEXT.search(file.data) for file in project.files.values())
    children = project.once(descendants)
    for key in sorted(project.relevant):
        if b"Field" not in project.files[key].data and b"related_name" not in project.files[key].data:
            continue
        module = project.resolver.module(key)
        if module is None:
            continue
        found.is_open = found.is_open or _names_a_field_without_a_call(module)
        for relation in relation_calls(module):
            _add(project, found, relation, children)
    return found


def backward_relations_of(project: Project, name: str) -> Backward:
    """The same for one model, by the files that hold its name in quotes; there may be more of them."""
    found = Backward()
    modules = {cls.module: None for cls in project.models_with_relations_to(name)}
    for relation in (one for module in modules for one in relation_calls(module)):
        if relation.target == name:
            _add(project, found, relation, {})
    return found


def descendants(project: Project) -> dict[Class, list[Class]]:
    """By a class of the project the models that extend it, over any number of steps."""
    found: dict[Class, list[Class]] = defaultdict(list)
    for model in project.all_models:
        for one in project.models.ancestors(model):
            if isinstance(one, Class):
                found[one].append(model)
    return found


def models_by_name(project: Project) -> dict[str, list[Class]]:
    """The models of a project that may have a table, by the name of their class."""
    found: dict[str, list[Class]] = defaultdict(list)
    for model in project.all_models:
        if project.models.is_abstract(model) is not True:
            found[model.name].append(model)
    return found


def _add(
    project: Project, found: Backward, relation: RelationCall, children: dict[Class, list[Class]]
) -> None:
    if relation.target is None:
        found.is_open = True
        return
    given = relation.related_name
    if isinstance(given, ast.Constant) and given.value is False:
        return
    owner = relation.owner
    sources = [owner, *children.get(owner, ())] if owner is not None else []
    concrete = [one for one in sources if project.models.is_model(one)]
    names = found.names[relation.target]
    if given is None or (isinstance(given, ast.Constant) and not given.value):
        with_table = [one for one in concrete if project.models.is_abstract(one) is not True]
        tables = [table_of(one) for one in with_table]
        if not tables or None in tables or project.once(_generates_names):
            found.unsure.add(relation.target)
        for model, table in zip(with_table, tables, strict=True):
            names[f"{table}s"].append(model)
            if relation.is_many:
                found.many.add((relation.target, f"{table}s"))
        return
    if not (isinstance(given, ast.Constant) and isinstance(given.value, str)) or "%" in given.value:
        found.unsure.add(relation.target)
        return
    if relation.is_many:
        found.many.add((relation.target, given.value))
    names[given.value] += concrete if concrete and relation.is_own else [None]


def table_of(cls: Class) -> str | None:
    """The name of a model's table; None where the text does not tell."""
    table: str | None = cls.name.lower()
    for meta in metas_of(cls.node):
        if not isinstance(meta, ast.ClassDef) or meta.bases:
            return None
        for statement in meta.body:
            targets = statement.targets if isinstance(statement, ast.Assign) else []
            if any(isinstance(target, ast.Name) and target.id == "table" for target in targets):
                value = getattr(statement, "value", None)
                is_text = isinstance(value, ast.Constant) and isinstance(value.value, str)
                table = (value.value or cls.name.lower()) if is_text else None  # type: ignore[union-attr]
            elif not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Pass, ast.Expr, ast.ClassDef)):
                return None
    return table


def _generates_names(project: Project) -> bool:
    """Does a function of the project make the names of tables?"""
    return any(b"table_name_generator" in file.data for file in project.files.values())


_BEYOND_TEXT = re.compile(
    rb"_meta\.add_field|fields_map\[[^\]\n]*\]\s*=[^=]"
    rb"|(?:ForeignKey|OneToOne|ManyToMany)FieldInstance\(|\((?:\w+\.)*(?:ForeignKey|OneToOne|ManyToMany)FieldInstance\s*[,)]"
)
"""What adds fields while the program runs, or makes fields of another class."""


def _names_a_field_without_a_call(module: Module) -> bool:
    """Does a module give a field for relations another name, or pass it on?"""
    data = module.file.data
    if not any(name.encode() in data for name in _FIELDS):
        return False
    for statement in module.of_type(ast.ImportFrom):
        if any(alias.name in _FIELDS and alias.asname not in (None, alias.name) for alias in statement.names):
            return True
    named: list[ast.Name | ast.Attribute] = [*module.of_type(ast.Name), *module.of_type(ast.Attribute)]
    return any(
        _is_passed_on(node, module.parents[node])
        for node in named
        if (node.attr if isinstance(node, ast.Attribute) else node.id) in _FIELDS
    )


def _is_passed_on(node: ast.expr, parent: ast.AST) -> bool:
    match parent:
        case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.NamedExpr(value=value):
            return value is node
        case ast.Call(func=function):
            return function is not node and getattr(function, "id", "") not in ("isinstance", "issubclass")
    return isinstance(parent, (ast.keyword, ast.Return, ast.Dict, ast.List, ast.IfExp, ast.arguments))
