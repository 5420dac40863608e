"""Codes of rules in prose: each exists, and the paragraph that names it speaks of what the rule is about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cache

from prose.reading import Prose
from tortoise_dev.rules import RULES

CODE = re.compile(r"\bTD(\d{3})(?:(?:[–-]| to )(?:TD)?(\d{3}))?")
ENOUGH = 0.4
"""A paragraph may speak of two rules: the one that it names has this share of the best one's words."""


def problems(page: Prose) -> Iterator[str]:
    """Codes of no rule, and codes of another rule than the one that the words before them are about."""
    for section, piece in page.pieces:
        text, start = piece.full_text, 0
        examples = {match[0] for span in piece.spans for match in CODE.finditer(span.text)}
        row = " ".join(other.full_text for other in section.pieces if other.line == piece.line)
        any_rule = any("rules.md" in link for link in piece.links) or re.search(r"\ba code\b", text)
        for match in CODE.finditer(text):
            first, last = f"TD{match[1]}", f"TD{match[2] or match[1]}"
            words = words_of(text[start : match.start()])
            start = match.end()
            missing = [code for code in (first, last) if code not in RULES]
            yield from (f"line {piece.line}: {code} is no rule" for code in missing)
            is_listed = re.match(r",? (?:and |or )?TD", text[match.end() :]) is not None
            if is_listed or missing or first != last or not words or any_rule or match[0] in examples:
                continue
            if not is_about(first, words) and not is_about(first, words_of(row)):
                likely = max(RULES, key=lambda code: score(code, words))
                yield (
                    f"line {piece.line}: {first} ({RULES[first].name}) is not what “{text[:60]}…” is about"
                    f"; did you mean {likely} ({RULES[likely].name})?"
                )
    yield from problems_of_comments(page)


def problems_of_comments(page: Prose) -> Iterator[str]:
    """Codes in the comments of Python blocks: the line is about the rule."""
    for block in page.blocks:
        lines = block.source.split("\n") if block.kind == "python" else []
        for number, line in enumerate(lines, block.start):
            for match in re.finditer(r"#.*?\b(TD\d{3})\b", line):
                if "noqa" in line:
                    continue
                if match[1] not in RULES:
                    yield f"line {number}: {match[1]} is no rule"
                elif not is_about(match[1], words_of(line.replace(match[1], ""))):
                    yield f"line {number}: {match[1]} ({RULES[match[1]].name}) is not what this line is about"


def is_about(code: str, words: frozenset[str]) -> bool:
    """Whether no rule has clearly more of the words than this one."""
    best = max(score(other, words) for other in RULES)
    return best > 0 and score(code, words) >= ENOUGH * best


def score(code: str, words: frozenset[str]) -> float:
    """How many of the words a rule's page has; a word that few rules have counts more."""
    return sum(1 / counts()[word] for word in words & about(code))


@cache
def counts() -> Counter[str]:
    """In how many rules' pages each word is."""
    return Counter(word for rule in RULES for word in about(rule))


@cache
def about(code: str) -> frozenset[str]:
    """The words of a rule's name and of its page."""
    rule = RULES[code]
    return words_of(f"{rule.name} {rule.summary} {rule.page}")


def words_of(text: str) -> frozenset[str]:
    """The words of a text without their endings; an identifier's parts count, too."""
    found = re.findall(r"[A-Za-z]{3,}", text.replace("_", " "))
    return frozenset(re.sub(r"(?:ing|ed|es|s|e)$", "", word.lower()) for word in found)
