"""A record: what one run showed on one database, as a file that the website is built from.

``record.schema.json`` beside this module describes the file. Each block's entry has a seal. It protects
against mistakes: an entry that somebody edited does not fit its seal. It does not protect against malice.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..about import command
from ..pages.fingerprints import fingerprint

VERSION = 2
SCHEMA = Path(__file__).with_name("record.schema.json")

_STATUSES = ("passed", "failed", "skipped", "unverified")


class RecordError(Exception):
    """A record that cannot be believed: the file, the block, and what is wrong with it."""


@dataclass(frozen=True)
class BlockRecord:
    """What became of one block, and the fingerprint of the block that it speaks of."""

    id: str
    path: str
    line: int
    language: str
    hash: str
    status: str
    reason: str = ""
    queries: int | None = None
    sql: tuple[str, ...] = ()
    output: str = ""


@dataclass(frozen=True)
class Record:
    """A whole record. ``backend``, ``server`` and ``url`` are None for blocks that need no database."""

    written_by: str
    python: str
    packages: Mapping[str, str]
    backend: str | None
    server: str | None
    url: str | None
    project: str
    pages: Mapping[str, str]
    blocks: tuple[BlockRecord, ...]
    others: tuple[Mapping[str, str], ...] = field(default=())

    @property
    def tortoise(self) -> str:
        """The version of Tortoise."""
        return self.packages.get("tortoise-orm", "none")

    @property
    def short_python(self) -> str:
        """The version of Python without its last number."""
        return ".".join(self.python.split(".")[:2])

    @property
    def file_name(self) -> str:
        """The name of its file: a new run with the same versions replaces it."""
        return f"tortoise-{self.tortoise}-python-{self.short_python}-{self.backend or 'no-database'}.json"

    def counts(self) -> dict[str, int]:
        """How many entries have each status."""
        statuses = [block.status for block in self.blocks] + [other["status"] for other in self.others]
        counter = Counter(statuses)
        return {status: counter[status] for status in _STATUSES}

    def seal_of(self, block: BlockRecord) -> str:
        """The fingerprint of a block's entry, with the versions and the database that it speaks of."""
        about = (self.written_by, self.python, self.packages, self.backend, self.server, self.project)
        return fingerprint(json.dumps([about, asdict(block)], sort_keys=True, ensure_ascii=False))

    def to_text(self) -> str:
        """The file's text."""
        document = {
            "version": VERSION,
            **{name: value for name, value in asdict(self).items() if name not in ("blocks", "others")},
            "summary": self.counts(),
            "blocks": [{**asdict(block), "seal": self.seal_of(block)} for block in self.blocks],
            "others": [dict(other) for other in self.others],
        }
        return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def record_again() -> str:
    """What to do about a record that cannot be used."""
    return f"run {command('snippets')} --record again"


def read_record(path: Path) -> Record:
    """Read a record. Raises RecordError for one that contradicts itself, and names the block."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise RecordError(f"{path.name}: cannot be read: {error}; {record_again()}") from None
    _check_shape(document, path.name)
    blocks = tuple(
        BlockRecord(**{**entry, "sql": tuple(entry["sql"])})
        for entry in ({k: v for k, v in block.items() if k != "seal"} for block in document["blocks"])
    )
    plain = {k: v for k, v in document.items() if k not in ("version", "summary", "blocks", "others")}
    record = Record(**plain, blocks=blocks, others=tuple(document["others"]))
    for block, entry in zip(blocks, document["blocks"], strict=True):
        _check_entry(record, block, entry["seal"], path.name)
    _check_whole(record, document["summary"], path.name)
    return record


def _check_shape(document: Any, name: str) -> None:
    from jsonschema import Draft202012Validator  # here and not above: only who reads records needs it

    error = next(Draft202012Validator(json.loads(SCHEMA.read_text("utf-8"))).iter_errors(document), None)
    if error is not None:
        place = list(error.absolute_path)
        where = ""
        if len(place) > 1 and place[0] == "blocks":
            where = f"{document['blocks'][place[1]].get('id', f'block {place[1]}')}: "
        key = f"{place[-1]}: " if place and isinstance(place[-1], str) else ""
        raise RecordError(f"{name}: {where}{key}{error.message[:200]}; {record_again()}")


def _check_entry(record: Record, block: BlockRecord, seal: str, name: str) -> None:
    if block.queries is not None and block.queries != len(block.sql):
        reason = f"says {block.queries} queries and lists {len(block.sql)} statements"
    elif block.path != block.id.partition("::")[0]:
        reason = f"says that it stands in {block.path}"
    elif block.path not in record.pages:
        reason = f"stands in {block.path}, which the record does not list among its pages"
    elif seal != record.seal_of(block):
        reason = "the entry, or the versions above it, were edited after the run"
    else:
        return
    raise RecordError(f"{name}: {block.id}: {reason}; {record_again()}")


def _check_whole(record: Record, summary: Mapping[str, int], name: str) -> None:
    twice = [
        identity for identity, count in Counter(block.id for block in record.blocks).items() if count > 1
    ]
    if twice:
        raise RecordError(f"{name}: {twice[0]}: has two entries; {record_again()}")
    if dict(summary) != record.counts():
        raise RecordError(f"{name}: summary: it does not count what the entries say; {record_again()}")
    if name != record.file_name:
        raise RecordError(
            f"{name}: it speaks of the versions of {record.file_name}; rename it, or {record_again()}"
        )
