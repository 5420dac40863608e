"""A row of unknown origin is to fetch something, in a statement of its own that awaits nothing."""

from __future__ import annotations

import ast
import re

from ...analysis.project import Project
from ..base import Context


def is_bare_fetch(context: Context, node: ast.expr) -> bool:
    """Is it ``row.fetch_related(…)`` or ``row.refresh_from_db()`` as a statement?

    No other library has the first method. Django has the second.
    """
    match node:
        case ast.Call(func=ast.Attribute(attr="fetch_related" | "refresh_from_db" as name)):
            if not isinstance(context.module.parents.get(node), ast.Expr):
                return False
            is_theirs = name == "refresh_from_db" and context.project.once(_uses_django)
            return not is_theirs and not has_its_own_fetch(context)
    return False


def has_its_own_fetch(context: Context) -> bool:
    """Does the project define a method of these names itself?"""
    return context.project.once(_defines_fetches)


def _defines_fetches(project: Project) -> bool:
    return project.mentions(
        re.compile(rb"def (fetch_related|refresh_from_db)\b"), b"fetch_related", b"refresh_from_db"
    )


def _uses_django(project: Project) -> bool:
    return project.mentions(re.compile(rb"\b(import|from) django\b"), b"django")
