"""What is to be written: a plan first, then each file at once. A second run completes an interrupted one."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from ..analysis.source import UnreadableError, parse
from ..atomic_write import UNFINISHED, write_atomically
from ..report.diffs import unified_diff

_MARK = "\ufeff"


@dataclass(frozen=True)
class Change:
    """A file and its new text. ``before`` is the text that it has, and None where there is no such file."""

    path: Path
    after: str
    before: str | None = None

    @property
    def action(self) -> str:
        """``create`` or ``edit``."""
        return "create" if self.before is None else "edit"

    def diff(self, shown: str) -> str:
        """The change as a unified diff of the path that is shown."""
        return unified_diff(self.before, self.after, shown)


@dataclass(frozen=True)
class Refusal:
    """Why nothing is written: a code, the file that it is about, and one sentence."""

    code: str
    path: Path
    message: str
    line: int = 1


class RefusedError(Exception):
    """The project is not as the command needs it."""

    def __init__(self, code: str, path: Path, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.refusal = Refusal(code, path, message, line)


@dataclass
class Plan:
    """What a command would do: its changes, or why it refuses; and what the user does next."""

    changes: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    next: list[str] = field(default_factory=list)
    new_folder: Path | None = None
    """The folder of a new project. It appears with all of its files at once."""

    def create(self, path: Path, text: str) -> None:
        """A new file. One that is there stays as it is."""
        if not path.exists():
            self.changes.append(Change(path, text))

    def edit(self, path: Path, before: str, after: str) -> None:
        """An existing file, which keeps its line ends and byte order mark. The same text is no change."""
        if "\r\n" in before:
            after = after.replace("\r\n", "\n").replace("\n", "\r\n")
        if before != after:
            mark = _MARK if path.is_file() and path.read_bytes().startswith(_MARK.encode()) else ""
            self.changes.append(Change(path, mark + after, mark + before))

    def text_of(self, path: Path) -> str:
        """The text that a file has or is about to get; that of the last change."""
        planned = [change.after for change in self.changes if change.path == path]
        return planned[-1].removeprefix(_MARK) if planned else read(path)


def read(path: Path) -> str:
    """The text of a file, line ends as they are, without a byte order mark.

    Raises OSError, and RefusedError if it cannot be changed.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
        if path.suffix == ".py":
            parse(text)
    except UnicodeDecodeError:
        raise RefusedError("unreadable", path, "the file is not UTF-8: save it as UTF-8 first") from None
    except UnreadableError as error:
        raise RefusedError("unreadable", path, str(error), error.line) from None
    return text


def apply(plan: Plan) -> None:
    """Write the changes: new files first, then edits. Raises OSError."""
    if plan.new_folder is not None:
        _make_folder(plan.new_folder, plan.changes)
        return
    for change in sorted(plan.changes, key=_place):
        change.path.parent.mkdir(parents=True, exist_ok=True)
        before = None if change.before is None else change.before.encode("utf-8")
        write_atomically(change.path, change.after.encode("utf-8"), old=before)


def _place(change: Change) -> int:
    """Modules first, then the packages that import them, then what is there and will import those."""
    if change.before is not None:
        return 2
    return 1 if change.path.name == "__init__.py" else 0


def _make_folder(folder: Path, changes: Iterable[Change]) -> None:
    """Write the files to a folder beside, which then gets its name."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = folder.with_name(f".{folder.name}{UNFINISHED}")
    shutil.rmtree(unfinished, ignore_errors=True)
    for change in changes:
        path = unfinished / change.path.relative_to(folder)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(change.after.encode("utf-8"))
    if folder.is_dir():
        folder.rmdir()  # it is empty
    unfinished.rename(folder)
