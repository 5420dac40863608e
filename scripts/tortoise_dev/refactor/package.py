"""The texts of the files that a module's statements move to."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence

import libcst as cst

from ..analysis.import_order import imported_order, module_order
from .import_lines import own_lines, wrapped
from .imports import Imports, outside_groups
from .placement import Places
from .statements import Kind, Statement, TopStatement
from .texts import OneDotMore, is_block, parsed, spaced

Rewrite = Callable[[Statement], list[cst.BaseStatement]]
"""What replaces a statement: a model becomes its base and its table."""


class Package:
    """Writes the files of a package, all but its ``__init__.py``."""

    def __init__(
        self, tree: cst.Module, statements: Sequence[Statement], places: Places, imports: Imports
    ) -> None:
        self.tree = tree
        self.statements = statements
        self.places = places
        self.imports = imports
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
        return self.tree.with_changes(
            header=[], footer=[], body=body, encoding="utf-8", has_trailing_newline=True
        ).code

    def _moved(
        self, one: Statement, rewrite: Rewrite, before: Statement | None, follows: bool
    ) -> list[cst.BaseStatement]:
        """A statement as it stands in its new file, below another one or below the imports (``follows``)."""
        one.text = _with_imports(one, self.imports.inner_lines(one))
        new = rewrite(one)
        if not follows:
            return [spaced(new[0], 0), *(spaced(each, 2) for each in new[1:])]
        if is_block(new[0]) or (before is not None and is_block(before.text)):
            return [spaced(each, 2) for each in new]
        neighbours = before is not None and abs(self.index[one] - self.index[before]) == 1
        return new if neighbours else [spaced(new[0], 1), *new[1:]]

    def _import_block(self, place: str) -> list[cst.BaseStatement]:
        """What a file begins with."""
        file = self.imports.files[place]
        groups = outside_groups(file.outside, self.statements)
        typed = _with_local(
            outside_groups(file.typing_outside, self.statements),
            own_lines(_without(file.typing_own, file.own)),
        )
        if typed and not any(one.name == "TYPE_CHECKING" for one in file.outside):
            groups = _with_flag(groups)
        for star in self.imports.stars if file.stars else ():
            groups = _with_local(groups, [self._shifted(star).strip()])
        groups = _with_local(groups, own_lines(file.own))
        if self.future or file.future:
            groups.insert(0, ["from __future__ import annotations"])
        if typed:
            block = textwrap.indent("\n\n".join("\n".join(lines) for lines in typed), "    ")
            groups.append([f"if TYPE_CHECKING:\n{block}"])
        return parsed(groups)

    def _shifted(self, one: Statement) -> str:
        text = one.text.visit(OneDotMore())
        assert isinstance(text, cst.BaseStatement)
        return self.tree.with_changes(header=[], footer=[], body=[text]).code


def _with_local(groups: list[list[str]], lines: list[str]) -> list[list[str]]:
    """The groups with lines that import from the package; they join those of the packages around it."""
    if not lines:
        return groups
    if not groups or not all(line.startswith("from .") for line in [*groups[-1], *lines]):
        return [*groups, lines]
    joined = [*groups[-1], *lines]
    return [*groups[:-1], sorted(joined, key=lambda line: module_order(line.split()[1]))]


def _with_flag(groups: list[list[str]]) -> list[list[str]]:
    """The groups with an import of ``TYPE_CHECKING``."""
    start = "from typing import "
    for group in groups:
        for number, line in enumerate(group):
            if line.startswith(start) and "(" not in line and "#" not in line:
                names = line.removeprefix(start).split(", ")
                group[number] = wrapped("typing", sorted([*names, "TYPE_CHECKING"], key=imported_order))
                return groups
    if groups and all(line.split()[1].partition(".")[0] in sys.stdlib_module_names for line in groups[0]):
        later = (n for n, line in enumerate(groups[0]) if line.startswith("from ") and line > start)
        groups[0].insert(next(later, len(groups[0])), f"{start}TYPE_CHECKING")
        return groups
    return [[f"{start}TYPE_CHECKING"], *groups]


def _without(found: dict[str, set[str]], there: dict[str, set[str]]) -> dict[str, set[str]]:
    left = {place: names - there.get(place, set()) for place, names in found.items()}
    return {place: names for place, names in left.items() if names}


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
    text = one.text.visit(OneDotMore())
    assert isinstance(text, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    new = text.visit(_InnerImports(lines)) if lines else text
    assert isinstance(new, (cst.SimpleStatementLine, cst.BaseCompoundStatement))
    return new
