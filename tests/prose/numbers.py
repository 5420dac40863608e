"""Numbers in sentences: each is one that a block, an example or a fact of the page says.

A number resolves if it stands in a block beside its paragraph. A version, a status or a larger number may
also stand in any block of the page, or in an example that the page links to. Else a fact of `facts.toml`
that is about the same must say it, or the configuration, or a command's help: a small number beside the
same word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

from prose import api, rules
from prose.allowed import Allowed
from prose.code import PageCode, Tree, code_of_block, numbers_in
from prose.reading import Piece, Prose, Section

IN_PROSE = re.compile(r"(?<![\w.#:/-])\d+(?:[.,]\d+)*(?!\w)(?![.,]?\d)|(?<=#)\d+|(?<=\d-)\d+|(?<=:)\d+")
RULES = re.compile(r"\bRules? (\d)(?:[–-](\d))?")
NO_SUBJECT = {
    "tortoise",
    "since",
    "before",
    "after",
    "there",
    "status",
    "which",
    "works",
    "write",
    "writes",
    "table",
    "tables",
}
OF_TOOLS = frozenset(f"references/{name}.md" for name in ("checker", "harness", "rules")) | {"README.md"}
"""The pages whose numbers may be those that --help says."""

SMALL = re.compile(r"\d{1,2}")


@dataclass(frozen=True)
class Number:
    """A number in a sentence, and the words around it."""

    line: int
    value: str
    before: str
    after: str
    around: str
    start: int = 0
    """Where it stands in its paragraph."""
    is_version: bool = False
    """Whether it is said as a release: `1.1.9`, `(1.0+)`, `since 0.25`."""

    def __str__(self) -> str:
        return f"line {self.line}: no block, example or fact says {self.value} in “{self.around}”"


def numbers_of(piece: Piece) -> Iterator[Number]:
    """The numbers of a paragraph, not those of the Hard Rules' names, of codes and of links' texts."""
    rules = {match.start(group) for match in RULES.finditer(piece.text) for group in (1, 2)}
    for match in IN_PROSE.finditer(piece.text):
        if match.start() in rules:
            continue
        before, after = piece.text[: match.start()], piece.text[match.end() :]
        yield Number(
            piece.line,
            match[0],
            _word(re.findall(r"[\w§+]+", before)[-1:]),
            _first_word(after),
            (before[-40:] + match[0] + after[:30]).strip(),
            match.start(),
            _is_version(match[0], before, after),
        )


def _is_version(value: str, before: str, after: str) -> bool:
    said_so = after.startswith(("+", "x")) or re.search(
        r"\b(?:since|from|until|below|before|on|in) $", before, re.I
    )
    return value.count(".") == 2 or ("." in value and bool(said_so))


def _first_word(text: str) -> str:
    return _word(re.findall(r"[\w§+]+", text)[:1])


def _word(found: list[str]) -> str:
    return _stem(found[0]) if found else ""


def _stem(word: str) -> str:
    return re.sub(r"(?:es|s)$", "", word.lower())


@dataclass(frozen=True)
class Numbers:
    """What one page may say in numbers."""

    page: Prose
    tree: Tree
    allowed: Allowed = field(default_factory=Allowed)

    @cached_property
    def code(self) -> PageCode:
        return PageCode(self.page, self.tree)

    def problems(self) -> Iterator[Number]:
        hard_rules = iter("01234")
        for section, piece in self.page.pieces:
            if self.page.name == "SKILL.md" and re.fullmatch(r"\d", piece.text):
                if piece.text != next(hard_rules, ""):
                    yield Number(piece.line, piece.text, "", "", "the table of the Hard Rules")
                continue
            for number in numbers_of(piece):
                if number.value == piece.text:  # a cell that is a number: the next one says of what
                    cells = [cell for cell in section.pieces if cell.line == piece.line]
                    number = replace(number, after=_first_word([*cells, piece][cells.index(piece) + 1].text))
                if self.is_known(number, section, piece):
                    continue
                if not self.allowed.allows_number(piece.text, number.start, self.page.name):
                    yield number
        yield from self._rules_by_number()

    def _rules_by_number(self) -> Iterator[Number]:
        """`Rules 0–4` are all; a `Rule 2` is told from its words, or is an allowed phrase."""
        for section, piece in self.page.pieces:
            row = " ".join(other.full_text for other in section.pieces if other.line == piece.line)
            for match in RULES.finditer(piece.text):
                first, last = match[1], match[2]
                if (first, last) == ("0", "4") or (
                    not last and first < "5" and rules.is_about(f"TD00{first}", rules.words_of(row))
                ):
                    continue
                if not self.allowed.allows_number(piece.text, match.start(1), self.page.name):
                    yield Number(piece.line, match[0], "", "", match[0])

    def is_known(self, number: Number, section: Section, piece: Piece) -> bool:
        """Whether code or a fact says the number, too."""
        if piece.text[: number.start].endswith("N+"):
            return number.value == "1"
        if number.before == "step":
            return re.search(rf"(?m)^{number.value}\. ", self.page.text) is not None
        beside = "\n".join(map(code_of_block, section.blocks_beside(piece)))
        if number.is_version:
            known = number.value in versions_in(self.code.text) or is_tested_version(number)
        elif number.before in ("exit", "statu"):
            known = re.search(rf"(?:exit|status|code|\$\?)\W{{1,12}}{number.value}\b", beside) is not None
        elif SMALL.fullmatch(number.value):
            known = number.value in numbers_in(beside)
        else:
            known = number.value.replace(",", "") in self.code.numbers
        return (
            known
            or _says(self.tree.configuration, number, always_beside=True)
            or self._is_fact(number, piece)
            or (self.page.name in OF_TOOLS and _says(api.help_text(), number))
            or (self.page.name == "README.md" and self._is_recorded(section, piece))
            or self._is_of_evaluations(piece)
        )

    def _is_fact(self, number: Number, piece: Piece) -> bool:
        """Whether a fact has the number and is about what the paragraph is about."""
        about = _words(piece.full_text)
        return any(
            _says(fact, number) and len(_words(fact) & about) >= enough
            for facts, enough in ((self.facts, 1), (self.all_facts, 2))
            for fact in facts
        )

    def _is_recorded(self, section: Section, piece: Piece) -> bool:
        """Whether all numbers of this row of a table come from one record."""
        row = [other for other in section.pieces if other.line == piece.line]
        said = {other.value for cell in row for other in numbers_of(cell)}
        return len(row) > 3 and any(said <= record for record in self.records)

    def _is_of_evaluations(self, piece: Piece) -> bool:
        """Whether `evals.py report` wrote the line: tests/evals/ compares it with the records."""
        above = "\n".join(self.page.text.split("\n")[: piece.line - 1])
        starts, ends = (
            len(re.findall(rf"<!-- evaluations[a-z ]*: {word} -->", above)) for word in ("start", "end")
        )
        return starts > ends

    @cached_property
    def facts(self) -> list[str]:
        """What is proven on this page, or in a file that it links to."""
        files = {
            self.page.name,
            *(path.relative_to(self.tree.root).as_posix() for path in self.code.linked_files),
        }
        return [
            fact["says"]
            for fact in _facts(self.tree.root).values()
            if any(re.split(r"#| :: ", proof)[0] in files for proof in fact.get("proof", []))
        ]

    @cached_property
    def all_facts(self) -> list[str]:
        return [fact["says"] for fact in _facts(self.tree.root).values() if fact.get("proof")]

    @cached_property
    def records(self) -> list[frozenset[str]]:
        """The numbers of each record that a row of the README's table is made from."""
        files = self.tree.under("tests/versions/", (".json",))
        return [frozenset(re.findall(r"\d+(?:\.\d+)*", file.read_text(encoding="utf-8"))) for file in files]


@cache
def _facts(root: Path) -> dict[str, dict[str, Any]]:
    return tomllib.loads((root / "tests" / "facts.toml").read_text(encoding="utf-8"))


def _words(text: str) -> set[str]:
    """The words that say what a sentence is about."""
    return {word.lower() for word in re.findall(r"\w{5,}", text)} - NO_SUBJECT


def versions_in(code: str) -> frozenset[str]:
    """The numbers of a text of code that are written as versions are: `>=1.1.8`, `"0.25.1"`, `-1.0`."""
    return frozenset(re.findall(r"(?:[<>=~!]=\s?|[<>\"'`@v:]\s?)(\d+(?:\.\d+)+)", code))


def is_tested_version(number: Number) -> bool:
    """Whether it is a release that is installed here: `1.1.9`, or `1.1` behind the name of the package."""
    for name in ("tortoise-orm", "aerich"):
        version = metadata.version(name)
        if number.value == version:
            return True
        if number.value == version.rpartition(".")[0] and number.before and number.before in name:
            return True
    return False


def _says(text: str, number: Number, always_beside: bool = False) -> bool:
    """Whether a text has the number, a small one beside the same word."""
    if number.value not in text:
        return False  # as nearly always: the pattern takes many times as long
    for match in re.finditer(rf"(?<![\w.]){re.escape(number.value)}(?![\w]|\.\d)", text):
        if not (SMALL.fullmatch(number.value) or always_beside):
            return True
        before = _word(re.findall(r"[\w+]+", text[: match.start()])[-1:])
        after = _word(re.findall(r"[\w+]+", text[match.end() :])[:1])
        if (before and before == number.before) or (after and after == number.after):
            return True
        if number.before == "exit" and before == "statu":  # "exits 0", "exit status 0"
            return True
    return False
