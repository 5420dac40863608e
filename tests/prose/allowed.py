"""`allowed.toml`: names, numbers and literals that pages may use though nothing bears them out."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

FILE = Path(__file__).with_name("allowed.toml")


@dataclass(frozen=True)
class Entry:
    """One exception: `text` is the name, the words around the number, or the literal; `page` "" for all."""

    text: str
    reason: str
    page: str = ""


@dataclass(frozen=True)
class Allowed:
    """All exceptions; empty by default."""

    proper: frozenset[str] = frozenset()
    spelt: frozenset[str] = frozenset()
    """Words of blocks that stand in one place only, and are spelt right."""
    names: tuple[Entry, ...] = field(default=())
    numbers: tuple[Entry, ...] = field(default=())
    denied: tuple[Entry, ...] = field(default=())
    foreign: dict[str, frozenset[str]] = field(default_factory=dict)
    """By page: names that belong to something else than Tortoise."""
    leads: dict[str, dict[str, str]] = field(default_factory=dict)
    """By page, `*` for all: links whose words differ from their target, by text."""
    elsewhere: dict[str, frozenset[str]] = field(default_factory=dict)
    """By page: methods that a sentence names in a section that does not show them."""

    def foreign_to(self, page: str) -> frozenset[str]:
        return self.foreign.get(page, frozenset())

    def elsewhere_on(self, page: str) -> frozenset[str]:
        return self.elsewhere.get(page, frozenset())

    def leads_on(self, page: str) -> dict[str, str]:
        return self.leads.get("*", {}) | self.leads.get(page, {})

    def allows_span(self, text: str, page: str) -> bool:
        return any(entry.text == text and entry.page in ("", page) for entry in self.names)

    @cached_property
    def words(self) -> frozenset[str]:
        """The names among the exceptions that are single words: they may stand inside other spans, too."""
        return frozenset(
            entry.text for entry in self.names if re.fullmatch(r"\w+", entry.text) and not entry.page
        )

    def allows_number(self, text: str, start: int, page: str) -> bool:
        """Whether the number at `start` of a paragraph (code spans as `§`) stands in an allowed phrase."""
        for entry in self.numbers:
            if entry.page in ("", page):
                for match in re.finditer(_phrase(entry), text):
                    if match.start() <= start < match.end():
                        return True
        return False

    @staticmethod
    def covers(entry: Entry, text: str) -> bool:
        """Whether a paragraph has the phrase of an exception."""
        return re.search(_phrase(entry), text) is not None

    def allows_denial(self, literal: str, page: str) -> bool:
        return any(entry.text == literal and entry.page in ("", page) for entry in self.denied)


def _phrase(entry: Entry) -> str:
    words = re.escape(re.sub(r"`[^`]*`", "§", entry.text))
    return rf"(?<![\w.]){words}(?!\w|\.\d)"


def read(file: Path = FILE) -> Allowed:
    """The exceptions of a file."""
    table = tomllib.loads(file.read_text(encoding="utf-8"))

    def entries(kind: str) -> Iterable[Entry]:
        return (Entry(**entry) for entry in table.get(kind, []))

    return Allowed(
        proper=frozenset(" ".join(table["proper"].values()).split()),
        spelt=frozenset(" ".join(table.get("spelt", {}).values()).split()),
        foreign=_by_page(table.get("foreign", {})),
        leads=table.get("leads", {}),
        elsewhere=_by_page(table.get("elsewhere", {})),
        names=tuple(entries("name")),
        numbers=tuple(entries("number")),
        denied=tuple(entries("denied")),
    )


def _by_page(table: dict[str, str]) -> dict[str, frozenset[str]]:
    return {page: frozenset(words.split()) for page, words in table.items()}
