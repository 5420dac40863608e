"""The text of the package's ``__init__.py``, which re-exports every name that the module had."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Sequence

import libcst as cst
from libcst import matchers

from ..analysis.import_order import imported_order, listed_order, module_order
from .import_lines import given_on, given_out, own_lines, with_noqa
from .imports import Imports
from .placement import PACKAGE, Places
from .statements import Kind, Statement
from .texts import OneDotMore, is_block, parsed, spaced
from .uses import When


class Entrance:
    """Writes ``__init__.py``: old imports, the files of the package, then what needs the models."""

    def __init__(
        self,
        tree: cst.Module,
        statements: Sequence[Statement],
        places: Places,
        imports: Imports,
        bases: dict[str, list[str]],
        module_name: str,
        *,
        is_starred: bool,
    ) -> None:
        self.tree = tree
        self.statements = statements
        self.places = places
        self.imports = imports
        self.bases = bases
        """By file the names of the bases that were written for its model."""
        self.module_name = module_name
        self.is_starred = is_starred
        """Does another file import ``*``, so that ``__all__`` must have the imported names, too?"""
        self.listed = self._listed()

    def text(self) -> str:
        """The whole file."""
        first = next(n for n, one in enumerate(self.statements) if one.kind is Kind.MODEL)
        given: dict[str, set[str]] = {}
        head = self._head(self.statements[:first], given)
        middle = self._own_imports(given, [one for one in self._files() if not self._comes_last(one)])
        tail = self._tail(self.statements[first:])
        if middle:
            joins = bool(head) and _is_relative(head[-1])
            middle[0] = spaced(middle[0], 0 if joins or not head else 1)
        if middle and tail and not _is_import(tail[0]):
            tail[0] = spaced(tail[0], 1)
        has_all = any("__all__" in one.binds for one in self.statements)
        ending = [] if has_all else parsed([[f"__all__ = {_listing(sorted(self.listed, key=listed_order))}"]])
        body = _noted_below([*_in_order(head), *middle, *tail])
        body += [spaced(one, 1) for one in ending]
        return self.tree.with_changes(
            body=[spaced(body[0], 0), *body[1:]], encoding="utf-8", has_trailing_newline=True
        ).code

    def _files(self) -> list[str]:
        return sorted({*self.places.of.values()} - {PACKAGE})

    def _comes_last(self, place: str) -> bool:
        """Must a file be imported below the models? Not if all that it does is to register handlers."""
        if not self.places.is_late(place):
            return False
        return any(
            self._needs_what_is_above(one, use.name)
            for one, home in self.places.of.items()
            for use in one.uses
            if home == place and use.when is When.IMPORT
        )

    def _needs_what_is_above(self, one: Statement, name: str) -> bool:
        """Does a statement of a late file, at its import, use what is not there before the models are?"""
        target = self.places.place_of(name)
        if target is None:
            return any(found.late for found in self.imports.by_name.get(name, ()))
        return target == PACKAGE or one.kind is not Kind.SIGNAL

    def _head(self, above: Sequence[Statement], given: dict[str, set[str]]) -> list[cst.BaseStatement]:
        """What stood above the models; ``given`` notes the names that it imports from the package."""
        head: list[cst.BaseStatement] = []
        explained = False
        for one in above:
            if self.places.of.get(one) == PACKAGE:
                needed = self._needed(one)
                for place, names in needed.items():
                    names -= given.get(place, set())
                    given.setdefault(place, set()).update(names)
                lines = parsed([own_lines({place: names for place, names in needed.items() if names})])
                head += [spaced(each, 1 if number == 0 else 0) for number, each in enumerate(lines)]
            kept = self._kept(one)
            if one.kind is Kind.IMPORT and not explained:
                explained, kept = True, [_explained(kept[0], self.module_name), *kept[1:]]
            head += [spaced(each, 1) for each in kept] if one.kind is Kind.EFFECT else kept
        return head

    def _tail(self, below: Sequence[Statement]) -> list[cst.BaseStatement]:
        """What stood below the first model, and the files that need all models."""
        tail: list[cst.BaseStatement] = []
        waiting = [place for place in self._files() if self._comes_last(place)]
        above: Kind | None = None
        """What stands right above: an import that the module had, another statement, or (None) a file."""
        for one in below:
            home = self.places.of.get(one)
            if home in waiting:
                waiting.remove(home)
                tail += self._last_import(home, parted=above in (None, Kind.IMPORT))
                above = None
            elif kept := [_closer(each) for each in self._kept(one)]:
                if one.kind is Kind.IMPORT and above is None:
                    kept[0] = _parted(kept[0], f"{self.module_name} had these below its models.")
                elif above is None:
                    kept[0] = spaced(kept[0], 1)
                tail += kept
                above = one.kind
        for place in waiting:
            tail += self._last_import(place, parted=above in (None, Kind.IMPORT))
            above = None
        return tail

    def _last_import(self, place: str, *, parted: bool) -> list[cst.BaseStatement]:
        """The import of a file that needs what stands above; ``parted``: imports stand right there."""
        first, *others = self._own_imports({}, [place])
        first = _parted(first, f"{place}.py needs what stands above.") if parted else spaced(first, 1)
        return [first, *others]

    def _kept(self, one: Statement) -> list[cst.BaseStatement]:
        """A statement as it stands in ``__init__.py``; nothing for what goes elsewhere."""
        stays = one.kind in (Kind.DOCSTRING, Kind.IMPORT) or self.places.of.get(one) == PACKAGE
        needs_future = one.kind is Kind.FUTURE and PACKAGE in self.places.of.values()
        typing = one.kind is Kind.TYPING_IMPORT and self._is_used_here(one)
        if not (stays or needs_future or typing):
            return []
        text = one.text.visit(OneDotMore())
        assert isinstance(text, cst.BaseStatement)
        return self._given_on(one, text) if one.kind is Kind.IMPORT else [text]

    def _given_on(self, one: Statement, text: cst.BaseStatement) -> list[cst.BaseStatement]:
        """An import of the old module, so that other files may still import its names from here."""
        code = self.tree.code_for_node(spaced(text, 0)).strip()
        if "*" in code or not all(isinstance(node, (ast.Import, ast.ImportFrom)) for node in one.nodes):
            return [text]
        if "#" in code and "\n" in code:  # comments at single names stay there
            return [_noted(text, code, "F401")]
        comment = f"  #{code.partition('#')[2]}" if "#" in code else ""
        lines = [
            line
            for node in one.nodes
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for line in given_on(node, self.listed, comment)
        ]
        new = parsed([lines])
        return [new[0].with_changes(leading_lines=getattr(text, "leading_lines", ())), *new[1:]]

    def _is_used_here(self, typing: Statement) -> bool:
        nodes = typing.nodes[0].body  # type: ignore[attr-defined]
        names = {alias.asname or alias.name for node in nodes for alias in getattr(node, "names", ())}
        here = [one for one, place in self.places.of.items() if place == PACKAGE]
        return any(use.name in names for one in here for use in one.uses)

    def _needed(self, one: Statement) -> dict[str, set[str]]:
        """By file the names that a statement of ``__init__.py`` uses before all models are imported."""
        needed: dict[str, set[str]] = {}
        for use in one.uses:
            place = self.places.place_of(use.name)
            if place:
                needed.setdefault(place, set()).add(use.name)
        return needed

    def _own_imports(self, given: dict[str, set[str]], files: Sequence[str]) -> list[cst.BaseStatement]:
        """The imports that give out what these files define; ``given`` has what is there already."""
        whole, lines = [], []
        for place in sorted(files, key=lambda place: module_order(f".{place}")):
            names = self._names_in(place)
            if not names and place not in given:
                whole.append(place)
            lines += given_out(f".{place}", names - given.get(place, set()), self.listed)
        return parsed([[*given_out(".", whole, ()), *lines]])

    def _names_in(self, place: str) -> set[str]:
        names = {name for one, home in self.places.of.items() if home == place for name in one.binds}
        return names | set(self.bases.get(place, ()))

    def _listed(self) -> set[str]:
        """The names of ``__all__``: what the module defines, and the bases."""
        if any("__all__" in one.binds for one in self.statements):
            return _literal_all(self.statements)
        names = {name for place in set(self.places.of.values()) for name in self._names_in(place)}
        if self.is_starred:  # a new name could hide another one there
            names -= {base for bases in self.bases.values() for base in bases}
            names |= {one.name for found in self.imports.by_name.values() for one in found if not one.typing}
        return {name for name in names if not name.startswith("_")}


def _explained(text: cst.BaseStatement, name: str) -> cst.BaseStatement:
    """The first import, with a comment above it that says why the package imports all of that."""
    comment = cst.EmptyLine(
        comment=cst.Comment(f"# {name} had these names: other files may import them here.")
    )
    lines = [line for line in getattr(text, "leading_lines", ()) if line.comment is not None]
    return text.with_changes(leading_lines=[cst.EmptyLine(indent=False), comment, *lines])


def _noted(text: cst.BaseStatement, code: str, noqa: str) -> cst.BaseStatement:
    """An import with a word at the end of its first line that tells linters to leave one code alone."""
    first, newline, rest = code.partition("\n")
    statement, sign, comment = first.rstrip("\r").partition("#")
    comment = with_noqa(f"  {sign}{comment}" if sign else "", noqa)
    new = cst.parse_statement(f"{statement.rstrip()}{comment}{newline}{rest}\n")
    return new.with_changes(leading_lines=getattr(text, "leading_lines", ()))


def _parted(text: cst.BaseStatement, reason: str) -> cst.BaseStatement:
    """An import that tools for sorting leave below the imports above it, and the reason."""
    comments = [cst.EmptyLine(comment=cst.Comment(f"# {line}")) for line in ("isort: split", reason)]
    lines = [line for line in getattr(text, "leading_lines", ()) if line.comment is not None]
    return text.with_changes(leading_lines=[cst.EmptyLine(indent=False), *comments, *lines])


def _in_order(body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """The statements, with neighbours that import from the same module in the order of their names."""
    found: list[cst.BaseStatement] = []
    for _, group in itertools.groupby(body, key=_source):
        run = list(group)
        if _source(run[0]) is not None and not any(getattr(one, "leading_lines", ()) for one in run[1:]):
            lines = getattr(run[0], "leading_lines", ())
            run = sorted((spaced(one, 0) for one in run), key=lambda one: imported_order(_first_name(one)))
            run[0] = run[0].with_changes(leading_lines=lines)
        found += run
    return found


def _source(text: cst.BaseStatement) -> str | None:
    """The module that a statement imports names from; None for any other statement."""
    node = text.body[0] if isinstance(text, cst.SimpleStatementLine) else None
    if not isinstance(node, cst.ImportFrom):
        return None
    return "." * len(node.relative) + (_code(node.module) if node.module is not None else "")


def _first_name(text: cst.BaseStatement) -> str:
    """The first name that an import brings in; nothing for a star, which comes first."""
    aliases = matchers.findall(text, matchers.ImportAlias())
    return "".join(_code(alias.name) for alias in aliases[:1] if isinstance(alias, cst.ImportAlias))


def _code(node: cst.CSTNode) -> str:
    return cst.Module([]).code_for_node(node)


def _noted_below(body: Sequence[cst.BaseStatement]) -> list[cst.BaseStatement]:
    """The statements, with a word for linters at each import that another statement stands above."""
    found: list[cst.BaseStatement] = []
    below = False
    for one in body:
        if _is_import(one):
            found.append(_noted(one, _code(spaced(one, 0)).strip(), "E402") if below else one)
        else:
            found.append(one)
            below |= not _may_stand_above_imports(one)
    return found


def _may_stand_above_imports(text: cst.BaseStatement) -> bool:
    """A docstring, names such as ``__all__``, and imports under a condition: linters allow that."""
    if isinstance(text, (cst.If, cst.Try, cst.With)):
        return True
    node = ast.parse(_code(spaced(text, 0))).body[0]
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Assign) and all(
        isinstance(one, ast.Name) and one.id.startswith("__") and one.id.endswith("__")
        for one in node.targets
    )


def _closer(text: cst.BaseStatement) -> cst.BaseStatement:
    """A statement without the two empty lines that parted it from a class."""
    blanks = [line for line in getattr(text, "leading_lines", ()) if line.comment is None]
    is_call = isinstance(text, cst.SimpleStatementLine) and isinstance(text.body[0], cst.Expr)
    parted = len(blanks) > 1 and not is_block(text)
    return spaced(text, 1) if is_call or parted or (_is_import(text) and blanks) else text


def _is_import(text: cst.BaseStatement) -> bool:
    return isinstance(text, cst.SimpleStatementLine) and isinstance(
        text.body[0], (cst.Import, cst.ImportFrom)
    )


def _is_relative(text: cst.BaseStatement) -> bool:
    return (_source(text) or "").startswith(".")


def _literal_all(statements: Sequence[Statement]) -> set[str]:
    """The strings of the module's ``__all__``, as far as it is written out."""
    nodes = [node for one in statements if "__all__" in one.binds for node in one.nodes]
    return {
        one.value
        for node in nodes
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


def _listing(names: Sequence[str]) -> str:
    quoted = [f'"{name}"' for name in names]
    line = f"[{', '.join(quoted)}]"
    if len(line) <= 78:
        return line
    return "[\n" + "".join(f"    {name},\n" for name in quoted) + "]"
