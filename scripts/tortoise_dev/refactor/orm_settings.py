"""Where a project keeps the settings of Tortoise, and what a module is called, as far as the text tells."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..analysis.modules import Module
from ..analysis.project import Project
from ..toml_text import pyproject_of, tool_table

_INITS = ("init", "register_tortoise", "RegisterTortoise", "tortoise_test_context", "generate_config")


def dotted_name(path: Path, project: Project) -> tuple[str, Path]:
    """The name that the project imports a module by, and the folder that it is imported from.

    That is the longest one which stands in quotes or in an import; else its place in the outermost package.
    """
    inside = path.with_suffix("").relative_to(project.root).parts
    for start in range(len(inside) - 1):
        name = ".".join(inside[start:])
        pattern = re.compile(
            rb"[\"']"
            + re.escape(name.encode())
            + rb"[\"']|(from|import)\s+"
            + re.escape(name.encode())
            + rb"\b"
        )
        if project.mentions(pattern):
            return name, project.root.joinpath(*inside[:start])
    package = project.resolver.import_paths.outermost_package(str(path))
    folder = Path(package).parent if package else path.parent
    return ".".join(path.with_suffix("").relative_to(folder).parts), folder


def settings_of(project: Project, name: str) -> list[dict[str, Any]]:
    """The places that may hold the settings, the likeliest first; the last is a guess."""
    found: list[dict[str, Any]] = [*_named(project.root)]
    calls: list[dict[str, Any]] = []
    for key, file in sorted(project.files.items()):
        has_literal = b"connections" in file.data and b"apps" in file.data
        has_call = b"modules" in file.data and b"ortoise" in file.data
        module = project.resolver.module(key) if has_literal or has_call else None
        if module is not None:
            found += _literals(module, project)
            calls += _calls(module, name)
    unique = [one for number, one in enumerate([*found, *calls]) if one not in [*found, *calls][:number]]
    return [*unique, {"config": _config({_label(project): [name]})}]


def _named(root: Path) -> Iterator[dict[str, Any]]:
    """What pyproject.toml says to Aerich or to Tortoise's own commands."""
    document = pyproject_of(root)
    for name in ("tortoise", "aerich"):
        value = (tool_table(document, name) or {}).get("tortoise_orm")
        if isinstance(value, str) and "." in value:
            home, _, attribute = value.rpartition(".")
            yield {"module": home, "name": attribute}


def _literals(module: Module, project: Project) -> Iterator[dict[str, Any]]:
    """The names at module level whose value holds ``connections`` and ``apps``."""
    home, _ = dotted_name(module.path, project) if module.path.is_relative_to(project.root) else ("", None)
    for statement in module.root.body:
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            words = {
                one.value
                for one in ast.walk(statement.value)
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            }
            words |= {
                one.arg for one in ast.walk(statement.value) if isinstance(one, ast.keyword) and one.arg
            }
            if {"connections", "apps"} <= words and isinstance(targets[0], ast.Name):
                yield {"module": home.removesuffix(".__init__"), "name": targets[0].id}


def _calls(module: Module, name: str) -> Iterator[dict[str, Any]]:
    """The ``modules=`` of calls that register models, where they are written out and name the module."""
    for called in _INITS:
        for call in module.calls_by_name.get(called, ()):
            for keyword in call.keywords:
                if keyword.arg == "modules":
                    modules = _written_out(keyword.value)
                    if any(name in one for one in modules.values()):
                        yield {"config": _config(modules)}


def _written_out(value: ast.expr) -> dict[str, list[str]]:
    """The lists of modules by label; empty where they are not written out."""
    try:
        modules = ast.literal_eval(value)
        return {label: list(one) for label, one in modules.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _config(modules: dict[str, list[str]]) -> dict[str, Any]:
    apps = {label: {"models": names, "default_connection": "default"} for label, names in modules.items()}
    return {"connections": {"default": "sqlite://:memory:"}, "apps": apps}


def _label(project: Project) -> str:
    """The label that most relations name."""
    labels: dict[str, int] = {}
    for file in project.files.values():
        for label in re.findall(rb"(?:Field|Relation)\w*\(\s*[\"'](\w+)\.\w+[\"']", file.data):
            labels[label.decode()] = labels.get(label.decode(), 0) + 1
    return max(labels, key=lambda one: labels[one], default="models")
