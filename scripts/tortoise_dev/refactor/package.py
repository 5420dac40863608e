"""The texts of the new package's files."""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterable, Sequence

import libcst as cst

from .bases import spaced
from .imports import Imports, outside_groups, own_lines, wrapped
from .placement import PACKAGE, Places
from .statements import Kind, Statement, TopStatement

Rewrite = Callable[[Statement], list[cst.BaseStatement]]
"""What replaces a statement: a model becomes its base and its table."""


class Package:
    """Writes the files of a package from the statements of a module."""

    def __init__(
        self,
        tree: cst.Module,
        statements: Sequence[Statement],
        places: Places,
        imports: Imports,
        bases: dict[str, list[str]],
        all_names: bool,
        module_name: str,
    ) -> None:
        self.tree = tree
        self.statements = statements
        self.places = places
        self.imports = imports
        self.bases = bases
        """By file the names of the bases that were written for its model."""
        self.module_name = module_name
        self.all_names = all_names
        """Does another file import ``*``, so that ``__all__`` must have the imported names, too?"""
        self.index = {one: number for number, one in enumerate(statements)}
        self.future = any(one.kind is Kind.FUTURE for one in statements)

    def module(self, place: str, rewrite: Rewrite) -> str:
        """The text of a file in the package."""
        own = [one for one in self.statements if self.places.of.get(one) == place]
        body = self._import_block(place)
        before: Statement | None = None
        for one in own:
            body += self._moved(one, rewrite, before, bool(body))
            before = one
        return self._code(body)

    def _moved(
        self, one: Statement, rewrite: Rewrite, before: Statement | None, follows: bool
    ) -> list[cst.BaseStatement]:
        """A statement as it stands in its new file, below another one or below the imports (``follows``)."""
        one.text = _with_imports(one, self.imports.files[self.places.of[one]].inner.get(one, {}))
        new = rewrite(one)
        if not follows:
            return [spaced(new[0], 0), *(spaced(each, 2) for each in new[1:])]
        if _is_block(new[0]) or (before is not None and _is_block(before.text)):
            return [spaced(each, 2) for each in new]
        neighbours = before is not None and abs(self.index[one] - self.index[before]) == 1
        return new if neighbours else [spaced(new[0], 1), *new[1:]]

    def _import_block(self, place: str) -> list[cst.BaseStatement]:
        """What a file begins with."""
        file = self.imports.files[place]
        groups = outside_groups(file.outside, self.statements)
        outside = [line for group in outside_groups(file.typing_outside, self.statements) for line in group]
        typed = [*outside, *own_lines(_without(file.typing_own, file.own))]
        if typed and not any(one.name == "TYPE_CHECKING" for one in file.outside):
            groups = _with_flag(groups)
        if file.stars:
            groups.append([self._shifted(one).strip() for one in self.imports.stars])
        own = own_lines(file.own)
        if groups and groups[-1][-1].startswith("from ."):
            groups[-1] += own
        elif own:
            groups.append(own)
        if self.future or file.future:
            groups.insert(0, ["from __future__ import annotations"])
        if typed:
            block = "\n".join(f"    {line}" for text in typed for line in text.split("\n"))
            groups.append([f"if TYPE_CHECKING:\n{block}"])
        return self._parsed(groups)

    def _shifted(self, one: Statement) -> str:
        text = one.text.visit(_OneDotMore())
        assert isinstance(text, cst.BaseStatement)
        return self.tree.with_changes(header=[], footer=[], body=[text]).code

    def _parsed(self, groups: Iterable[Sequence[str]]) -> list[cst.BaseStatement]:
        body: list[cst.BaseStatement] = []
        for lines in groups:
            for number, line in enumerate(lines):
                parsed = cst.parse_statement(f"{line}\n")
                body.append(spaced(parsed, 1) if number == 0 and body else parsed)
        return body

    def _code(self, body: Sequence[cst.BaseStatement], *, first: bool = False) -> str:
        """The text of a file; ``first`` for the one that keeps the comments around the old module."""
        header = self.tree.header if first else []
        footer = self.tree.footer if first else []
        return self.tree.with_changes(header=header, footer=footer, body=list(body), encoding="utf-8").code

    # --- the package itself

    def entrance(self) -> str:
        """The text of ``__init__.py``: all names that the module had, and the bases."""
        first = next(n for n, one in enumerate(self.statements) if one.kind is Kind.MODEL)
        listed = self._listed()
        head: list[cst.BaseStatement] = []
        given: dict[str, set[str]] = {}
        explained = False
        for one in self.statements[:first]:
            if self.places.of.get(one) == PACKAGE:
                needed = self._needed(one)
                for place, names in needed.items():
                    names -= given.get(place, set())
                    given.setdefault(place, set()).update(names)
                lines = self._parsed([own_lines({p: n for p, n in needed.items() if n})])
                head += [spaced(each, 1 if number == 0 else 0) for number, each in enumerate(lines)]
            kept = self._kept(one, listed)
            if one.kind is Kind.IMPORT and not explained:
                explained, kept = True, [_explained(kept[0], self.module_name), *kept[1:]]
            head += [spaced(each, 1) for each in kept] if one.kind is Kind.EFFECT else kept
        middle = self._own_imports(given, listed, late=False)
        tail: list[cst.BaseStatement] = []
        done: set[str] = set()
        placed = 0
        for one in self.statements[first:]:
            home = self.places.of.get(one)
            if home in done:
                continue
            if home and self.places.is_late(home):
                done.add(home)
                found = self._own_imports({}, listed, late=True, only=home)
                tail += [spaced(each, 1) for each in found] if tail else found
                placed = len(tail)
            else:
                kept = [_closer(each) for each in self._kept(one, listed)]
                below_import = bool(done) and len(tail) == placed
                tail += [spaced(each, 1) for each in kept] if below_import else kept
        for left in sorted({*self.places.of.values()} - {PACKAGE} - done):
            if self.places.is_late(left):
                tail += self._own_imports({}, listed, late=True, only=left)
        if middle:
            middle[0] = spaced(middle[0], 1 if head else 0)
        ending = [] if self._exports() else self._parsed([[f"__all__ = {_listing(sorted(listed))}"]])
        body = [*head, *middle, *tail, *(spaced(one, 1) for one in ending)]
        body[0] = spaced(body[0], 0)
        return self._code(body, first=True)

    def _kept(self, one: Statement, listed: set[str]) -> list[cst.BaseStatement]:
        """A statement as it stands in ``__init__.py``; nothing for what goes elsewhere."""
        stays = one.kind in (Kind.DOCSTRING, Kind.IMPORT) or self.places.of.get(one) == PACKAGE
        needs_future = one.kind is Kind.FUTURE and PACKAGE in self.places.of.values()
        typing = one.kind is Kind.TYPING_IMPORT and self._is_used_here(one)
        if not (stays or needs_future or typing):
            return []
        text = one.text.visit(_OneDotMore())
        assert isinstance(text, cst.BaseStatement)
        if one.kind is not Kind.IMPORT:
            return [text]
        text = text.visit(_ReExport(listed))
        assert isinstance(text, cst.BaseStatement)
        return [_readable(text, one, self.tree, listed)]

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
        self, given: dict[str, set[str]], listed: set[str], *, late: bool, only: str | None = None
    ) -> list[cst.BaseStatement]:
        lines = []
        for place in sorted(set(self.places.of.values()) - {PACKAGE}):
            if self.places.is_late(place) is late and only in (None, place):
                names = sorted(self._names_in(place) - given.get(place, set()))
                shown = [name if name in listed else f"{name} as {name}" for name in names]
                if shown:
                    lines.append(wrapped(f".{place}", shown))
                elif not names and place not in given:
                    lines.append(f"from . import {place} as {place}")
        return self._parsed([lines])

    def _names_in(self, place: str) -> set[str]:
        names = {name for one, home in self.places.of.items() if home == place for name in one.binds}
        return names | set(self.bases.get(place, ()))

    def _exports(self) -> bool:
        """Has the module ``__all__`` itself?"""
        return any("__all__" in one.binds for one in self.statements)

    def _listed(self) -> set[str]:
        """The names of ``__all__``: what the module defines, and the bases."""
        literal = _literal_all(self.statements)
        if self._exports():
            return literal
        names = {name for place in set(self.places.of.values()) for name in self._names_in(place)}
        if self.all_names:  # a new name could hide another one there
            names -= {name for names in self.bases.values() for name in names}
            names |= {one.name for found in self.imports.by_name.values() for one in found if not one.typing}
        return {name for name in names if not name.startswith("_")}


def _with_flag(groups: list[list[str]]) -> list[list[str]]:
    """The groups with an import of ``TYPE_CHECKING``."""
    start = "from typing import "
    for group in groups:
        for number, line in enumerate(group):
            if line.startswith(start) and "(" not in line and "#" not in line:
                names = line.removeprefix(start).split(", ")
                group[number] = wrapped("typing", sorted([*names, "TYPE_CHECKING"]))
                return groups
    if groups and all(line.split()[1].partition(".")[0] in sys.stdlib_module_names for line in groups[0]):
        groups[0].append(f"{start}TYPE_CHECKING")
        return groups
    return [[f"{start}TYPE_CHECKING"], *groups]


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
    is_import = isinstance(text, cst.SimpleStatementLine) and isinstance(
        text.body[0], (cst.Import, cst.ImportFrom)
    )
    is_call = isinstance(text, cst.SimpleStatementLine) and isinstance(text.body[0], cst.Expr)
    return (
        spaced(text, 1)
        if is_call or (len(blanks) > 1 and not _is_block(text)) or (is_import and blanks)
        else text
    )


def _is_block(text: cst.CSTNode) -> bool:
    return isinstance(text, (cst.ClassDef, cst.FunctionDef))


def _without(found: dict[str, set[str]], there: dict[str, set[str]]) -> dict[str, set[str]]:
    left = {place: names - there.get(place, set()) for place, names in found.items()}
    return {place: names for place, names in left.items() if names}


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


class _OneDotMore(cst.CSTTransformer):
    """Relative imports of a file that now lies one folder deeper."""

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:  # noqa: N802
        if not updated_node.relative:
            return updated_node
        return updated_node.with_changes(relative=[cst.Dot(), *updated_node.relative])


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


class _InnerImports(cst.CSTTransformer):
    """Puts import lines at the head of functions; the outermost ones are counted in the order of the text."""

    def __init__(self, lines: dict[int, list[str]]) -> None:
        self.lines = lines
        self.count = -1
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:  # noqa: N802
        self.count += self.depth == 0
        self.depth += 1

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.FunctionDef:
        self.depth -= 1
        lines = self.lines.get(self.count, ()) if self.depth == 0 else ()
        if not lines:
            return updated_node
        body = updated_node.body
        if isinstance(body, cst.SimpleStatementSuite):
            body = cst.IndentedBlock(
                [cst.SimpleStatementLine(body.body, trailing_whitespace=body.trailing_whitespace)]
            )
        assert isinstance(body, cst.IndentedBlock)
        new = [cst.parse_statement(line) for line in sorted(lines)]
        at = 1 if updated_node.get_docstring(clean=False) is not None else 0
        rest = [spaced(one, 1) if number == 0 else one for number, one in enumerate(body.body[at:])]
        changed = body.with_changes(body=[*body.body[:at], *new, *rest])
        return updated_node.with_changes(body=changed)


def _with_imports(one: Statement, lines: dict[int, list[str]]) -> TopStatement:
    """A statement with relative imports for its new place, and with the imports that its functions need."""
    text = one.text.visit(_OneDotMore())
    assert isinstance(text, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    new = text.visit(_InnerImports(lines)) if lines else text
    assert isinstance(new, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    return new
