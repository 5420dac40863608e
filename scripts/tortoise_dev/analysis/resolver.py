"""What the names of a project refer to: imports followed across files, star imports, aliases and branches.

Nothing is executed. Where a name has several meanings (the branches of an ``if``), all of them are given.
A file is parsed when a name leads into it. The files don't change while a project is looked at, so that every
answer holds for good.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Mapping

from .import_paths import ImportPaths
from .modules import Class, Entity, External, Function, Module, unquoted
from .scopes import Binding, Position, Scope
from .source import SourceFile, UnreadableError


class Resolver:
    """Modules by the path of their file, and the meanings of their names."""

    def __init__(self, files: Mapping[str, SourceFile]) -> None:
        self.files = files
        self.import_paths = ImportPaths(files)
        self.problems: dict[str, UnreadableError] = {}
        """Why a file that was to be parsed could not be."""
        self._modules: dict[str, Module | None] = {}
        self._names: dict[tuple[Scope, str, int], list[Entity]] = {}
        self.exports: dict[tuple[str, str], list[Entity]] = {}
        """What modules give to others, by path and name, as far as it was asked for."""
        self._imports: dict[tuple[str, str, int], list[External | Module]] = {}
        self._holding: dict[str, list[SourceFile]] = {}

    def holding(self, word: str) -> list[SourceFile]:
        """The files in whose text a word stands."""
        if word not in self._holding:
            sought = os.fsencode(word)
            self._holding[word] = [file for file in self.files.values() if sought in file.data]
        return self._holding[word]

    def module(self, key: str | None) -> Module | None:
        """The module of a file, parsed now if it was not before; None where there is none or it cannot be."""
        if key is None or key not in self.files:
            return None
        if key not in self._modules:
            self._modules[key] = self._parsed(key)
        return self._modules[key]

    def _parsed(self, key: str) -> Module | None:
        try:
            return Module(self.files[key], self)
        except UnreadableError as error:
            self.problems[key] = error
        except RecursionError:
            self.problems[key] = UnreadableError("is nested too deeply to be read")
        return None

    def meanings(self, module: Module, expression: ast.expr, scope: Scope | None) -> list[Entity]:
        """What a name, a dotted name or a subscript of one refers to; nothing where that is not known.

        Modules keep the answers: ask them.
        """
        while isinstance(expression, ast.Subscript):  # Base[int]
            expression = expression.value
        if scope is None and not _may_refer(module, expression):
            return []
        if isinstance(expression, ast.Attribute):
            return self._members(module.meanings(expression.value, scope), expression.attr)
        scope = scope or module.scope_of(expression)
        if isinstance(expression, ast.Name):
            return self._named(module, expression, scope)
        at = (expression.lineno, expression.col_offset)
        return _unique(_Search(self).expression(module, expression, scope, at))

    def _named(self, module: Module, name: ast.Name, scope: Scope) -> list[Entity]:
        """What a name refers to: found out once for each scope that binds it, not for each use."""
        place = scope.lookup(name.id, (name.lineno, name.col_offset))
        bindings = place[0].bound_before(name.id, place[1]) if place is not None else 0
        key = (place[0] if place is not None else module.scope, name.id, bindings)
        if key not in self._names:
            search = _Search(self)
            self._names[key] = _unique(
                search.starred(module, name.id)
                if place is None
                else search.bindings(module, name.id, place[0], place[1])
            )
        return self._names[key]

    def known(self, scope: Scope, name: str, until: Position | None) -> list[Entity] | None:
        """What a name that a scope binds refers to, if that was asked before."""
        return self._names.get((scope, name, scope.bound_before(name, until)))

    def _members(self, owners: list[Entity], name: str) -> list[Entity]:
        if not owners:
            return []
        return _unique([entity for owner in owners for entity in _Search(self).member(owner, name)])

    def exported(self, module: Module, name: str) -> list[Entity]:
        """What other modules get when they import ``name`` from a module."""
        key = (module.key, name)
        if key not in self.exports:
            self.exports[key] = _unique(_Search(self).export(module, name))
        return self.exports[key]

    def bound(self, module: Module, name: str, binding: Binding, scope: Scope) -> list[Entity]:
        """What one binding of a name in a scope of a module refers to."""
        return _unique(_Search(self).binding(module, name, binding, scope))

    def imported(self, importer: Module, dotted: str | None, level: int) -> list[External | Module]:
        """The module that an import statement names: of the project, else an External."""
        key = (importer.key, dotted or "", level)
        if key not in self._imports:
            self._imports[key] = self._imported(*key)
        return self._imports[key]

    def _imported(self, importer: str, dotted: str, level: int) -> list[External | Module]:
        if level == 0 and dotted.partition(".")[0] == "tortoise":
            return [External(dotted)]
        path = self.import_paths.find(importer, dotted, level)
        module = self.module(path)
        if module is not None:
            return [module]
        return [External(dotted)] if level == 0 and dotted and path is None else []


class _Search:
    """One question to the resolver, followed to its end; what has been followed is not followed again."""

    def __init__(self, resolver: Resolver) -> None:
        self.resolver = resolver
        self.seen: set[tuple[str, str, Position | None]] = set()
        self.cuts = 0  # how often something was not followed for the second time

    def expression(
        self, module: Module, expression: ast.expr, scope: Scope, at: Position | None
    ) -> list[Entity]:
        """What an expression at a position refers to."""
        while isinstance(expression, ast.Subscript):  # Base[int]
            expression = expression.value
        match expression:
            case ast.Name(id=name):
                return self.name(module, name, scope, at)
            case ast.Attribute(value=value, attr=attribute):
                owners = _unique(self.expression(module, value, scope, at))
                return [entity for owner in owners for entity in self.member(owner, attribute)]
            case ast.IfExp(body=body, orelse=orelse):
                return [
                    *self.expression(module, body, scope, at),
                    *self.expression(module, orelse, scope, at),
                ]
            case ast.Constant(value=str(text)):
                inner = unquoted(text)
                if isinstance(inner, (ast.Name, ast.Attribute, ast.Subscript)):
                    return self.expression(module, inner, scope, None)
        return []

    def name(self, module: Module, name: str, scope: Scope, at: Position | None) -> list[Entity]:
        """A name as code in ``scope`` at ``at`` sees it."""
        place = scope.lookup(name, at)
        return self.starred(module, name) if place is None else self.bindings(module, name, *place)

    def bindings(self, module: Module, name: str, scope: Scope, until: Position | None) -> list[Entity]:
        """What a name that a scope binds refers to at a position.

        A chain of names for one thing is followed in a loop: it may be longer than Python's stack.
        """
        found: list[Entity] = []
        waiting = [(name, binding, scope) for binding in reversed(scope.reaching(name, until))]
        while waiting:
            name, binding, here = waiting.pop()
            if isinstance(binding.value, ast.Name):
                place = here.lookup(binding.value.id, binding.position)
                if place is not None:
                    alias, (around, until) = binding.value.id, place
                    known = self.resolver.known(around, alias, until)
                    if known is not None:
                        found += known
                    elif self._is_new(module, name, binding.position):
                        waiting += [(alias, one, around) for one in reversed(around.reaching(alias, until))]
                    continue
            found += self.binding(module, name, binding, here)
        return found

    def _is_new(self, module: Module, name: str, position: Position | None) -> bool:
        key = (module.key, name, position)
        if key in self.seen:
            self.cuts += 1
            return False
        self.seen.add(key)
        return True

    def binding(self, module: Module, name: str, binding: Binding, scope: Scope) -> list[Entity]:
        """What one binding of a name refers to."""
        node = binding.node
        if not binding.is_followed or not self._is_new(module, name, binding.position):
            return []
        match node:
            case ast.ClassDef():
                return [module.class_of(node, scope)]
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                return [Function(module, node, scope)]
            case ast.ImportFrom():
                return [
                    entity
                    for alias in node.names
                    if (alias.asname or alias.name) == name
                    for entity in self.imported_name(module, node, alias.name)
                ]
            case ast.Import():
                return [
                    entity for alias in node.names for entity in self.imported_module(module, alias, name)
                ]
        assert binding.value is not None
        return self.expression(module, binding.value, scope, binding.position)

    def imported_module(self, importer: Module, alias: ast.alias, name: str) -> list[Entity]:
        """What ``import a.b`` or ``import a.b as c`` binds a name to."""
        if alias.asname == name:
            return [*self.resolver.imported(importer, alias.name, 0)]
        if alias.asname or alias.name.partition(".")[0] != name:
            return []
        return [
            External(name, importer) if "." in alias.name and isinstance(target, External) else target
            for target in self.resolver.imported(importer, name, 0)
        ]

    def imported_name(self, importer: Module, statement: ast.ImportFrom, name: str) -> list[Entity]:
        """What ``from … import name`` brings: a name of that module, or a submodule of it."""
        targets = self.resolver.imported(importer, statement.module, statement.level)
        found = [entity for t in targets if isinstance(t, Module) for entity in self.export(t, name)]
        if found:
            return found
        if statement.level or (statement.module or "").partition(".")[0] != "tortoise":
            dotted = f"{statement.module}.{name}" if statement.module else name
            path = self.resolver.import_paths.find(importer.key, dotted, statement.level)
            submodule = self.resolver.module(path)
            if submodule is not None:
                return [submodule]
        return [External(f"{target.name}.{name}") for target in targets if isinstance(target, External)]

    def export(self, module: Module, name: str) -> list[Entity]:
        """What other modules get when they import a name from a module; kept if nothing cut it short."""
        known = self.resolver.exports.get((module.key, name))
        if known is not None:
            return known
        if not self._is_new(module, name, None):
            return []
        before = self.cuts
        found = self.bindings(module, name, module.scope, None) or self.starred(module, name)
        if not found and module.is_package:
            folder = module.key.removesuffix("__init__.py")[:-1]
            submodule = self.resolver.module(self.resolver.import_paths.at(folder, [name]))
            found = [submodule] if submodule is not None else []
        if self.cuts == before:
            self.resolver.exports[module.key, name] = _unique(found)
        return found

    def starred(self, module: Module, name: str) -> list[Entity]:
        """What a name refers to that a module has from a star import."""
        found: list[Entity] = []
        for statement in module.scope.stars:
            for target in self.resolver.imported(module, statement.module, statement.level):
                if isinstance(target, Module):
                    found += self.export(target, name) if target.offers(name) else []
                elif target.name.partition(".")[0] == "tortoise":
                    found.append(External(f"{target.name}.{name}"))
        return found

    def member(self, owner: Entity, name: str) -> list[Entity]:
        """What an attribute of something refers to."""
        match owner:
            case External(name=package, importer=None):
                return [External(f"{package}.{name}")]
            case External(name=folder, importer=Module() as importer):
                dotted = f"{folder}.{name}"
                return [
                    External(dotted, importer) if isinstance(target, External) else target
                    for target in self.resolver.imported(importer, dotted, 0)
                ]
            case Module():
                return self.export(owner, name)
            case Class() if name in owner.body:
                return self.bindings(owner.module, name, owner.body, None)
        return []


def _may_refer(module: Module, expression: ast.expr) -> bool:
    """Can an expression refer to something at all? Most cannot, and a look at the first name tells."""
    while isinstance(expression, (ast.Attribute, ast.Subscript)):
        expression = expression.value
    if isinstance(expression, ast.Name):
        return module.referring is None or expression.id in module.referring
    return isinstance(expression, (ast.IfExp, ast.Constant))


def _unique(entities: list[Entity]) -> list[Entity]:
    if len(entities) < 2:
        return entities
    found: dict[object, Entity] = {}
    for entity in entities:
        key = entity if isinstance(entity, External) else id(getattr(entity, "node", entity))
        found.setdefault(key, entity)
    return list(found.values())
