"""One step from the old content of a file to the new one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tortoise_dev import atomic_write
from tortoise_dev.atomic_write import UNFINISHED, NotReplacedError, write_atomically


def test_a_new_file_has_the_mode_of_any_new_file(tmp_path: Path) -> None:
    write_atomically(tmp_path / "new", b"1")
    (tmp_path / "other").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "other").stat().st_mode
    assert (tmp_path / "new").read_bytes() == b"1"


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    there, link = tmp_path / "there", tmp_path / "link"
    there.write_bytes(b"1")
    there.chmod(0o750)
    link.symlink_to(there)
    write_atomically(link, b"2", old=b"1")
    assert link.is_symlink() and there.read_bytes() == b"2"
    assert there.stat().st_mode & 0o7777 == 0o750
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "there"]


def test_nobody_else_can_read_the_new_content_before_the_mode_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    path.chmod(0o640)
    modes: list[int] = []
    monkeypatch.setattr(
        atomic_write.os, "fsync", lambda handle: modes.append(os.fstat(handle).st_mode & 0o777)
    )
    write_atomically(path, b"2")
    assert modes == [0o600]
    assert path.stat().st_mode & 0o777 == 0o640


def test_a_link_left_at_the_unfinished_name_is_not_followed(tmp_path: Path) -> None:
    path, other = tmp_path / "file", tmp_path / "other"
    other.write_bytes(b"other")
    left = tmp_path / f".file.{os.getpid()}{UNFINISHED}"
    left.symlink_to(other)
    write_atomically(path, b"1")
    assert (path.read_bytes(), other.read_bytes()) == (b"1", b"other")
    assert not path.is_symlink()


@pytest.mark.parametrize(
    ("mode", "old", "told"),
    [
        (0o444, b"1", "is read-only: make it writable first"),
        (0o644, b"0", "changed while it ran: run it again"),
    ],
)
def test_a_file_is_left_alone(mode: int, old: bytes, told: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"1")
    path.chmod(mode)
    with pytest.raises(NotReplacedError, match=told):
        write_atomically(path, b"2", old=old)
    assert path.read_bytes() == b"1"
    assert [*tmp_path.iterdir()] == [path]
