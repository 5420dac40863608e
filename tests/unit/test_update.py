"""What ``--update`` writes, and what it refuses to write."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev import atomic_write
from tortoise_dev.atomic_write import NotReplacedError
from tortoise_dev.pages.page import Page
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippets.update import UpdateError, replace_text, update_page, updated

TEXT = "# A\n\n```text output\nold\n```\n\n> - ~~~text output\n>   older\n>   ~~~\n\nend\n"


def page_of(text: str, path: Path = Path("page.md")) -> Page:
    return parse_page(text, path, "page.md")


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_contents_are_replaced_and_all_else_stays(newline: str) -> None:
    text = TEXT.replace("\n", newline)
    first, second = page_of(text).blocks
    new = updated(text, [(second, "two\n\nlines\n"), (first, "one")])
    expected = TEXT.replace("old\n", "one\n", 1).replace(">   older\n", ">   two\n>\n>   lines\n")
    assert new == expected.replace("\n", newline)


def test_a_fence_grows_with_what_would_close_it() -> None:
    first, _ = page_of(TEXT).blocks
    assert "````text output\n```\n````\n" in updated(TEXT, [(first, "```\n")])


def test_a_page_is_written_as_it_was_read(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode())
    path.chmod(0o640)
    update_page(page_of(TEXT, path), [(page_of(TEXT).blocks[0], "new")])
    assert path.read_bytes() == b"\xef\xbb\xbf" + TEXT.replace("old\n", "new\n", 1).encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("now", [f"new line\n{TEXT}", TEXT.replace("end", "End"), "", "# A\n"])
def test_a_page_that_changed_stays_as_it_is(tmp_path: Path, now: str) -> None:
    path = tmp_path / "page.md"
    path.write_text(now, encoding="utf-8")
    with pytest.raises(UpdateError, match="changed while it ran: run it again"):
        update_page(page_of(TEXT, path), [(page_of(TEXT).blocks[0], "new")])
    assert path.read_text(encoding="utf-8") == now


def test_an_edit_at_the_last_moment_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    path.write_text(TEXT, encoding="utf-8")

    def edited_meanwhile(handle: int) -> None:
        path.write_text("edited\n", encoding="utf-8")

    monkeypatch.setattr(atomic_write.os, "fsync", edited_meanwhile)
    with pytest.raises(NotReplacedError, match="changed while it ran"):
        replace_text(path, TEXT, "new")
    assert path.read_text(encoding="utf-8") == "edited\n"
    assert [*tmp_path.iterdir()] == [path]


def test_a_page_under_two_names_is_written_once(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(TEXT, encoding="utf-8")
    for _ in range(2):
        update_page(page_of(TEXT, path), [(page_of(TEXT).blocks[0], "new")])
    assert path.read_text(encoding="utf-8") == TEXT.replace("old\n", "new\n", 1)


def test_what_keeps_a_page_from_being_written_is_told(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    change = [(page_of(TEXT).blocks[0], "new")]
    with pytest.raises(UpdateError, match="no such file"):
        update_page(page_of(TEXT, path), change)
    path.write_text(TEXT, encoding="utf-8")
    path.chmod(0o444)
    with pytest.raises(UpdateError, match="read-only"):
        update_page(page_of(TEXT, path), change)


def test_a_folder_that_takes_no_files_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.md"
    path.write_text(TEXT, encoding="utf-8")

    def refuse(handle: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(atomic_write.os, "fsync", refuse)
    with pytest.raises(UpdateError, match="cannot be written: Read-only file system"):
        update_page(page_of(TEXT, path), [(page_of(TEXT).blocks[0], "new")])
