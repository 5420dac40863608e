"""``title="PATH"``: the file that a block shows, and whether it shows what the file has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath

from ...pages.languages import IN_SHELL, RUNNABLE
from ...pages.page import Block
from ...settings import SnippetSettings
from .. import shell_text
from .planned import PlannedBlock


class TitleError(Exception):
    """A title that cannot be a file of the project."""


def titled_path(block: Block) -> PurePosixPath | None:
    """The file that a ``title=`` names; None for no title or a mere caption. Raises TitleError."""
    title = block.attributes.get("title", "").replace("\\", "/")
    path = PurePosixPath(title)
    if not title or ("/" not in title and "." not in title) or " " in title.strip():
        return None
    if not path.name or path.is_absolute() or ".." in path.parts or ":" in path.parts[0]:
        raise TitleError(f"title={title[:100]}: must be a path inside the project")
    if max(map(len, path.parts)) > 100:
        raise TitleError(f"title={title[:100]}…: the name is too long")
    return path


def standing_file(planned: PlannedBlock, settings: SnippetSettings) -> Path | None:
    """The example project's file that a titled block shows, if it has that file."""
    if planned.title is None or settings.project is None:
        return None
    file = settings.project / planned.title
    return file if file.is_file() else None


def is_named_later(planned: PlannedBlock, blocks: Iterable[PlannedBlock]) -> bool:
    """Does a block further down speak of the module that this file is, and so perhaps call what is in it?"""
    assert planned.title is not None
    name = planned.title.stem if planned.title.stem != "__init__" else planned.title.parent.name
    named = re.compile(rf"\b{re.escape(name)}\b")
    below = (p.block for p in blocks if p.block.line > planned.block.line and p.block.kind in RUNNABLE)
    return any(named.search(block.source) for block in below)


def is_test_file(path: PurePosixPath) -> bool:
    """Is this a file that pytest runs, or reads by itself?"""
    return re.fullmatch(r"test_.*\.py|.*_test\.py|conftest\.py", path.name) is not None


def runner_of_tests(planned: PlannedBlock, blocks: Iterable[PlannedBlock]) -> Block | None:
    """The block further down that runs pytest on this test file."""
    for other in blocks:
        block = other.block
        if block.line > planned.block.line and not {"norun", "breaks"} & block.attributes.keys():
            in_shell = block.kind in IN_SHELL and _runs_pytest(block.source, planned.title)
            if in_shell or (block.kind == "python" and "pytest.main(" in block.source):
                return block
    return None


def _runs_pytest(script: str, path: PurePosixPath | None) -> bool:
    """Does a script run pytest on a file, by its path, its folder, or by naming no path at all?"""
    assert path is not None
    for line in shell_text.logical_lines(re.sub(r"(?m)^\$ ", "", script)):
        for words in shell_text.commands(line.text):
            if "pytest" not in words:
                continue
            arguments = [
                PurePosixPath(word.partition("::")[0]) for word in words[words.index("pytest") + 1 :]
            ]
            paths = [
                a for a in arguments if not a.name.startswith("-") and (a.suffix or path.is_relative_to(a))
            ]
            same_folder = path.name == "conftest.py" and any(a.is_relative_to(path.parent) for a in paths)
            if not paths or same_folder or any(path.is_relative_to(a) for a in paths):
                return True
    return False


def first_difference_from(file_lines: list[str], block: Block) -> tuple[int, str] | None:
    """Where a block differs from the place in a file that it matches best: (lines of it that match, what the
    file has after them); None where all of it stands there.
    """
    wanted = block.source.rstrip("\n").split("\n")
    matched = max(
        (_matching(wanted, file_lines, start) for start in range(len(file_lines))), key=lambda m: m[0]
    )
    return None if matched[0] == len(wanted) else matched


def _matching(wanted: list[str], lines: list[str], start: int) -> tuple[int, str]:
    """How many lines of a block match a file from line ``start`` on, and what the file has after them."""
    first = next((line for line in wanted if line.strip()), "")
    there = lines[start]
    indent = there[: len(there) - len(first)] if there.endswith(first) and not first.startswith(" ") else ""
    if indent.strip():
        indent = ""
    for count, line in enumerate(wanted):
        if start + count >= len(lines):
            return count, "its end"
        expected = indent + line if line.strip() else line.strip()
        if lines[start + count].rstrip() != expected.rstrip():
            return count, lines[start + count]
    return len(wanted), ""
