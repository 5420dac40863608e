"""Markdown in, blocks out: every fence of a page, and everything on it that only looks like one.

CommonMark decides what a fence is (through markdown-it-py). Nothing is dropped: what a reader would take for
code but CommonMark does not (a fence inside raw HTML or indented code, one that is never closed) becomes an
oddity.
"""

from __future__ import annotations

import ast
import contextlib
import functools
import itertools
import re
import stat
import textwrap
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from .fence_info import Info, parse_info
from .languages import Kind

MAX_BYTES = 10_000_000

_DIRECTIVE = re.compile(
    r"\A\s*<!--\s*snippet:(?P<words>[^\n]*?)(?:-->\s*\Z|\n(?P<code>.*?)\n?[ \t]*-->\s*\Z)", re.DOTALL
)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_FENCE = re.compile(r"^[ \t>]*(?P<mark>`{3,}|~{3,})[ \t]*(?P<info>[^`\n]*)$")


class PageError(Exception):
    """A page that cannot be read: what was expected, and what is there instead."""


@dataclass(frozen=True)
class Block:
    """One fence of a page (or a hidden prelude comment).

    ``line`` is the fence's line, ``start`` the first line of its content, ``end`` the line after the block;
    all from 1.
    """

    id: str
    line: int
    start: int
    end: int
    info: Info
    source: str
    problems: tuple[str, ...] = ()

    @functools.cached_property
    def kind(self) -> Kind:
        """What can be done with the block; Python with prompts is a session."""
        is_session = self.info.kind == "python" and self.source.lstrip().startswith(">>> ")
        return "session" if is_session else self.info.kind

    @property
    def attributes(self) -> dict[str, str]:
        """The block's attributes by name; a flag's value is empty."""
        return self.info.attributes


@dataclass(frozen=True)
class Oddity:
    """Something that is no block but must not pass in silence: ``status`` is ``unverified`` or ``failed``."""

    id: str
    line: int
    reason: str
    status: str = "unverified"
    fail_line: int | None = None


@dataclass(frozen=True)
class Page:
    """A Markdown file: its blocks and oddities in page order, and where its links lead."""

    path: Path
    name: str
    lines: list[str]
    blocks: list[Block] = field(default_factory=list)
    oddities: list[Oddity] = field(default_factory=list)
    links: list[tuple[int, str]] = field(default_factory=list)


def read_page(path: Path, name: str) -> Page:
    """Read and parse one page (a Python file is a page of one block); ``name`` is the path that reports show.

    Raises PageError for what is no readable UTF-8 text of a sane size.
    """
    text = read_text(path)
    return parse_script(text, path, name) if path.suffix == ".py" else parse_page(text, path, name)


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


def parse_page(text: str, path: Path, name: str) -> Page:
    """Parse a page's text; what is odd about it is among its oddities.

    Raises PageError where lists and quotes are nested too deeply to be read.
    """
    lines = re.split(r"\r\n|\n|\r", text)
    body = _without_front_matter(lines)
    parser = MarkdownIt("commonmark", {"maxNesting": 1_000_000})  # by default it drops what is deeper than 20
    parser.core.ruler.disable(["inline", "text_join"])
    env: dict[str, object] = {}
    try:
        tokens = parser.parse("\n".join(body), env)
    except RecursionError:
        raise PageError("lists and quotes are nested too deeply to be read") from None
    page = Page(path, name, lines)
    _Collector(page, body).collect(tokens)
    page.links.extend(_links(parser, tokens, env, body))
    return page


def looks_like_python(source: str) -> bool:
    """Tell whether a block without a language is Python that would do something, not prose or output."""
    code = textwrap.dedent(source)
    if code.lstrip().startswith(">>> "):
        return True
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            tree = ast.parse(code)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return any(map(_acts, ast.walk(tree)))


def _acts(node: ast.AST) -> bool:
    if isinstance(node, ast.stmt):
        bare_annotation = isinstance(node, ast.AnnAssign) and node.value is None
        return not isinstance(node, ast.Expr) and not bare_annotation
    return isinstance(node, ast.Call | ast.Await)


def _without_front_matter(lines: list[str]) -> list[str]:
    """Blank out YAML front matter, so that line numbers stay."""
    if lines[0].rstrip() != "---":
        return lines
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            return [""] * (number + 1) + lines[number + 1 :]
    return lines


class _Collector:
    """Walks the tokens of a page once, with the heading above and the comment above at hand."""

    def __init__(self, page: Page, body: list[str]) -> None:
        self.page = page
        self.body = body
        self.heading = "top"
        self.slugs: Counter[str] = Counter()
        self.ordinals: Counter[str] = Counter()
        self.directive: tuple[int, str] | None = None

    def collect(self, tokens: list[Token]) -> None:
        for position, token in enumerate(tokens):
            if token.type == "fence":
                self.fence(token)
            elif self.directive is not None:
                self.orphan_directive()
            if token.type == "heading_open":
                self.enter(tokens[position + 1].content)
            elif token.type == "html_block":
                self.html(token)
            elif token.type == "code_block":
                self.indented(token)
        if self.directive is not None:
            self.orphan_directive()

    def enter(self, heading: str) -> None:
        slug = _slug(heading) or "section"
        self.slugs[slug] += 1
        repeats = self.slugs[slug] - 1
        self.heading = f"{slug}-{repeats}" if repeats else slug

    def next_id(self) -> str:
        self.ordinals[self.heading] += 1
        return f"{self.page.name}::{self.heading}/{self.ordinals[self.heading]}"

    def odd(self, line: int, reason: str, fail_line: int | None = None) -> None:
        identity = f"{self.page.name}::{self.heading}/line-{line}"
        self.page.oddities.append(Oddity(identity, line, reason, fail_line=fail_line))

    def fence(self, token: Token) -> None:
        start, end = _span(token)
        words = self.directive[1] if self.directive else ""
        self.directive = None
        if end - start < token.content.count("\n") + 2:
            reason = f"the fence opened at line {start + 1} is never closed: what follows it was not run"
            self.odd(start + 1, reason, start + 2)
            return
        info = parse_info(token.info, words)
        self.page.blocks.append(
            Block(self.next_id(), start + 1, start + 2, end + 1, info, token.content, info.problems)
        )

    def html(self, token: Token) -> None:
        start, end = _span(token)
        match = _DIRECTIVE.match(token.content)
        opened = token.content.rfind("<!--")
        if opened >= 0 and "-->" not in token.content[opened:]:
            line = start + 1 + token.content.count("\n", 0, opened)
            self.odd(line, f"the comment opened at line {line} is never closed: it hides what follows", line)
        elif match is None:
            visible = _COMMENT.sub(lambda m: "\n" * m.group(0).count("\n"), token.content)
            for line, fail_line in _fences_in(visible):
                reason = "a fence inside raw HTML is shown as text: put a blank line above it"
                self.odd(start + line, reason, start + fail_line)
        elif match["code"] is None:
            self.directive = (start + 1, match["words"])
        else:
            info = parse_info("python", match["words"])
            problems = info.problems
            if "prelude" not in info.attributes and not problems:
                problems = ("a hidden block can only be a prelude: <!-- snippet: prelude",)
            first = start + 1 + match.string.count("\n", 0, match.start("code"))
            source = match["code"] + "\n"
            self.page.blocks.append(Block(self.next_id(), start + 1, first, end + 1, info, source, problems))

    def indented(self, token: Token) -> None:
        start, _ = _span(token)
        fences = list(_fences_in(token.content))
        for line, fail_line in fences:
            reason = f"a fence inside an indented block at line {start + line} is not a fence in CommonMark"
            self.odd(start + line, reason, start + fail_line)
        if not fences and looks_like_python(token.content):
            self.odd(start + 1, "indented code that is Python was not run: use a ```python fence", start + 1)

    def orphan_directive(self) -> None:
        assert self.directive is not None
        line, words = self.directive
        self.directive = None
        self.odd(line, f"<!-- snippet:{words}--> stands above no fence", line)


def _span(token: Token) -> tuple[int, int]:
    assert token.map is not None
    return token.map[0], token.map[1]


def _fences_in(text: str) -> Iterator[tuple[int, int]]:
    """Yield (line, first content line), from 1, of what looks like a fence in text that is not Markdown."""
    mark = ""
    for number, line in enumerate(text.split("\n"), 1):
        match = _FENCE.match(line)
        if match is None:
            continue
        if not mark:
            mark = match["mark"]
            yield number, number + 1
        elif match["mark"].startswith(mark) and not match["info"].strip():
            mark = ""


def _slug(heading: str) -> str:
    """GitHub's anchor of a heading, from its Markdown."""
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>", r"\1", heading)
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")


def _links(
    parser: MarkdownIt, tokens: list[Token], env: dict[str, object], body: list[str]
) -> Iterator[tuple[int, str]]:
    """Yield (line, target) of every link and image of the page."""
    for token in tokens:
        if token.type != "inline" or "[" not in token.content or token.map is None:
            continue
        children: list[Token] = []
        with contextlib.suppress(RecursionError):  # hundreds of brackets in a row are no links
            parser.inline.parse(token.content, parser, env, children)
        for child, following in itertools.zip_longest(children, children[1:]):
            target = child.attrs.get("href") or child.attrs.get("src")
            is_reference = following is not None and following.type == "link_close"  # MyST's [](name)
            if isinstance(target, str) and not is_reference:
                yield _line_of(target, body, *token.map), target


def _line_of(target: str, body: list[str], start: int, end: int) -> int:
    return next((n for n in range(start, end) if target in body[n]), start) + 1
