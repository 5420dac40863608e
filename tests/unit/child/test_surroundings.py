"""What a chain finds around it; each in a process of its own, because it changes the interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FIXED = """
from tortoise_dev.snippets.child.surroundings import fix_clock_and_chance
fix_clock_and_chance()
"""


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


FIXED_VALUES = [
    "secrets.token_hex(8)",
    "uuid.uuid4()",
    "os.urandom(8)",
    "random.random()",
    "random.Random().random()",
    "random.SystemRandom().random()",
    "datetime.datetime.now().isoformat()",
]


@pytest.fixture(scope="module")
def two_runs() -> list[list[str]]:
    """What each expression gives, twice each, in two processes."""
    code = f"{FIXED}\nimport datetime, os, random, secrets, uuid\n"
    code += "\n".join(f"print({expression}, {expression})" for expression in FIXED_VALUES)
    return [run(code).splitlines() for _ in range(2)]


@pytest.mark.parametrize("number", range(len(FIXED_VALUES)), ids=FIXED_VALUES)
def test_the_same_in_every_run(two_runs: list[list[str]], number: int) -> None:
    first, second = two_runs
    assert first[number] == second[number]


def test_the_clock_moves_only_for_those_who_wait() -> None:
    code = f"""{FIXED}
import time
start = time.time()
assert all(time.time() == start for _ in range(500))
time.sleep(0.01)
assert round(time.time() - start, 3) == 0.01
while time.time() < start + 5:
    pass
"""
    run(code)


def test_no_write_into_the_project(tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "kept.txt").write_text("kept")
    (tmp_path / "beside.txt").write_text("beside")
    code = f"""
import os, shutil
from pathlib import Path
from tortoise_dev.snippets.child import project_files
project_files.protect({str(project)!r}, {str(tmp_path / "scratch")!r})
project = Path({str(project)!r})
def refused(change):
    try:
        change()
    except PermissionError as error:
        return "of the project" in str(error)
    return False
assert (project / "kept.txt").read_text() == "kept"
assert refused(lambda: (project / "kept.txt").write_text("changed"))
assert refused(lambda: (project / "kept.txt").unlink())
assert refused(lambda: (project / "kept.txt").rename(project / "moved.txt"))
assert refused(lambda: (project / "new").mkdir())
assert refused(lambda: os.close(os.open(project / "new.txt", os.O_CREAT | os.O_WRONLY)))
assert refused(lambda: (project / "link").symlink_to("/"))
assert refused(lambda: shutil.rmtree(project))
assert refused(lambda: shutil.copy({str(tmp_path / "beside.txt")!r}, project))
os.chdir(project)
assert refused(lambda: Path("new.txt").touch())
assert not refused(lambda: (project / ".cache").mkdir())
assert not refused(lambda: Path({str(tmp_path / "beside.txt")!r}).write_text("fine"))
"""
    run(code)
    assert (project / "kept.txt").read_text() == "kept"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is not limited")
def test_limits_reach_the_processes_that_are_started() -> None:
    code = """
import subprocess, sys
from tortoise_dev.snippets.child.limits import set_limits
set_limits(300)
bytearray(100 << 20)
for code in ("bytearray(600 << 20)", "open('/dev/null', 'w').write('x' * 1000)"):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    print(done.returncode, b"MemoryError" in done.stderr)
"""
    assert run(code) == "1 True\n0 False\n"
