"""A text that a program puts together: its literal pieces, and the expressions between them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

_PLACEHOLDER = re.compile(r"%(?:\((\w+)\))?[sdifr]|\{(\w*)[^{}]*\}")


def parts_of(node: ast.expr) -> Iterator[str | ast.expr]:
    """A text as its literal pieces and the expressions between them."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            for value in values:
                yield from parts_of(value.value if isinstance(value, ast.FormattedValue) else value)
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            yield from parts_of(left)
            yield from parts_of(right)
        case ast.BinOp(op=ast.Mod(), left=ast.Constant(value=str(text)), right=right):
            given = right.elts if isinstance(right, ast.Tuple) else [right]
            yield from _filled(text, given, {})
        case ast.Call(
            func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format"), args=args, keywords=keys
        ):
            yield from _filled(text, args, {k.arg: k.value for k in keys if k.arg is not None})
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
