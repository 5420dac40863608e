"""Sentences are plain English: an article, a number and a verb fit the word after them.

Plain English has one way to say a thing: `does not raise`, not `does raise`; `the same`, not `the different`.
So a word that slipped into a sentence, or out of it, often leaves one that nobody would write.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from prose.reading import MADE, Prose
from prose.statements import statements_of

PLURAL = r"[a-z]{3,}(?<![sui])s\b"
SINGULAR_AFTER = re.compile(r"\b(?:two|three|four|five) (?=[^.,;:()]+)(?P<words>[^.,;:()]+)", re.IGNORECASE)
VERBS = frozenset(
    "apply are can do fail have may match must raise refuse send stay take want wait work".split()
)
"""What may follow a number that stands for its noun: `the first three raise an error`."""
OF_ONE = re.compile(
    r"\b(?:is|has|does|was|returns|raises|takes|makes|sends|needs|reads|writes|waits|gives|finds)\b"
)
"""The verb of one thing ends what a number may count."""

RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), message)
    for pattern, message in (
        (
            r"\b(?:[Dd]oes|[Dd]o|[Dd]id) (?!not\b|nothing\b|no\b|harm\b|them\b|this\b|that\b|so\b|the\b|an?\b"
            r"|it\b|its\b"
            r"|these\b|what\b|as\b|all\b|one\b|both\b|each\b|only\b|you\b|for\b|instead\b|something\b|differently\b"
            r"|step\b)[a-z]+",
            "`do` stands before a verb",
        ),
        (r"\bcan not\b", "write cannot"),
        (
            r"\b[Aa] (?!one\b|once\b|uni|us[aeiu]|U)(?:[aeiou]|[AEIOU][a-z])\w*",
            "an, not a, stands before a vowel",
        ),
        (rf"\b[Aa]n? (?!jobs table){PLURAL}", "an article of one thing stands before several"),
        (rf"\b[Ee]very (?!models package){PLURAL}", "`every` stands before several things"),
        (rf"\bless {PLURAL}", "several things are fewer, not less"),
        (r"\b[Nn]o (?:the|of|its|their|these|those|your|three|four|five)\b", "`no` stands before an article"),
        (r"\bthe different\b|\b[Aa] same\b", "`the` goes with same, `a` with different"),
        (r"\b[Bb]oth [^.,;:|(]{1,40}\bor\b|\b[Ee]ither [^.,;:|]{1,60}\band\b", "both … and, either … or"),
        (r"\bbetween (?!the application and)[^.,;:|]{1,40}\bor\b", "between … and"),
        (
            r"(?<!of )(?<!in )(?<!between )"
            r"§ and § (?:is|has|was|does|raises|returns|takes|makes|sends|works|keeps)\b",
            "two things have a verb of one",
        ),
        (r"§ or § (?:are|have|do|take|need|raise|return)\b", "one of two things has a verb of both"),
        (r"\b[Ww]rite (?:[\w-]+\.md\b|this (?:page )?(?:when|if)\b)", "a page is read, not written"),
    )
)
READ_CODE = re.compile(r"\b[Rr]ead §")


def problems(page: Prose) -> Iterator[str]:
    """Phrases of sentences and remarks that plain English does not have, one line each."""
    if page.name in MADE:
        return
    for _, piece in page.pieces:
        if piece.is_heading:
            continue
        yield from (f"line {piece.line}: {problem}" for problem in problems_of(piece.text))
        for match in READ_CODE.finditer(piece.text):
            span = piece.spans[piece.text[: match.end()].count("§") - 1]
            if not re.fullmatch(r"[\w.]+", span.text):  # a variable or a column is read
                yield f"line {span.line}: {span.text} is written, not read"
    for statement in statements_of(page):
        if statement.code:
            remark = re.sub(r"`[^`]*`", "§", statement.text)
            yield from (f"line {statement.line}: {problem}" for problem in problems_of(remark))


def problems_of(text: str) -> Iterator[str]:
    """What is wrong in a text whose code spans are `§`."""
    for pattern, message in RULES:
        for match in pattern.finditer(text):
            yield f"“{match[0]}”: {message}"
    for match in SINGULAR_AFTER.finditer(text):
        words = OF_ONE.split(match["words"])[0].split()[:4] or ["is"]
        fits = any(word.endswith("s") or "§" in word or word in ("people", "children") for word in words)
        if not fits and words[0] not in VERBS | {"of", "and", "or", "to"}:
            yield f"“{match[0]}”: a number stands before one thing"
