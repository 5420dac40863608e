"""Blocks that open a database of their own, whatever database the run has given them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from ..result import Result


def opened_sqlite_itself(sent_to: Collection[str], given: str, needed: Collection[str]) -> bool:
    """Did a block leave the server of kind ``given`` alone, and send its statements to SQLite?

    A block that ``needs=`` that kind by name says itself where it counts; one that sends nothing at all
    counts where it ran.
    """
    return "sqlite" in sent_to and given not in sent_to and given not in needed


def counted_on_sqlite(result: Result, *, first: bool) -> list[Result]:
    """The results of such a block: skipped on its server, and once, with the ``first`` server of a run that
    has no SQLite, passed on SQLite.
    """
    reason = "opens an SQLite database itself: counted there"
    skipped = replace(result, status="skipped", reason=reason, detail="")
    block = result.id.removesuffix(f"[{result.backend}]")
    return [skipped, *([replace(result, id=f"{block}[sqlite]", backend="sqlite")] if first else [])]
