"""Which models the configuration of a project registers, where it is written out in full.

A configuration is a dictionary with "connections" and "apps", or the ``modules=`` of ``Tortoise.init``
and of the ``register_tortoise`` functions. As soon as one of them is computed, nothing is known.
"""

from __future__ import annotations

import ast
import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from ..analysis.bound_values import bound_value
from ..analysis.import_paths import is_package
from ..analysis.modules import Class, External, Function, Module
from ..analysis.project import Project
from ..analysis.source import is_judged, is_migration
from ..analysis.syntax import argument, keyword
from .td006_re_export import is_computed

_INITS = frozenset({"init", "register_tortoise", "RegisterTortoise", "init_models", "generate_config"})
_CHANGES = frozenset({"append", "extend", "insert", "update", "setdefault", "pop", "remove"})
_CONFIGURES = re.compile(rf"\b(?:{'|'.join(sorted(_INITS))})\s*\(".encode())
_SPEAKS_OF_APPS = re.compile(rb"[\"']apps[\"']|\bapps\s*=|AppConfig")


class _UnknownError(Exception):
    """Something that the text does not tell."""


class App(NamedTuple):
    """What one configuration, a dictionary or a TortoiseConfig, says of an app label."""

    home: Module
    """The module that has the configuration."""
    modules: tuple[Module, ...]
    """The project's modules that it names."""
    first: str | None
    """The first module by its dotted name."""
    migrations: str | None
    """The dotted name of its migrations package; empty where the text does not tell it, None without one."""


class Registrations:
    """The modules that a project's configurations name, by app label."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.labels: dict[str, list[Module]] = defaultdict(list)
        self.installed: dict[str, set[str]] = defaultdict(set)
        """By app label the modules of installed packages."""
        self.apps: dict[str, list[App]] = defaultdict(list)
        """By app label what each written configuration says of it."""
        self.is_known = False
        """Is there a configuration, and is each one written out in full?"""
        self.is_absent = False
        """Is there none at all?"""
        self._classes: dict[str, list[Class]] = {}
        self._literals: list[tuple[Module, ast.expr]] = []
        self._names: set[str] = set()
        """The names that hold a configuration, or a part of one."""
        try:
            self._read()
            self.is_known, self.is_absent = bool(self.labels), not self.labels
        except _UnknownError:
            self.labels.clear()
            self.apps.clear()

    def registers(self, cls: Class) -> bool:
        """Does one of the modules have this class?"""
        return any(self._has(module, cls) for modules in self.labels.values() for module in modules)

    def has_model(self, label: str, name: str) -> bool:
        """Has an app a class of this name, or may it?"""
        if any(one != "aerich.models" for one in self.installed.get(label, ())):
            return True
        if name == "Aerich" and self.installed.get(label):
            return True
        return any(
            any(isinstance(entity, Class) for entity in module.exported(name))
            or is_computed(module, set())
            or any(cls.name == name for cls in self.classes(module))
            for module in self.labels.get(label, ())
        )

    def classes(self, module: Module) -> list[Class]:
        """The classes that a module has, defined or imported."""
        if module.key not in self._classes:
            found: dict[int, Class] = {}
            for name in _names_of(module):
                for entity in module.exported(name):
                    if isinstance(entity, Class):
                        found[id(entity)] = entity
            self._classes[module.key] = list(found.values())
        return self._classes[module.key]

    def _has(self, module: Module, cls: Class) -> bool:
        if cls in module.exported(cls.name) or cls in self.classes(module):
            return True
        folder = module.key.removesuffix("__init__.py")
        is_below = is_package(module.key) and cls.module.key.startswith(folder)
        return is_below and is_computed(module, set())

    # --- reading

    def _read(self) -> None:
        modules = [*self._of_interest()]
        for module in modules:
            for node in module.of_type(ast.Dict):
                keys = {key.value: value for key, value in _pairs(node)}
                if "apps" in keys and ("connections" in keys or "use_tz" in keys):
                    self._literals.append((module, node))
                    self._names |= _targets(module, node)
                    self._read_apps(module, keys["apps"])
            for call in module.calls_by_name.get("TortoiseConfig", ()):
                self._literals.append((module, call))
                self._names |= _targets(module, call)
                self._read_apps(module, keyword(call, "apps"))
        for module in modules:
            for name in _INITS:
                for call in module.calls_by_name.get(name, ()):
                    if module.tortoise_name(call.func) is not None:
                        self._read_call(module, name, call)
        if any(self._is_changed(module) for module in self._naming()):
            raise _UnknownError

    def _of_interest(self) -> Iterator[Module]:
        """The modules that may configure Tortoise or change a configuration; those of tests don't count."""
        for key, file in sorted(self.project.files.items()):
            if not (_may_configure(file.data) and self._counts(key)):
                continue
            module = self.project.resolver.module(key)
            if module is not None:
                yield module

    def _counts(self, key: str) -> bool:
        """Is a file none of the tests? A configuration may lie beside Aerich's migrations."""
        path, root = Path(key), self.project.root
        return is_judged(path, root) or is_migration(path, root)

    def _read_call(self, module: Module, name: str, call: ast.Call) -> None:
        if any(keyword.arg is None for keyword in call.keywords) or any(
            isinstance(argument, ast.Starred) for argument in call.args
        ):
            raise _UnknownError
        given = {str(keyword.arg): keyword.value for keyword in call.keywords}
        if name == "init_models":
            named = given.get("models_paths") or (call.args[0] if call.args else None)
            app = given.get("app_label") or (call.args[1] if len(call.args) > 1 else None)
            self._read_modules(module, _text(module, app), named)
            return
        if "config_file" in given:
            raise _UnknownError
        modules = given.get("modules") or given.get("app_modules")
        if modules is not None:
            for label, paths in self._items(module, modules):
                self._read_modules(module, label, paths)
            return
        position = 0 if name == "init" else 1
        config = given.get("config") or (call.args[position] if len(call.args) > position else None)
        if name == "generate_config" or (config is not None and not self._is_literal(module, config)):
            raise _UnknownError

    def _is_literal(self, module: Module, config: ast.expr) -> bool:
        """Is a configuration one of those that are written out?"""
        if any(node is config for _, node in self._literals):
            return True
        if isinstance(config, ast.Call):
            bodies = [entity.node for entity in module.meanings(config.func) if isinstance(entity, Function)]
            return any(node in ast.walk(body) for body in bodies for _, node in self._literals)
        last = getattr(config, "attr", None) or getattr(config, "id", None)
        return last in self._names

    def _read_apps(self, module: Module, apps: ast.expr | None) -> None:
        for label, app in self._items(module, apps):
            value = bound_value(module, app)
            if isinstance(value, ast.Call):
                models, migrations = argument(value, "models", 0), keyword(value, "migrations")
            else:
                items = dict(self._items(module, value))
                models, migrations = items.get("models"), items.get("migrations")
            found = self._read_modules(module, label, models)
            own = tuple(one for one in found if isinstance(one, Module))
            first = next(self._elements(module, models), None)
            said = App(module, own, _known_text(module, first), _known_text(module, migrations))
            self.apps[label].append(said)

    def _items(self, module: Module, node: ast.expr | None) -> list[tuple[str, ast.expr]]:
        """The entries of a dictionary, each with its key."""
        value = bound_value(module, node)
        if not isinstance(value, ast.Dict) or any(key is None for key in value.keys):
            raise _UnknownError
        if isinstance(node, ast.Name):
            self._names.add(node.id)
        return [(_text(module, key), item) for key, item in zip(value.keys, value.values, strict=True)]

    def _read_modules(self, module: Module, label: str, node: ast.expr | None) -> list[Module | str]:
        named = [self._module(module, element) for element in self._elements(module, node)]
        for found in named:
            if isinstance(found, Module):
                self.labels[label].append(found)
            else:
                self.labels[label] += []
                self.installed[label].add(found)
        return named

    def _elements(self, module: Module, node: ast.expr | None) -> Iterator[ast.expr]:
        """The elements of a list of modules."""
        if isinstance(node, ast.Name):
            self._names.add(node.id)
        match bound_value(module, node):
            case ast.List(elts=elements) | ast.Tuple(elts=elements) | ast.Set(elts=elements):
                for element in elements:
                    if isinstance(element, ast.Starred):
                        yield from self._elements(module, element.value)
                    else:
                        yield element
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                yield from self._elements(module, left)
                yield from self._elements(module, right)
            case _:
                raise _UnknownError

    def _module(self, module: Module, node: ast.expr) -> Module | str:
        """The module that an element of the list means; a name for one of an installed package."""
        if isinstance(node, ast.Name) and node.id == "__name__":
            return module
        owner = node.value if isinstance(node, ast.Attribute) and node.attr == "__name__" else node
        if isinstance(owner, (ast.Name, ast.Attribute)):
            for entity in module.meanings(owner):
                if isinstance(entity, Module):
                    return entity
                if isinstance(entity, External) and owner is not node:
                    return entity.name
        dotted = _text(module, node)
        if dotted == "__main__":
            return module
        paths = self.project.resolver.import_paths
        found = self.project.resolver.module(paths.find(module.key, dotted, 0))
        if found is not None:
            return found
        top = dotted.partition(".")[0]
        if any(f"{os.sep}{top}{os.sep}" in key or key.endswith(f"{os.sep}{top}.py") for key in paths.paths):
            raise _UnknownError  # it is in the project, yet where?
        return dotted

    def _naming(self) -> Iterator[Module]:
        """The modules that may hold one of the names of a configuration."""
        names = [name.encode() for name in self._names]
        for key, file in sorted(self.project.files.items()):
            if any(name in file.data for name in names) and self._counts(key):
                module = self.project.resolver.module(key)
                if module is not None:
                    yield module

    def _is_changed(self, module: Module) -> bool:
        """Does a module change a configuration after it was written out?"""
        for name in _CHANGES:
            for call in module.calls_by_name.get(name, ()):
                if isinstance(call.func, ast.Attribute) and self._roots_in_config(call.func.value):
                    return True
        parts: list[ast.expr] = [
            t for one in module.of_type(ast.Assign) for t in one.targets if isinstance(t, ast.Subscript)
        ]
        parts += [one.target for one in module.of_type(ast.AugAssign)]
        return any(self._roots_in_config(part) for part in parts)

    def _roots_in_config(self, node: ast.expr) -> bool:
        if isinstance(node, (ast.Name, ast.Attribute)):
            return (node.attr if isinstance(node, ast.Attribute) else node.id) in self._names
        return isinstance(node, ast.Subscript) and self._roots_in_config(node.value)


def _may_configure(data: bytes) -> bool:
    """Can a file configure Tortoise, or change a configuration? Words are searched first: that is fast."""
    if b"ortoise" in data and _CONFIGURES.search(data) is not None:
        return True
    return (b"apps" in data or b"AppConfig" in data) and _SPEAKS_OF_APPS.search(data) is not None


def _pairs(node: ast.Dict) -> Iterator[tuple[ast.Constant, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant):
            yield key, value


def _targets(module: Module, node: ast.expr) -> set[str]:
    """The names that a value is assigned to."""
    parent = module.parents.get(node)
    targets = parent.targets if isinstance(parent, ast.Assign) else [getattr(parent, "target", None)]
    names = (getattr(target, "attr", None) or getattr(target, "id", None) for target in targets)
    return {name for name in names if name}


def _text(module: Module, node: ast.expr | None) -> str:
    value = bound_value(module, node)
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        return value.value
    raise _UnknownError


def _known_text(module: Module, node: ast.expr | None) -> str | None:
    """A text; empty where it is not written, None where there is none."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return None
    try:
        return _text(module, node)
    except _UnknownError:
        return ""


def _names_of(module: Module) -> set[str]:
    """The names that a module binds, and those that it has by star imports."""
    names: set[str] = set()
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        one = waiting.pop()
        if one.key in seen:
            continue
        seen.add(one.key)
        names.update(one.scope.names)
        for statement in one.scope.stars:
            targets = one.resolver.imported(one, statement.module, statement.level)
            waiting += [target for target in targets if isinstance(target, Module)]
    return names
