"""Texts of statements: parsed, spaced, and fitted to their new place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import libcst as cst


def spaced(text: cst.BaseStatement, count: int) -> cst.BaseStatement:
    """The statement with so many empty lines above it and its comments."""
    lines = list(getattr(text, "leading_lines", ()))
    while lines and lines[0].comment is None:
        lines.pop(0)
    return text.with_changes(leading_lines=[*(cst.EmptyLine(indent=False) for _ in range(count)), *lines])


def parsed(groups: Iterable[Sequence[str]]) -> list[cst.BaseStatement]:
    """The statements of lines of code, with an empty line between two groups."""
    body: list[cst.BaseStatement] = []
    for lines in groups:
        for number, line in enumerate(lines):
            statement = cst.parse_statement(f"{line}\n")
            body.append(spaced(statement, 1) if number == 0 and body else statement)
    return body


def is_block(text: cst.CSTNode) -> bool:
    """Is it a class or a function?"""
    return isinstance(text, (cst.ClassDef, cst.FunctionDef))


class OneDotMore(cst.CSTTransformer):
    """Relative imports of a file that now lies one folder deeper."""

    def leave_ImportFrom(self, original_node: cst.ImportFrom, updated_node: cst.ImportFrom) -> cst.ImportFrom:  # noqa: N802
        if not updated_node.relative:
            return updated_node
        return updated_node.with_changes(relative=[cst.Dot(), *updated_node.relative])
