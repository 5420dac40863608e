"""A block counts on the database that it has really used."""

from __future__ import annotations

from tortoise_dev.snippets.result import Result
from tortoise_dev.snippets.verdicts.own_database import counted_on_sqlite, opened_sqlite_itself


def test_who_opened_sqlite() -> None:
    assert opened_sqlite_itself(["sqlite"], "postgres", [])
    assert not opened_sqlite_itself(["sqlite", "postgres"], "postgres", [])
    assert not opened_sqlite_itself(["postgres"], "postgres", [])
    assert not opened_sqlite_itself([], "postgres", [])
    assert not opened_sqlite_itself(["sqlite"], "postgres", ["postgres"])


def test_counted_once() -> None:
    result = Result("a.md::top/1[postgres]", "a.md", 3, "python", "passed", backend="postgres")
    skipped, counted = counted_on_sqlite(result, first=True)
    assert (skipped.id, skipped.status, skipped.backend) == (result.id, "skipped", "postgres")
    assert (counted.id, counted.status, counted.backend) == ("a.md::top/1[sqlite]", "passed", "sqlite")
    assert counted_on_sqlite(result, first=False) == [skipped]
