"""``# noqa`` comments: which codes they suppress on which line."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..analysis.source import SourceFile, UnreadableError
from .fixes import Edit, Fix

_CODES = r"(?P<codes>\s*:\s*[A-Za-z]+[0-9]+(?:[,\s]+[A-Za-z]+[0-9]+)*)?"
_NOQA = rf"#\s*(?:noqa|NOQA){_CODES}"
_IN_SQL = rf"(?i)noqa{_CODES}"
"""Patterns are compiled where they are used: most files have no such comment."""

_WORDS = (b"noqa", b"NOQA")
_BEFORE_RULE = rb"\s*:[^\n\r]*[Tt][Dd][0-9]"


class Noqa(NamedTuple):
    """A comment: its place, and its codes; none means all."""

    line: int
    column: int
    codes: tuple[str, ...]

    def covers(self, code: str) -> bool:
        """Does it suppress this code on its line?"""
        return not self.codes or code in self.codes


def may_name_rules(file: SourceFile) -> bool:
    """Can a comment of the file name a rule of this checker? Cheap, and never wrong with a no."""
    return any(word in file.data and re.search(word + _BEFORE_RULE, file.data) for word in _WORDS)


def stands_on(file: SourceFile, lines: Iterable[int]) -> bool:
    """Is there something like a comment on one of these lines? Cheap, and never wrong with a no."""
    if not any(word in file.data for word in _WORDS):
        return False
    try:
        return any(re.search(_NOQA, file.lines[line - 1]) for line in lines if line <= len(file.lines))
    except UnreadableError:
        return False  # which is reported


def without_codes(file: SourceFile, noqa: Noqa, codes: Sequence[str]) -> Fix | None:
    """Takes codes out of a comment, and the comment away when none is left; None if it says more."""
    line = file.lines[noqa.line - 1]
    text = line[noqa.column - 1 :].rstrip()
    match = re.fullmatch(_NOQA, text)
    if match is None:
        return None
    left = [code for code in noqa.codes if code not in codes]
    start, end = noqa.column - 1, noqa.column - 1 + len(text)
    if left:
        return Fix((Edit((noqa.line, start), (noqa.line, end), f"# noqa: {', '.join(left)}"),))
    before = line[:start].rstrip()
    if before:
        return Fix((Edit((noqa.line, len(before)), (noqa.line, end), ""),))
    return Fix((Edit((noqa.line, 0), (noqa.line + 1, 0), ""),))


def _codes(match: re.Match[str]) -> tuple[str, ...]:
    return tuple(re.findall(r"[A-Z]+[0-9]+", (match["codes"] or "").upper()))


def sql_comment_covers(comment: str, code: str) -> bool:
    """Does a comment of SQL, without its dashes, suppress this code?"""
    match = re.match(_IN_SQL, comment)
    return match is not None and code in (_codes(match) or (code,))


def noqas_of(file: SourceFile) -> dict[int, Noqa]:
    """The comments of a file by their line. Only real comments count, not text that looks like one."""
    import tokenize  # most files have no such comment

    found: dict[int, Noqa] = {}
    try:
        for token in tokenize.generate_tokens(io.StringIO(file.text, newline="").readline):
            if token.type == tokenize.COMMENT and (match := re.search(_NOQA, token.string)):
                line, column = token.start
                found[line] = Noqa(line, column + match.start() + 1, _codes(match))
    except (tokenize.TokenError, SyntaxError, UnreadableError):
        pass  # what was read before it counts; the file itself is reported elsewhere
    return found
