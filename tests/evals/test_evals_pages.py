"""What a report says of records of different trials."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tortoise_dev.evals.pages import in_full
from tortoise_dev.evals.record import read_record

ROOT = Path(__file__).resolve().parents[2]
RECORD = read_record(ROOT / "evals" / "results" / "2026-11-28-ten-tasks.json")


@pytest.mark.parametrize(
    ("variants", "told", "rows"),
    [
        (("with_skill",), "10 tasks, 1 run of each with the skill, on", ["with the skill"]),
        (("without_skill",), "10 tasks, 1 run of each without the skill, on", ["without the skill"]),
        (
            ("with_skill", "without_skill"),
            "10 tasks, 1 run of each with and without the skill, on",
            ["with the skill", "without the skill"],
        ),
    ],
)
def test_a_record_tells_of_the_variants_that_were_tried(
    variants: tuple[str, ...], told: str, rows: list[str]
) -> None:
    runs = tuple(run for run in RECORD.runs if run.variant in variants)
    text = in_full([replace(RECORD, runs=runs)])
    assert text.startswith(told)
    firsts = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines() if line.startswith("| ")]
    assert firsts[: len(rows) + 3] == ["variant", "---", *rows, "task"]


def test_the_newest_record_alone_shows_its_tasks() -> None:
    old, new = replace(RECORD, date="2026-01-01"), replace(RECORD, date="2026-02-01")
    before, _, after = in_full([old, new]).partition("on 2026-01-01")
    assert "on 2026-02-01" in before and "| task | chapter |" in before
    assert "| with the skill |" in after and "| task |" not in after
