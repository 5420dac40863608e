"""What relations are called on their other side: ``related_name``, or its default.

Tortoise gives a model an attribute for each relation that leads to it. Its default name is the table of the
model that has the field, and an ``s``. A field of an abstract model counts once for each of its children.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple

from .modules import Class, Module
from .relation_calls import FIELDS, RelationCall, relation_calls
from .tables import are_generated, table_of

if TYPE_CHECKING:
    from .project import Project


class BackwardRelation(NamedTuple):
    """A relation, seen from the model that it leads to."""

    source: Class | None
    """The model that it leads back to; None where the text does not tell."""
    field: str
    """The name of the field that makes it: ``ForeignKeyField``."""

    @property
    def arity(self) -> Literal["one", "many"]:
        """Does it lead back to one row or to many?"""
        return "one" if self.field == "OneToOneField" else "many"

    @property
    def kind(self) -> Literal["backward", "many"]:
        """Which lookups it has: a kind of ``field_tables.LOOKUPS``."""
        return "many" if self.field == "ManyToManyField" else "backward"


class BackwardRelations:
    """The backward relations of models, by the names of the models' classes."""

    def __init__(self) -> None:
        self.named: dict[str, dict[str, list[BackwardRelation]]] = defaultdict(lambda: defaultdict(list))
        self.unsure: set[str] = set()
        """Models that may have more of them than these."""
        self.is_open = False
        """May any model have more of them than these?"""

    def of(self, model: str) -> Mapping[str, Sequence[BackwardRelation]]:
        """The backward relations of a model, by their names."""
        return self.named.get(model, {})

    def add(self, project: Project, relation: RelationCall, extending: _Extending) -> None:
        """What one call adds to the model that it names."""
        given = relation.related_name
        if relation.target is None:
            self.is_open = True
        elif _is_switched_off(relation, given):
            return
        elif given is None or (isinstance(given, ast.Constant) and not given.value):
            self._add_default(project, relation, extending)
        elif isinstance(given, ast.Constant) and isinstance(given.value, str) and "%" not in given.value:
            sources: list[Class | None] = [*_sources(project, relation, extending)]
            found = self.named[relation.target][given.value]
            found += [BackwardRelation(source, relation.field) for source in sources or [None]]
        else:
            self.unsure.add(relation.target)

    def _add_default(self, project: Project, relation: RelationCall, extending: _Extending) -> None:
        """A relation without ``related_name``: its name is the table of its model, and an ``s``."""
        target = str(relation.target)
        sources = _sources(project, relation, extending)
        tables = [table_of(one) for one in sources]
        if not tables or None in tables or project.once(are_generated):
            self.unsure.add(target)
        for source, table in zip(sources, tables, strict=True):
            if table is not None:
                self.named[target][f"{table}s"].append(BackwardRelation(source, relation.field))


_Extending = Callable[[Class], Iterable[Class]]
"""The models that extend a class, over any number of steps."""


def _is_switched_off(relation: RelationCall, given: ast.expr | None) -> bool:
    """``related_name=False`` leaves the attribute out, but for a ManyToManyField it means the default."""
    return isinstance(given, ast.Constant) and given.value is False and not relation.is_many


def _sources(project: Project, relation: RelationCall, extending: _Extending) -> list[Class]:
    """The models that have a field, and may have a table: the class around it, or those that extend it."""
    if relation.owner is None or not relation.is_own:
        return []
    models = project.models
    candidates = [relation.owner, *extending(relation.owner)]
    return [one for one in candidates if models.is_model(one) and models.is_abstract(one) is not True]


def backward_relations(project: Project) -> BackwardRelations:
    """Those of all models of a project."""
    found = BackwardRelations()
    found.is_open = any(re.search(_BEYOND_TEXT, file.data) for file in project.files.values())
    children = project.once(descendants)
    for key in sorted(project.relevant):
        if b"Field" not in project.files[key].data and b"related_name" not in project.files[key].data:
            continue
        module = project.resolver.module(key)
        if module is None:
            continue
        found.is_open = found.is_open or _names_a_field_without_a_call(module)
        for relation in relation_calls(module):
            found.add(project, relation, lambda cls: children.get(cls, ()))
    return found


def backward_relations_to(project: Project, model: str) -> BackwardRelations:
    """Those of the models of one name, by the files that hold that name; there may be more of them."""
    found = BackwardRelations()
    for module in project.modules_with_relations_to(model):
        for relation in relation_calls(module):
            if relation.target == model:
                found.add(project, relation, lambda cls: _extending(project, cls))
    return found


def _extending(project: Project, cls: Class) -> Iterable[Class]:
    """The models that extend a class without a table, by the files that hold its name."""
    found: dict[Class, None] = {}
    waiting = [cls] if not project.models.is_model(cls) or project.models.is_abstract(cls) else []
    while waiting:
        children = [one for one in project.children(waiting.pop()) if one not in found]
        found |= dict.fromkeys(children)
        waiting += children
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


_BEYOND_TEXT = (
    rb"_meta\.add_field|fields_map\[[^\]\n]*\]\s*=[^=]"
    rb"|(?:ForeignKey|OneToOne|ManyToMany)FieldInstance\(|\((?:\w+\.)*(?:ForeignKey|OneToOne|ManyToMany)FieldInstance\s*[,)]"
)
"""What adds fields while the program runs, or makes fields of another class."""


def _names_a_field_without_a_call(module: Module) -> bool:
    """Does a module give a field for relations another name, or pass it on?"""
    data = module.file.data
    if not any(name.encode() in data for name in FIELDS):
        return False
    for statement in module.of_type(ast.ImportFrom):
        if any(alias.name in FIELDS and alias.asname not in (None, alias.name) for alias in statement.names):
            return True
    named: list[ast.Name | ast.Attribute] = [*module.of_type(ast.Name), *module.of_type(ast.Attribute)]
    return any(
        _is_passed_on(node, module.parents[node])
        for node in named
        if (node.attr if isinstance(node, ast.Attribute) else node.id) in FIELDS
    )


def _is_passed_on(node: ast.expr, parent: ast.AST) -> bool:
    match parent:
        case ast.Assign(value=value) | ast.AnnAssign(value=value) | ast.NamedExpr(value=value):
            return value is node
        case ast.Call(func=function):
            return function is not node and getattr(function, "id", "") not in ("isinstance", "issubclass")
    return isinstance(parent, (ast.keyword, ast.Return, ast.Dict, ast.List, ast.IfExp, ast.arguments))
