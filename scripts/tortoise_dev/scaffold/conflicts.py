"""What stands in the way of a new model: names that are taken, or the model itself with other fields."""

from __future__ import annotations

import ast
from pathlib import Path

from ..analysis.modules import Class
from ..analysis.syntax import argument, keyword
from ..analysis.tables import table_of
from . import names
from .changes import RefusedError, read
from .entity import Entity
from .field_specs import FieldSpec, Scalar
from .model_file import field_call, link_call, ordering_line, together_items
from .survey import Survey


def refuse_conflicts(entity: Entity, survey: Survey, app: str, label: str, file: Path) -> None:
    """Raises RefusedError if the project has something in the way of a model that ``file`` will hold."""
    base = survey.base_of(app)
    inherited = {name for _, name, _ in survey.fields_of(base)} if base is not None else set()
    for field in entity.fields:
        if field.name in inherited:
            message = f"{field.name}: {entity.base.name} has this field already: leave it out"
            raise RefusedError("field-taken", file, message)
    others = [cls for cls in survey.concrete if cls.module.path != file]
    for cls in others:
        _refuse_taken_name(entity, cls, survey, label, file)
    for number, link in enumerate(entity.links):
        target = link.target.cls
        there = _names_of(entity) if target is None else _names_on(target, others, survey)
        before = {one.related_name for one in entity.links[:number] if one.target == link.target}
        if link.related_name in there | before | names.TAKEN:
            place, line = _place_of(target) if target is not None else (file, 1)
            taken = f"{link.target.name} has an attribute {link.related_name}"
            message = f"{taken}: name another one with related_name="
            raise RefusedError("related-name-taken", place, message, line)
    if file.exists():
        _compare(entity, survey, file)


def _refuse_taken_name(entity: Entity, cls: Class, survey: Survey, label: str, file: Path) -> None:
    place, line = _place_of(cls)
    near = survey.label_of_class(cls) == label or place.parent == file.parent
    if cls.name == entity.name and near:
        message = f"the label {label} has a model {cls.name}: choose another name"
        raise RefusedError("name-taken", place, message, line)
    if table_of(cls) == entity.table:
        message = f"{cls.name} has the table {entity.table}: choose another name"
        raise RefusedError("table-taken", place, message, line)


def _names_of(entity: Entity) -> set[str]:
    """The attributes of the new model's own fields."""
    return {field.name for field in entity.fields} | {link.column for link in entity.to_one}


def _names_on(target: Class, others: list[Class], survey: Survey) -> set[str]:
    """The attributes that a model has by its fields, and by the relations of others to it."""
    found = {name for _, name, _ in survey.fields_of(target)}
    for one in others:
        for owner, _, field in survey.fields_of(one):
            if owner in (one, *survey.models.ancestors(one)) and _leads_to(field, target):
                value = keyword(field, "related_name")
                found |= {str(value.value)} if isinstance(value, ast.Constant) else set()
    return found


def _place_of(cls: Class) -> tuple[Path, int]:
    return cls.module.path, cls.node.lineno


def _leads_to(field: ast.Call, target: Class) -> bool:
    to = argument(field, "to", 0)
    return isinstance(to, ast.Constant) and str(to.value).rpartition(".")[2] == target.name


def _compare(entity: Entity, survey: Survey, file: Path) -> None:
    """Raises RefusedError if the file has the model with other fields, or has another model."""
    found = [cls for cls in survey.concrete if cls.module.path == file and cls.name == entity.name]
    if not found:
        message = f"the file is there and has no model {entity.name}: move it, or choose another name"
        raise RefusedError("other-file", file, message)
    there = {
        name: _normal(field) for owner, name, field in survey.fields_of(found[0]) if owner.module.path == file
    }
    asked = {field.name: _normal(_parsed(_call_of(entity, field))) for field in entity.fields}
    differences = [f"{name} is not there" for name in asked if name not in there]
    differences += [f"{name} was not asked for" for name in there if name not in asked]
    differences += [
        f"{name} is {there[name]}, not {asked[name]}"
        for name in asked
        if name in there and there[name] != asked[name]
    ]
    text = read(file)
    indexed = [field.name for field in entity.scalars if field.index]
    differences += [f"{name} has no index" for name in indexed if f'("{name}",)' not in text]
    rules = [rule.strip() for rule in together_items(entity, survey.width)]
    differences += [f"unique_together has no {rule}" for rule in rules if rule not in text]
    if entity.ordering and (line := ordering_line(entity, survey.width).strip()) not in text:
        differences.append(f"Meta has no {line}")
    if differences:
        message = f"the model is there, with other fields: {'; '.join(differences)}. Change its file by hand"
        raise RefusedError("other-fields", file, message, found[0].node.lineno)


def _call_of(entity: Entity, field: FieldSpec) -> str:
    if isinstance(field, Scalar):
        kind, arguments = field_call(entity, field)
    else:
        link = next(link for link in entity.links if link.spec is field)
        _, kind, arguments = link_call(link)
    return f"fields.{kind}({', '.join(arguments)})"


def _parsed(text: str) -> ast.Call:
    value = ast.parse(text, mode="eval").body
    assert isinstance(value, ast.Call)
    return value


def _normal(node: ast.Call) -> str:
    """A field's call without the module of its class, its keywords sorted."""
    kind = getattr(node.func, "attr", None) or getattr(node.func, "id", "?")
    positional = [ast.unparse(argument) for argument in node.args]
    keywords = sorted(f"{keyword.arg}={ast.unparse(keyword.value)}" for keyword in node.keywords)
    return f"{kind}({', '.join([*positional, *keywords])})"
