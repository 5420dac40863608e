"""evals.json and triggers.json: the format of agentskills.io, and nothing forgotten."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tortoise_dev.evals.tasks import EvalsError, read_evals
from trying import EVALS, ROOT, SOLUTIONS, TASKS

DOCUMENT = json.loads((EVALS / "evals.json").read_text(encoding="utf-8"))
TRIGGERS = json.loads((EVALS / "triggers.json").read_text(encoding="utf-8"))


def test_the_format_is_that_of_agentskills() -> None:
    assert DOCUMENT["skill_name"] == "tortoise-dev"
    assert [task["id"] for task in DOCUMENT["evals"]] == list(range(1, len(DOCUMENT["evals"]) + 1))
    for task in DOCUMENT["evals"]:
        assert {"prompt", "expected_output", "files", "assertions"} <= set(task)
        assert all(isinstance(text, str) for text in [*task["files"], *task["assertions"]])


def test_there_are_twelve_tasks_over_all_chapters() -> None:
    assert len(TASKS.tasks) >= 12
    assert len({task.name for task in TASKS.tasks}) == len(TASKS.tasks)
    assert {task.chapter for task in TASKS.tasks} >= {
        "models",
        "queries",
        "migrations, built-in",
        "migrations, Aerich",
        "zero downtime",
        "testing",
        "FastAPI",
        "transactions and locks",
        "deployment",
        "upgrading from 0.2x",
        "relations",
        "review",
        "splitting models.py",
    }


def test_every_file_of_a_task_is_listed() -> None:
    there = {path.relative_to(ROOT).as_posix() for path in (EVALS / "files").rglob("*") if path.is_file()}
    there = {name for name in there if "__pycache__" not in name and "_cache/" not in name}
    assert {name for task in DOCUMENT["evals"] for name in task["files"]} == there


def test_every_task_has_a_right_and_a_wrong_solution() -> None:
    for task in TASKS.tasks:
        assert {path.name for path in (SOLUTIONS / task.name).iterdir()} == {"right", "wrong"}


def test_no_assertion_stands_in_a_prompt() -> None:
    for task in TASKS.tasks:
        assert not [text for text in task.assertions if text in task.prompt]
        assert "skill" not in task.prompt, "the prompt is the same with and without it"


def test_half_of_the_triggers_are_near_misses() -> None:
    assert len(TRIGGERS) == 20
    assert all(set(entry) == {"query", "should_trigger"} for entry in TRIGGERS)
    assert sum(entry["should_trigger"] for entry in TRIGGERS) == 10
    near = " ".join(entry["query"] for entry in TRIGGERS if not entry["should_trigger"])
    for neighbour in ("Django", "manage.py", "SQLAlchemy", "alembic", "Peewee", "Beanie", "turtle"):
        assert neighbour in near


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "not JSON in UTF-8"),
        ("[]", "not in the format of agentskills.io"),
        ('{"skill_name": "x", "evals": [{"id": 1}]}', "not in the format of agentskills.io: KeyError"),
        (
            '{"skill_name": "x", "evals": [{"name": "a", "chapter": "", "prompt": "", "assertions": [],'
            ' "files": ["evals/files/a/../../../x"]}]}',
            "does not lie in evals/files/a/",
        ),
        (
            '{"skill_name": "x", "evals": [{"name": "a", "chapter": "", "prompt": "", "assertions": [],'
            ' "files": []}]}',
            "is not there",
        ),
    ],
)
def test_another_format_is_one_line(text: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "SKILL.md").touch()
    (tmp_path / "evals").mkdir()
    (tmp_path / "evals" / "evals.json").write_text(text, encoding="utf-8")
    with pytest.raises(EvalsError, match=re.escape(told)) as caught:
        read_evals(tmp_path / "evals")
    assert "\n" not in str(caught.value)
