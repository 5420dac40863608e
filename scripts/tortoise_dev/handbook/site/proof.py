"""What records say about the blocks of today's pages, and nothing that no longer fits them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...pages.fingerprints import fingerprint_of_folder, fingerprint_of_page, fingerprints_of_blocks
from ...pages.page import Block, Page
from ...report.record import BlockRecord, Record, RecordError, read_record, record_again

NAMES = {
    "sqlite": "SQLite",
    "postgres": "PostgreSQL",
    "psycopg": "PostgreSQL (psycopg)",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
}
"""The databases as people call them."""


@dataclass(frozen=True)
class Run:
    """What one record says about one block."""

    record: Record
    entry: BlockRecord

    @property
    def database(self) -> str:
        """What the database calls itself; empty where none is involved."""
        return self.record.server or ""


@dataclass(frozen=True)
class Proofs:
    """The records of a build, and by block the runs that fit the block as it stands today."""

    records: Sequence[Record]
    runs: Mapping[str, Sequence[Run]]

    def of(self, block: Block) -> Sequence[Run]:
        """The runs of a block; none where it was not run since it changed."""
        return self.runs.get(block.id, ())


def read_records(folder: Path) -> list[Record]:
    """The records of a folder; a folder that is not there has none. Raises RecordError."""
    files = sorted(folder.glob("*.json")) if folder.is_dir() else []
    return [read_record(file) for file in files]


def proofs_of(pages: Iterable[Page], records: Sequence[Record], project: Path) -> Proofs:
    """Hold records against pages. A run of a block that has changed since is left out.

    Raises RecordError for a record that claims what no block says, naming the block.
    """
    pages = list(pages)
    today = fingerprint_of_folder(project)
    texts = {page.name: fingerprint_of_page(page) for page in pages}
    blocks = {block.id: block for page in pages for block in page.blocks}
    hashes = {name: found for page in pages for name, found in fingerprints_of_blocks(page).items()}
    runs: dict[str, list[Run]] = defaultdict(list)
    for record in sorted(records, key=_order):
        for entry in record.blocks:
            block = blocks.get(entry.id)
            if block is None:
                _check_gone(record, entry, texts)
            elif entry.hash == hashes[entry.id]:
                _check_claim(record, entry, block)
                if record.project == today:
                    runs[entry.id].append(Run(record, entry))
            elif record.pages.get(entry.path) == texts.get(entry.path):
                raise _claims(record, entry, "its page is the same as then, but the block is another one")
    return Proofs(records, runs)


def _check_gone(record: Record, entry: BlockRecord, texts: Mapping[str, str]) -> None:
    """A page that changed may have lost a block. A page that did not change has all of its blocks."""
    if entry.path in texts and record.pages[entry.path] == texts[entry.path]:
        raise _claims(record, entry, "no such block is on the page")


def _check_claim(record: Record, entry: BlockRecord, block: Block) -> None:
    """Does the entry say what the block says of itself?"""
    marks = block.attributes
    counted = marks.get("queries")
    if entry.language != block.info.language:
        raise _claims(record, entry, f"says {entry.language or 'no language'}, the block says otherwise")
    if entry.status != "passed":
        return
    if "norun" in marks:
        raise _claims(record, entry, "says that it passed, but the block is marked norun")
    if counted is not None and entry.queries is not None and entry.queries != int(counted):
        raise _claims(record, entry, f"says {entry.queries} queries, the block says queries={counted}")


def _claims(record: Record, entry: BlockRecord, reason: str) -> RecordError:
    return RecordError(f"{record.file_name}: {entry.id}: {reason}; {record_again()}")


def _order(record: Record) -> tuple[object, ...]:
    names = [*NAMES]
    place = names.index(record.backend) if record.backend in names else len(names)
    return (place, _newest_first(record.tortoise), _newest_first(record.python))


def _newest_first(version: str) -> tuple[int, ...]:
    return tuple(-int(part) for part in version.split(".") if part.isdigit())
