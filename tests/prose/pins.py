"""Sentences that are pinned together with what proves them: `pins/PAGE.toml`.

A pin quotes a sentence of its page, or a row of a table, and names a line of code that runs and proves it.
So neither changes alone. A run sees a line of code that has become wrong. It does not see a `not` that came
into a sentence, a database that became another, or two cells that changed places.

Not any line will do. It is on the page, or in an example that the sentence links to, or its page. SKILL.md
sums up all pages, so its proofs may stand on any of them, or in any example. The line shares a word with the
sentence, and it runs on the database that the sentence names. A remark of a line is pinned to that line.

A sentence with `never`, `always` or `unless` must have a pin, and so must one that names a database twice, or
MySQL beside another database and without MariaDB: they claim the most, and one word makes them false.
`unpinned.toml` lists those that no block can prove, with the reason.

`uv run tests/pin.py` moves pins along when sentences are reworded, and proposes new ones.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from prose import proofs
from prose.code import Tree
from prose.links import words_of
from prose.reading import MADE, Prose
from prose.statements import Statement, statements_of
from tortoise_dev.pages.page import Block

FOLDER = Path(__file__).with_name("pins")
DATABASES = {"SQLite": "sqlite", "PostgreSQL": "postgres", "MariaDB": "mysql", "MySQL": "mysql"}

UNPINNED = Path(__file__).with_name("unpinned.toml")
STRONG = re.compile(
    r"\b(?:[Nn]ever|[Aa]lways|[Uu]nless)\b|"
    r"^(?!.* \| ).*\b(SQLite|PostgreSQL|MariaDB|MySQL|asyncpg|psycopg)\b.*\b\1\b"
    r"|^(?!.* \| |.*MariaDB)(?=.*\bMySQL\b).*\b(?:SQLite|PostgreSQL)\b"
)


@dataclass(frozen=True)
class Pin:
    """A sentence, and `FILE :: TEXT` or `PAGE.md#anchor :: TEXT` that proves it."""

    says: str
    proof: str

    @property
    def file(self) -> str:
        return re.split(r"#| :: ", self.proof)[0]

    @property
    def text(self) -> str:
        return self.proof.partition(" :: ")[2]


def file_of(page: str, folder: Path = FOLDER) -> Path:
    return folder / f"{Path(page).stem}.toml"


@cache
def pins_of(page: str, folder: Path = FOLDER) -> tuple[Pin, ...]:
    """The pins of a page, in its order."""
    file = file_of(page, folder)
    if not file.is_file():
        return ()
    return tuple(Pin(**entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["pin"])


def problems(page: Prose, tree: Tree, folder: Path = FOLDER) -> Iterator[str]:
    """Pins whose sentence or whose proof is not there any more, one line each."""
    stated = by_text(page)
    running = {page.name: tuple(block for block in page.blocks if proofs.runs(block))}
    for pin in pins_of(page.name, folder):
        statements = stated.get(pin.says, [])
        if not statements:
            yield f"no sentence says “{pin.says}” any more: does {pin.proof} prove what it says now?"
            continue
        found = [problem_of(pin, statement, page, tree, running) for statement in statements]
        if all(found):
            yield f"line {statements[0].line}: {pin.proof} does not prove “{pin.says}”: {found[0]}"


def strong(page: Prose, file: Path = UNPINNED) -> Iterator[str]:
    """Sentences that claim much and have no pin, one line each."""
    if page.name in MADE:
        return
    listed = reasons(file)
    pinned = {pin.says for pin in pins_of(page.name)}
    for statement in statements_of(page):
        claim = STRONG.search(re.sub(r"`[^`]*`", "§", statement.text))
        if claim and statement.text not in pinned and (page.name, statement.text) not in listed:
            yield f"line {statement.line}: it claims much, so pin “{statement.text}”"


@cache
def reasons(file: Path = UNPINNED) -> dict[tuple[str, str], str]:
    """By page and sentence: why it has no pin."""
    table = tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return {(page, says): why for page, entries in table.items() for says, why in entries.items()}


def by_text(page: Prose) -> dict[str, list[Statement]]:
    """The statements of a page; the same remark may stand on several lines."""
    found: dict[str, list[Statement]] = {}
    for statement in statements_of(page):
        found.setdefault(statement.text, []).append(statement)
    return found


def problem_of(
    pin: Pin, statement: Statement, page: Prose, tree: Tree, running: dict[str, tuple[Block, ...]]
) -> str | None:
    """Why a line does not prove a statement, or None."""
    if problem := proofs.problem_of(pin.proof, running if pin.file == page.name else None):
        return problem
    if statement.code:
        return None if pin.text == statement.code else f"it stands on another line: {statement.code}"
    if pin.file != page.name and pin.file not in linked(statement, page, tree):
        return "it does not link to that example"
    about = proven_words(pin, running)
    if not about & statement_words(statement.text):
        return "it has no word of the sentence"
    named = {DATABASES[name] for name in re.findall("|".join(DATABASES), statement.text)}
    block = block_of(pin, running)
    needs = re.findall(r"sqlite|postgres|mysql|mariadb", block.attributes.get("needs", "")) if block else []
    runs_on = {"mysql" if one == "mariadb" else one for one in needs}
    if named and runs_on and not named & runs_on:
        return f"it runs on {' and '.join(sorted(runs_on))} alone"
    return None


def linked(statement: Statement, page: Prose, tree: Tree) -> set[str]:
    """The examples of a statement's own links, or else those of its page; for SKILL.md all proofs."""
    if page.name == "SKILL.md":
        return {file for file in tree.files if file.startswith(("examples/", "references/"))}
    own = {file for file in page.targets(list(statement.links)) & tree.files if file.startswith("examples/")}
    return own or {file for file in page.links if file.startswith("examples/")}


def block_of(pin: Pin, running: dict[str, tuple[Block, ...]]) -> Block | None:
    """The block that has the line of a pin."""
    if pin.file.endswith(".md"):
        blocks = running.get(pin.file) or proofs.blocks_of(pin.file)
        return next((block for block in blocks if proofs.runs(block) and pin.text in block.source), None)
    return next(iter(proofs.blocks_of(pin.file)), None)


def proven_words(pin: Pin, running: dict[str, tuple[Block, ...]]) -> frozenset[str]:
    """The words of a proof: of its line with its remark, and of the statements around that it belongs to."""
    block = block_of(pin, running)
    return frozenset(words_of(around(block.source, pin.text))) if block else frozenset()


def around(source: str, text: str, before: int = 12, after: int = 3) -> str:
    """The lines around the one that has a text."""
    lines = source.split("\n")
    place = next((number for number, line in enumerate(lines) if text in line), 0)
    return "\n".join(lines[max(0, place - before) : place + after + 1])


def statement_words(text: str) -> frozenset[str]:
    """The words that say what a statement is about."""
    databases = {DATABASES[name] for name in re.findall("|".join(DATABASES), text)}
    return frozenset(word for word in words_of(text) if len(word) > 2) | databases
