"""``title="PATH"``: the file that a block shows, and whether it shows what the file has."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from ...pages.page import Block
from ...settings import SnippetSettings
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
