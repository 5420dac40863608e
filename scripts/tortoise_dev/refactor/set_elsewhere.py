"""Names of the module that other files set (``models.published = …``, a test's patch).

Whoever sets a name of the package reaches its ``__init__.py`` alone. So a function in the package's files
imports such a name from there in each call (see `Imports`). A lambda has no room for an import.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from ..analysis.modules import Module
from ..analysis.project import Project
from ..analysis.syntax import called, keyword, text_of
from ..report.paths import shown_path
from .orm_settings import dotted_name
from .placement import PACKAGE, Places
from .refusals import Refusal
from .statements import Statement
from .uses import Use, When

_SETTERS = frozenset({"setattr", "delattr", "object", "patch"})


def set_names(module: Module, statements: Sequence[Statement], project: Project) -> dict[str, str]:
    """The names that calls look up and that other files set, each with where that is."""
    names = {use.name for one in statements for use in one.uses if use.when is When.CALL}
    dotted, _ = dotted_name(module.path, project)
    found: dict[str, str] = {}
    for name in sorted(names):
        setters = {
            (shown_path(other.path, project.root), node.lineno)
            for other in project.users_of(module, name)
            if other is not module
            for node in _setting(other, module, dotted, name)
        }
        if setters:
            there = ", ".join(f"{path}:{line}" for path, line in sorted(setters))
            found[name] = f"{there}: {name} is set in {dotted}"
    return found


def _readers(places: Places) -> Iterator[tuple[str, Use]]:
    """Where in the package's files a call looks up such a name: the file and the use."""
    for one, place in places.of.items():
        for use in one.uses if place != PACKAGE else ():
            if use.when is When.CALL and use.name in places.set_elsewhere:
                yield place, use


def lambda_refusals(places: Places, setters: Mapping[str, str]) -> Iterator[Refusal]:
    """The lambdas that would go on with the old value."""
    for _, use in _readers(places):
        if use.function is None:
            message = f"{setters[use.name]}, and a lambda reads it here: write a function instead"
            yield Refusal("set-elsewhere", use.line, message)


def notes_on_set_names(path: Path, places: Places, setters: Mapping[str, str]) -> Iterator[str]:
    """For each name that is set elsewhere, which files of the package look it up."""
    for name, told in setters.items():
        files = sorted({place for place, use in _readers(places) if use.name == name})
        if files:
            here = " and ".join(f"{path.stem}/{file}.py" for file in files)
            yield f"{told}. Functions of {here} import it in each call: do not move these imports to the top"


def _setting(other: Module, module: Module, dotted: str, name: str) -> Iterator[ast.expr]:
    """The places of a file that set a name of the module."""
    for node in other.of_type(ast.Attribute):
        is_set = isinstance(node.ctx, (ast.Store, ast.Del))
        if is_set and node.attr == name and module in other.meanings(node.value):
            yield node
    for call in other.of_type(ast.Call):
        if call.args and _sets(call, other, module, dotted, name):
            yield call


def _sets(call: ast.Call, other: Module, module: Module, dotted: str, name: str) -> bool:
    """Does a call set the name: ``patch("shop.models.NAME")``, ``setattr(models, "NAME", …)``?"""
    owner, text = call.args[0], f".{text_of(call.args[0])}"
    if called(call) == "multiple":
        is_module = text.endswith(f".{dotted}") if text != "." else module in other.meanings(owner)
        return is_module and keyword(call, name) is not None
    if called(call) not in _SETTERS:
        return False
    if text != ".":
        return text.endswith(f".{dotted}.{name}")
    given = text_of(call.args[1]) if len(call.args) > 1 else ""
    return given == name and module in other.meanings(owner)
