"""SQL of PostgreSQL, MySQL and SQLite, cut into tokens and statements; comments are kept apart.

It knows what can hold a semicolon or a keyword without meaning it: strings, quoted names, PostgreSQL's
dollar quotes and nested comments, MySQL's ``#`` comments and backslashes, the bodies of triggers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

Kind = Literal["word", "name", "string", "number", "mark"]

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>--[^\n]*|\#(?![>#-])[^\n]*)
  | (?P<block>/\*)
  | (?P<dollar>\$(?:[A-Za-z_]\w*)?\$)
  | (?P<string>[eE]?'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'?)
  | (?P<name>"(?:[^"]|"")*"?|`(?:[^`]|``)*`?|\[[A-Za-z_][^\]\n]*\])
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<word>[^\W\d]\w*)
  | (?P<mark>::|[^\w\s])
    """,
    re.VERBOSE | re.DOTALL,
)
_WITH_BODY = {"TRIGGER", "PROCEDURE", "FUNCTION", "EVENT"}
_LOOPS = {"IF", "LOOP", "WHILE", "REPEAT"}
_COMMENT_EDGE = re.compile(r"/\*|\*/")


class Token(NamedTuple):
    """A word (in capitals), a name (without its quotes), a string, a number or a mark; ``line`` from 1."""

    kind: Kind
    text: str
    line: int
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Statement:
    """One statement: its tokens and the text of the comments inside it or behind it on its last line."""

    tokens: tuple[Token, ...]
    comments: tuple[str, ...] = field(default=(), compare=False)
    source: str = field(default="", compare=False)
    """As it is written, from its first token to the semicolon."""

    @property
    def line(self) -> int:
        """The line that it begins on, from 1."""
        return self.tokens[0].line

    @cached_property
    def words(self) -> str:
        """Its tokens as one line: words in capitals, strings as ``'…'``, names as they are."""
        return " ".join("'…'" if token.kind == "string" else token.text for token in self.tokens)

    def begins(self, *words: str) -> bool:
        """Does it begin with these words?"""
        return tuple(token.text for token in self.tokens[: len(words)]) == words


@lru_cache(maxsize=16)  # each migration is asked for its steps and for its dialect
def statements(sql: str) -> tuple[Statement, ...]:
    """The statements of a script; a semicolon ends each, and comments alone are none."""
    found: list[Statement] = []
    tokens: list[Token] = []
    comments: list[str] = []
    ended_on = 0
    for token, comment, line in _scan(sql):
        if comment is not None:
            if not tokens and found and line == ended_on:
                last = found.pop()
                found.append(replace(last, comments=(*last.comments, comment)))
            else:
                comments.append(comment)
        elif token is not None and token.text == ";" and token.kind == "mark" and not _is_open(tokens):
            if tokens:
                found.append(_statement(sql, tokens, comments, token.end))
            ended_on = line
            tokens, comments = [], []
        elif token is not None:
            tokens.append(token)
    if tokens:
        found.append(_statement(sql, tokens, comments, tokens[-1].end))
    return tuple(found)


def _statement(sql: str, tokens: list[Token], comments: list[str], end: int) -> Statement:
    return Statement(tuple(tokens), tuple(comments), sql[tokens[0].start : end])


def _is_open(tokens: list[Token]) -> bool:
    """Does a semicolon here stand in the body of a trigger or a procedure, between BEGIN and END?"""
    words = [token.text if token.kind == "word" else "" for token in tokens]
    if words[:1] != ["CREATE"] or "BEGIN" not in words or "TABLE" in words[:4]:
        return False
    if not _WITH_BODY.intersection(words[:8]):
        return False
    depth = 0
    for word, after in zip(words, [*words[1:], ""], strict=True):
        if word == "END" and after not in _LOOPS:
            depth -= 1
        elif word in ("BEGIN", "CASE"):
            depth += 1
        if word == "END" and after == "CASE":
            depth -= 1  # the word CASE that follows opens nothing
    return depth > 0


def without_comments(sql: str) -> str:
    """The script's tokens, one space between them: two texts that mean the same are equal."""
    return " ".join(token.text for token, _, _ in _scan(sql) if token is not None)


def _scan(sql: str) -> Iterator[tuple[Token | None, str | None, int]]:
    """Tokens and comments with the lines that they end on."""
    at, line = 0, 1
    while at < len(sql):
        match = _TOKEN.match(sql, at)
        if match is None:  # no character is left out above, but a quote may be open
            return
        kind, start, at = match.lastgroup, at, _end(sql, match)
        text = sql[start:at]
        if kind == "word":
            yield Token("word", text.upper(), line, start, at), None, line
        elif kind == "mark":
            yield Token("mark", text, line, start, at), None, line
        elif kind == "number":
            yield Token("number", text, line, start, at), None, line
        elif kind == "space":
            line += text.count("\n")
        elif kind == "comment" or kind == "block":
            line += text.count("\n")
            yield None, text.lstrip("-#/*").removesuffix("*/").strip(), line
        else:
            first, line = line, line + text.count("\n")
            is_name = kind == "name"
            kept = _unquoted(text) if is_name else text
            yield Token("name" if is_name else "string", kept, first, start, at), None, line


def _end(sql: str, match: re.Match[str]) -> int:
    """Where a token or a comment ends, of which the pattern knows the beginning."""
    if match.lastgroup == "block":
        return _end_of_comment(sql, match.start())
    if match.lastgroup == "dollar":
        close = sql.find(match[0], match.end())
        return close + len(match[0]) if close >= 0 else len(sql)
    return match.end()


def _end_of_comment(sql: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def _unquoted(text: str) -> str:
    quote = text[0]
    closing = "]" if quote == "[" else quote
    return text[1:].removesuffix(closing).replace(closing * 2, closing)
