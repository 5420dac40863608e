"""What in a module cannot be split, found before anything is planned."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from ..analysis.modules import Class, Module
from ..analysis.project import Project
from ..analysis.syntax import called
from .refusals import Refusal
from .statements import Kind, Statement

_COMPUTES = frozenset({"globals", "locals", "vars", "exec", "eval", "dir", "__import__"})


def refusals_of(module: Module, statements: Sequence[Statement], project: Project) -> list[Refusal]:
    """Every reason that the text of the module gives."""
    found = [*_names(module), *_globals(module), *_twice(statements), *_models(module, project)]
    if not any(one.kind is Kind.MODEL for one in statements) and not found:
        found.append(Refusal("no-models", 1, f"{module.path.name} defines no model that has a table"))
    return sorted(found, key=lambda one: one.line)


def file_refusals(path: Path, root: Path) -> list[Refusal]:
    """What is wrong with the place of the file."""
    inside = path.relative_to(root).parts[:-1] if path.is_relative_to(root) else path.parts[:-1]
    if path.name == "__init__.py" or (path.name != "models.py" and "models" not in inside):
        message = "only models.py, or a file of a models folder, can become a package of models"
        return [Refusal("file-name", 1, message)]
    return []


def _names(module: Module) -> Iterator[Refusal]:
    """Names that depend on the module that they stand in."""
    if "__getattr__" in module.scope.names:
        yield Refusal("computed-names", 1, "__getattr__ makes names that the text does not show")
    for name in module.of_type(ast.Name):
        parent = module.parents.get(name)
        if name.id == "__file__":
            yield Refusal(
                "module-path", name.lineno, "__file__ would be another path: move it out of the module"
            )
        elif name.id == "__name__" and not _is_logger(parent):
            if isinstance(parent, ast.Compare):
                yield Refusal("main-block", name.lineno, "move the main block to a script of its own")
            elif not _stays(module, name):
                message = "__name__ would be another name: write the module's name as a string"
                yield Refusal("module-name", name.lineno, message)
        elif isinstance(parent, ast.Call) and parent.func is name and _computes(module, name):
            message = f"{name.id}() reads or makes names that the text does not show"
            yield Refusal("computed-names", name.lineno, message)


def _computes(module: Module, name: ast.Name) -> bool:
    """Does a call of this name look at the names of the module? In a function, some look at its own."""
    always = name.id in ("globals", "exec", "eval")
    return always or (name.id in _COMPUTES and not module.scope_of(name).is_function)


def _is_logger(parent: ast.AST | None) -> bool:
    """Is it an argument of ``getLogger``? A logger of the package's child passes its records on."""
    return isinstance(parent, ast.Call) and "logger" in called(parent).lower()


def _stays(module: Module, name: ast.Name) -> bool:
    """Does it stand in a bare statement, which ``__init__.py`` keeps?"""
    around = [name, *module.ancestors(name)]
    return isinstance(around[-2], ast.Expr)


def _globals(module: Module) -> Iterator[Refusal]:
    for statement in module.of_type(ast.Global):
        names = ", ".join(statement.names)
        message = (
            f"a function gives {names} a new value: names imported from the package would keep the old one"
        )
        yield Refusal("global-state", statement.lineno, message)


def _twice(statements: Sequence[Statement]) -> Iterator[Refusal]:
    """Classes and functions whose name is bound again."""
    bound = Counter(name for one in statements for name in one.binds if one.kind is not Kind.IMPORT)
    bound.update({one.name for one in statements if one.kind is Kind.IMPORT and bound[one.name]})
    for one in statements:
        is_definition = isinstance(one.nodes[0], (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
        if is_definition and bound[one.name] > 1:
            yield Refusal("redefined", one.line, f"{one.name} is defined more than once: rename one")


def _models(module: Module, project: Project) -> Iterator[Refusal]:
    for cls in project.models.of(module):
        if cls.scope is not module.scope:
            continue
        line = cls.node.lineno
        if not isinstance(module.parents.get(cls.node), ast.Module):
            yield Refusal(
                "conditional-model", line, f"{cls.name} is defined in a branch: define it at the top"
            )
        elif project.models.is_abstract(cls) is None:
            message = (
                f"{cls.name}: its Meta does not tell whether it is abstract: write abstract = True or False"
            )
            yield Refusal("abstract-unknown", line, message)


def base_refusals(cls: Class, module: Module, project: Project) -> Iterator[Refusal]:
    """Why a model cannot get a base of its own."""
    name = f"Base{cls.name}"
    if name in module.scope.names:
        message = f"{name} is another thing here: rename it, or split with --no-base"
        yield Refusal("base-name-taken", cls.node.lineno, message)
    for one in project.models.ancestors(cls):
        if isinstance(one, Class) and "__init_subclass__" in one.body:
            message = f"{one.name}.__init_subclass__ would see Base{cls.name}, too: split with --no-base"
            yield Refusal("init-subclass", cls.node.lineno, message)
