"""How files are named."""

from __future__ import annotations

import ntpath
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pytest
from tortoise_dev.report import paths
from tortoise_dev.report.paths import base_of_diff, shown_path


def test_a_path_is_shown_from_the_base() -> None:
    base = Path("/home/ann/shop")
    assert shown_path(Path("/home/ann/shop/apps/a.py"), base) == "apps/a.py"
    assert shown_path(Path("/home/ann/shop"), base) == "."
    assert shown_path(Path("/home/ann/bad.md"), base) == "../bad.md"
    assert shown_path(Path("/home/ann/shopping/a.py"), base) == "../shopping/a.py"
    assert shown_path(Path("/a.py"), Path("/")) == "a.py"


def test_a_path_with_backslashes_is_shown_as_posix() -> None:
    path = PureWindowsPath("C:\\work\\app\\models\\user.py")
    assert shown_path(path, PureWindowsPath("C:\\work")) == "app/models/user.py"  # type: ignore[arg-type]
    other = PureWindowsPath("D:\\other")
    assert shown_path(path, other) == "C:/work/app/models/user.py"  # type: ignore[arg-type]


def test_where_names_in_a_diff_start() -> None:
    below, beside = Path("/home/ann/shop/apps/a.py"), Path("/home/ann/other/b.py")
    assert base_of_diff([below], Path("/home/ann/shop")) == Path("/home/ann/shop")
    assert base_of_diff([beside], Path("/home/ann/shop")) == Path("/home/ann/other")
    assert base_of_diff([below, beside], Path("/home/ann/shop")) == Path("/home/ann")
    assert base_of_diff([], Path("/home/ann/shop")) == Path("/home/ann/shop")


def test_names_in_a_diff_start_here_if_files_lie_on_two_drives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "os", SimpleNamespace(path=ntpath))
    here, other = PureWindowsPath("C:\\shop"), PureWindowsPath("D:\\lib\\a.py")
    assert base_of_diff([here / "a.py", other], here) == here  # type: ignore[arg-type, list-item]
