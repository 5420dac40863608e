"""A text that a program puts together: its literal pieces, and the expressions between them."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping, Sequence

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sdifr]|\{(\w*)[^{}]*\}")


TextOf = Callable[[ast.expr], str | None]
"""The literal text of an expression; None if it has none."""


def parts_of(node: ast.expr, text_of: TextOf) -> Iterator[str | ast.expr]:
    """A text as its literal pieces and the expressions between them. ``text_of`` reads a template."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for value in values:
                yield from parts_of(value.value if isinstance(value, ast.FormattedValue) else value, text_of)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from parts_of(left, text_of)
            yield from parts_of(right, text_of)
        case ast.BinOp(op=ast.Mod(), left=template, right=right) if (known := text_of(template)) is not None:
            given = right.elts if isinstance(right, ast.Tuple) else [right]
            yield from _filled(known, given, {})
        case ast.Call(func=ast.Attribute(value=template, attr="format"), args=args, keywords=keys) if (
            known := text_of(template)
        ) is not None:
            yield from _filled(known, args, {k.arg: k.value for k in keys if k.arg is not None})
        case _:
            yield node


def _filled(text: str, given: Sequence[ast.expr], named: Mapping[str, ast.expr]) -> Iterator[str | ast.expr]:
    """A template with its arguments in their places."""
    end = 0
    for number, match in enumerate(_PLACEHOLDER.finditer(text)):
        yield text[end : match.start()]
        end = match.end()
        name = match[1] or match[2] or ""
        if name in named:
            yield named[name]
        elif number < len(given) or (given and number == 0):
            yield given[number]
    yield text[end:]
