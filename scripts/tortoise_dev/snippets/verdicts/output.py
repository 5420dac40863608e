"""Expected text against what there is: ``...`` matches anything, SQL is compared without its layout."""

from __future__ import annotations

import re

from ..databases.sql import statements_of


def first_difference(expected: str, actual: str) -> tuple[int, str] | None:
    """Compare printed text; returns (line within the expected text, what differs), or None where they match.

    Trailing white space and trailing blank lines don't count. ``...`` matches anything within a line, and on
    a line of its own any number of lines.
    """
    wanted = [line.rstrip() for line in expected.rstrip().split("\n")]
    got = [line.rstrip() for line in actual.rstrip().split("\n")]
    if _matches("\n".join(wanted), "\n".join(got)):
        return None
    for number, line in enumerate(wanted):
        if line == "...":
            return number + 1, f"nothing matches what stands after the ... ; got {_quoted(actual)}"
        if number >= len(got) or not _matches(line, got[number]):
            there = _quoted(got[number]) if number < len(got) else "nothing more"
            return number + 1, f"expected {_quoted(line)}, got {there}"
    return len(wanted), f"expected nothing more, got {_quoted(got[len(wanted)])}"


def first_sql_difference(expected: str, actual: tuple[str, ...]) -> tuple[int, str] | None:
    """Compare statements in order; returns (line within the expected text, what differs), or None."""
    wanted = statements_of(expected)
    if wanted and wanted[-1][1].strip() == "..." and len(actual) >= len(wanted):
        wanted, actual = wanted[:-1], actual[: len(wanted) - 1]  # at the end it stands for all the rest
    for position, (line, statement) in enumerate(wanted):
        if position >= len(actual):
            return line, f"expected {_quoted(_flat(statement))}, but only {len(actual)} statements were sent"
        if not _matches(_tight(statement), _tight(actual[position])):
            return line, f"expected {_quoted(_flat(statement))}, sent was {_quoted(_flat(actual[position]))}"
    if len(actual) > len(wanted):
        extra = _quoted(_flat(actual[len(wanted)]))
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


def _matches(pattern: str, text: str) -> bool:
    """Match literal pieces around ``...`` in order, without backtracking."""
    first, *pieces = pattern.split("...")
    if not pieces:
        return pattern == text
    if not text.startswith(first):
        return False
    position = len(first)
    *middle, last = pieces
    for piece in middle:
        position = text.find(piece, position)
        if position < 0:
            return False
        position += len(piece)
    return text.endswith(last) and len(text) - len(last) >= position


def _quoted(text: str) -> str:
    text = text.strip("\n")
    return repr(text if len(text) <= 200 else f"{text[:200]}…")
