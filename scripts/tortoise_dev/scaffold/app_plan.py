"""``scaffold app``: the packages of a sub-application, and its routes in the application."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from pathlib import Path

from ..about import command
from ..analysis.source import SourceFile, is_judged
from .changes import Plan, RefusedError, read
from .python_edits import add_import_as, add_statement, with_elements
from .survey import Survey

PARTS = {
    "models": '"""Each concrete model with its abstract base."""',
    "schemas": '"""Input and output of the API. A new column does not appear by itself."""',
    "services": '"""What can be done: rules and transactions."""',
}
ALL_PARTS = (*PARTS, "routers")
_ROUTERS = {
    "fastapi": """\
\"""The HTTP routes of the sub-application.\"""

from fastapi import APIRouter

router = APIRouter()

__all__ = ["router"]
""",
    "starlette": """\
\"""The HTTP routes of the sub-application.\"""

from starlette.routing import Route

routes: list[Route] = []

__all__ = ["routes"]
""",
}


def plan_app(survey: Survey, name: str) -> Plan:
    """The files of a sub-application that are missing. Raises RefusedError."""
    plan = Plan()
    add_app(plan, survey, name)
    first = f"{command('scaffold')} model {name} MODEL FIELD…"
    plan.next.append(f"{first}: the first model registers {survey.app(name)}.models")
    return plan


def add_app(plan: Plan, survey: Survey, name: str, parts: Collection[str] = ALL_PARTS) -> None:
    """Put the missing packages of a sub-application into a plan, and its routes into the application."""
    folder = survey.apps_folder / name
    single = folder / "models.py"
    if single.exists():
        raise RefusedError(
            "models-file", single, f"the models are in one file: run {command('split')} on it first"
        )
    for part in parts:
        _refuse_hidden_module(folder, part)
    if _are_packages(survey.apps_folder, besides=name):
        plan.create(folder / "__init__.py", f'"""{name.replace("_", " ").capitalize()}."""\n')
    for part, docstring in PARTS.items():
        if part in parts:
            plan.create(folder / part / "__init__.py", f"{docstring}\n")
    if survey.framework is not None and "routers" in parts:
        routers, empty = folder / "routers" / "__init__.py", _ROUTERS[survey.framework]
        plan.create(routers, empty)
        if plan.text_of(routers) == empty:
            edit_application(plan, survey, name)


def _refuse_hidden_module(folder: Path, part: str) -> None:
    """Raises RefusedError if the part is a module, which a new package of the same name would hide."""
    module = folder / f"{part}.py"
    if module.exists() and not (folder / part).is_dir():
        way_out = " (or give --no-schemas)" if part == "schemas" else ""
        message = f"a package {part}/ would hide this file: move it to {part}/__init__.py first{way_out}"
        raise RefusedError("hidden-module", module, message)


def _are_packages(apps: Path, besides: str) -> bool:
    """Has each of the other sub-applications an ``__init__.py``?"""
    there = [models.parent for models in apps.glob("*/models") if models.is_dir()]
    return all((folder / "__init__.py").exists() for folder in there if folder.name != besides)


def edit_application(plan: Plan, survey: Survey, name: str) -> None:
    """Include the routes of a sub-application in the application, or say that it has to be done."""
    routers = f"{survey.app(name)}.routers"
    kind = {"fastapi": "FastAPI", "starlette": "Starlette"}[survey.framework or "fastapi"]
    files = [file for file in survey.project.files.values() if _makes(file, kind, survey.root)]
    edited = None
    if len(files) == 1:
        before = read(files[0].path)
        included = _with_router if kind == "FastAPI" else _with_routes
        edited = included(before, routers, name, survey)
        if edited is not None:
            plan.edit(files[0].path, before, edited)
    if edited is None:
        what = "router" if kind == "FastAPI" else "routes"
        plan.next.append(f"include {what} of {routers} in your application")


def _makes(file: SourceFile, kind: str, root: Path) -> bool:
    """Does a file make the application, at its top?"""
    is_app = re.search(rf"(?m)^\w+(?:\s*:\s*\w+)?\s*=\s*{kind}\(".encode(), file.data) is not None
    return is_app and is_judged(file.path, root)


def _with_router(source: str, routers: str, name: str, survey: Survey) -> str | None:
    """``app.include_router(billing)`` behind the last one; None where there is no place for it."""
    tree = ast.parse(source)
    if _imports_from(tree, routers):
        return source
    app = next((one for one in tree.body if _is_made_by(one, "FastAPI")), None)
    if not isinstance(app, ast.Assign) or not isinstance(app.targets[0], ast.Name):
        return None
    alias, application = _free_name(tree, name), app.targets[0].id
    included = f"{application}.include_router("
    text = add_statement(
        source,
        f"{included}{alias})",
        lambda one: one is app or ast.unparse(one).startswith(included) or _is_made_by(one, "FastAPI"),
    )
    return add_import_as(text, routers, "router", alias, survey.own_modules)


def _with_routes(source: str, routers: str, name: str, survey: Survey) -> str | None:
    """``*billing`` in the list ``routes``; None where there is no such list."""
    tree = ast.parse(source)
    if _imports_from(tree, routers):
        return source
    for statement in tree.body:
        if isinstance(statement, ast.Assign | ast.AnnAssign) and isinstance(statement.value, ast.List):
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            if any(isinstance(target, ast.Name) and target.id == "routes" for target in targets):
                alias = _free_name(tree, name)
                old = [ast.get_source_segment(source, one) or "" for one in statement.value.elts]
                text = with_elements(source, statement.value, [*old, f"*{alias}"], survey.width)
                return add_import_as(text, routers, "routes", alias, survey.own_modules)
    return None


def _is_made_by(node: ast.stmt, kind: str) -> bool:
    value = getattr(node, "value", None)
    return isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id == kind


def _imports_from(tree: ast.Module, module: str) -> bool:
    return any(isinstance(node, ast.ImportFrom) and node.module == module for node in ast.walk(tree))


def _free_name(tree: ast.Module, name: str) -> str:
    """A name for the routes that the file does not use yet."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    used |= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return f"{name}_routes" if name in used else name
