"""SQL of PostgreSQL, MySQL and SQLite, cut into tokens and statements; comments are kept apart.

It knows what can hold a semicolon or a keyword without meaning it: strings, quoted names, PostgreSQL's
dollar quotes and nested comments, MySQL's ``#`` comments and backslashes, the bodies of triggers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Literal

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


@dataclass(frozen=True)
class Token:
    """A word (in capitals), a name (without its quotes), a string, a number or a mark; ``line`` from 1."""

    kind: Kind
    text: str
    line: int
    start: int = field(default=0, compare=False)
    end: int = field(default=0, compare=False)


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
        kind, text, start, begin = match.lastgroup or "", match[0], line, at
        if kind == "block":
            end = _end_of_comment(sql, at)
            text = sql[at:end]
        elif kind == "dollar":
            close = sql.find(text, match.end())
            end = close + len(text) if close >= 0 else len(sql)
            text = sql[at:end]
        else:
            end = match.end()
        line += text.count("\n")
        at = end
        if kind in ("comment", "block"):
            yield None, text.lstrip("-#/*").removesuffix("*/").strip(), line
        elif kind != "space":
            yield _token(kind, text, start, (begin, end)), None, line


def _end_of_comment(sql: str, start: int) -> int:
    depth = 0
    for edge in _COMMENT_EDGE.finditer(sql, start):
        depth += 1 if edge[0] == "/*" else -1
        if depth == 0:
            return edge.end()
    return len(sql)


def _token(kind: str, text: str, line: int, place: tuple[int, int]) -> Token:
    if kind == "word":
        return Token("word", text.upper(), line, *place)
    if kind == "name":
        quote = text[0]
        closing = "]" if quote == "[" else quote
        plain = text[1:].removesuffix(closing).replace(closing * 2, closing)
        return Token("name", plain, line, *place)
    if kind in ("string", "dollar"):
        return Token("string", text, line, *place)
    return Token("number" if kind == "number" else "mark", text, line, *place)
