"""Each grader: a right solution passes every assertion, a wrong one fails every assertion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tortoise_dev.evals import grading
from tortoise_dev.evals.grading import Verdict
from tortoise_dev.evals.tasks import EvalsError, Task
from tortoise_dev.evals.workspace import copy_files
from trying import EVALS, TASKS, put

if TYPE_CHECKING:
    from ..conftest import Selected

POSTGRES = os.environ.get("TORTOISE_DEV_POSTGRES")


def judge(task: Task, solution: Path | None, folder: Path, postgres: str | None = POSTGRES) -> list[Verdict]:
    """What a task's grader says about a solution; None is the task as it starts, with no answer."""
    outputs, reply = folder / "outputs", folder / "reply.md"
    outputs.mkdir()
    copy_files(TASKS, task, outputs)
    if solution is not None:
        reply.write_text(put(solution, outputs), encoding="utf-8")
    return grading.judge(TASKS, task, outputs, reply, postgres)


@pytest.fixture(scope="module")
def verdicts_on(
    request: pytest.FixtureRequest, selected: Selected, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """What graders say about the solutions that the selected tests ask for, judged in one process."""
    folder = tmp_path_factory.mktemp("verdicts")
    script, path = Path(__file__).with_name("judge_solutions.py"), folder / "verdicts.json"
    command = [sys.executable, str(script), str(path), *selected(request, "solution")]
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    subprocess.run(command, cwd=folder, env=environment, check=True)
    verdicts: dict[str, list[dict[str, Any]]] = json.loads(path.read_text(encoding="utf-8"))
    return verdicts


@pytest.mark.slow
@pytest.mark.parametrize(
    "solution", [f"{task.name}/{kind}" for task in TASKS.tasks for kind in ("right", "wrong")]
)
def test_a_grader_tells_right_from_wrong(solution: str, verdicts_on: dict[str, list[dict[str, Any]]]) -> None:
    name, kind = solution.split("/")
    verdicts = verdicts_on[solution]
    assert [verdict["text"] for verdict in verdicts] == list(TASKS.task(name).assertions)
    judged = [verdict for verdict in verdicts if verdict["passed"] is not None]
    misjudged = [f"{v['text']}: {v['evidence']}" for v in judged if v["passed"] is not (kind == "right")]
    assert not misjudged, "\n".join(misjudged)
    left_out = [verdict for verdict in verdicts if verdict["passed"] is None]
    assert all("PostgreSQL" in verdict["text"] for verdict in left_out)
    assert not (left_out and POSTGRES)


def test_what_nobody_worked_on_passes_no_task(tmp_path: Path) -> None:
    task = TASKS.task("review-change")
    verdicts = judge(task, None, tmp_path)
    passed = [verdict.text for verdict in verdicts if verdict.passed]
    assert passed == ["Nothing but review.md was written"]


@pytest.mark.slow
def test_without_a_server_assertions_about_postgresql_are_not_judged(tmp_path: Path) -> None:
    task = TASKS.task("team-lead")
    verdicts = judge(task, None, tmp_path, postgres=None)
    (verdict,) = (verdict for verdict in verdicts if "PostgreSQL" in verdict.text)
    assert (verdict.passed, verdict.evidence) == (None, "no PostgreSQL server was given")


def test_half_of_the_tasks_are_judged_on_conventions() -> None:
    graders = [TASKS.grader_of(task).read_text(encoding="utf-8") for task in TASKS.tasks]
    on_conventions = [text for text in graders if text.count("@grader.convention(") >= 2]
    assert len(on_conventions) >= len(graders) / 2


# --- a grader that goes wrong

HEAD = "from tortoise_dev.evals.work import Grader\ngrader = Grader()\n"
END = "\ngrader.main()\n"


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Task:
    """A task with one assertion, whose grader a test writes."""
    evals = tmp_path / "evals"
    (evals / "graders").mkdir(parents=True)
    (evals / "files" / "fake").mkdir(parents=True)
    (tmp_path / "work").mkdir()
    return Task("fake", "none", "Do it.", (), ("It works",))


def judged_by(source: str, task: Task, folder: Path, timeout: float = 60) -> list[Verdict]:
    """What a grader of this source says about an empty folder."""
    evals = type(TASKS)(folder / "evals", "tortoise-dev", (task,))
    evals.grader_of(task).write_text(source, encoding="utf-8")
    return grading.judge(evals, task, folder / "work", folder / "no-reply", None, timeout)


def test_a_project_that_ends_the_process_fails(fake: Task, tmp_path: Path) -> None:
    source = f"{HEAD}@grader.function('It works')\ndef it(work):\n    import os\n    os._exit(0)\n{END}"
    (verdict,) = judged_by(source, fake, tmp_path)
    assert verdict.passed is False
    if hasattr(os, "fork"):
        assert verdict.evidence == "the project ended the process, status 0"


def test_a_project_that_calls_exit_or_prints_is_judged(fake: Task, tmp_path: Path) -> None:
    source = f"{HEAD}@grader.function('It works')\ndef it(work):\n    print('noise')\n    exit(0)\n{END}"
    (verdict,) = judged_by(source, fake, tmp_path)
    assert (verdict.passed, verdict.evidence) == (False, "SystemExit: 0")


@pytest.mark.slow
def test_a_project_that_hangs_fails(fake: Task, tmp_path: Path) -> None:
    source = f"{HEAD}@grader.function('It works')\ndef it(work):\n    while True: pass\n{END}"
    (verdict,) = judged_by(source, fake, tmp_path, timeout=2)
    assert (verdict.passed, verdict.evidence) == (False, "the grader ended early: no verdict in 2 seconds")


def test_a_bare_assert_shows_its_source(fake: Task, tmp_path: Path) -> None:
    source = f"{HEAD}@grader.convention('It works')\ndef it(work):\n    assert 1 == 2\n{END}"
    (verdict,) = judged_by(source, fake, tmp_path)
    assert (verdict.kind, verdict.evidence) == ("convention", "fake.py:5 assert 1 == 2")


def test_judges_do_not_see_what_others_left_behind(fake: Task, tmp_path: Path) -> None:
    judges = "".join(
        f"@grader.function('{text}')\ndef {name}(work):\n"
        "    left = work.folder / 'left'\n    assert not left.exists()\n    left.touch()\n    return 'ok'\n"
        for text, name in (("It works", "one"), ("It works again", "two"))
    )
    task = Task("fake", "none", "Do it.", (), ("It works", "It works again"))
    assert [v.passed for v in judged_by(HEAD + judges + END, task, tmp_path)] == [True, True]
    assert list((tmp_path / "work").iterdir()) == []


def test_a_grader_of_other_assertions_is_refused(fake: Task, tmp_path: Path) -> None:
    source = f"{HEAD}@grader.function('Another')\ndef it(work):\n    return ''\n{END}"
    with pytest.raises(EvalsError, match="its assertions are not those of"):
        judged_by(source, fake, tmp_path)


def test_a_broken_grader_judges_nothing(fake: Task, tmp_path: Path) -> None:
    (verdict,) = judged_by("raise RuntimeError('oh')", fake, tmp_path)
    assert verdict.passed is False
    assert "RuntimeError: oh" in verdict.evidence


def test_a_grader_whose_packages_are_missing_judges_nothing(fake: Task, tmp_path: Path) -> None:
    with pytest.raises(EvalsError, match=r"fake\.py: no_such_thing is not installed: start evals with"):
        judged_by("import no_such_thing.part", fake, tmp_path)
    judge = "@grader.function('It works')\ndef it(work):\n    import no_such_thing\n"
    (verdict,) = judged_by(HEAD + judge + END, fake, tmp_path)
    assert verdict.evidence == "ModuleNotFoundError: No module named 'no_such_thing'"


def test_a_secret_is_not_shown_as_evidence(
    fake: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_API_KEY", "s3cr3t-value")
    source = f"{HEAD}@grader.function('It works')\ndef it(work):\n    assert 0, 's3cr3t-value'\n{END}"
    (verdict,) = judged_by(source, fake, tmp_path)
    assert verdict.evidence == "***"
    (verdict,) = judged_by("raise RuntimeError('s3cr3t-value')", fake, tmp_path)
    assert verdict.evidence.endswith("RuntimeError: ***")


def test_graders_stand_beside_their_files() -> None:
    assert {path.stem.replace("_", "-") for path in (EVALS / "graders").glob("*.py")} == {
        path.name for path in (EVALS / "files").iterdir()
    }
