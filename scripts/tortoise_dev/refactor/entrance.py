"""The text of the package's ``__init__.py``, which gives out every name that the module had."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import libcst as cst

from .imports import Imports, own_lines, wrapped
from .placement import PACKAGE, Places
from .statements import Kind, Statement
from .texts import OneDotMore, is_block, parsed, spaced


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
        middle = self._own_imports(given, late=False)
        tail = self._tail(self.statements[first:])
        if middle:
            middle[0] = spaced(middle[0], 1 if head else 0)
        if middle and tail and not _is_import(tail[0]):
            tail[0] = spaced(tail[0], 1)
        has_all = any("__all__" in one.binds for one in self.statements)
        ending = [] if has_all else parsed([[f"__all__ = {_listing(sorted(self.listed))}"]])
        body = [*head, *middle, *tail, *(spaced(one, 1) for one in ending)]
        return self.tree.with_changes(body=[spaced(body[0], 0), *body[1:]], encoding="utf-8").code

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
        done: set[str] = set()
        placed = 0
        for one in below:
            home = self.places.of.get(one)
            if home in done:
                continue
            if home and self.places.is_late(home):
                done.add(home)
                found = self._own_imports({}, late=True, only=home)
                tail += [spaced(each, 1) for each in found] if tail else found
                placed = len(tail)
            else:
                kept = [_closer(each) for each in self._kept(one)]
                below_import = bool(done) and len(tail) == placed
                tail += [spaced(each, 1) for each in kept] if below_import else kept
        for left in sorted({*self.places.of.values()} - {PACKAGE} - done):
            if self.places.is_late(left):
                tail += self._own_imports({}, late=True, only=left)
        return tail

    def _kept(self, one: Statement) -> list[cst.BaseStatement]:
        """A statement as it stands in ``__init__.py``; nothing for what goes elsewhere."""
        stays = one.kind in (Kind.DOCSTRING, Kind.IMPORT) or self.places.of.get(one) == PACKAGE
        needs_future = one.kind is Kind.FUTURE and PACKAGE in self.places.of.values()
        typing = one.kind is Kind.TYPING_IMPORT and self._is_used_here(one)
        if not (stays or needs_future or typing):
            return []
        text = one.text.visit(OneDotMore())
        assert isinstance(text, cst.BaseStatement)
        if one.kind is not Kind.IMPORT:
            return [text]
        text = text.visit(_ReExport(self.listed))
        assert isinstance(text, cst.BaseStatement)
        return [_readable(text, one, self.tree, self.listed)]

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

    def _own_imports(
        self, given: dict[str, set[str]], *, late: bool, only: str | None = None
    ) -> list[cst.BaseStatement]:
        lines = []
        for place in sorted(set(self.places.of.values()) - {PACKAGE}):
            if self.places.is_late(place) is late and only in (None, place):
                names = sorted(self._names_in(place) - given.get(place, set()))
                shown = [name if name in self.listed else f"{name} as {name}" for name in names]
                if shown:
                    lines.append(wrapped(f".{place}", shown))
                elif not names and place not in given:
                    lines.append(f"from . import {place} as {place}")
        return parsed([lines])

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


def _readable(
    text: cst.BaseStatement, one: Statement, tree: cst.Module, listed: set[str]
) -> cst.BaseStatement:
    """A re-exporting import in short lines, and with a word for linters where its spelling does not tell."""
    node = one.nodes[0]
    if "#" in tree.code_for_node(one.text) or not isinstance(node, (ast.Import, ast.ImportFrom)):
        return text
    names = [alias.asname or alias.name for alias in node.names]
    plain = [alias.asname is None and alias.name.isidentifier() for alias in node.names]
    told = [is_plain or name in listed for name, is_plain in zip(names, plain, strict=True)]
    lines = getattr(text, "leading_lines", ())
    if not all(told) and names != ["*"]:
        code = f"{tree.code_for_node(spaced(text, 0)).strip()}  # noqa: F401\n"
        return cst.parse_statement(code).with_changes(leading_lines=lines)
    is_long = len(tree.code_for_node(spaced(text, 0)).strip()) > 88
    if is_long and isinstance(node, ast.ImportFrom):
        shown = [f"{name} as {name}" if name not in listed else name for name in names]
        dots = "." * (node.level + 1) if node.level else ""
        return cst.parse_statement(wrapped(f"{dots}{node.module or ''}", shown)).with_changes(
            leading_lines=lines
        )
    return text


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


class _ReExport(cst.CSTTransformer):
    """``import x as x``: the spelling that linters and type checkers take for a re-export."""

    def __init__(self, listed: set[str]) -> None:
        self.listed = listed

    def leave_ImportAlias(  # noqa: N802
        self, original_node: cst.ImportAlias, updated_node: cst.ImportAlias
    ) -> cst.ImportAlias:
        name = updated_node.name
        if updated_node.asname is not None or not isinstance(name, cst.Name) or name.value in self.listed:
            return updated_node
        return updated_node.with_changes(asname=cst.AsName(cst.Name(name.value)))
