"""The Tortoise configuration of a project: the dictionary with "connections" and "apps", written out."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ..analysis.source import SourceFile, UnreadableError, is_judged
from .changes import RefusedError


@dataclass(frozen=True)
class Label:
    """One of the "apps": its label, its models packages, and the list in the text that names them."""

    name: str
    modules: tuple[str, ...]
    node: ast.List | ast.Tuple
    migrations: str | None = None
    """The package of its built-in migrations, where it is written out."""


@dataclass(frozen=True)
class ConfigFile:
    """The file of the configuration, and its labels in their order."""

    path: Path
    labels: tuple[Label, ...]

    def label_of(self, module: str) -> Label | None:
        """The label that a models package is listed under."""
        return next((label for label in self.labels if module in label.modules), None)


def find_config(files: Iterable[SourceFile], root: Path, named: str | None) -> ConfigFile | None:
    """The configuration of a project. ``named`` is its dotted name, where a settings file tells it.

    Raises RefusedError where labels or models are computed or lacking, or where several files could be meant.
    """
    found = [pair for file in files if is_judged(file.path, root) for pair in _dictionaries(file)]
    if named is not None and len(found) > 1:
        ending = named.rpartition(".")[0].replace(".", "/") + ".py"
        found = [pair for pair in found if pair[0].path.as_posix().endswith(f"/{ending}")] or found
    if not found:
        return None
    if len(found) > 1:
        places = " and ".join(file.path.relative_to(root).as_posix() for file, *_ in found)
        setting = '[tool.tortoise] tortoise_orm = "config.tortoise.TORTOISE_ORM"'
        message = f"{places} configure Tortoise: name the right one in pyproject.toml, as in {setting}"
        raise RefusedError("several-configurations", found[0][0].path, message)
    file, apps = found[0]
    labels = tuple(_labels(file, apps))
    if not labels:
        message = '"apps" has no label: write one, as in "models": {"models": []}'
        raise RefusedError("no-label", file.path, message, apps.lineno)
    return ConfigFile(file.path, labels)


def _dictionaries(file: SourceFile) -> Iterator[tuple[SourceFile, ast.expr]]:
    if b"apps" not in file.data or b"connections" not in file.data:
        return
    try:
        tree = file.tree
    except UnreadableError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            keys = _items(node)
            if "apps" in keys and "connections" in keys:
                yield file, keys["apps"]


def _labels(file: SourceFile, apps: ast.expr) -> Iterator[Label]:
    value = _resolved(file.tree, apps)
    if not isinstance(value, ast.Dict) or len(_items(value)) < len(value.keys):
        raise _computed(file, apps)
    for name, app in _items(value).items():
        app = _resolved(file.tree, app)
        keys = _items(app) if isinstance(app, ast.Dict) else {}
        models = _resolved(file.tree, keys["models"]) if "models" in keys else None
        if not isinstance(models, ast.List | ast.Tuple):
            raise _computed(file, app)
        texts = [element.value for element in models.elts if isinstance(element, ast.Constant)]
        if len(texts) < len(models.elts):
            raise _computed(file, models)
        package = _resolved(file.tree, keys["migrations"]) if "migrations" in keys else None
        named = package.value if isinstance(package, ast.Constant) else None
        migrations = named if isinstance(named, str) else None
        yield Label(name, tuple(map(str, texts)), models, migrations)


def _computed(file: SourceFile, node: ast.expr) -> RefusedError:
    message = "labels or their models are computed here: write them out, the models as a list of texts"
    return RefusedError("computed-configuration", file.path, message, node.lineno)


def _items(node: ast.Dict) -> dict[str, ast.expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return {
        key.value: value
        for key, value in pairs
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def _resolved(tree: ast.Module, node: ast.expr) -> ast.expr:
    """What a name stands for that is assigned once at the top of the file."""
    if not isinstance(node, ast.Name):
        return node
    values = [
        statement.value
        for statement in tree.body
        if isinstance(statement, ast.Assign | ast.AnnAssign) and statement.value is not None
        for target in (statement.targets if isinstance(statement, ast.Assign) else [statement.target])
        if isinstance(target, ast.Name) and target.id == node.id
    ]
    return values[0] if len(values) == 1 else node
