"""Names of the module that other files set (``models.published = …``, a test's patch): a split may hide that.

Whoever sets a name of the package reaches its ``__init__.py`` alone. Code in the package's files has its own
reference, and goes on with the old value.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from ..analysis.modules import Module
from ..analysis.project import Project
from ..analysis.syntax import called
from ..report.paths import shown_path
from .orm_settings import dotted_name
from .placement import PACKAGE, Places
from .statements import Statement
from .uses import When

_SETTERS = frozenset({"setattr", "delattr", "object", "patch"})


def notes_on_set_names(
    module: Module, statements: Sequence[Statement], places: Places, project: Project
) -> list[str]:
    """For each name that is set elsewhere, and used in calls by files of the package: where that is."""
    users: dict[str, set[str]] = {}
    for one in statements:
        for use in one.uses if places.of.get(one, PACKAGE) != PACKAGE else ():
            if use.when is When.CALL:
                users.setdefault(use.name, set()).add(places.of[one])
    dotted, _ = dotted_name(module.path, project)
    notes: list[str] = []
    for name, files in sorted(users.items()):
        setters = {
            (shown_path(other.path, project.root), node.lineno)
            for other in project.users_of(module, name)
            if other is not module
            for node in _setting(other, module, dotted, name)
        }
        if setters:
            there = ", ".join(f"{path}:{line}" for path, line in sorted(setters))
            here = " and ".join(f"{module.path.stem}/{file}.py" for file in sorted(files))
            notes.append(f"{there}: {name} is set in {dotted}. Set it where it is used from now on: {here}")
    return notes


def _setting(other: Module, module: Module, dotted: str, name: str) -> Iterator[ast.expr]:
    """The places of a file that set a name of the module."""
    for node in other.of_type(ast.Attribute):
        is_set = isinstance(node.ctx, (ast.Store, ast.Del))
        if is_set and node.attr == name and module in other.meanings(node.value):
            yield node
    for call in other.of_type(ast.Call):
        if called(call) in _SETTERS:
            match call.args:
                case [ast.Constant(value=str(target)), *_]:
                    if f".{target}".endswith(f".{dotted}.{name}"):
                        yield call
                case [owner, ast.Constant(value=str(given)), *_]:
                    if given == name and module in other.meanings(owner):
                        yield call
