"""evals.py as a user meets it: prepare, run, grade, report, with an assistant that knows the answers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from programs import run_python
from tortoise_dev.evals.pages import in_full, summary, updated
from tortoise_dev.evals.record import Record, read_record
from tortoise_dev.evals.tasks import EvalsError
from trying import EVALS, FAKE_AGENT, ROOT, SCRIPT, SOLUTIONS, put

pytestmark = pytest.mark.slow

TASK = "review-change"  # the cheapest to judge


def evals(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command on the repository's evaluations, with a workspace in the folder."""
    words = [*arguments, "--evals", str(EVALS), "--workspace", str(folder / "w")]
    return run_python(folder, SCRIPT, *words, **environment)


def document(done: subprocess.CompletedProcess[str]) -> Any:
    """The JSON that a command printed."""
    return json.loads(done.stdout)


def test_from_prepare_to_report(tmp_path: Path) -> None:
    done = evals(tmp_path, "prepare", "--task", TASK, "--runs", "2", "--format", "json")
    assert (done.returncode, done.stderr) == (0, f"4 trials prepared in {tmp_path / 'w'}\n")
    labels = [trial["trial"] for trial in document(done)["trials"]]
    assert len(labels) == 4
    assert f"eval-{TASK}/without_skill/run-2" in labels

    done = evals(tmp_path, "run", "--agent", FAKE_AGENT, "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    assert {trial["status"] for trial in document(done)["trials"]} == {0}
    trial = tmp_path / "w" / f"eval-{TASK}" / "with_skill" / "run-1"
    timing = json.loads((trial / "timing.json").read_text(encoding="utf-8"))
    page = (ROOT / "SKILL.md").stat().st_size
    assert (timing["total_tokens"], timing["commands"], timing["skill_bytes"]) == (1000, 1, page)
    assert (trial / "reply.md").read_text(encoding="utf-8") == "Done."
    done = evals(tmp_path, "run", "--agent", "no-such-agent {prompt}")
    assert (done.returncode, done.stderr) == (0, "every trial has run already: timing.json is there\n")

    done = evals(tmp_path, "grade", "--format", "json")
    assert done.returncode == 1, done.stderr
    entries = {entry["trial"]: entry for entry in document(done)["trials"]}
    right, wrong = (entries[f"eval-{TASK}/{variant}/run-1"] for variant in ("with_skill", "without_skill"))
    assert (right["passed"], right["failed"], right["pass_rate"]) == (9, 0, 1)
    assert (wrong["passed"], wrong["failed"], wrong["conventions_total"]) == (0, 9, 2)
    graded = json.loads((trial / "grading.json").read_text(encoding="utf-8"))
    assert graded["summary"]["total"] == len(graded["assertion_results"]) == 9

    record = tmp_path / "record.json"
    done = evals(tmp_path, "report", "--conditions", "A fake agent", "--record", str(record))
    assert done.returncode == 0, done.stderr
    benchmark = json.loads((tmp_path / "w" / "benchmark.json").read_text(encoding="utf-8"))
    assert json.loads(record.read_text(encoding="utf-8")) == benchmark
    assert benchmark["run_summary"]["with_skill"]["pass_rate"] == {"mean": 1.0, "stddev": 0.0}
    assert benchmark["run_summary"]["delta"]["skill_bytes"] == page
    assert "| with the skill | 2 of 2 | 100% | 100% |" in done.stdout
    assert done.stdout.rstrip() == (tmp_path / "w" / "report.md").read_text(encoding="utf-8").rstrip()
    html = (tmp_path / "w" / "report.html").read_text(encoding="utf-8")
    image = (tmp_path / "w" / "plot.svg").read_text(encoding="utf-8")
    assert image.strip() in html
    bars = ElementTree.fromstring(image).findall("{http://www.w3.org/2000/svg}rect")
    assert [bar.get("width") for bar in bars[-2:]] == ["380.0", "1.0"]


def test_work_by_hand_is_judged(tmp_path: Path) -> None:
    assert evals(tmp_path, "prepare", "--task", TASK, "--variant", "with_skill").returncode == 0
    trial = tmp_path / "w" / f"eval-{TASK}" / "with_skill" / "run-1"
    put(SOLUTIONS / TASK / "right", trial / "outputs")
    log = '{"event": "command"}\n{"event": "seconds", "total": 2}\n{"event": "reply", "text": "Reviewed."}\n'
    (trial / "agent.log").write_text(log, encoding="utf-8")
    done = evals(tmp_path, "grade")
    assert (done.returncode, done.stdout) == (0, f"eval-{TASK}/with_skill/run-1: 9 of 9 passed\n")
    assert (trial / "reply.md").read_text(encoding="utf-8") == "Reviewed."
    timing = json.loads((trial / "timing.json").read_text(encoding="utf-8"))
    assert (timing["commands"], timing["duration_ms"], timing["total_tokens"]) == (1, 2000, None)
    assert evals(tmp_path, "report").returncode == 0


def test_triggers_are_judged_by_the_log(tmp_path: Path) -> None:
    done = evals(tmp_path, "prepare", "--triggers", "--task", "trigger-01", "--task", "trigger-11")
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 2)
    done = evals(tmp_path, "grade")
    assert (done.returncode, done.stdout.count("not judged")) == (0, 2)
    loads = """import json; print(json.dumps({'event': 'skill'}))"""
    assert evals(tmp_path, "run", "--agent", f"'{sys.executable}' -c \"{loads}\" {{prompt}}").returncode == 0
    done = evals(tmp_path, "grade")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "eval-trigger-01/with_skill/run-1: 1 of 1 passed",
        "eval-trigger-11/with_skill/run-1: 0 of 1 passed",
        "  failed: The skill is not loaded (The skill is loaded)",
    ]


def test_a_trial_starts_as_the_task_says(tmp_path: Path) -> None:
    done = evals(tmp_path, "prepare", "--task", "pay-once", "--skills", ".agents/skills")
    assert done.returncode == 0
    with_skill, without = (
        tmp_path / "w" / "eval-pay-once" / v / "run-1" for v in ("with_skill", "without_skill")
    )
    skill = with_skill / "outputs" / ".agents" / "skills" / "tortoise-dev"
    assert {"SKILL.md", "references", "examples", "scripts"} <= {path.name for path in skill.iterdir()}
    assert not {"evals", "tests", ".git"} & {path.name for path in skill.iterdir()}, "graders are not shown"
    assert not (without / "outputs" / ".agents").exists()
    for trial in (with_skill, without):
        assert "Customers who double-click on Pay" in (trial / "prompt.md").read_text(encoding="utf-8")
        status = ["git", "status", "--short"]
        shown = subprocess.run(status, cwd=trial / "outputs", capture_output=True, text=True, check=True)
        assert shown.stdout == ""
    done = evals(tmp_path, "prepare", "--task", "pay-once")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("exists already: choose another --workspace\n")


def test_what_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    for words, told in (
        (["grade", "--evals", str(tmp_path)], "no such file: name the folder that holds evals.json"),
        (["grade", "--task", "nothing"], "has no task 'nothing'; it has "),
        (["grade"], "no trials there: make some with 'prepare'"),
        (["run"], "run needs --agent COMMAND"),
        (["prepare", "--runs", "0"], "argument --runs: '0' is not a number from 1 on"),
        (["prepare", "--runs", "x"], "argument --runs: 'x' is not a number from 1 on"),
        (["grade", "--runs", "3", "--agent", "x", "--update", "foo"], "grade: leave out --runs"),
        (["grade", "--agent", "x"], "grade: leave out --agent"),
        (["prepare", "--db", "postgres://h"], "prepare: leave out --db"),
        (["run", "--agent", "x", "--conditions", "By hand"], "run: leave out --conditions"),
        (["report", "--skills", ".agents/skills"], "report: leave out --skills"),
        (
            ["prepare", "--triggers", "--variant", "without_skill"],
            "with the skill alone: leave out --variant",
        ),
        (["report", "--update", "README.md", "--record", "a.json"], "of --evals: leave out --record"),
        (["report", "--update", "README.md", "--format", "json"], "of --evals: leave out --format"),
        (["report", "--update", str(tmp_path / "none.md")], "none.md"),
    ):
        done = run_python(tmp_path, SCRIPT, "--evals", str(EVALS), "--workspace", "w", *words)
        assert (done.returncode, done.stdout) == (2, ""), words
        assert told in done.stderr.splitlines()[-1], words
    done = run_python(tmp_path, SCRIPT, "prepare", "--evals", str(EVALS), "--workspace", str(ROOT / "w"))
    assert (done.returncode, "where every assistant finds the skill" in done.stderr) == (2, True)


def test_an_agent_that_fails_or_hangs_is_told(tmp_path: Path) -> None:
    assert evals(tmp_path, "prepare", "--task", TASK, "--variant", "without_skill").returncode == 0
    done = evals(tmp_path, "run", "--agent", "no-such-agent {prompt}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "evals.py: --agent: no-such-agent cannot be started: No such file or directory\n"
    code = "import os, sys, time; print(os.environ['A_TOKEN'], len(sys.stdin.read()) > 50, flush=True)"
    hangs = f'"{sys.executable}" -c "{code}; time.sleep(60)"'
    done = evals(tmp_path, "run", "--agent", hangs, "--timeout", "2", A_TOKEN="t0ken-t0ken")
    assert done.returncode == 1
    assert done.stdout.startswith(f"eval-{TASK}/without_skill/run-1: out of time, ")
    trial = tmp_path / "w" / f"eval-{TASK}" / "without_skill" / "run-1"
    assert (trial / "agent.log").read_text(encoding="utf-8") == "*** True\n"
    assert json.loads((trial / "timing.json").read_text(encoding="utf-8"))["status"] is None


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM")
def test_an_interrupted_run_tells_what_is_left_and_goes_on_later(tmp_path: Path) -> None:
    assert evals(tmp_path, "prepare", "--task", TASK, "--variant", "without_skill").returncode == 0
    trial = tmp_path / "w" / f"eval-{TASK}" / "without_skill" / "run-1"
    waits = f"\"{sys.executable}\" -c \"import time; open('half', 'w').close(); time.sleep(60)\""
    words = [SCRIPT, "run", "--evals", str(EVALS), "--workspace", str(tmp_path / "w"), "--agent", waits]
    process = subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, encoding="utf-8")
    deadline = time.monotonic() + 60
    while not (trial / "outputs" / "half").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (143, "interrupted by SIGTERM; trials left: 1\n")
    assert evals(tmp_path, "run", "--agent", FAKE_AGENT).returncode == 0
    assert not (trial / "outputs" / "half").exists(), "the trial began anew"


# --- the sections of README.md and evals/README.md


def record(folder: Path, **changes: Any) -> Path:
    """A small record."""
    outcome = {"text": "It works", "passed": True, "kind": "function"}
    run = {"task": "a|b", "chapter": "models", "variant": "with_skill", "number": 1, "outcomes": [outcome]}
    text = {"date": "2026-01-01", "conditions": "By hand.", "tortoise_dev": "0.1.0", "runs": [run]} | changes
    path = folder / "record.json"
    path.write_text(json.dumps(text), encoding="utf-8")
    return path


def test_the_full_section_of_a_page_is_written_anew(tmp_path: Path) -> None:
    records = [read_record(record(tmp_path))]
    start, end = "<!-- evaluations in full: start -->", "<!-- evaluations in full: end -->"
    page = updated(f"# A\n\n{start}\nold\n{end}\n\nMore.\n", records)
    assert page.startswith(f"# A\n\n{start}\n\n1 task, 1 run of each with the skill")
    assert "By hand." in page and "| a\\|b | models | 100% | – |" in page
    assert page.endswith(f"\n\n{end}\n\nMore.\n") and "old" not in page
    assert updated(page, records) == page
    with pytest.raises(EvalsError, match="lacks the lines"):
        updated("# A\n", records)


def test_the_summary_of_a_page_has_a_row_for_each_record_newest_first(tmp_path: Path) -> None:
    older, newer = (read_record(record(tmp_path, date=date)) for date in ("2026-01-01", "2026-01-02"))
    later_that_day = replace(newer, runs=newer.runs * 2)
    start, end = "<!-- evaluations: start -->", "<!-- evaluations: end -->"
    page = updated(f"{start}\nold\n{end}\n", [newer, later_that_day, older])
    assert [line.split(" | ")[:5] for line in page.split("\n")[4:7]] == [
        ["| 3", "2026-01-02", "1", "2 of 2", "–"],
        ["| 2", "2026-01-02", "1", "1 of 1", "–"],
        ["| 1", "2026-01-01", "1", "1 of 1", "–"],
    ]


def test_a_file_that_is_no_record_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(EvalsError, match="no record of evaluations"):
        read_record(record(tmp_path, runs=[{"task": "a"}]))


@pytest.mark.skipif(not (EVALS / "results").is_dir(), reason="the installed skill has no records")
@pytest.mark.parametrize(("page", "section"), [(ROOT / "README.md", summary), (EVALS / "README.md", in_full)])
def test_the_pages_show_the_records(page: Path, section: Callable[[list[Record]], str]) -> None:
    records = [read_record(path) for path in sorted((EVALS / "results").glob("*.json"))]
    assert records and section(records) in page.read_text(encoding="utf-8"), (
        f"run: evals.py report --update {page}"
    )


@pytest.mark.parametrize("path", sorted((EVALS / "results").glob("*.json")), ids=lambda path: path.name)
def test_a_committed_record_says_under_which_conditions(path: Path) -> None:
    found = read_record(path)
    assert found.conditions and found.runs
    assert found.of("with_skill")
