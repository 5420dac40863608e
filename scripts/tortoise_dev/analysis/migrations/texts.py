"""The SQL in a migration's Python: strings with or without values put in, and names that stand for one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..source import source_of
from ..sql_tokens import without_comments

IN_BRACES = "__in_braces_"
"""How a word begins that stands for what an f-string, ``%`` or ``format()`` puts in."""
_COMMENT = re.compile(r"(?ms)(?:^|(?<=[\s;,)]))--[^\n]*|/\*(?![!+]).*?\*/")
"""``/*!`` and ``/*+`` begin what MySQL and MariaDB execute."""
_PERCENT = re.compile(r"%%|%(?:\(\w+\))?[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]")
_BRACES = re.compile(r"\{\{|\}\}|\{[^{}]*\}")


@dataclass(frozen=True)
class SqlText:
    """A script of SQL and the string that holds it."""

    sql: str
    node: ast.expr
    only: str = ""
    """The dialect that its branch is for, if the code asks for one."""

    @property
    def first_line(self) -> int | None:
        """The line on which the text begins, if its lines are those of the file; else None."""
        spans = (self.node.end_lineno or self.node.lineno) - self.node.lineno
        return self.node.lineno if spans == self.sql.count("\n") else None


def texts_in(value: ast.expr | None, names: Mapping[str, ast.expr]) -> Iterator[SqlText]:
    """The scripts that a value holds: a string, a name for one, or a list of them (with parameters)."""
    if isinstance(value, ast.Name):
        name, value = value.id, names.get(value.id)
        names = {other: text for other, text in names.items() if other != name}  # a name may hold itself
    sql = _written(value)
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        yield from _joined(value, names)
    elif sql is not None and value is not None:
        yield SqlText(sql, value)
    elif isinstance(value, ast.List | ast.Tuple):
        for element in value.elts:
            first = element.elts[0] if isinstance(element, ast.Tuple) and element.elts else element
            yield from texts_in(first, names)


def _joined(value: ast.BinOp, names: Mapping[str, ast.expr]) -> Iterator[SqlText]:
    """The parts of ``LOCK + MERGE``; nothing if one of them is not known, or if a statement is cut in two."""
    parts: list[ast.expr] = []
    rest: ast.expr = value
    while isinstance(rest, ast.BinOp) and isinstance(rest.op, ast.Add):
        parts.insert(0, rest.right)
        rest = rest.left
    found = [list(texts_in(part, names)) for part in (rest, *parts)]
    is_whole = all(texts and without_comments(texts[-1].sql).endswith(";") for texts in found[:-1])
    if is_whole and found[-1]:
        yield from (text for texts in found for text in texts)


def uncommented(text: str) -> str:
    """A text that may be SQL, without comments; as fast as it must be for each string of a project."""
    return _COMMENT.sub("", text) if "--" in text or "/*" in text else text


def names_in(body: list[ast.stmt]) -> dict[str, ast.expr]:
    """What the names of a body stand for; those that are assigned twice are left out."""
    found: dict[str, ast.expr] = {}
    twice: set[str] = set()
    for statement in body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name), *_], value=value):
                if name in found:
                    twice.add(name)
                found[name] = value
            case ast.AugAssign(target=ast.Name(id=name), op=op, value=value) if name in found:
                found[name] = ast.BinOp(found[name], op, value)
    return {name: value for name, value in found.items() if name not in twice}


def _written(value: ast.expr | None) -> str | None:
    """The text of a string; a word for each value that is put in."""
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(map(_part, parts))
        case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Mod()):
            return _PERCENT.sub(_filled, text)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)), attr="format")):
            return _BRACES.sub(_filled, text)
    return None


def _filled(found: re.Match[str]) -> str:
    """The word for a place in a text; ``%%``, ``{{`` and ``}}`` stand for a sign."""
    return found[0][0] if found[0] in ("%%", "{{", "}}") else f"{IN_BRACES}value"


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.FormattedValue):
        return IN_BRACES + re.sub(r"\W+", "_", source_of(part.value))
    return str(getattr(part, "value", ""))
