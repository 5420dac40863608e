"""From a page's Markdown to its blocks and oddities, in one walk over the parser's tokens.

Nothing is dropped: what a reader would take for code but the parser does not (a fence inside raw HTML or
indented code, one that is never closed) becomes an oddity.
"""

from __future__ import annotations

import contextlib
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from markdown_it.token import Token

from .fence_info import Conventions, Info, parse_info
from .headings import anchors_of_headings, slug, written_anchors
from .html import DIRECTIVE, code_in, fences_in, links_in, unclosed_comment, without_comments
from .languages import kind_of, looks_like_python
from .markdown import parser
from .other_tools import HIGHLIGHT, TEXT_DIRECTIVES, rst_has_code, skip_comment, without_options
from .page import Block, Oddity, Page

_CHAIN = re.compile(r"chain=(\w+)")
_CODE_SPAN = re.compile(r"(`+).*?\1", re.DOTALL)
_COLON_CODE = re.compile(r":{3,}\s*\{(?:code|code-block|code-cell|sourcecode)\}")
_GENERATED_TEXT = re.compile(
    r"--8<--|\{[!*%].*[!*%]\}|::: [A-Za-z_][\w]*(\.\w+)+\s*$|\{(?:include|eval-rst|auto\w+)\}", re.M
)
_PROMPT = re.compile(r"\s*\$ +\S")
"""What a transcript begins with: many pages call it ``shell``, as GitHub does."""
_PRE = re.compile(r"<(pre|code|script)\b", re.IGNORECASE)
_GENERATED_DIRECTIVE = re.compile(r"include|eval-rst|auto\w+")


@dataclass
class _Comment:
    """A comment that speaks of the fence below it: our own attributes, or another tool's mark."""

    line: int
    words: str = ""
    foreign: str = ""


class Collector:
    """Fills a page, with the heading above and the comment above at hand."""

    def __init__(self, page: Page, conventions: Conventions) -> None:
        self.page = page
        self.conventions = conventions
        self.offset = 0
        self.heading = "top"
        self.headings: list[tuple[str, str]] = []
        self.slugs: Counter[str] = Counter()
        self.ordinals: Counter[str] = Counter()
        self.odd_places: Counter[str] = Counter()
        self.comment: _Comment | None = None

    def read(self, text: str, offset: int = 0) -> None:
        """Take in Markdown whose first line is line ``offset`` (from 0) of the page.

        Raises RecursionError where lists and quotes are nested too deeply.
        """
        env: dict[str, object] = {}
        # with a last line end, so that a fence that nothing closes is one line short there too
        tokens = parser().parse(text.removesuffix("\n") + "\n", env)
        outer, self.offset = self.offset, offset
        self.collect(tokens, env)
        self.offset = outer

    def finish(self) -> None:
        """Work out what needs the whole page."""
        self.page.anchors.update(anchors_of_headings(self.headings))

    def collect(self, tokens: list[Token], env: dict[str, object]) -> None:
        for position, token in enumerate(tokens):
            if token.type == "fence":
                self.fence(token)
            elif self.comment is not None and not _is_foreign(token):
                self.orphan_comment()
            if token.type == "heading_open":
                self.enter(tokens[position + 1], env)
            elif token.type == "html_block":
                self.html(token)
            elif token.type == "code_block":
                self.indented(token)
            elif token.type == "inline":
                self.inline(token, env)
        if self.comment is not None:
            self.orphan_comment()

    # --- where we are

    def enter(self, title: Token, env: dict[str, object]) -> None:
        """Go on under a heading."""
        self.headings.append((title.content, _shown(_children(title, env))))
        name = slug(title.content) or "section"
        self.slugs[name] += 1
        repeats = self.slugs[name] - 1
        self.heading = f"{name}-{repeats}" if repeats else name

    def span(self, token: Token) -> tuple[int, int]:
        assert token.map is not None
        return token.map[0] + self.offset, token.map[1] + self.offset

    def odd(self, line: int, reason: str, fail_line: int | None = None) -> None:
        place = f"{self.heading}/line-{line}"
        self.odd_places[place] += 1
        number = f"/{self.odd_places[place]}" if self.odd_places[place] > 1 else ""
        identity = f"{self.page.name}::{place}{number}"
        self.page.oddities.append(Oddity(identity, line, reason, fail_line=fail_line))

    # --- blocks

    def fence(self, token: Token) -> None:
        start, end = self.span(token)
        comment, self.comment = self.comment or _Comment(start), None
        if end - start < token.content.count("\n") + 2:
            reason = f"the fence opened at line {start + 1} is never closed: what follows it was not run"
            self.odd(start + 1, reason, start + 2)
            return
        info = parse_info(token.info, comment.words, self.conventions)
        if info.language == "shell" and _PROMPT.match(token.content):
            info = replace(info, language="console")
        problems, source, first = list(info.problems), token.content, start + 2
        if info.directive:
            source, count, options = without_options(source, is_session=info.kind == "session")
            first += count
            if info.directive in TEXT_DIRECTIVES and info.kind == "unknown":
                self.read(source, first - 1)
                return
            if _GENERATED_DIRECTIVE.fullmatch(info.directive):
                self.page.has_more = True
            if info.language == "{eval-rst}" and not rst_has_code(source):
                info = replace(info, language="text")
        if info.directive and info.kind not in ("prose", "unknown"):
            problems += [f":{name}: is MyST's option, which is not read here" for name in options]
        if comment.foreign and info.kind != "prose" and "norun" not in info.attributes:
            problems.append(f'{comment.foreign} above it is another tool\'s mark; here it is norun="why"')
        self.add(start + 1, first, end + 1, info, source, tuple(problems))

    def add(
        self, line: int, start: int, end: int, info: Info, source: str, problems: tuple[str, ...]
    ) -> None:
        self.ordinals[self.heading] += 1
        identity = f"{self.page.name}::{self.heading}/{self.ordinals[self.heading]}"
        self.page.blocks.append(Block(identity, line, start, end, info, source, problems))

    # --- what is no fence

    def html(self, token: Token) -> None:
        start, end = self.span(token)
        match = DIRECTIVE.match(token.content)
        unclosed = unclosed_comment(token.content)
        if unclosed is not None:
            line = start + 1 + unclosed
            self.odd(line, f"the comment opened at line {line} is never closed: it hides what follows", line)
        elif match is None:
            self.raw_html(token.content, start)
        elif match["code"] is not None:
            self.hidden(match, start, end)
        elif (chain := _CHAIN.fullmatch(match["words"].strip())) is not None:
            self.switch(chain[1], start + 1)
        else:
            self.comment = _Comment(start + 1, match["words"], self.comment.foreign if self.comment else "")

    def raw_html(self, content: str, start: int) -> None:
        if (mark := skip_comment(content)) is not None:
            self.comment = _Comment(start + 1, self.comment.words if self.comment else "", mark)
        visible = without_comments(content)
        self.page.anchors.update(written_anchors(visible))
        if not _PRE.search(visible):
            self.page.html_links += [(start + 1 + line, target) for line, target in links_in(visible)]
        for line, fail_line, _ in fences_in(visible):
            reason = "a fence inside raw HTML is shown as text: put a blank line above it"
            self.odd(start + line, reason, start + fail_line)
        self.preformatted(visible, start)

    def preformatted(self, text: str, start: int) -> None:
        for line, language in code_in(text):
            reason = f"{language} in <pre> is code that nobody ran: use a ```{language} fence"
            self.odd(start + line, reason, start + line)

    def highlight(self, match: re.Match[str], line: int) -> None:
        """Code in a tag of Jekyll or Hugo."""
        language = match["language"].lower()
        if kind_of(language) not in ("prose", "unknown"):
            reason = f"{language} in a highlight tag is code that nobody ran: use a ```{language} fence"
            self.odd(line, reason, line)

    def hidden(self, match: re.Match[str], start: int, end: int) -> None:
        """A comment that holds code: a prelude."""
        info = parse_info("python", match["words"], self.conventions)
        problems = info.problems
        if "prelude" not in info.attributes and not problems:
            problems = ("a hidden block can only be a prelude: <!-- snippet: prelude",)
        first = start + 1 + match.string.count("\n", 0, match.start("code"))
        self.add(start + 1, first, end + 1, info, match["code"] + "\n", problems)

    def switch(self, chain: str, line: int) -> None:
        """``<!-- snippet: chain=page -->`` speaks of the whole page."""
        if chain not in ("page", "block"):
            self.odd(line, f"chain={chain}: it is chain=page or chain=block", line)
        elif self.page.blocks:
            self.odd(line, f"chain={chain} speaks of the whole page: put it above the first block", line)
        else:
            self.page.chain = chain

    def indented(self, token: Token) -> None:
        start, _ = self.span(token)
        fences = list(fences_in(token.content))
        for line, fail_line, is_prose in fences:
            if is_prose:
                continue
            reason = f"a fence inside an indented block at line {start + line} is not a fence in CommonMark"
            self.odd(start + line, reason, start + fail_line)
        if not fences and looks_like_python(token.content):
            self.odd(start + 1, "indented code that is Python was not run: use a ```python fence", start + 1)

    def orphan_comment(self) -> None:
        comment, self.comment = self.comment, None
        if comment is not None and comment.words:
            self.odd(comment.line, f"<!-- snippet:{comment.words}--> stands above no fence", comment.line)

    # --- text

    def inline(self, token: Token, env: dict[str, object]) -> None:
        """Text: its links, the anchors in it, and what a site's generator makes of it."""
        start, end = self.span(token)
        text = _CODE_SPAN.sub("", token.content)
        if "[" in text:
            for target in _targets(_children(token, env)):
                line = next((n for n in range(start, end) if target in self.page.lines[n]), start)
                self.page.links.append((line + 1, target))
        if "{" in text or "<" in text or text.startswith("("):
            self.page.anchors.update(written_anchors(text))
        if "<" in text:
            self.page.html_links += [(start + 1 + line, target) for line, target in links_in(text)]
        if _GENERATED_TEXT.search(text):
            self.page.has_more = True
        if _COLON_CODE.match(text):
            self.odd(
                start + 1, "a MyST directive between colons was not run: use a ```python fence", start + 1
            )
        if "<pre" in text.lower():
            self.preformatted(text, start)
        for match in HIGHLIGHT.finditer(text) if "{" in text else ():
            self.highlight(match, start + 1 + text.count("\n", 0, match.start()))


def _is_foreign(token: Token) -> bool:
    """Is it a comment that may stand between a comment of ours and its fence, or the other way round?"""
    if token.type != "html_block":
        return False
    directive = DIRECTIVE.match(token.content)
    return skip_comment(token.content) is not None or (directive is not None and directive["code"] is None)


def _children(token: Token, env: dict[str, object]) -> list[Token]:
    children: list[Token] = []
    with contextlib.suppress(RecursionError):  # hundreds of brackets in a row are no links
        parser().inline.parse(token.content, parser(), env, children)
    return children


def _shown(children: list[Token]) -> str:
    """Inline text as a reader sees it."""
    return "".join(
        child.content for child in children if child.type in ("text", "code_inline", "text_special")
    )


def _targets(children: list[Token]) -> Iterator[str]:
    """Where the links and images among inline tokens lead."""
    for child, following in itertools.zip_longest(children, children[1:]):
        target = child.attrs.get("href") or child.attrs.get("src")
        is_empty = following is not None and following.type == "link_close"
        is_reference = is_empty and child.type == "link_open"  # MyST's [](name)
        if isinstance(target, str) and not is_reference:
            yield target
