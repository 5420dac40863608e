"""What a model's table and columns are called in the database, as far as the text tells."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from ..analysis import tortoise_api
from ..analysis.models import metas_of
from ..analysis.modules import Class
from ..analysis.project import Project
from ..analysis.relation_calls import target_of
from ..analysis.syntax import argument, called
from ..analysis.tables import are_generated, table_of

if TYPE_CHECKING:
    from ..analysis.migrations.facts import Tool

_IS_WORD = re.compile(r"\w+")
"""Migrations are read word by word, so other names are not found in them."""

_SETS_TABLE = re.compile(rb"\.(?:db_table|Meta\.table)\s*=(?!=)")
"""Code that names tables while the program runs."""


class FieldNames(NamedTuple):
    """What a migration may call a field: its columns, or the tables of a many-to-many relation."""

    columns: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()


def has_own_table(project: Project, cls: Class) -> bool:
    """Has a model a table of its own, whose name the text tells?"""
    if project.models.is_abstract(cls) is not False or project.once(_sets_tables):
        return False
    if any(_is_changed(one) for one in (cls, *project.models.ancestors(cls)) if isinstance(one, Class)):
        return False
    options = _options(cls)
    return (
        options is not None
        and not {"app", "managed"} & options.keys()
        and table_name(project, cls) is not None
    )


def table_name(project: Project, cls: Class) -> str | None:
    """The name of a model's table; None where neither the text nor Tortoise's default tells."""
    table = table_of(cls)
    if table is None or (table == cls.name.lower() and project.once(are_generated)):
        return None
    name = tortoise_api.short(table)
    return name if _IS_WORD.fullmatch(name) else None


def names_of_field(project: Project, model: Class, name: str, field: ast.Call, tool: Tool) -> FieldNames:
    """What a migration may call a field of a model; no names where the text does not tell."""
    kind = tortoise_api.short(model.module.tortoise_name(field.func) or called(field))
    is_many = kind in tortoise_api.TO_MANY_FIELDS
    given = argument(field, "through" if is_many else "source_field", 99)
    if any(keyword.arg is None for keyword in field.keywords):
        return FieldNames()
    if given is not None and not (isinstance(given, ast.Constant) and isinstance(given.value, str)):
        return FieldNames()
    written = (str(given.value),) if isinstance(given, ast.Constant) else ()
    if not all(_IS_WORD.fullmatch(tortoise_api.short(one)) for one in written):
        return FieldNames()
    own = (name,) if tool == "built-in" else ()
    if is_many:
        tables = tuple(map(tortoise_api.short, written)) or _through(project, model, field)
        return FieldNames(own, tables) if tables else FieldNames()
    if kind in tortoise_api.TO_ONE_FIELDS:
        return FieldNames((*written, *own, f"{name}_id"))
    return FieldNames((*written, name))


def _through(project: Project, model: Class, field: ast.Call) -> tuple[str, ...]:
    """The table between two models, as Tortoise calls it from either side."""
    _, target = target_of(model.module, field)
    others = project.models_named(target) if target is not None else []
    tables = [table_name(project, one) for one in (model, *others)]
    if len(tables) != 2 or None in tables:
        return ()
    return f"{tables[0]}_{tables[1]}", f"{tables[1]}_{tables[0]}"


def _sets_tables(project: Project) -> bool:
    return any(_SETS_TABLE.search(file.data) for file in project.files.values())


def _is_changed(cls: Class) -> bool:
    """May a metaclass, a decorator or ``__init_subclass__`` change a class or those that extend it?"""
    return bool(cls.node.keywords or cls.node.decorator_list) or "__init_subclass__" in cls.body


def _options(cls: Class) -> dict[str, ast.expr] | None:
    """What a model's Meta says; None where it may say more."""
    metas = metas_of(cls.node)
    if not metas:
        return {}
    meta = metas[0]
    if len(metas) > 1 or not isinstance(meta, ast.ClassDef):
        return None
    found: dict[str, ast.expr] = {}
    for statement in meta.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
            case ast.Pass() | ast.Expr():
                pass
            case _:
                return None
    return found
