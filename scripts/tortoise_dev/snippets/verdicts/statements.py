"""Expected SQL against the statements that were sent: they are compared without their layout."""

from __future__ import annotations

import re

from ..comparison import matches, quoted
from ..databases.sql import statements_of


def first_sql_difference(expected: str, actual: tuple[str, ...]) -> tuple[int, str] | None:
    """Compare statements in order; returns (line within the expected text, what differs), or None."""
    wanted = statements_of(expected)
    if wanted and wanted[-1][1].strip() == "..." and len(actual) >= len(wanted):
        wanted, actual = wanted[:-1], actual[: len(wanted) - 1]  # at the end it stands for all the rest
    for position, (line, statement) in enumerate(wanted):
        if position >= len(actual):
            return line, f"expected {quoted(_flat(statement))}, but only {len(actual)} statements were sent"
        if not matches(_tight(statement), _tight(actual[position])):
            return line, f"expected {quoted(_flat(statement))}, sent was {quoted(_flat(actual[position]))}"
    if len(actual) > len(wanted):
        extra = quoted(_flat(actual[len(wanted)]))
        return max(1, expected.count("\n")), f"{len(actual)} statements were sent; also {extra}"
    return None


def sql_text(statements: tuple[str, ...]) -> str:
    """Statements as an ``sql`` block shows them."""
    return "".join(f"{_flat(statement)};\n" for statement in statements)


def _flat(statement: str) -> str:
    return re.sub(r"\s+", " ", statement).strip().rstrip(";").rstrip()


def _tight(statement: str) -> str:
    """A statement without the white space that means nothing, so that a page may wrap a long one anywhere."""
    return re.sub(r"\s*([(),])\s*", r"\1", _flat(statement))
