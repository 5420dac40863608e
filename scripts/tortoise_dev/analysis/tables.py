"""The names of the tables that models have."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from .models import metas_of
from .modules import Class

if TYPE_CHECKING:
    from .project import Project


def table_of(cls: Class) -> str | None:
    """The name of a model's table: ``Meta.table``, else the class's name in small letters.

    It is None where the text does not tell. A Meta does not pass its table on to the models that extend the
    class.
    """
    table: str | None = cls.name.lower()
    for meta in metas_of(cls.node):
        if not isinstance(meta, ast.ClassDef):
            return None
        table = None if meta.bases else table  # a Meta that this one extends may have a table
        for statement in meta.body:
            targets = _targets(statement)
            if any(isinstance(target, ast.Name) and target.id == "table" for target in targets):
                value = getattr(statement, "value", None)
                is_text = isinstance(value, ast.Constant) and isinstance(value.value, (str, type(None)))
                table = (value.value or cls.name.lower()) if is_text else None  # type: ignore[union-attr]
            elif not isinstance(statement, (ast.Assign, ast.AnnAssign, ast.Pass, ast.Expr, ast.ClassDef)):
                return None
    return table


def _targets(statement: ast.stmt) -> list[ast.expr]:
    """What a statement of a class body gives a value to."""
    if isinstance(statement, ast.Assign):
        return statement.targets
    if isinstance(statement, ast.AnnAssign) and statement.value is not None:
        return [statement.target]
    return []


def are_generated(project: Project) -> bool:
    """Does a function of the project make the names of tables that no Meta gives?"""
    return any(b"table_name_generator" in file.data for file in project.files.values())
