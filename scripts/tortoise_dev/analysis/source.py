"""The Python files of a project: found, read, decoded. What cannot be read is said, never raised."""

from __future__ import annotations

import ast
import codecs
import os
import stat
import sys
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from io import BytesIO, StringIO
from operator import attrgetter
from pathlib import Path

from ..folders import DOUBTFUL, LEFT_OUT

OWN = Path(__file__).resolve().parents[3]
"""The folder of this skill, where it was copied to."""

NOT_JUDGED = frozenset({"test", "tests", "testing", "migrations"})
"""Folders of the project whose code follows other rules; judged only when they are named."""

SIZE_LIMIT = 2_000_000
"""Bytes that a file to be parsed may have; beyond, a syntax tree would take gigabytes."""

_LETTERS = frozenset(
    bytes([code]) for code in range(256) if code >= 128 or chr(code).isalnum() or code == ord("_")
)
"""What names are made of, byte by byte."""


class UnreadableError(Exception):
    """A file that cannot be read or parsed; ``line`` counts from 1."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


class SourceFile:
    """One Python file: its absolute path and its bytes."""

    def __init__(self, path: Path, data: bytes) -> None:
        self.path = path
        self.data = data

    @cached_property
    def key(self) -> str:
        """Its path as text: what files are known by, because a Path is slow to be looked up."""
        return str(self.path)

    @cached_property
    def encoding(self) -> str:
        """Its encoding, from a byte order mark or a PEP 263 comment. Raises UnreadableError."""
        first_lines = self.data.split(b"\n", 2)[:2]
        if not self.data.startswith(codecs.BOM_UTF8) and not any(b"coding" in line for line in first_lines):
            return "utf-8"
        import tokenize  # few files say what encoding they have

        try:
            return tokenize.detect_encoding(BytesIO(self.data).readline)[0]
        except SyntaxError as error:
            raise UnreadableError(str(error.msg)) from None

    @cached_property
    def text(self) -> str:
        """Its text, line ends as they are, without a byte order mark. Raises UnreadableError."""
        try:
            text = self.data.decode(self.encoding)
        except UnicodeDecodeError as error:
            line = self.data.count(b"\n", 0, error.start) + 1
            raise UnreadableError(f"is not valid {self.encoding}: {error.reason}", line) from None
        except LookupError:
            raise UnreadableError(f"unknown encoding {self.encoding}") from None
        return text.removeprefix("\ufeff")

    @cached_property
    def lines(self) -> list[str]:
        """Its lines as Python counts them, each with its line end."""
        return split_lines(self.text)

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree. Raises UnreadableError."""
        if len(self.data) > SIZE_LIMIT:
            size = f"{len(self.data) / 1e6:.1f} MB"
            raise UnreadableError(f"too large to be parsed: {size}, the limit is {SIZE_LIMIT / 1e6:.0f} MB")
        return parse(self.text)


def find_word(data: bytes, word: bytes) -> int:
    """Where a name first stands in the bytes of a file; -1 if nowhere.

    Letters of other alphabets are letters too. This is faster than a regular expression for each name.
    """
    at = data.find(word)
    while at >= 0:
        behind = at + len(word)
        if data[at - 1 : at] not in _LETTERS and data[behind : behind + 1] not in _LETTERS:
            return at
        at = data.find(word, at + 1)
    return -1


def split_lines(text: str) -> list[str]:
    """The lines of a text as Python counts them, each with its line end."""
    return list(StringIO(text, newline=""))


def comments_of(text: str) -> Counter[str]:
    """The comments of a source text that can be parsed, and how often each one stands there."""
    import tokenize  # only a repair asks for comments

    tokens = tokenize.generate_tokens(StringIO(text, newline="").readline)
    return Counter(token.string.rstrip() for token in tokens if token.type == tokenize.COMMENT)


def parse(text: str) -> ast.Module:
    """The syntax tree of a source text. Raises UnreadableError for whatever this Python cannot parse."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an invalid escape is not our business
            return ast.parse(text)
    except SyntaxError as error:
        message = f"Python {sys.version_info.major}.{sys.version_info.minor} cannot parse it: {error.msg}"
        raise UnreadableError(message, max(error.lineno or 1, 1)) from None
    except (RecursionError, MemoryError):
        raise UnreadableError("is nested too deeply to be parsed") from None
    except ValueError as error:
        raise UnreadableError(str(error)) from None


def source_of(node: ast.AST) -> str:
    """The source of a node on one line; ``…`` where it is nested too deeply."""
    try:
        return " ".join(ast.unparse(node).split())
    except RecursionError:
        return "…"


def read_file(path: Path) -> SourceFile:
    """Read one file. Raises UnreadableError."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a pipe would never end
            raise UnreadableError("is not a regular file")
        return SourceFile(path, path.read_bytes())
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror or error}") from None
    except ValueError as error:  # a null byte in the path
        raise UnreadableError(str(error)) from None


def python_files(folder: Path, unreadable: dict[Path, str]) -> Iterator[Path]:
    """The Python files under ``folder``, sorted, without folders that hold nobody's own code.

    Symbolic links to folders are not followed. A folder that cannot be listed is put into ``unreadable``.
    """
    top = str(folder)
    waiting = [top]
    while waiting:
        here = waiting.pop()
        try:
            with os.scandir(here) as listing:
                entries = sorted(listing, key=attrgetter("name"))
        except OSError as error:
            unreadable[Path(here)] = f"cannot be listed: {error.strerror or error}"
            continue
        if here != top and _is_foreign(Path(here), {entry.name for entry in entries}):
            continue
        folders: list[str] = []
        for entry in entries:
            try:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in LEFT_OUT and not _is_own(entry):
                        folders.append(entry.path)
                elif entry.name.endswith(".py") and not entry.is_dir() and not _is_dangling(entry):
                    yield Path(entry.path)
            except OSError as error:
                unreadable[Path(entry.path)] = f"cannot be read: {error.strerror or error}"
        waiting += reversed(folders)


def _is_foreign(folder: Path, names: set[str]) -> bool:
    """Is a folder that holds these names an environment, what a tool built, or a copy of this skill?"""
    if "pyvenv.cfg" in names or ({"SKILL.md", "scripts"} <= names and is_skill(folder)):
        return True
    return folder.name in DOUBTFUL and not any(name.endswith(".py") for name in names)


def is_skill(folder: Path) -> bool:
    """Does a folder hold this skill, or another copy of it?"""
    return (folder / "SKILL.md").is_file() and (folder / "scripts" / "tortoise_dev").is_dir()


def _is_dangling(entry: os.DirEntry[str]) -> bool:
    """Does a link lead nowhere? Emacs marks a file that it edits by such a link."""
    return entry.is_symlink() and not Path(entry.path).exists()


def _is_own(folder: os.DirEntry[str]) -> bool:
    return folder.name == OWN.name and Path(folder.path).resolve() == OWN


def is_judged(path: Path, below: Path, *, names: bool = True) -> bool:
    """Does a file, seen from the folder ``below``, lie outside of tests and migrations?

    Unless ``names`` is false, ``test_x.py`` and ``conftest.py`` count as tests wherever they are.
    """
    name = path.name
    if names and (name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")):
        return False
    parts = below.parts
    inside = path.parts[len(parts) :] if path.parts[: len(parts)] == parts else path.parts
    return NOT_JUDGED.isdisjoint(inside[:-1])


def is_migration(path: Path, below: Path) -> bool:
    """Does a file, seen from the folder ``below``, lie in a folder of migrations, outside of tests?"""
    inside = path.relative_to(below).parts[:-1] if path.is_relative_to(below) else path.parts[:-1]
    return "migrations" in inside and {"test", "tests", "testing"}.isdisjoint(inside)


def read_all(paths: Iterable[Path], unreadable: dict[Path, str]) -> dict[str, SourceFile]:
    """Read many files, each by its key; those that cannot be read go to ``unreadable``."""
    files: dict[str, SourceFile] = {}
    for path in paths:
        if str(path) in files:
            continue
        try:
            files[str(path)] = read_file(path)
        except UnreadableError as error:
            unreadable[path] = str(error)
    return files
