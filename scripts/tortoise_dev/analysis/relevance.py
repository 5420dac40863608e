"""Which files of a project can have to do with Tortoise at all.

Most files of a project have nothing to do with its models, and parsing is what costs time. So the text is
searched first: a file matters if it says ``tortoise``, or if it may import a name that leads there from a
file that matters. That is followed until nothing new turns up: a model need not say ``tortoise`` itself.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from . import tortoise_api
from .import_paths import folder_of, is_package, module_name
from .models import Models
from .modules import Class, Entity, External, Function, Module, unquoted
from .resolver import Resolver
from .scopes import Scope
from .source import SourceFile
from .syntax import FUNCTIONS

_ONLY_TORTOISE = (b".fetch_related(", b"execute_query_dict(", b"TORTOISE_ORM", b"default_connection")
"""Names that no other library has; with the dot, because Django has ``prefetch_related``. A configuration may
be a dictionary that imports nothing."""


def relevant_files(resolver: Resolver, models: Models) -> set[str]:
    """The paths of the files that can matter."""
    files = resolver.files
    bases = (base.partition(".")[0].encode() for base in models.extra_bases)
    seeds = [b"tortoise", *_ONLY_TORTOISE, *sorted(set(bases) - {b"tortoise"})]
    library = _tortoise_itself(files)
    own = [key for key in files if not key.startswith(library)] if library else list(files)
    waiting = [key for key in own if any(seed in files[key].data for seed in seeds)]
    relevant = set(waiting)
    unparsed = _Unparsed(files[key] for key in own if key not in relevant)
    leads = _Leads(resolver, models, frozenset(relevant))
    while waiting and unparsed.texts:
        key = waiting.pop()
        near = unparsed.near(key, resolver.import_paths.outermost_package(key))
        module = resolver.module(key) if near else None
        if module is not None:
            found = [one for one in near if leads.out_of(module, None if one.is_wild else one.words)]
            unparsed.remove(found)
            relevant.update(one.key for one in found)
            waiting += (one.key for one in found)
    return relevant


def _tortoise_itself(files: Mapping[str, SourceFile]) -> tuple[str, ...]:
    """The folders of Tortoise's own package: it does not use itself."""
    end = f"{os.sep}tortoise{os.sep}__init__.py"
    folders = (key.removesuffix("__init__.py") for key in files if key.endswith(end))
    return tuple(f for f in folders if f"{f}models.py" in files and f"{f}queryset.py" in files)


class _Text:
    """A file that is not parsed: the words in it."""

    def __init__(self, file: SourceFile) -> None:
        self.key = file.key
        self.data = file.data

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word of the text, names of other alphabets too."""
        return frozenset(self.data.translate(_SEPARATED).decode("utf-8", "replace").split())

    @cached_property
    def is_wild(self) -> bool:
        """Can it import a name that it does not hold: by a star import, or under another name?"""
        return "as" in self.words or _STAR.search(self.data) is not None

    @cached_property
    def imported(self) -> frozenset[bytes]:
        """The words on the first lines of import statements; a dot for what is relative."""
        data = _CONTINUED.sub(b" ", self.data)
        lines: list[bytes] = []
        end = 0
        while (at := data.find(b"import", end)) >= 0:
            start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
            end = end if end >= 0 else len(data)
            statement = _IMPORT.search(data, start, end)
            if statement is not None:
                lines.append(data[statement.end() : end])
        relative = {b"."} if any(_RELATIVE.search(line) for line in lines) else set()
        return frozenset(relative.union(b" ".join(lines).translate(_SEPARATED).split()))


_SEPARATED = bytes(c if chr(c).isalnum() or c == ord("_") or c >= 128 else ord(" ") for c in range(256))
_DOT = "."
_SEARCHES = 12
"""So many searches of a text take as long as to list its words."""
_STAR = re.compile(rb"import[ (]*\*")
_IMPORT = re.compile(rb"\b(?:from|import)\b")
_RELATIVE = re.compile(rb"(?<!\w)\.")
_CONTINUED = re.compile(rb"\\\r?\n")


class _Unparsed:
    """The files of which it is not known yet whether they matter."""

    def __init__(self, files: Iterable[SourceFile]) -> None:
        self.texts = {file.key: _Text(file) for file in files}
        self._named: dict[tuple[str, str], list[_Text]] = {}
        self._reaching: dict[str, list[_Text]] = {}
        self._imported: dict[str, list[_Text]] = {}
        self._searches = 0

    def remove(self, texts: Iterable[_Text]) -> None:
        """These matter: they need not be searched any more."""
        for text in texts:
            self.texts.pop(text.key, None)

    def near(self, key: str, outermost: str | None) -> list[_Text]:
        """The files that may import from a module, by the words in them.

        Such a file holds the module's name, and that of its folder unless it lies below it. Outside of the
        module's outermost package it imports that package; where there is none, the module or its folder.
        """
        name, folder = module_name(key), folder_of(key)
        package = f"{folder}{os.sep}" if is_package(key) else ""
        around = folder_of(folder) if package else folder
        holder, within = around.rpartition(os.sep)[2], f"{around}{os.sep}"
        if outermost is not None:
            texts = self._naming(name, outermost)
            near = [text for text in texts if holder in text.words or text.key.startswith(within)]
        else:
            near = [*self._importing(name)]
            for word in (holder, _DOT):
                near += [text for text in self._importing(word) if name in text.words] if word else []
        near += self._below(package) if package else []
        unique = {text.key: text for text in near}
        return [text for key, text in unique.items() if key in self.texts]

    def _naming(self, name: str, top: str) -> list[_Text]:
        """The files that hold a name and can reach the outermost package in a folder."""
        if top not in self._reaching:
            below = f"{top}{os.sep}"
            importing = self._importing(top.rpartition(os.sep)[2])
            outside = [text for text in importing if not text.key.startswith(below)]
            self._reaching[top] = [*outside, *self._below(below)]
        known = self._named.get((name, top))
        if known is None:
            known = self._holding(name, self._reaching[top])
        self._named[name, top] = [text for text in known if text.key in self.texts]
        return self._named[name, top]

    def _holding(self, word: str, texts: Iterable[_Text]) -> list[_Text]:
        """The texts that hold a word. At first each is searched, which is faster than to list its words."""
        self._searches += 1
        if self._searches > _SEARCHES:
            return [text for text in texts if word in text.words]
        sought = os.fsencode(word)
        return [text for text in texts if sought in text.data and word in text.words]

    def _below(self, folder: str) -> list[_Text]:
        return [text for key, text in self.texts.items() if key.startswith(folder)]

    def _importing(self, word: str) -> list[_Text]:
        """The files with an import statement that has the word on its first line."""
        if word not in self._imported:
            sought = os.fsencode(word)
            texts = self.texts.values()
            found = texts if word == _DOT else self._holding(word, texts)
            self._imported[word] = [text for text in found if sought in text.imported]
        return self._imported[word]


class _Leads:
    """Which names of a module lead to Tortoise: what a file that imports them has to do with it."""

    def __init__(self, resolver: Resolver, models: Models, seeds: frozenset[str]) -> None:
        self.resolver = resolver
        self.models = models
        self.seeds = seeds
        self._known: dict[tuple[str, str], bool] = {}

    def out_of(self, module: Module, words: frozenset[str] | None) -> bool:
        """Does one of these words, or any name at all, lead there out of a module?"""
        return any(self._leads(module, name) for name in self._names(module, words))

    def _names(self, module: Module, words: frozenset[str] | None) -> Iterator[str]:
        """The names that a module has of itself or by star imports."""
        for one in _reached(module, self._starred):
            yield from one.scope.names if words is None else words.intersection(one.scope.names)

    def _starred(self, module: Module) -> Iterator[Module]:
        for statement in module.scope.stars:
            for target in self.resolver.imported(module, statement.module, statement.level):
                if isinstance(target, Module):
                    yield target

    def _leads(self, module: Module, name: str) -> bool:
        key = (module.key, name)
        if key not in self._known:
            self._known[key] = any(
                self._through(entity) if isinstance(entity, Module) else self._is_there(entity)
                for entity in self.resolver.exported(module, name) or _classes_of_object(module, name)
            ) or self._is_alias(module, name)
        return self._known[key]

    def _is_alias(self, module: Module, name: str) -> bool:
        """Is it a name for an annotation of rows: ``Current = Annotated[User, …]``?"""
        values = [binding.value for binding in module.scope.names.get(name, ())]
        return any(
            isinstance(one, (ast.Subscript, ast.BinOp)) and self._names_model(module, one, module.scope)
            for one in values
        )

    def _is_there(self, entity: Entity) -> bool:
        """Is it one of Tortoise's names, a model, or a function that has to do with them?"""
        match entity:
            case External(name=dotted):
                extra = self.models.extra_bases
                first = dotted.partition(".")[0]
                return first == "tortoise" or dotted in extra or tortoise_api.short(dotted) in extra
            case Class():
                return self.models.is_model(entity) or self._has_rows(entity)
            case Function():
                return _mentions_tortoise(entity) or self._gives_rows(entity)
        return False

    def _through(self, module: Module) -> bool:
        """Does a module have a name that leads there, or a package a module?"""
        return any(self._holds(one) for one in _reached(module, self._modules_in))

    def _holds(self, module: Module) -> bool:
        """Is it a package with a file that says ``tortoise``, or does one of its names lead there itself?"""
        folder = module.key.removesuffix("__init__.py")
        if module.is_package and any(seed.startswith(folder) for seed in self.seeds):
            return True
        return any(self._is_there(one) for one in self._given(module) if not isinstance(one, Module))

    def _modules_in(self, module: Module) -> Iterator[Module]:
        return (entity for entity in self._given(module) if isinstance(entity, Module))

    def _given(self, module: Module) -> Iterator[Entity]:
        """What the names of a module refer to."""
        for name in self._names(module, None):
            yield from self.resolver.exported(module, name)

    def _has_rows(self, cls: Class) -> bool:
        """Does a method of the class give rows of a model, or does an attribute hold a model or rows?"""
        held = [binding.value for bindings in cls.body.names.values() for binding in bindings]
        held = [one for one in held if isinstance(one, ast.Name)]
        held += [one.annotation for one in cls.node.body if isinstance(one, ast.AnnAssign)]
        if any(one is not None and self._names_model(cls.module, one, cls.scope) for one in held):
            return True
        methods = (node for node in cls.node.body if isinstance(node, FUNCTIONS))
        return any(self._gives_rows(Function(cls.module, node, cls.body)) for node in methods)

    def _gives_rows(self, function: Function) -> bool:
        """Does its annotation promise rows of a model? Without one, does it return what a model gave?"""
        returns = function.node.returns
        if returns is None:
            asked = list(_sources(function))
            scope = function.module.inside(function.node, function.scope) if asked else function.scope
            return any(self._names_model(function.module, node, scope) for node in asked)
        if isinstance(returns, ast.Constant) and isinstance(returns.value, str):
            returns = unquoted(returns.value)
        return returns is not None and self._names_model(function.module, returns, function.scope)

    def _names_model(self, module: Module, expression: ast.expr, scope: Scope) -> bool:
        return any(
            isinstance(entity, Class) and self.models.is_model(entity)
            for node in ast.walk(expression)
            if isinstance(node, (ast.Name, ast.Attribute))
            for entity in module.meanings(node, scope)
        )


def _classes_of_object(module: Module, name: str) -> list[Entity]:
    """The class of the project of which a name of a module is an object: ``invoices = InvoiceStore()``."""
    bindings = module.scope.names.get(name, ())
    value = bindings[0].value if len(bindings) == 1 else None
    if not isinstance(value, ast.Call):
        return []
    return [entity for entity in module.meanings(value.func) if isinstance(entity, Class)]


def _reached(module: Module, following: Callable[[Module], Iterable[Module]]) -> Iterator[Module]:
    """A module and all that ``following`` leads to from there, each of them once."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        one = waiting.pop()
        if one.key not in seen:
            seen.add(one.key)
            yield one
            waiting += following(one)


def _sources(function: Function) -> Iterator[ast.expr]:
    """What a function awaits for its ``return``, or goes over for its ``yield``, by one name at the most."""
    module, node = function.module, function.node
    given = [one.value for one in module.given_by(node) if not isinstance(one, ast.YieldFrom)]
    yield from (value for value in given if isinstance(value, ast.Await))
    names = {value.id for value in given if isinstance(value, ast.Name)}
    bound = module.inside(node, function.scope).names if names else {}
    for binding in (one for name in names for one in bound.get(name, ())):
        match binding.node:
            case ast.Assign(targets=[ast.Name()], value=ast.Await() as source):
                yield source
            case ast.For(target=ast.Name(), iter=source) | ast.AsyncFor(target=ast.Name(), iter=source):
                yield source


def _mentions_tortoise(function: Function) -> bool:
    return b"Tortoise" in function.module.file.data and any(
        isinstance(node, ast.Name) and node.id == "Tortoise" for node in ast.walk(function.node)
    )
