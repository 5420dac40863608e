"""Which files a project has: those of the nearest folder that marks a project around what is checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.analysis.project import load_project


def _read(here: Path, *paths: str) -> set[str]:
    """The files that are read when these paths are checked from a folder."""
    project = load_project([here / path for path in paths], here=here)
    return {Path(key).relative_to(here).as_posix() for key in project.files}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two folders beside each other, and a file."""
    for name in ("top.py", "x/a.py", "x/sub/b.py", "y/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


def test_a_folder_that_nothing_marks_is_read_alone(folder: Path) -> None:
    assert _read(folder, "x") == {"x/a.py", "x/sub/b.py"}
    assert _read(folder, ".") == {"top.py", "x/a.py", "x/sub/b.py", "y/c.py"}


@pytest.mark.parametrize("marker", ["pyproject.toml", "setup.cfg", ".git"])
def test_the_nearest_marker_counts(marker: str, folder: Path) -> None:
    (folder / marker).touch()
    assert _read(folder, "x/sub") == {"top.py", "x/a.py", "x/sub/b.py", "y/c.py"}
    (folder / "x" / marker).touch()
    assert _read(folder, "x/sub") == _read(folder, "x/a.py") == {"x/a.py", "x/sub/b.py"}


def test_a_file_that_nothing_marks_is_seen_from_the_current_folder(folder: Path) -> None:
    assert _read(folder, "x/a.py") == {"top.py", "x/a.py", "x/sub/b.py", "y/c.py"}


def test_paths_of_several_projects_are_seen_from_the_one_around_them(folder: Path) -> None:
    for name in (".", "x", "y"):
        (folder / name / "pyproject.toml").touch()
    assert _read(folder, "x", "y") == {"top.py", "x/a.py", "x/sub/b.py", "y/c.py"}
    (folder / "pyproject.toml").unlink()
    assert _read(folder, "x", "y") == {"x/a.py", "x/sub/b.py", "y/c.py"}
