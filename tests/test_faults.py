"""What goes wrong around a run: signals, machines without room, what is left behind, pages that change."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from programs import run_snippets

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, str(ROOT / "scripts" / "snippets.py")]
PATIENCE = 60
"""Seconds until a test gives up; far more than a busy machine needs."""

pytestmark = pytest.mark.slow
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX processes")
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs a subreaper and /proc")


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for something that must happen."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def begin(folder: Path, *arguments: str, **extra: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=folder,
        env=os.environ | extra,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )


def is_running(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


@pytest.fixture(autouse=True)
def marks(tmp_path: Path) -> Path:
    """Where blocks leave marks: they may write into hidden folders of the project, and nowhere else in it."""
    folder = tmp_path / ".marks"
    folder.mkdir()
    return folder


# --- signals

STARTED = """\
from pathlib import Path

Path("{folder}/.marks/{name}").write_text(str(os.getpid()))
"""
SLEEPS = "```python\nimport os, time\n" + STARTED + "time.sleep(3600)\n```\n\n"


@pytest.fixture
def sleeper(tmp_path: Path) -> Path:
    """A page whose first block passes and whose second never ends; the third is never reached."""
    (tmp_path / "tmp").mkdir()
    (tmp_path / "pyproject.toml").write_text(
        "[tool.tortoise-dev.snippets]\ntimeout = 3000\n", encoding="utf-8"
    )
    page = "```python\nassert 1 < 2\n```\n\n" + SLEEPS.format(folder=tmp_path.as_posix(), name="started")
    page += "```python\nassert 2 < 3\n```\n"
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    return tmp_path


def pid_in(file: Path) -> int:
    """The process id that a block writes when it has begun."""
    until(lambda: file.exists() and file.read_text() != "", f"no {file.name}")
    return int(file.read_text())


@posix
@pytest.mark.parametrize(("name", "status"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_ends_the_run_with_a_report_of_what_had_ended(sleeper: Path, name: str, status: int) -> None:
    run = begin(sleeper, "-n", "1", "--format", "json", "page.md", TMPDIR=str(sleeper / "tmp"))
    block = pid_in(sleeper / ".marks" / "started")
    run.send_signal(getattr(signal, name))
    stdout, stderr = run.communicate(timeout=PATIENCE)
    assert run.returncode == status
    document = json.loads(stdout)
    assert [(entry["line"], entry["status"]) for entry in document["blocks"]] == [(1, "passed")]
    message = f"interrupted by {name}: 2 blocks were not run"
    assert document["errors"] == [{"path": "page.md", "line": 5, "message": message}]
    assert stderr == f"snippets.py: {message}\n"
    until(lambda: not is_running(block), "the block's process goes on")
    assert [*(sleeper / "tmp").iterdir()] == []


@posix
def test_a_signal_ends_a_worker_that_does_not_listen(sleeper: Path) -> None:
    (sleeper / "slow.py").write_text(
        "import os, time\n"
        + STARTED.format(folder=sleeper.as_posix(), name="importing")
        + "time.sleep(3600)\n",
        encoding="utf-8",
    )
    settings = '[tool.tortoise-dev.snippets]\nmodels = ["slow"]\n'
    (sleeper / "pyproject.toml").write_text(settings, encoding="utf-8")
    run = begin(sleeper, "-n", "1", "page.md")
    worker = pid_in(sleeper / ".marks" / "importing")
    run.send_signal(signal.SIGTERM)
    stdout, stderr = run.communicate(timeout=PATIENCE)
    assert (run.returncode, stderr) == (143, "snippets.py: interrupted by SIGTERM: 3 blocks were not run\n")
    assert "page.md:1: error: interrupted by SIGTERM" in stdout
    until(lambda: not is_running(worker), "the worker goes on")


@posix
def test_a_second_signal_ends_the_process_at_once(sleeper: Path) -> None:
    """Here the first one cannot: it waits for a worker that is busy with an import."""
    test = f"""\
import sys, time
sys.argv = ["snippets.py", "page.md"]
sys.path.insert(0, {str(ROOT / "scripts")!r})
from tortoise_dev.commands import snippets
from tortoise_dev.snippets.running.scheduler import Scheduler
def interrupt(self):
    print("stopping", flush=True)
Scheduler.interrupt = interrupt
sys.exit(snippets.main())
"""
    run = subprocess.Popen([sys.executable, "-c", test], cwd=sleeper, stdout=subprocess.PIPE, text=True)
    block = pid_in(sleeper / ".marks" / "started")
    run.send_signal(signal.SIGTERM)
    assert run.stdout is not None
    assert run.stdout.readline() == "stopping\n"
    run.send_signal(signal.SIGTERM)
    assert run.wait(timeout=PATIENCE) == 143
    run.stdout.close()
    os.kill(block, signal.SIGKILL)  # this test took away what would have ended it


@posix
def test_a_signal_that_the_user_ignores_stays_ignored(sleeper: Path) -> None:
    """As ``nohup`` does it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        run = begin(sleeper, "-n", "1", "page.md")
    finally:
        signal.signal(signal.SIGHUP, before)
    pid_in(sleeper / ".marks" / "started")
    run.send_signal(signal.SIGHUP)
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=PATIENCE)
    assert run.returncode == 143


@posix
def test_pytest_is_interrupted_without_a_trace(sleeper: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "--snippets", "page.md"]
    run = subprocess.Popen(
        command,
        cwd=sleeper,
        env=os.environ | {"TMPDIR": str(sleeper / "tmp")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    block = pid_in(sleeper / ".marks" / "started")
    run.send_signal(signal.SIGINT)
    stdout, _ = run.communicate(timeout=PATIENCE)
    assert run.returncode == 2
    assert "KeyboardInterrupt" in stdout
    assert "INTERNALERROR" not in stdout
    until(lambda: not is_running(block), "the block's process goes on")
    assert [path.name for path in (sleeper / "tmp").iterdir() if "tortoise" in path.name] == []


# --- temporary folders


@posix
def test_the_folder_of_a_killed_run_goes_with_the_next_run_and_a_live_one_stays(sleeper: Path) -> None:
    temporary = sleeper / "tmp"
    (sleeper / "quick.md").write_text("```python\nassert 1 < 2\n```\n", encoding="utf-8")
    killed = begin(sleeper, "-n", "1", "page.md", TMPDIR=str(temporary))
    pid_in(sleeper / ".marks" / "started")
    (killed_folder,) = temporary.iterdir()
    foreign = temporary / "tortoise-dev-run-foreign"  # of another version, or of nobody's
    foreign.mkdir()
    assert run_snippets(sleeper, "quick.md", TMPDIR=str(temporary)).returncode == 0
    assert killed_folder.exists(), "it lives"
    killed.kill()
    killed.communicate()
    assert run_snippets(sleeper, "quick.md", TMPDIR=str(temporary)).returncode == 0
    assert [*temporary.iterdir()] == [foreign]


@pytest.mark.skipif(os.name == "nt", reason="the folder of another user cannot be made")
def test_folders_of_other_users_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tortoise_dev.snippets.running.scratch import scratch_folder

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    theirs = tmp_path / "tortoise-dev-run-theirs"
    theirs.mkdir()
    (theirs / "lock").touch()
    monkeypatch.setattr(os, "getuid", lambda: theirs.stat().st_uid + 1)
    with scratch_folder() as folder:
        assert folder.is_dir()
        assert theirs.is_dir()
    assert {*tmp_path.iterdir()} == {theirs, tmp_path / ".marks"}
    monkeypatch.undo()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with scratch_folder():
        assert not theirs.exists()


# --- processes that outlive their block


@linux
@pytest.mark.parametrize(
    ("language", "code", "says"),
    [
        ("bash", "setsid sleep 3601 & echo $! > PID", "sleep 3601"),
        ("bash", "(setsid sleep 3602 & echo $! > PID)", "sleep 3602"),
        (
            "python",
            "from pathlib import Path\nfrom subprocess import Popen\n"
            "process = Popen(['sleep', '3603'], start_new_session=True)\n"
            "Path('PID').write_text(str(process.pid))",
            "sleep 3603",
        ),
        (
            "python",
            "import os, time, pathlib\nif not os.fork():\n    os.setsid()\n    if not os.fork():\n"
            "        pathlib.Path('PID').write_text(str(os.getpid()))\n"
            "        time.sleep(3604)\n    os._exit(0)\n"
            "os.wait()\nwhile not os.path.exists('PID'): pass",
            "a fork of the block's own process",
        ),
    ],
    ids=["setsid", "in a subshell", "new session", "daemon"],
)
def test_a_process_that_was_moved_out_of_reach_fails_its_block(
    tmp_path: Path, language: str, code: str, says: str
) -> None:
    code = code.replace("PID", str(tmp_path / ".marks" / "pid"))
    (tmp_path / "page.md").write_text(f"```{language}\n{code}\n```\n", encoding="utf-8")
    done = run_snippets(tmp_path, "--format", "json", "page.md")
    (block,) = json.loads(done.stdout)["blocks"]
    assert (block["status"], block["reason"]) == ("failed", f"left a process running: {says}")
    assert not is_running(int((tmp_path / ".marks" / "pid").read_text()))


@linux
def test_processes_that_end_or_stay_within_reach_are_no_failure(tmp_path: Path) -> None:
    page = "```bash\nsetsid true &\n```\n\n```bash\nsleep 3605 & echo $! > PID\n```\n"
    (tmp_path / "page.md").write_text(page.replace("PID", str(tmp_path / ".marks" / "pid")), encoding="utf-8")
    done = run_snippets(tmp_path, "page.md")
    assert done.returncode == 0, done.stdout
    assert not is_running(int((tmp_path / ".marks" / "pid").read_text()))


# --- a machine that is busy

SLEEPS_ONCE = """
```python
import time
from pathlib import Path

first = not Path("{folder}/.marks/ran").exists()
Path("{folder}/.marks/ran").touch()
while first:
    time.sleep(0.1)
```
"""


@posix
def test_a_block_that_slept_through_its_time_gets_a_second_look(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tortoise-dev.snippets]\ntimeout = 2\n", encoding="utf-8")
    page = SLEEPS_ONCE.format(folder=tmp_path.as_posix()) + "\n```python\nassert 1 < 2\n```\n"
    (tmp_path / "page.md").write_text(page, encoding="utf-8")
    done = run_snippets(tmp_path, "page.md")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


# --- a machine that has no room


def broken(folder: Path, code: str) -> dict[str, str]:
    """An environment in which Python runs some code when it starts."""
    (folder / "site").mkdir()
    (folder / "site" / "sitecustomize.py").write_text(code, encoding="utf-8")
    return {"PYTHONPATH": str(folder / "site")}


NO_FORK = "import errno, os\ndef fork(): raise OSError(errno.EAGAIN, 'no more processes')\nos.fork = fork\n"
NO_POPEN = """\
import errno, subprocess
def popen(*args, **kwargs): raise OSError(errno.EAGAIN, 'no more processes')
subprocess.Popen.__init__ = popen
subprocess.Popen.__del__ = lambda self: None
"""
NO_THREAD = """\
import threading
def start(self): raise RuntimeError("can't start new thread")
threading.Thread.start = start
"""
NO_TEMP = "import tempfile\ntempfile.tempdir = '/nowhere'\n"


@posix
@pytest.mark.parametrize(
    ("code", "says"),
    [
        (NO_FORK, "no block can be run: no more processes; 2 blocks were not run"),
        (NO_POPEN, "no worker can be started: no more processes; 2 blocks were not run"),
        (NO_THREAD, "no worker can be started: can't start new thread; 2 blocks were not run"),
        (NO_TEMP, "no temporary folder: /nowhere/"),
    ],
    ids=["no fork", "no process", "no thread", "no temporary folder"],
)
def test_a_machine_without_room_is_one_line(tmp_path: Path, code: str, says: str) -> None:
    (tmp_path / "page.md").write_text("```python\nassert 1 < 2\n```\n\n" * 2, encoding="utf-8")
    done = run_snippets(tmp_path, "-n", "2", "page.md", **broken(tmp_path, code))
    assert done.returncode == 2
    assert says in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).splitlines()) <= 2


@posix
def test_fewer_threads_than_wanted_are_enough(tmp_path: Path) -> None:
    code = """\
import threading
start, started = threading.Thread.start, []
def some(self):
    if len(started) == 2: raise RuntimeError("can't start new thread")
    started.append(self)
    start(self)
threading.Thread.start = some
"""
    (tmp_path / "page.md").write_text("```python\nassert 1 < 2\n```\n\n" * 9, encoding="utf-8")
    done = run_snippets(tmp_path, "-n", "64", "page.md", **broken(tmp_path, code))
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


def test_more_workers_than_jobs(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("```python\nassert 1 < 2\n```\n\n" * 3, encoding="utf-8")
    done = run_snippets(tmp_path, "-n", "64", "page.md")
    assert (done.returncode, done.stderr) == (0, "")


# --- --update never loses an edit

PRINTS = '```python\n{code}print("new")\n```\n\n```text output\nold\n```\n'


@pytest.mark.parametrize(
    "edit",
    [
        "p.write_text('# Edited\\n' + p.read_text())",
        "p.write_text('short')",
        "p.unlink()",
        "p.write_text('')",
    ],
    ids=["longer", "shorter", "gone", "empty"],
)
def test_a_page_that_changed_while_it_ran_is_not_updated(tmp_path: Path, edit: str) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    editor = f"from pathlib import Path\np = Path({page.as_posix()!r})\n{edit}\n"
    code = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {editor!r}], check=True)\n"
    page.write_text(PRINTS.format(code=code), encoding="utf-8")
    other.write_text(PRINTS.format(code=""), encoding="utf-8")
    done = run_snippets(tmp_path, "--update", "--format", "json", "page.md", "other.md")
    assert done.returncode == 2
    assert "snippets.py: page.md was not updated: " in done.stderr
    assert "Traceback" not in done.stderr
    (error,) = json.loads(done.stdout)["errors"]
    assert error["path"] == "page.md"
    assert error["message"] in (
        "not updated: changed while it ran: run it again",
        "not updated: no such file",
    )
    assert "\nnew\n" in other.read_text(encoding="utf-8"), "the other page is updated"
    assert not page.exists() or "\nnew\n" not in page.read_text(encoding="utf-8")


def test_a_read_only_page_is_not_updated(tmp_path: Path) -> None:
    page, other = tmp_path / "page.md", tmp_path / "other.md"
    for path in (page, other):
        path.write_text(PRINTS.format(code=""), encoding="utf-8")
    page.chmod(0o444)
    done = run_snippets(tmp_path, "--update", "page.md", "other.md")
    assert done.returncode == 2
    assert "snippets.py: page.md was not updated: is read-only: make it writable first\n" in done.stderr
    assert "old" in page.read_text(encoding="utf-8")
    assert "old" not in other.read_text(encoding="utf-8")


@posix
def test_an_update_keeps_mode_and_symbolic_links(tmp_path: Path) -> None:
    page, link = tmp_path / "page.md", tmp_path / "link.md"
    page.write_text(PRINTS.format(code=""), encoding="utf-8")
    page.chmod(0o640)
    link.symlink_to(page)
    done = run_snippets(tmp_path, "--update", "link.md", "page.md")
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert page.stat().st_mode & 0o777 == 0o640
    assert "old" not in page.read_text(encoding="utf-8")
    assert {path.name for path in tmp_path.iterdir()} == {".marks", "page.md", "link.md"}
