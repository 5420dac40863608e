"""The report: counts, exit codes, JSON."""

from __future__ import annotations

from typing import Any

import pytest
from tortoise_dev.snippets.result import Fault, Report, Result


def result(status: Any = "passed", language: str | None = "python", **values: Any) -> Result:
    return Result("a.md::top/1", "a.md", 1, language, status, **values)


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ([], 1),
        ([result()], 0),
        ([result("skipped")], 0),
        ([result(), result("failed")], 1),
        ([result(), result("unverified")], 1),
        ([result("failed", None)], 1),
    ],
    ids=["no block", "passed", "skipped", "failed", "unverified", "a dead link alone"],
)
def test_exit_codes(results: list[Result], code: int) -> None:
    assert Report(results).exit_code() == code
    assert Report(results, [Fault("a.md", "no")]).exit_code() == 2


def test_json_has_the_detail_and_rounds_times() -> None:
    entry = result("failed", reason="no", detail="Traceback", seconds=0.12345678, sql=("SELECT 1",)).to_json()
    assert entry == {
        "id": "a.md::top/1",
        "path": "a.md",
        "line": 1,
        "fail_line": None,
        "language": "python",
        "status": "failed",
        "reason": "no",
        "detail": "Traceback",
        "backend": None,
        "seconds": 0.1235,
        "queries": None,
        "sql": ["SELECT 1"],
    }


def test_counts_by_backend_leave_out_what_needs_none() -> None:
    report = Report([result(backend="sqlite"), result("failed", backend="postgres"), result()])
    assert report.by_backend() == {
        "sqlite": {"passed": 1, "failed": 0, "skipped": 0, "unverified": 0},
        "postgres": {"passed": 0, "failed": 1, "skipped": 0, "unverified": 0},
    }
    assert report.counts() == {"passed": 2, "failed": 1, "skipped": 0, "unverified": 0}


def test_the_summary_counts_blocks_without_oddities() -> None:
    document = Report([result(), result("failed", None)], [Fault("b.md", "gone", 3)], pages=2).to_json()
    assert document["summary"]["blocks"] == 1
    assert document["errors"] == [{"path": "b.md", "line": 3, "message": "gone"}]
