"""From a file to a page."""

from __future__ import annotations

import re
import stat
from pathlib import Path

from .collector import Collector
from .fence_info import Conventions, parse_info
from .html import from_mdx
from .page import Block, Oddity, Page, PageError

MAX_BYTES = 10_000_000


def read_page(path: Path, name: str, conventions: Conventions | None = None) -> Page:
    """Read and parse one page (a Python file is a page of one block); ``name`` is the path that reports show.

    Raises PageError for what is no readable UTF-8 text of a sane size.
    """
    text = read_text(path)
    if path.suffix == ".py":
        return parse_script(text, path, name)
    if path.suffix.lower() in (".rst", ".rest"):
        reason = "reStructuredText is not read: nothing on this page was run"
        return Page(path, name, [], oddities=[Oddity(f"{name}::top/line-1", 1, reason)])
    return parse_page(text, path, name, conventions)


def read_text(path: Path) -> str:
    """Read a page's text with its line ends as they are. Raises PageError, saying what is wrong and where."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise PageError("not a regular file")
        size = status.st_size
        if size > MAX_BYTES:
            raise PageError(f"{size / 1e6:.0f} MB: a page may have {MAX_BYTES / 1e6:.0f} MB at most")
        raw = path.read_bytes()
    except FileNotFoundError:
        raise PageError("no such file") from None
    except OSError as error:
        raise PageError(f"cannot be read: {error.strerror or error}") from None
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PageError("not UTF-8 but UTF-16: save the page as UTF-8")
    if b"\0" in raw:
        raise PageError(f"a binary file (byte {raw.index(0)} is NUL), not Markdown")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise PageError(
            f"not UTF-8: byte 0x{raw[error.start]:02x} in line {line}; save the page as UTF-8"
        ) from None


def parse_script(text: str, path: Path, name: str) -> Page:
    """A Python file as a page of one block; ``# snippet:`` in its first line holds the attributes."""
    lines = re.split(r"\r\n|\n|\r", text)
    comment = re.match(r"#\s*snippet:(.*)", lines[0])
    info = parse_info("python", comment[1] if comment else "")
    block = Block(f"{name}::top/1", 1, 1, len(lines) + 1, info, "\n".join(lines), info.problems)
    return Page(path, name, lines, [block])


def parse_page(text: str, path: Path, name: str, conventions: Conventions | None = None) -> Page:
    """Parse a page's text; what is odd about it is among its oddities.

    Raises PageError where lists and quotes are nested too deeply to be read.
    """
    lines = re.split(r"\r\n|\n|\r", text)
    page = Page(path, name, lines)
    body = "\n".join(lines)
    collector = Collector(page, conventions or Conventions())
    try:
        collector.read(from_mdx(body) if path.suffix.lower() == ".mdx" else body)
    except RecursionError:
        raise PageError("lists and quotes are nested too deeply to be read") from None
    collector.finish()
    return page
