"""Pages cut into sections, with the standard library alone: it runs where no package is installed."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..pages.headings import slug

EXAMPLE = "example"
"""The page's title of a section that is a whole file of examples."""

MESSAGES = "Error messages"
"""How the page's title begins of a section that is one message; `…` stands in it for text that differs."""

ERROR_PAGES = (
    "references/errors.md",
    "references/errors-python.md",
    "references/errors-databases.md",
    "references/errors-mysql.md",
)
"""Where the messages are: those of Tortoise, of Python and its packages, and of databases."""

_ROW = re.compile(r"\| (`+) ?(.+?) ?\1 \| (.+) \|$")
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*\s*$")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")


@dataclass(frozen=True)
class Section:
    """A heading of a page and what stands below it, up to the next one.

    ``path`` is relative to the handbook, ``line`` the heading's line; ``page`` is the page's own title.
    ``asked`` is what people type who need it, in words that its text may lack.
    """

    path: str
    line: int
    page: str
    heading: str
    text: str
    asked: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How asked.toml names it: as a link does, ``references/queries.md#look-a-row-up``, without an anchor
        the page's top; a row of a page of error messages by the message.
        """
        if self.page.startswith(MESSAGES):
            return self.heading
        return self.path if self.heading == self.page else f"{self.path}#{slug(self.heading)}"

    @property
    def place(self) -> str:
        """Where it stands: ``references/queries.md:64``."""
        return f"{self.path}:{self.line}"


def sections_of(text: str, path: str) -> Iterator[Section]:
    """Cut a Markdown page at its headings of the first two levels; what stands in fences is no heading.

    The hidden set-up of its blocks is left out.
    """
    page, heading, start, mark, is_hidden = "", "", 1, "", False
    body: list[str] = []
    lines = text.split("\n")
    for number, line in enumerate(lines, 1):
        fence = _FENCE.match(line)
        if fence is not None:
            if not mark:
                mark = fence[1]
            elif fence[1].startswith(mark):
                mark = ""
        if is_hidden or (not mark and line.startswith("<!-- snippet:")):
            is_hidden = "-->" not in line
            continue
        match = _HEADING.match(line) if not mark else None
        if match is not None and len(match[1]) <= 2:
            if any(map(str.strip, body)):
                yield Section(path, start, page, heading, "\n".join(body).strip("\n"))
            heading, start, body = match[2], number, []
            page = page or heading
        body.append(line)
    if any(map(str.strip, body)):
        yield Section(path, start, page, heading, "\n".join(body).strip("\n"))


def pages_of(root: Path) -> list[Path]:
    """SKILL.md and the references."""
    return [root / "SKILL.md", *sorted((root / "references").glob("*.md"))]


def page_sections(file: Path, root: Path) -> Iterator[Section]:
    """The sections of one page. Raises OSError."""
    return sections_of(_without_front_matter(file.read_text(encoding="utf-8")), _shown(file, root))


def example_parts(file: Path, root: Path) -> Iterator[Section]:
    """The functions and classes of one example, and first what stands above them. Raises OSError."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    path = _shown(file, root)
    starts = [
        (min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]), node)
        for node in ast.parse(text).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    above = lines[: starts[0][0] - 1] if starts else lines
    yield Section(path, 1, file.name, "imports", "\n".join(above).strip("\n"))
    for start, node in starts:
        yield Section(path, start, file.name, node.name, "\n".join(lines[start - 1 : node.end_lineno]))


def handbook_sections(root: Path) -> Iterator[Section]:
    """The sections of SKILL.md and of the references, and each example as one. Raises OSError.

    On the pages of error messages each row is a section.
    """
    asked = phrases()
    for file in pages_of(root):
        if _shown(file, root) in ERROR_PAGES:
            found = messages_of(file.read_text(encoding="utf-8"), _shown(file, root))
        else:
            found = page_sections(file, root)
        for section in found:
            yield replace(section, asked=asked.get(section.name, ()))
    for file in sorted((root / "examples").glob("*.py")):
        text = file.read_text(encoding="utf-8")
        title = re.search(r'"""(.*?)(?:\n|""")', text)
        heading = title[1] if title else file.stem
        yield Section(_shown(file, root), 1, EXAMPLE, heading, text.strip("\n"))


def phrases() -> dict[str, tuple[str, ...]]:
    """What people type, by the name of the section that answers it."""
    text = Path(__file__).with_name("asked.toml").read_text(encoding="utf-8")
    return {name: tuple(asked) for name, asked in tomllib.loads(text).items()}


def messages_of(text: str, path: str) -> Iterator[Section]:
    """Each row of a page of error messages as a section: its heading is the message.

    Its page is named after the table, which says whose message it is.
    """
    page = MESSAGES
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("## "):
            page = f"{MESSAGES}: {line.removeprefix('## ')}"
        row = _ROW.match(line)
        if row is not None:
            yield Section(path, number, page, row[2], f"`{row[2]}`\n{row[3]}")


def _shown(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix()


def _without_front_matter(text: str) -> str:
    """Blank out YAML front matter, so that line numbers stay."""
    match = re.match(r"---\n.*?\n---\n", text, re.DOTALL)
    return "\n" * match[0].count("\n") + text[match.end() :] if match else text
