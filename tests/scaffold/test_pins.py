"""The pins of a new project resolve today, in an environment of their own, and its tests pass there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
UV = os.environ.get("UV") or shutil.which("uv")

CHOSEN = [("fastapi", "aerich")]
if os.environ.get("SCAFFOLD_ALL"):  # each week
    CHOSEN.append(("starlette", "builtin"))


@pytest.mark.network
@pytest.mark.slow
@pytest.mark.skipif(UV is None, reason="no uv here: it makes the environments")
@pytest.mark.parametrize(("framework", "migrations"), CHOSEN, ids=[framework for framework, _ in CHOSEN])
def test_the_pins_resolve_and_the_tests_pass(project: Any, framework: str, migrations: str) -> None:
    project.new(framework=framework, migrations=migrations, minimal=True)
    project.add("billing", "Invoice", "number:char:32:unique", "amount:decimal:12:2", crud=True)
    status, printed = run(project.folder, "sync", "--refresh")
    if status and "Failed to fetch" in printed:
        pytest.skip("no package registry can be reached")
    assert status == 0, printed
    assert (project.folder / "uv.lock").exists()
    status, printed = run(project.folder, "run", "--no-sync", "pytest", "-q")
    assert status == 0, printed


def test_a_workflow_runs_it_each_week() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "pins.yml").read_text(encoding="utf-8"))
    assert workflow[True]["schedule"][0]["cron"].split()[2:] == ["*", "*", "1"]
    steps = workflow["jobs"]["resolve"]["steps"]
    assert steps[-1]["run"].endswith(
        f"pytest -m network {Path(__file__).parent.relative_to(ROOT).as_posix()}"
    )


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit status of uv in a folder, and what it printed; without what this test run put around it."""
    ours = (
        "PYTHON",
        "VIRTUAL_ENV",
        "UV_PROJECT",
        "UV_NO_SYNC",
        "UV_OFFLINE",
        "PYTEST_",
        "COV",
        "DATABASE_URL",
    )
    environment = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    done = subprocess.run(
        [str(UV), *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    return done.returncode, done.stdout
