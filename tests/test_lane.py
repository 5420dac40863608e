"""Marks and selection: the fast lane needs no server, and a selected test runs no other test's pages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from programs import run_python

ROOT = Path(__file__).resolve().parents[1]
FAST_LANE = "not slow and not servers and not network"


def test_contributing_tells_the_fast_lane(pytestconfig: pytest.Config) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert f'uv run pytest -m "{FAST_LANE}"\n' in page
    for mark in FAST_LANE.replace("not ", "").split(" and "):
        assert any(line.startswith(f"{mark}: ") for line in pytestconfig.getini("markers"))
        assert f"| `{mark}` |" in page


SPY = '''\
"""Note the pages that each command of the tests is given, as a line of JSON; for a folder, those in it."""

import json
import os
import subprocess

run = subprocess.run


def noted(command, **options):
    words = os.listdir(options["cwd"]) if command[-1] == "." else command
    with open(os.environ["SPY"], "a", encoding="utf-8") as file:
        print(json.dumps([word for word in words if word.endswith(".md")]), file=file)
    return run(command, **options)


subprocess.run = noted
'''


def run_pytest(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this repository's tests in a new process."""
    pytest_itself = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no")
    environment["PYTHONDONTWRITEBYTECODE"] = ""  # all is compiled already: see conftest.py
    return run_python(ROOT, *pytest_itself, *arguments, **environment)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("selection", "runs"),
    [
        (["tests/test_cases.py::test_case[fence_py_alias]"], [["fence_py_alias.md"]]),
        (["tests/test_cases.py", "-k", "fence_control_fails"], [["fence_control_fails.md"]] * 2),
        (
            ["tests/test_cases.py", "-k", "test_case and fence_tilde and not pytest"],
            [["fence_tilde.md", "fence_tilde_around_backticks.md"]],
        ),
        (["tests/test_cases.py::test_a_wrong_expectation_is_noticed[exit]"], [["fence_control_passes.md"]]),
        (["tests/test_gates.py::test_the_sound_page_passes"], [["neighbour.md", "sound.md"]]),
        (
            ["tests/test_gates.py::test_a_broken_page_is_named_at_its_line[renamed field]"],
            [["broken-1.md", "neighbour.md", "sound.md"]],
        ),
    ],
    ids=["one case", "both variants", "two cases", "a case of another test", "the sound page", "one gate"],
)
def test_a_selected_test_runs_its_own_pages_alone(
    selection: list[str], runs: list[list[str]], tmp_path: Path
) -> None:
    (tmp_path / "spy.py").write_text(SPY, encoding="utf-8")
    log = tmp_path / "log"
    done = run_pytest("-p", "spy", *selection, PYTHONPATH=str(tmp_path), SPY=str(log))
    assert done.returncode == 0, done.stdout
    assert [sorted(json.loads(line)) for line in log.read_text(encoding="utf-8").splitlines()] == runs


@pytest.mark.slow
def test_the_fast_lane_needs_no_server() -> None:
    """Where no server answers, a test that needs one and does not say so would be skipped."""
    nowhere = "{}://nobody@127.0.0.1:1/none"
    servers = {
        "TORTOISE_DEV_POSTGRES": nowhere.format("postgres"),
        "TORTOISE_DEV_MYSQL": nowhere.format("mysql"),
    }
    files = [f"tests/test_{name}.py" for name in ("databases", "migrate", "surroundings", "settlement")]
    done = run_pytest("-m", FAST_LANE, *files, **servers)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
