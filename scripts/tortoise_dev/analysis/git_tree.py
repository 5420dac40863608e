"""The Python files of a project as an earlier commit has them: read with git, written to another folder."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

_NEEDED = (".py", ".toml", ".cfg", ".txt", ".in", ".lock", "Pipfile")
"""Ends of the names of files that the checker reads."""


class GitError(Exception):
    """Git is not there, or the folder is in no repository, or the commit does not exist."""


@dataclass(frozen=True)
class OldTree:
    """A commit's files in a folder of their own."""

    repository: Path
    folder: Path
    renamed: dict[str, str]
    """By today's path of a file its path in the commit, where git sees that it was moved."""

    def place_of(self, path: Path) -> Path | None:
        """Where the commit has a path of today; None for one outside of the repository."""
        if not path.is_relative_to(self.repository):
            return None
        relative = path.relative_to(self.repository).as_posix()
        return self.folder / self.renamed.get(relative, relative)

    def today(self, path: Path) -> Path:
        """Where a path of this tree is today, if it was not moved."""
        return self.repository / path.relative_to(self.folder) if path.is_relative_to(self.folder) else path

    def files(self) -> Iterator[Path]:
        """The Python files of the commit, by their paths of today."""
        yield from map(self.today, self.folder.rglob("*.py"))
        yield from (self.repository / path for path in self.renamed)


def tree_at(ref: str, here: Path, into: Path) -> OldTree:
    """Write the files of a commit that the checker reads to the folder ``into``. Raises GitError.

    In a repository without a commit ``HEAD`` has no file.
    """
    repository = Path(_text(here, "rev-parse", "--show-toplevel"))
    try:
        commit = _text(here, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    except GitError:
        if ref == "HEAD" and not _text(here, "rev-list", "--max-count=1", "--all"):
            return OldTree(repository, into, {})
        if _text(here, "rev-parse", "--is-shallow-repository") == "true":
            raise GitError("this shallow clone has no such commit: git fetch --unshallow") from None
        raise
    _write(repository, commit, into)
    return OldTree(repository, into, dict(_renamed(repository, commit)))


def _write(repository: Path, commit: str, into: Path) -> None:
    """Write the files of a commit, and those of its submodules as far as they are checked out."""
    files: list[_Entry] = []
    for entry in _listed(repository, commit):
        if entry.mode.startswith("100") and entry.path.endswith(_NEEDED):
            files.append(entry)
        elif entry.mode == _SUBMODULE and (repository / entry.path / ".git").exists():
            try:
                _write(repository / entry.path, entry.name, into / entry.path)
            except GitError as error:
                commit = f"its commit {entry.name[:10]}: fetch that in the submodule"
                raise GitError(f"{entry.path}: {error}, {commit}") from None
    content = _git(
        repository, "cat-file", "--batch", stdin="".join(f"{one.name}\n" for one in files).encode()
    )
    position = 0
    for entry in files:
        end = content.index(b"\n", position)
        size = content[position:end].split()[-1]
        if not size.isdigit():  # "missing"
            raise GitError(f"the repository lacks {entry.path} of that commit: fetch it")
        file = into / entry.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content[end + 1 : end + 1 + int(size)])
        position = end + int(size) + 2
    (into / ".git").mkdir(parents=True, exist_ok=True)  # marks the top of the project, as in the repository


_SUBMODULE = "160000"


class _Entry(NamedTuple):
    """What a commit has at a path: a file with the name of its content, or a submodule with its commit."""

    mode: str
    name: str
    path: str


def _listed(repository: Path, commit: str) -> Iterator[_Entry]:
    for entry in _git(repository, "ls-tree", "-r", "-z", "--full-tree", commit).split(b"\0"):
        described, _, path = entry.partition(b"\t")
        if path:
            mode, _, name = described.decode().split()[:3]
            yield _Entry(mode, name, os.fsdecode(path))


def _renamed(repository: Path, commit: str) -> Iterator[tuple[str, str]]:
    fields = _git(repository, "diff", "-z", "-M", "--name-status", "--diff-filter=R", commit).split(b"\0")
    for old, new in zip(fields[1::3], fields[2::3], strict=False):
        yield os.fsdecode(new), os.fsdecode(old)


def _text(folder: Path, *arguments: str) -> str:
    return os.fsdecode(_git(folder, *arguments)).strip()


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    command: Sequence[str] = ("git", "-C", str(folder), *arguments)
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, check=False)
    except OSError as error:
        raise GitError(f"git cannot be run: {error.strerror or error}") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        if said and "not a git repository" in said[0]:
            raise GitError(f"not a git repository: {folder}. Leave --against out")
        raise GitError(said[0] if said else "git knows no such commit")
    return done.stdout
