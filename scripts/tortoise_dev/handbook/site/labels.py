"""The marks of a block as words that a reader sees."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ...pages.page import Block
from .proof import NAMES

_WRONG = re.compile(r"^\s*#\s*WRONG\b", re.MULTILINE)
_NAMES = {**NAMES, "postgresql": "PostgreSQL", "tortoise": "Tortoise", "python": "Python", "helm": "Helm"}


@dataclass(frozen=True)
class Label:
    """A word or two above a block. ``wrong`` marks code that nobody should copy."""

    text: str
    kind: Literal["plain", "wrong", "place"] = "plain"
    link: str = ""


def labels_of(block: Block, rule_page: str) -> list[Label]:
    """The labels of a block, those of wrong code first. ``rule_page`` is the address of a rule's page, with
    ``{}`` for its code.
    """
    marks = block.attributes
    labels: list[Label] = []
    if "raises" in marks:
        labels.append(Label(f"raises {marks['raises']}", "wrong"))
    if "xfail" in marks:
        labels.append(Label(f"must fail: {marks['xfail']}", "wrong"))
    if "breaks" in marks:
        labels.append(Label(f"breaks rule {marks['breaks']}", "wrong", rule_page.format(marks["breaks"])))
    if _WRONG.search(block.source):
        labels.append(Label("shows mistakes", "wrong"))
    if "norun" in marks:
        labels.append(Label(f"shown, not run: {marks['norun']}"))
    if "needs" in marks:
        labels.append(Label(f"needs {_needs(marks['needs'])}"))
    if "queries" in marks:
        labels.append(Label("1 query" if marks["queries"] == "1" else f"{marks['queries']} queries"))
    if "output" in marks:
        labels.append(Label("the output"))
    if "sql" in marks:
        labels.append(Label("the SQL that it sends"))
    if "prelude" in marks:
        labels.append(Label("runs before each later block", "place"))
    if "continues" in marks:
        labels.append(Label(f"continues {marks['continues'] or 'the block above'}", "place"))
    if "name" in marks:
        labels.append(Label(f"named {marks['name']}", "place"))
    return labels


def is_wrong(labels: list[Label]) -> bool:
    """Is it code that nobody should copy?"""
    return any(label.kind == "wrong" for label in labels)


def _needs(text: str) -> str:
    """``postgres|mysql, docker`` → ``PostgreSQL or MySQL, docker``."""
    wanted = [word.strip() for word in text.split(",")]
    return ", ".join(" or ".join(_need(part) for part in word.split("|")) for word in wanted)


def _need(word: str) -> str:
    word = word.strip()
    if word.startswith("!"):
        return f"no {_need(word[1:])}"
    name = re.match(r"[a-z]+", word)
    return word.replace(name[0], _NAMES.get(name[0], name[0]), 1) if name else word
