"""The outcome of a run as records: one file for each database, and one for the blocks that need none."""

from __future__ import annotations

import platform
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ..about import TOOL
from ..compat import version_of
from ..pages.fingerprints import fingerprint_of_folder, fingerprint_of_page, fingerprints_of_blocks
from ..report.record import BlockRecord, Record
from ..report.redaction import redacted
from .databases.backends import Backend
from .planning.planned import PagePlan
from .result import Report, Result

_PACKAGES = ("tortoise-orm", "aerich", "aiosqlite", "asyncpg", "psycopg", "asyncmy")


def write_records(
    report: Report, plans: Sequence[PagePlan], backends: Iterable[Backend], directory: Path
) -> list[Path]:
    """Write what a run showed to ``directory``, and return the files. Raises OSError."""
    hashes = {
        identity: found
        for plan in plans
        for identity, found in fingerprints_of_blocks(
            plan.page, is_story=plan.settings.chain == "page"
        ).items()
    }
    project = fingerprint_of_folder(plans[0].settings.project if plans else None)
    pages = {plan.page.name: fingerprint_of_page(plan.page) for plan in plans}
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for backend in [*backends, None]:
        name = backend.name if backend is not None else None
        mine = [result for result in report.results if result.backend == name]
        record = Record(
            written_by=TOOL,
            python=platform.python_version(),
            packages={package: version for package in _PACKAGES if (version := version_of(package))},
            backend=name,
            server=_server(backend) if backend is not None else None,
            url=redacted(backend.shown) if backend is not None else None,
            project=project,
            pages=pages,
            blocks=tuple(_entry(result, hashes) for result in mine if result.language is not None),
            others=tuple(_other(result) for result in mine if result.language is None),
        )
        path = directory / record.file_name
        path.write_text(record.to_text(), encoding="utf-8", newline="\n")
        written.append(path)
    return written


def _entry(result: Result, hashes: Mapping[str, str]) -> BlockRecord:
    identity = result.id.removesuffix(f"[{result.backend}]")
    return BlockRecord(
        id=identity,
        path=result.path,
        line=result.line,
        language=result.language or "",
        hash=hashes[identity],
        status=result.status,
        reason=redacted(result.reason),
        queries=result.queries,
        sql=tuple(map(redacted, result.sql)),
        output=redacted(result.output),
    )


def _other(result: Result) -> Mapping[str, str]:
    return {"id": result.id, "status": result.status, "reason": redacted(result.reason)}


def _server(backend: Backend) -> str:
    """What a database calls itself: ``PostgreSQL 15.4``."""
    if not backend.is_server:
        return f"SQLite {sqlite3.sqlite_version}"
    from .databases.servers import version_of

    return version_of(backend)
