"""What is wrong with a command that migrates, in the words of every platform."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from .shell_commands import Work

_POOLER = re.compile(r"pgbouncer", re.IGNORECASE)
_HOST = re.compile(r"://(?:[^/\s]*@)?([\w.-]+)")


def problems_of(work: Work) -> Iterator[str]:
    """What is wrong with a command, wherever it runs."""
    if work.migrates and work.syncs:
        yield "`uv run` may install packages at its start; write `uv run --no-sync`."
    if work.migrates and work.ignores_failure:
        yield "the new code starts although the migration failed. Write `&&` or `set -e`."
    if work.first_only:
        yield "`aerich init-db` makes the first tables only; run `aerich upgrade`."


def problems_at_start(work: Work, each: str) -> Iterator[str]:
    """What is wrong with a command that migrates and then serves; ``each`` is what runs it side by side."""
    if not work.locked:
        yield (
            f"each {each} migrates when it starts, and nothing locks. Migrate in one place, before the "
            f"{each}s start."
        )
    if work.late:
        yield "it starts the server before it migrates."
    yield from problems_of(work)


def is_pooled(url: str, poolers: Collection[str] = ()) -> bool:
    """Does a URL lead through a pooler? ``poolers`` are hosts known to be some."""
    found = _HOST.search(url)
    return found is not None and (found[1] in poolers or bool(_POOLER.search(found[1])))


def through_pooler(name: str) -> str:
    """What is wrong with a migration that gets such a URL from the variable ``name``."""
    return (
        f"{name} leads through PgBouncer, which can lose the lock of a migration. Give the migration a URL "
        "of the server itself."
    )
