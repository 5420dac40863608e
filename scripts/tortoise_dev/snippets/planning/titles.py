"""``title="PATH"``: the file that a block shows, and whether it shows what the file has.

A block may show a part of the file, but whole statements of it: what a reader copies must be what runs.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from ...pages.page import Block
from ...snippet_settings import SnippetSettings
from .dockerfiles import instructions
from .planned import PlannedBlock


class TitleError(Exception):
    """A title that cannot be a file of the project."""


def titled_path(block: Block) -> PurePosixPath | None:
    """The file that a ``title=`` names; None for no title or a mere caption (``Terminal``, a URL, an absolute
    path). Raises TitleError.
    """
    title = block.attributes.get("title", "")
    is_elsewhere = re.match(r"[A-Za-z][\w+.-]*:|[/\\~<$]", title)
    if not title or is_elsewhere or ("/" not in title and "." not in title) or " " in title.strip():
        return None
    path = PurePosixPath(title.replace("\\", "/"))
    if not path.name or title.endswith(("/", "...")):
        return None
    if ".." in path.parts:
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


def difference_from(lines: list[str], block: Block) -> tuple[int, str] | None:
    """How a block differs from the place in a file that it matches best: (line of the block from 0, what is
    wrong); None where all of it stands there, and whole.
    """
    wanted = block.source.rstrip("\n").split("\n")
    matches = [(*_matching(wanted, lines, start), start) for start in range(len(lines))]
    whole = [start for count, _, start in matches if count == len(wanted)]
    if not whole:
        count, there, _ = max(matches, key=lambda match: match[0])
        is_moved = wanted[count].strip() == there.strip()
        shown = "it with another indent" if is_moved else repr(there)
        return count, f"the block has {wanted[count]!r}, the file has {shown}"
    cuts = [_cut(lines, start, len(wanted), block) for start in whole]
    return None if None in cuts else cuts[0]


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


# --- whole statements


def _cut(lines: list[str], start: int, count: int, block: Block) -> tuple[int, str] | None:
    """What a block that matches ``count`` lines from line ``start`` (from 0) leaves out of a statement."""
    name = PurePosixPath(block.attributes["title"]).name
    if block.kind == "python":
        return _cut_python(lines, start, count)
    if name.endswith((".yaml", ".yml")):
        return _cut_nested(lines, start, count)
    if name.endswith((".toml", ".ini", ".cfg")):
        return _cut_table(lines, start, count)
    if block.info.language in ("dockerfile", "docker"):
        ends = {last for _, last, _, _ in instructions("\n".join(lines))}
        return _goes_on(lines, start, count) if not _ends_at(lines, start, count) & ends else None
    return None


def _cut_python(lines: list[str], start: int, count: int) -> tuple[int, str] | None:
    code = [number for number in range(start, start + count) if _is_code(lines[number], "#")]
    try:
        tree = ast.parse("\n".join(lines))
    except SyntaxError:
        return None  # said of the file itself
    if not code:
        return None
    first, last = code[0] + 1, code[-1] + 1
    spans = [[_span(node) for node in body] for body in _bodies(tree)]
    if any(first in [a for a, _ in body] and last in [b for _, b in body] for body in spans):
        return None
    starts = {b for body in spans for b, _ in body}
    if first not in starts:
        above = max((a for body in spans for a, b in body if a < first <= b), default=first - 1)
        return 0, f"the block begins inside a statement, the file has {lines[above - 1].strip()!r} above it"
    return _goes_on(lines, start, count)


def _span(node: ast.stmt) -> tuple[int, int]:
    """A statement's first and last line, with its decorators."""
    decorators = getattr(node, "decorator_list", [])
    return min([node.lineno, *(d.lineno for d in decorators)]), node.end_lineno or node.lineno


def _bodies(tree: ast.Module) -> Iterator[list[ast.stmt]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list) and body and isinstance(body[0], ast.stmt):
                yield body


def _cut_nested(lines: list[str], start: int, count: int) -> tuple[int, str] | None:
    """YAML: what follows must not be deeper than the block's first line, nor a list under its last key."""
    code = [number for number in range(start, start + count) if _is_code(lines[number], "#")]
    following = next((line for line in lines[start + count :] if _is_code(line, "#")), "")
    if not code or not following:
        return None
    base, next_indent = _indent(lines[code[0]]), _indent(following)
    is_list = following.lstrip().startswith("- ") and not lines[code[0]].lstrip().startswith("- ")
    if following.strip() != "---" and (next_indent > base or (next_indent == base and is_list)):
        return _goes_on(lines, start, count)
    return None


def _cut_table(lines: list[str], start: int, count: int) -> tuple[int, str] | None:
    """TOML and INI: a block that begins with a table's head shows all of that table."""
    code = [lines[n] for n in range(start, start + count) if _is_code(lines[n], "#;")]
    following = next((line for line in lines[start + count :] if _is_code(line, "#;")), "[")
    if code and code[0].startswith("[") and not following.startswith("["):
        return _goes_on(lines, start, count)
    return None


def _goes_on(lines: list[str], start: int, count: int) -> tuple[int, str]:
    following = next((line for line in lines[start + count :] if line.strip()), "")
    return count - 1, f"the block ends, the file goes on with {following.strip()!r}"


def _ends_at(lines: list[str], start: int, count: int) -> set[int]:
    """The number (from 1) of the block's last line of code in the file."""
    return {max((n + 1 for n in range(start, start + count) if _is_code(lines[n], "#")), default=0)}


def _is_code(line: str, comments: str) -> bool:
    return bool(line.strip()) and line.lstrip()[0] not in comments


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
