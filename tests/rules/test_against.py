"""``--against REF``: only what the files of a commit do not have is reported."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

DEAD = "from app.models import User\n\n\nasync def f(name):\n    User.create(name=name)\n"


def git(folder: Path, *arguments: str) -> None:
    author = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *author, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def committed(users):
    """A repository whose one commit has one finding, in old.py."""
    git(users.root, "init", "-q", "-b", "main")
    users.write({"old.py": DEAD, ".gitignore": "known.json\n"})
    git(users.root, "add", "-A")
    git(users.root, "commit", "-q", "-m", "first")
    return users


def new(project, *arguments: str) -> list[tuple[str, int]]:
    return [(path, line) for path, line, _ in project.found("--against", "main", *arguments)]


def test_what_was_there_is_not_reported(committed) -> None:
    assert len(committed.found()) == 1
    done = committed.run("--against", "main")
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout == b"3 files, 2 models: no findings beyond the 1 in main\n"


def test_what_was_added_is_reported(committed) -> None:
    committed.write({"old.py": "# moved\n" + DEAD + "    User.create(name='b')\n", "new.py": DEAD})
    assert new(committed) == [("new.py", 5), ("old.py", 7)], "an untracked file too"
    assert new(committed, "old.py") == [("old.py", 7)]
    assert new(committed, "app") == []
    git(committed.root, "add", "-A")
    git(committed.root, "commit", "-q", "-m", "second")
    assert new(committed) == []
    assert [path for path, _, _ in committed.found("--against", "HEAD~1")] == ["new.py", "old.py"]


def test_a_file_that_was_moved_is_known(committed) -> None:
    (committed.root / "deep").mkdir()
    git(committed.root, "mv", "old.py", "deep/newer.py")
    assert new(committed) == []


def test_in_a_folder_of_the_repository(committed) -> None:
    committed.write({"deep/pyproject.toml": '[tool.tortoise-dev]\nignore = ["TD106"]\n', "deep/new.py": DEAD})
    done = committed.run_check(committed.root / "app", ["--against", "main", ".."], b"")
    assert (done.returncode, done.stderr) == (0, b"")
    done = committed.run_check(committed.root / "app", ["--against", "main", "../old.py"], b"")
    assert done.returncode == 0


def test_todays_settings_count_for_the_commit(committed) -> None:
    git(committed.root, "rm", "-q", "--cached", "old.py")
    committed.write({"pyproject.toml": '[tool.tortoise-dev]\nselect = ["TD0", "TD106"]\n'})
    assert new(committed) == []


def test_what_git_cannot_do(users, committed, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = str(tmp_path_factory.mktemp("outside"))  # of the repository
    for wrong in (["--against", "nowhere"], ["--against=--all"], ["--against", "main", outside]):
        done = committed.run(*wrong)
        assert done.returncode == 2, wrong
        assert done.stdout == b""
        assert len(done.stderr.splitlines()) == 1


def test_without_a_repository(project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.write({"a.py": ""})
    done = project.run("--against", "main")
    assert done.returncode == 2
    assert b"not a git repository" in done.stderr


def test_without_git(project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tortoise_dev.commands.check import main

    monkeypatch.chdir(project.root)
    monkeypatch.setenv("PATH", "")
    assert main(["--against", "main"]) == 2
    assert "git cannot be run" in capsys.readouterr().err
