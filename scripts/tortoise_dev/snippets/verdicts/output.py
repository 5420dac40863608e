"""Expected text against what there is: ``...`` is a wildcard, SQL is compared without its layout."""

from __future__ import annotations

import re

from ...report.redaction import beginning
from ..databases.sql import statements_of


def first_difference(expected: str, actual: str) -> tuple[int, str] | None:
    """Compare printed text; returns (line within the expected text, what differs), or None where they match.

    Trailing white space, trailing blank lines and ANSI colours don't count. ``...`` matches anything within a
    line, and alone on a line it matches any number of lines; it does not match an output without any line.
    """
    wanted = [line.rstrip() for line in without_colours(expected).rstrip().split("\n")]
    got = [line.rstrip() for line in without_colours(actual).rstrip().split("\n")]
    if got == [""] and wanted != [""]:
        return 1, f"expected {_quoted(wanted[0])}, but nothing was printed"
    runs = _runs_between_wildcards(wanted)
    place, last = 0, len(runs) - 1
    for number, (line, run) in enumerate(runs):
        is_fixed = number == 0
        found = place if is_fixed else _place_of(run, got, place, at_end=number == last)
        if found is None:
            return line, f"nothing matches what stands after the ... ; got {_quoted(actual)}"
        for offset, pattern in enumerate(run):
            here = got[found + offset] if found + offset < len(got) else None
            if here is None or not _matches(pattern, here):
                there = "nothing more" if here is None else _quoted(here)
                return line + offset, f"expected {_quoted(pattern)}, got {there}"
        place = found + len(run)
    if last == 0 and place < len(got):
        return len(wanted), f"expected nothing more, got {_quoted(got[place])}"
    return None


def without_colours(text: str) -> str:
    """A text without ANSI's escape sequences."""
    return _ANSI.sub("", text) if "\x1b" in text else text


def for_page(actual: str) -> str:
    """What was printed, as a page can hold it: ``...`` for characters that would break its lines."""
    return _NOT_ON_PAGES.sub("...", without_colours(actual).replace("\r\n", "\n"))


_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
_NOT_ON_PAGES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def _runs_between_wildcards(wanted: list[str]) -> list[tuple[int, list[str]]]:
    """The lines between those that are a lone ``...``, with the number (from 1) of the first line of each
    run.
    """
    runs: list[tuple[int, list[str]]] = [(1, [])]
    for number, line in enumerate(wanted, 1):
        if line == "...":
            runs.append((number + 1, []))
        else:
            runs[-1][1].append(line)
    return runs


def _place_of(run: list[str], got: list[str], start: int, *, at_end: bool) -> int | None:
    """Where a run of lines stands in the output, from ``start`` on: at its end, or at the first place."""
    final = len(got) - len(run)
    places = range(max(start, final), final + 1) if at_end else range(start, final + 1)
    for place in places:
        if all(_matches(pattern, got[place + offset]) for offset, pattern in enumerate(run)):
            return place
    return None


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
    return repr(beginning(text.strip("\n"), 200))
