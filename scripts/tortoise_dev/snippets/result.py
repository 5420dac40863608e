"""What became of each block: one Result per block and backend."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Status = Literal["passed", "failed", "skipped", "unverified"]
STATUSES: tuple[Status, ...] = ("passed", "failed", "skipped", "unverified")


@dataclass(frozen=True)
class Verdict:
    """Status, reason, and where: the part of a Result that judging decides."""

    status: Status
    reason: str = ""
    fail_line: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class Result:
    """The verdict on one block (or oddity, with ``language`` None).

    ``line`` is the fence's line, ``fail_line`` the offending one; ``detail`` is for people: traceback and
    output. ``actual`` is what an output or sql block should hold instead, for ``--update``. ``output`` is
    what the block printed, for records.
    """

    id: str
    path: str
    line: int
    language: str | None
    status: Status
    reason: str = ""
    fail_line: int | None = None
    backend: str | None = None
    seconds: float = 0.0
    queries: int | None = None
    sql: tuple[str, ...] = ()
    detail: str = field(default="", compare=False)
    actual: str | None = field(default=None, compare=False)
    output: str = field(default="", compare=False)

    def updated(self) -> Result:
        """The result after ``--update`` has written ``actual`` to the page."""
        return replace(self, status="passed", reason="updated", fail_line=None, detail="")

    def to_json(self) -> dict[str, Any]:
        """The entry of the JSON report (see DESIGN: one per block and backend)."""
        return {
            "id": self.id,
            "path": self.path,
            "line": self.line,
            "fail_line": self.fail_line,
            "language": self.language,
            "status": self.status,
            "reason": self.reason,
            "detail": self.detail,
            "backend": self.backend,
            "seconds": round(self.seconds, 4),
            "queries": self.queries,
            "sql": list(self.sql),
        }


@dataclass(frozen=True)
class Fault:
    """Input that could not be used at all: exit code 2. ``line`` is 1 where no line is meant."""

    path: str
    message: str
    line: int = 1

    def to_json(self) -> dict[str, Any]:
        """Its entry among the errors of a report."""
        return {"path": self.path, "line": self.line, "message": self.message}


@dataclass
class Report:
    """A whole run: results in page order, faults, and how long it took."""

    results: list[Result] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    pages: int = 0
    seconds: float = 0.0

    def counts(self) -> dict[str, int]:
        """How many results have each status."""
        return _counts(self.results)

    def by_backend(self) -> dict[str, dict[str, int]]:
        """The same per backend, for blocks that had one."""
        names = dict.fromkeys(result.backend for result in self.results if result.backend)
        return {str(name): _counts(r for r in self.results if r.backend == name) for name in names}

    def exit_code(self) -> int:
        """0 clean, 1 something failed or nothing was there to run, 2 unusable input."""
        if self.faults:
            return 2
        counts = self.counts()
        blocks = any(result.language is not None for result in self.results)
        return 1 if counts["failed"] or counts["unverified"] or not blocks else 0

    def to_json(self) -> dict[str, Any]:
        """The JSON report."""
        return {
            "version": 1,
            "blocks": [result.to_json() for result in self.results],
            "errors": [fault.to_json() for fault in self.faults],
            "summary": {
                "pages": self.pages,
                "blocks": sum(result.language is not None for result in self.results),
                **self.counts(),
                "backends": self.by_backend(),
                "seconds": round(self.seconds, 3),
            },
        }


def _counts(results: Iterable[Result]) -> dict[str, int]:
    counter = Counter(result.status for result in results)
    return {status: counter[status] for status in STATUSES}
