"""The outcome of a run as a small file to commit: which versions, which databases, how many blocks."""

from __future__ import annotations

import json
import platform
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..about import TOOL
from ..compat import version_of
from .databases.backends import Backend
from .result import Report

_PACKAGES = ("tortoise-orm", "aerich", "aiosqlite", "asyncpg", "psycopg", "asyncmy")


def write_record(report: Report, backends: Iterable[Backend], directory: Path) -> Path:
    """Write what a run showed to ``directory``, one file for each pair of Tortoise and Python; returns it.

    Times are left out, so that the same outcome gives the same file. Raises OSError.
    """
    record = _record(report, list(backends))
    tortoise = record["packages"].get("tortoise-orm", "none")
    python = ".".join(platform.python_version_tuple()[:2])
    path = directory / f"tortoise-{tortoise}-python-{python}.json"
    directory.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return path


def _record(report: Report, backends: list[Backend]) -> dict[str, Any]:
    counts = report.by_backend()
    bad = [result for result in report.results if result.status in ("failed", "unverified")]
    return {
        "version": 1,
        "tool": TOOL,
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := version_of(name))},
        "pages": report.pages,
        "summary": report.counts(),
        "databases": {
            backend.name: {"server": _server(backend), "url": backend.shown, **counts.get(backend.name, {})}
            for backend in backends
        },
        "not_passed": [{"id": result.id, "status": result.status, "reason": result.reason} for result in bad],
    }


def _server(backend: Backend) -> str:
    """What a database calls itself: ``PostgreSQL 15.4``."""
    if not backend.is_server:
        return f"SQLite {sqlite3.sqlite_version}"
    from .databases.servers import version_of

    return version_of(backend)
