"""What README.md and SKILL.md say of versions is what the committed records show."""

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MATRIX = runpy.run_path(str(HERE / "matrix.py"))
RECORDS = MATRIX["records"]()
REDO = "run: uv run tests/versions/matrix.py --db ... (see --help)"


def test_readme_shows_the_records() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert MATRIX["START"] + MATRIX["table"](RECORDS) + MATRIX["END"] in text, REDO


def test_skill_shows_the_records() -> None:
    assert MATRIX["metadata"](RECORDS) in (ROOT / "SKILL.md").read_text(encoding="utf-8"), REDO


def test_every_run_of_the_matrix_is_recorded() -> None:
    recorded = {(r["packages"]["tortoise-orm"], ".".join(r["python"].split(".")[:2])) for r in RECORDS}
    assert recorded == set(MATRIX["RUNS"]), REDO


def test_oldest_and_newest_supported_releases_are_in_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["tortoise"]
    oldest = next(line for line in extra if line.startswith("tortoise-orm")).split(">=")[1].split(",")[0]
    locked = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    newest = next(package["version"] for package in locked if package["name"] == "tortoise-orm")
    assert {oldest, newest} == {tortoise for tortoise, _ in MATRIX["RUNS"]}


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: f"{r['packages']['tortoise-orm']}-{r['python']}")
def test_nothing_failed(record: dict) -> None:
    assert record["not_passed"] == []
    assert record["summary"]["passed"] > 0
