"""The statements inside of PostgreSQL's ``DO $$ … $$``, without its control words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..sql_tokens import Statement, Token, statements

_OPENS = frozenset({"BEGIN", "ELSE", "LOOP", "EXCEPTION"})
"""Words before a statement that may run."""
_UNTIL = {
    **dict.fromkeys(["IF", "ELSIF", "ELSEIF", "WHEN"], "THEN"),
    **dict.fromkeys(["FOR", "FOREACH", "WHILE"], "LOOP"),
}
"""Words that begin a condition, and the word that ends it."""
_CONTROLS = frozenset({"END", "DECLARE", "NULL", "RETURN", "RAISE", "EXIT", "CONTINUE"})
"""Words that begin a statement which only controls the block, or end it."""


def statements_in_block(statement: Statement) -> Iterator[Statement]:
    """The statements of a ``DO`` block, each at its own line; also those that only run under a condition."""
    body = next((one for one in statement.tokens if one.kind == "string" and one.text[:1] == "$"), None)
    if not statement.begins("DO") or body is None:
        return
    quote = body.text[: body.text.index("$", 1) + 1]
    for inner in statements(body.text.removeprefix(quote).removesuffix(quote)):
        tokens = _without_control(inner.tokens)
        if tokens and tokens[0].text not in _CONTROLS:
            moved = (token._replace(line=token.line + body.line - 1) for token in tokens)
            yield replace(inner, tokens=tuple(moved))


def _without_control(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    while tokens and tokens[0].kind == "word":
        word = tokens[0].text
        if word in _OPENS:
            tokens = tokens[1:]
        elif word in _UNTIL:
            tokens = _behind(tokens, _UNTIL[word])
        else:
            break
    return tokens


def _behind(tokens: tuple[Token, ...], word: str) -> tuple[Token, ...]:
    """What follows a word outside of parentheses and of ``CASE … END``."""
    depth = 0
    for at, token in enumerate(tokens):
        if token.text == "(" or (token.kind == "word" and token.text == "CASE"):
            depth += 1
        elif token.text == ")" or (token.kind == "word" and token.text == "END"):
            depth -= 1
        elif token.kind == "word" and token.text == word and depth == 0:
            return tokens[at + 1 :]
    return ()
