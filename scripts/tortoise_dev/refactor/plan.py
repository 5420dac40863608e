"""From a models.py to the files of a package: what would be written, or why not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import libcst as cst

from ..analysis.models import interface_names
from ..analysis.modules import Class
from ..analysis.project import Project
from .bases import Style, rewritten
from .checks import base_refusals, file_refusals, refusals_of
from .entrance import Entrance
from .imports import Imports
from .package import Package
from .passed_on import is_starred, notes_on_passed_on
from .placement import PACKAGE, placed
from .refusals import Refusal, RefusedError
from .set_elsewhere import lambda_refusals, notes_on_set_names, set_names
from .statements import Kind, Statement, statements_of


@dataclass
class SplitPlan:
    """The files that replace a module: for each path its content, with ``__init__.py`` as the last."""

    module: Path
    files: dict[Path, bytes]
    notes: list[str] = field(default_factory=list)
    passed_on: list[str] = field(default_factory=list)
    """Notes on names that the module only imported."""

    @property
    def package(self) -> Path:
        """The folder of the new package."""
        return self.module.with_suffix("")


def plan_split(path: Path, project: Project, *, with_base: bool = True) -> SplitPlan:
    """The package that replaces the module at ``path``. Nothing is executed or written.

    Raises RefusedError with all reasons that speak against it, and UnreadableError for a file that cannot be
    read or parsed.
    """
    module = project.resolver.module(str(path))
    if module is None:
        raise project.problems[path]
    _refuse(file_refusals(path, project.root))
    if module.file.encoding not in ("utf-8", "utf-8-sig", "ascii"):
        _refuse([Refusal("encoding", 1, f"the file is {module.file.encoding}: convert it to UTF-8")])
    tree = cst.parse_module(module.file.text)
    statements = statements_of(tree, module, project.models)
    _refuse(refusals_of(module, statements, project))
    belongs = _belonging(statements, project)
    based = {one for one in statements if with_base and one.kind is Kind.MODEL and _lacks_base(one, project)}
    _refuse(refusal for one in based if one.model for refusal in base_refusals(one.model, module, project))
    setters = set_names(module, statements, project)
    places = placed(statements, belongs, setters)
    _refuse(lambda_refusals(places, setters))
    bases = {places.of[one]: [f"Base{one.name}"] for one in based}
    imports = Imports(statements, places)
    package = Package(tree, statements, places, imports)
    style = _Rewriting(project, based, with_base)
    files: dict[Path, bytes] = {}
    for place in sorted(set(places.of.values()) - {PACKAGE}):
        files[path.with_suffix("") / f"{place}.py"] = package.module(place, style.rewrite).encode()
    starred = is_starred(module, project)
    entrance = Entrance(tree, statements, places, imports, bases, path.name, is_starred=starred)
    files[path.with_suffix("") / "__init__.py"] = entrance.text().encode()
    notes = [*_notes(statements), *notes_on_set_names(path, places, setters)]
    passed_on = notes_on_passed_on(module, statements, imports, project, starred=starred)
    return SplitPlan(path, files, notes, list(passed_on))


def _refuse(refusals: Iterable[Refusal]) -> None:
    found = list(refusals)
    if found:
        raise RefusedError(*sorted(found, key=lambda one: one.line))


def _lacks_base(one: Statement, project: Project) -> bool:
    """Has a model no abstract base that bears its name?"""
    assert one.model is not None
    for base in project.models.ancestors(one.model):
        if isinstance(base, Class):
            if base.name in interface_names(one.name) and project.models.is_abstract(base) is not False:
                return not project.models.is_model(base)
        elif base.name.rpartition(".")[2] in interface_names(one.name):
            return False
    return True


def _belonging(statements: Iterable[Statement], project: Project) -> dict[Statement, Statement]:
    """The abstract bases of the module that bear the name of one of its models, each with that model."""
    models = [one for one in statements if one.kind is Kind.MODEL]
    found: dict[Statement, Statement] = {}
    for one in statements:
        if one.kind is Kind.ABSTRACT:
            for model in models:
                assert model.model is not None
                if one.name in interface_names(model.name) and one.model in project.models.ancestors(
                    model.model
                ):
                    found.setdefault(one, model)
    return found


class _Rewriting:
    """Writes class statements of models anew."""

    def __init__(self, project: Project, based: set[Statement], with_base: bool) -> None:
        self.project = project
        self.based = based
        self.with_base = with_base
        self.writes_table = not project.mentions(re.compile(rb"table_name_generator"))

    def rewrite(self, one: Statement) -> list[cst.BaseStatement]:
        """The statements that replace one."""
        if one.model is None or not self.with_base or not isinstance(one.text, cst.ClassDef):
            return [one.text]
        style = Style(with_base=one in self.based, writes_table=self.writes_table)
        return [*rewritten(one.text, one.model, self.project, style)]


def _notes(statements: Iterable[Statement]) -> list[str]:
    """What stays for the user to look at in the descriptions of an API."""
    if not any(one.kind is Kind.SCHEMA for one in statements):
        return []
    return [
        "names of nested schemas in the API's description hold a hash of the model's module, "
        "so generated clients may change"
    ]
