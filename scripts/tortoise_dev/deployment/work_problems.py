"""What is wrong with a command that migrates, in the words of every platform."""

from __future__ import annotations

from collections.abc import Iterator

from .shell_commands import Work


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
