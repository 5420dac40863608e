"""Modules and what their names mean: imports resolved across files, star imports, aliases and branches.

Nothing is executed. Where a name has several meanings (the branches of an ``if``), all of them are given.
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias, TypeVar

from .files import SourceFile, UnreadableError

Function: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
Node = TypeVar("Node", bound=ast.AST)
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)


@dataclass(frozen=True)
class External:
    """Something of a package that is not part of the project: ``tortoise.models.Model``."""

    name: str


@dataclass(frozen=True)
class Namespace(External):
    """A folder of the project without ``__init__.py``, as far as a dotted name has led."""

    importer: Module = field(repr=False)


@dataclass(eq=False)
class Class:
    """A class of the project, wherever it is defined."""

    module: Module
    node: ast.ClassDef
    scope: Scope = field(repr=False)

    @property
    def name(self) -> str:
        """Its own name."""
        return self.node.name

    @cached_property
    def body(self) -> Scope:
        """The names that its body binds."""
        return Scope(self.module, self.node, self.scope)


@dataclass(eq=False)
class Callable:
    """A function of the project."""

    module: Module
    node: Function
    scope: Scope = field(repr=False)


Entity: TypeAlias = "External | Class | Callable | Module"


@dataclass(eq=False)
class Binding:
    """One place where a name gets a meaning. ``value`` is what is bound, None for what is not followed."""

    node: ast.AST
    position: tuple[int, int]
    sure: bool
    value: ast.expr | None = None


class Scope:
    """The names that a module, a class or a function binds."""

    def __init__(self, module: Module, node: ast.AST, parent: Scope | None) -> None:
        self.module = module
        self.node = node
        self.parent = parent
        self.names: dict[str, list[Binding]] = defaultdict(list)
        self.stars: list[ast.ImportFrom] = []
        self.elsewhere: set[str] = set()  # global and nonlocal names
        if isinstance(node, (*FUNCTIONS, ast.Lambda)):
            for argument in _arguments(node.args):
                self._bind(argument.arg, argument, True)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            self._read(node.body, True)

    def __contains__(self, name: str) -> bool:
        return name in self.names

    def _bind(self, name: str, node: ast.AST, sure: bool, value: ast.expr | None = None) -> None:
        position = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        self.names[name].append(Binding(node, position, sure, value))

    def _read(self, body: Iterable[ast.stmt], sure: bool) -> None:
        for statement in body:
            match statement:
                case ast.Import(names=names):
                    for alias in names:
                        self._bind(alias.asname or alias.name.partition(".")[0], statement, sure)
                case ast.ImportFrom(names=names):
                    for alias in names:
                        if alias.name == "*":
                            self.stars.append(statement)
                        else:
                            self._bind(alias.asname or alias.name, statement, sure)
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    self._bind(statement.name, statement, sure)
                case ast.Assign(targets=targets, value=value):
                    for target in targets:
                        self._bind_target(target, statement, sure, value)
                case ast.AnnAssign(target=target, value=value):
                    if value is not None or isinstance(self.node, FUNCTIONS):
                        self._bind_target(target, statement, sure, value)
                case ast.AugAssign(target=target):
                    self._bind_target(target, statement, sure, None)
                case ast.Global(names=names) | ast.Nonlocal(names=names):
                    self.elsewhere.update(names)
                case ast.For(target=target) | ast.AsyncFor(target=target):
                    self._bind_target(target, statement, False, None)
                case ast.With(items=items) | ast.AsyncWith(items=items):
                    for item in items:
                        if item.optional_vars is not None:
                            self._bind_target(item.optional_vars, statement, sure, None)
                case _:
                    pass
            always = sure and isinstance(statement, ast.With | ast.AsyncWith)
            for part in _bodies(statement):
                self._read(part, always)
            for handler in getattr(statement, "handlers", ()):
                if handler.name:
                    self._bind(handler.name, handler, False)
                self._read(handler.body, False)
            for case in getattr(statement, "cases", ()):
                for node in ast.walk(case.pattern):
                    if isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
                        self._bind(node.name, node, False)
                    elif isinstance(node, ast.MatchMapping) and node.rest:
                        self._bind(node.rest, node, False)
                self._read(case.body, False)

    def _bind_target(self, target: ast.expr, node: ast.stmt, sure: bool, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, node, sure, value)
        elif isinstance(target, ast.Tuple | ast.List):
            for element in target.elts:
                self._bind_target(element, node, sure, None)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, node, sure, None)


def _arguments(arguments: ast.arguments) -> Iterator[ast.arg]:
    yield from (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    yield from (one for one in (arguments.vararg, arguments.kwarg) if one is not None)


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
        return
    for name in ("body", "orelse", "finalbody"):
        part = getattr(statement, name, None)
        if part:
            yield part


class Module:
    """One parsed file and the meanings of its names."""

    def __init__(self, file: SourceFile, tree: ast.Module, library: Library) -> None:
        self.file = file
        self.tree = tree
        self.library = library
        self.scope = Scope(self, tree, None)
        self._scopes: dict[ast.AST, Scope] = {tree: self.scope}
        self._known: dict[tuple[ast.expr | str, Scope | None, bool], list[Entity]] = {}

    @property
    def path(self) -> Path:
        """The absolute path of its file."""
        return self.file.path

    @property
    def is_package(self) -> bool:
        """Is it the ``__init__.py`` of a package?"""
        return self.path.name == "__init__.py"

    @cached_property
    def _tree_index(self) -> _Index:
        return _Index(self.tree)

    @property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node of the tree."""
        return self._tree_index.parents

    @property
    def nodes(self) -> list[ast.AST]:
        """Every node of the tree, in the order of the text."""
        return self._tree_index.nodes

    def of_type(self, *kinds: type[Node]) -> list[Node]:
        """The nodes of these kinds, kind after kind, each in the order of the text."""
        return [node for kind in kinds for node in self._tree_index.by_type[kind]]  # type: ignore[misc]

    @property
    def functions(self) -> list[Function]:
        """Every function of the file, methods and nested ones too."""
        return [node for node in self.nodes if isinstance(node, FUNCTIONS)]

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around ``node``, from the inside out."""
        parents = self.parents
        while (parent := parents.get(node)) is not None:
            yield parent
            node = parent

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope in which the names that ``node`` uses are looked up first.

        For a function or class that is the one *around* it; see ``inside`` for its own.
        """
        owner = self._tree_index.owners.get(node)
        return self.inside(owner) if owner is not None else self.scope

    def inside(self, node: ast.AST) -> Scope:
        """The scope that a function, class or lambda opens."""
        if node not in self._scopes:
            self._scopes[node] = Scope(self, node, self.scope_of(node))
        return self._scopes[node]

    def inner_bindings(self, scope: Scope) -> list[ast.comprehension | ast.NamedExpr]:
        """The comprehensions and ``:=`` of a scope: they bind names in the midst of expressions."""
        return self._tree_index.bindings.get(scope.node, [])

    @cached_property
    def classes(self) -> list[Class]:
        """Every class of the file, nested ones too, in the order of the text."""
        return [self.class_of(node) for node in self.of_type(ast.ClassDef)]

    def class_of(self, node: ast.ClassDef) -> Class:
        """The class that a ``class`` statement of this file defines."""
        if node not in self._classes:
            self._classes[node] = Class(self, node, self.scope_of(node))
        return self._classes[node]

    @cached_property
    def _classes(self) -> dict[ast.ClassDef, Class]:
        return {}

    # --- what a name means

    def meanings(self, expression: ast.expr, scope: Scope | None = None) -> list[Entity]:
        """What a name, a dotted name or a subscript of one refers to; nothing where that is not known."""
        key = (expression, scope, self.library.is_open)
        if key not in self._known:
            at = (expression.lineno, expression.col_offset) if hasattr(expression, "lineno") else None
            self._known[key] = _unique(
                self._meanings(expression, scope or self.scope_of(expression), at, set())
            )
        return self._known[key]

    def exported(self, name: str) -> list[Entity]:
        """What other modules get when they import ``name`` from here."""
        key = (name, None, self.library.is_open)
        if key not in self._known:
            self._known[key] = _unique(self._exported(name, set()))
        return self._known[key]

    def forget(self) -> None:
        """Names may have got meanings since they were asked for: more modules are known now."""
        self._known.clear()

    def bound(self, name: str, binding: Binding, scope: Scope) -> list[Entity]:
        """What one binding of a name in a scope of this module refers to."""
        return _unique(self._bound(name, binding, scope, set()))

    def only_value(self, name: ast.Name) -> ast.expr | None:
        """What a local name is bound to, where one assignment before it is all that binds it."""
        scope = self.scope_of(name)
        bindings = scope.names.get(name.id, [])
        if len(bindings) != 1 or name.id in scope.elsewhere or not isinstance(scope.node, FUNCTIONS):
            return None
        binding = bindings[0]
        taken = any(
            isinstance(target, ast.Name) and target.id == name.id
            for inner in self.inner_bindings(scope)
            for target in ast.walk(inner.target)
        )
        return None if taken or binding.position >= (name.lineno, name.col_offset) else binding.value

    def _meanings(
        self, expression: ast.expr, scope: Scope, at: tuple[int, int] | None, seen: set[object]
    ) -> Iterator[Entity]:
        while isinstance(expression, ast.Subscript):  # Base[int]
            expression = expression.value
        if isinstance(expression, ast.Name):
            yield from self._named(expression.id, scope, at, seen)
        elif isinstance(expression, ast.Attribute):
            for owner in _unique(self._meanings(expression.value, scope, at, seen)):
                yield from _member(owner, expression.attr, seen)
        elif isinstance(expression, ast.IfExp):
            yield from self._meanings(expression.body, scope, at, seen)
            yield from self._meanings(expression.orelse, scope, at, seen)
        elif isinstance(expression, ast.Constant) and isinstance(expression.value, str):
            inner = unquoted(expression.value)
            if isinstance(inner, ast.Name | ast.Attribute | ast.Subscript):
                yield from self._meanings(inner, scope, None, seen)

    def _named(
        self, name: str, scope: Scope, at: tuple[int, int] | None, seen: set[object]
    ) -> Iterator[Entity]:
        """A name as code in ``scope`` at ``at`` sees it; a class body hides its names from functions."""
        here: Scope | None = scope
        while here is not None:
            own = here is scope
            visible = own or not isinstance(here.node, ast.ClassDef)
            if visible and name in here and name not in here.elsewhere:
                flows = own and not isinstance(here.node, FUNCTIONS)
                bindings = _reaching(here.names[name], at if flows else None)
                if bindings:
                    for binding in bindings:
                        yield from self._bound(name, binding, here, seen)
                    return
            here = here.parent
        yield from self._starred(name, seen)

    def _exported(self, name: str, seen: set[object]) -> Iterator[Entity]:
        key = (self.path, name)
        if key in seen:
            return
        seen.add(key)
        found = False
        if name in self.scope:
            for binding in _reaching(self.scope.names[name], None):
                for entity in self._bound(name, binding, self.scope, seen):
                    found = True
                    yield entity
            if found:
                return
        for entity in self._starred(name, seen):
            found = True
            yield entity
        if not found and self.is_package:
            submodule = self.library.beside(self.path, name)
            if submodule is not None:
                yield submodule

    def _starred(self, name: str, seen: set[object]) -> Iterator[Entity]:
        for statement in self.scope.stars:
            for target in self.library.imported(self, statement.module, statement.level):
                if isinstance(target, External):
                    if target.name.partition(".")[0] == "tortoise":
                        yield External(f"{target.name}.{name}")
                elif target.offers(name):
                    yield from target._exported(name, seen)

    def offers(self, name: str) -> bool:
        """Does ``from this import *`` bring the name along?"""
        public = self.public
        return name in public if public is not None else not name.startswith("_")

    @cached_property
    def public(self) -> frozenset[str] | None:
        """The strings of ``__all__``; None where there is none, or one that is computed."""
        bindings = self.scope.names.get("__all__", [])
        if len(bindings) != 1 or not isinstance(bindings[0].value, ast.List | ast.Tuple):
            return None
        names = [getattr(element, "value", None) for element in bindings[0].value.elts]
        return (
            frozenset(n for n in names if isinstance(n, str))
            if all(isinstance(n, str) for n in names)
            else None
        )

    def _bound(self, name: str, binding: Binding, scope: Scope, seen: set[object]) -> Iterator[Entity]:
        key = (self.path, name, binding.position)
        if key in seen:
            return
        seen.add(key)
        node = binding.node
        match node:
            case ast.ClassDef():
                yield self.class_of(node)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield Callable(self, node, scope)
            case ast.ImportFrom():
                for alias in node.names:
                    if (alias.asname or alias.name) == name:
                        yield from self.library.member(self, node, alias.name, seen)
            case ast.Import():
                for alias in node.names:
                    if alias.asname == name:
                        yield from self.library.imported(self, alias.name, 0)
                    elif not alias.asname and alias.name.partition(".")[0] == name:
                        for target in self.library.imported(self, name, 0):
                            dotted = "." in alias.name and isinstance(target, External)
                            yield Namespace(name, self) if dotted else target
            case _ if isinstance(binding.value, ast.Name | ast.Attribute | ast.Subscript | ast.IfExp):
                yield from self._meanings(binding.value, scope, binding.position, seen)


def unquoted(text: str) -> ast.expr | None:
    """The expression that a quoted annotation holds: evaluated late, so it sees all names of its module."""
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(expression):
        if hasattr(node, "lineno"):
            node.lineno = sys.maxsize
    return expression


def _is_inside(child: ast.AST, scope: ast.AST) -> bool:
    """Is ``child`` evaluated in the scope that ``scope`` opens? A decorator or a base is not."""
    if isinstance(scope, ast.Lambda):
        return child is scope.body
    return isinstance(child, ast.stmt)  # all else that hangs on a class or function is evaluated around it


def _reaching(bindings: Sequence[Binding], at: tuple[int, int] | None) -> list[Binding]:
    """The bindings in force at a position (None: the end): the last sure one and those after it."""
    found: list[Binding] = []
    for binding in reversed(bindings):
        if at is not None and binding.position >= at:
            continue
        found.append(binding)
        if binding.sure:
            break
    return found


def _member(owner: Entity, name: str, seen: set[object]) -> Iterator[Entity]:
    match owner:
        case Namespace():
            dotted = f"{owner.name}.{name}"
            for target in owner.importer.library.imported(owner.importer, dotted, 0):
                yield Namespace(dotted, owner.importer) if isinstance(target, External) else target
        case External():
            yield External(f"{owner.name}.{name}")
        case Module():
            yield from owner._exported(name, seen)
        case Class() if name in owner.body:
            for binding in _reaching(owner.body.names[name], None):
                yield from owner.module._bound(name, binding, owner.body, seen)


def _unique(entities: Iterable[Entity]) -> list[Entity]:
    found: dict[object, Entity] = {}
    for entity in entities:
        key = entity if isinstance(entity, External) else id(getattr(entity, "node", entity))
        found.setdefault(key, entity)
    return list(found.values())


class _Index:
    """The nodes of a tree, by kind, with the parent and the scope of each."""

    def __init__(self, tree: ast.Module) -> None:
        self.nodes: list[ast.AST] = []
        self.parents: dict[ast.AST, ast.AST] = {}
        self.owners: dict[ast.AST, ast.AST] = {}
        self.by_type: dict[type, list[ast.AST]] = defaultdict(list)
        self.bindings: dict[ast.AST, list[ast.comprehension | ast.NamedExpr]] = defaultdict(list)
        waiting: list[ast.AST] = [tree]
        while waiting:
            node = waiting.pop()
            kind = type(node)
            self.nodes.append(node)
            self.by_type[kind].append(node)
            owner = self.owners.get(node)
            if kind is ast.comprehension or kind is ast.NamedExpr:
                self.bindings[owner or tree].append(node)  # type: ignore[arg-type]
            children: list[ast.AST] = []
            for name in node._fields:
                value = getattr(node, name, None)
                if isinstance(value, list):
                    children += [one for one in value if isinstance(one, ast.AST)]
                elif isinstance(value, ast.AST) and not isinstance(value, _SHARED):
                    children.append(value)
            opens = isinstance(node, SCOPES)
            for child in children:
                self.parents[child] = node
                inner = node if opens and _is_inside(child, node) else owner
                if inner is not None:
                    self.owners[child] = inner
            waiting += reversed(children)


_SHARED = (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


class Library:
    """All files of the project, found by the names that imports give them; parsed when they are needed.

    While ``is_open`` is false, names are only followed into modules that are parsed already.
    """

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.files = {file.path: file for file in files}
        self.modules: dict[Path, Module] = {}
        self.problems: dict[Path, UnreadableError] = {}
        self._folders: dict[str, set[Path]] = defaultdict(set)
        self._found: dict[tuple[Path, str, int], Path | None] = {}
        self.is_open = False
        for path in self.files:
            for folder in path.parents:
                if folder in self._folders[folder.name]:
                    break
                self._folders[folder.name].add(folder)

    def module(self, path: Path) -> Module | None:
        """The module of a file, parsed now if it was not before; None where it cannot be."""
        if path not in self.modules and path in self.files and path not in self.problems:
            file = self.files[path]
            try:
                self.modules[path] = Module(file, file.tree, self)
            except UnreadableError as error:
                self.problems[path] = error
            except RecursionError:
                self.problems[path] = UnreadableError("is nested too deeply to be read")
        return self.modules.get(path)

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Follow names into all modules meanwhile."""
        before, self.is_open = self.is_open, True
        try:
            yield
        finally:
            self.is_open = before

    def _reached(self, path: Path | None) -> Module | None:
        if path is None:
            return None
        return self.module(path) if self.is_open else self.modules.get(path)

    def beside(self, package: Path, name: str) -> Module | None:
        """The submodule ``name`` of the package whose ``__init__.py`` is ``package``."""
        path = self._at(package.parent, [name])
        return self._reached(path)

    def member(
        self, importer: Module, statement: ast.ImportFrom, name: str, seen: set[object]
    ) -> Iterator[Entity]:
        """What ``from … import name`` brings: a name of that module, or a submodule of it."""
        found = False
        targets = self.imported(importer, statement.module, statement.level)
        for target in targets:
            if isinstance(target, Module):
                for entity in target._exported(name, seen):
                    found = True
                    yield entity
        if found:
            return
        if statement.level or (statement.module or "").partition(".")[0] != "tortoise":
            dotted = f"{statement.module}.{name}" if statement.module else name
            submodule = self._reached(self._find(importer.path, dotted, statement.level))
            if submodule is not None:
                yield submodule
                return
        for target in targets:
            if isinstance(target, External):
                yield External(f"{target.name}.{name}")

    def imported(self, importer: Module, dotted: str | None, level: int) -> list[External | Module]:
        """The module that an import statement names: of the project, else an External."""
        if level == 0 and dotted is not None and dotted.partition(".")[0] == "tortoise":
            return [External(dotted)]
        path = self._find(importer.path, dotted or "", level)
        module = self._reached(path)
        if module is not None:
            return [module]
        if level == 0 and dotted and path is None:
            return [External(dotted)]
        return []

    def _find(self, importer: Path, dotted: str, level: int) -> Path | None:
        key = (importer.parent, dotted, level) if level else (importer, dotted, level)
        if key not in self._found:
            parts = dotted.split(".") if dotted else []
            if level:
                folder = importer.parent
                for _ in range(level - 1):
                    folder = folder.parent
                self._found[key] = self._at(folder, parts)
            else:
                self._found[key] = self._find_absolute(importer, parts)
        return self._found[key]

    def _find_absolute(self, importer: Path, parts: list[str]) -> Path | None:
        """The file that an absolute import most likely reads: the nearest root above the importing file, else
        the one place of the project that has the whole dotted name.
        """
        if parts[0] in sys.stdlib_module_names:
            return None
        inside = [root for root in importer.parents if root / "__init__.py" in self.files]
        outside = [root for root in importer.parents if root not in inside]
        for root in (*outside, *inside):  # the folder of a package is seldom on the path itself
            found = self._at(root, parts)
            if found is not None and (found != importer or found.name == "__init__.py"):
                return found
        if len(parts) == 1:
            return None
        candidates = {
            found
            for first in self._folders.get(parts[0], ())
            for found in [self._at(first.parent, parts)]
            if found is not None
        }
        return candidates.pop() if len(candidates) == 1 else None

    def _at(self, root: Path, parts: Sequence[str]) -> Path | None:
        base = root.joinpath(*parts) if parts else root
        for path in (base / "__init__.py", base.with_name(f"{base.name}.py") if parts else None):
            if path is not None and path in self.files:
                return path
        return None
