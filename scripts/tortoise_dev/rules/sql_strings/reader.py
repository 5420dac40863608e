"""Is a value put into SQL where a parameter could stand?"""

from __future__ import annotations

import ast
import re

from ..base import Context
from .names import (
    assigned,
    gives_constants,
    is_constant,
    is_made_at_import,
    joined,
    local_values,
    picks_constant,
)
from .parts import parts_of

_SAFE_CALLS = frozenset({"int", "len", "float"})
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_VALUE_PLACE = re.compile(
    r"(?is)([=<>]|\b(like|ilike|limit|offset|between)|\b(in|values)\s*\(([^()]*,)?)\s*[\"%]*$"
)


class SqlReader:
    """Reads one text of SQL. It looks at each piece once, so names that refer to each other cause no endless
    loop.
    """

    def __init__(self, context: Context) -> None:
        self.context = context
        self._read: set[tuple[ast.expr, bool]] = set()
        self._harmless: dict[ast.expr, bool] = {}

    def is_built(self, sql: ast.expr, *, only_quoted: bool) -> bool:
        """Is a value put into this text where a parameter could stand? ``only_quoted``: between quotes."""
        try:
            return self._is_built(sql, only_quoted)
        except RecursionError:
            return False

    def _is_built(self, node: ast.expr, only_quoted: bool) -> bool:
        if (node, only_quoted) in self._read:
            return False
        self._read.add((node, only_quoted))
        if isinstance(node, ast.Name):
            values = [] if is_made_at_import(self.context, node) else assigned(self.context, node)
            return any(self._is_built(value, only_quoted) for value in values)
        before = ""
        for part in parts_of(node, self._text_of):
            if isinstance(part, str):
                before += part
                continue
            text = _COMMENT.sub("", before)
            if text.count("$$") % 2 == 1:
                continue  # the body of a function or of DO takes no parameters
            inner = [part] if isinstance(part, ast.Name) else joined(self.context, part)
            if any(self._is_built(one, only_quoted) for one in inner):
                return True
            is_quoted = text.count("'") % 2 == 1
            is_value = is_quoted or (not only_quoted and _VALUE_PLACE.search(text) is not None)
            if is_value and not self._is_harmless(part):
                return True
            before += "?"
        return False

    def _text_of(self, node: ast.expr) -> str | None:
        """A literal text, or the only literal text that a name holds."""
        values = assigned(self.context, node) if isinstance(node, ast.Name) else [node]
        texts = [one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        return texts[0] if len(texts) == 1 else None

    def _is_harmless(self, node: ast.expr) -> bool:
        """Is it a constant, a name out of Tortoise's own description of the model, or a number for sure?"""
        if node not in self._harmless:
            self._harmless[node] = True  # a name that refers to itself is judged by its other values
            self._harmless[node] = self._judge(node)
        return self._harmless[node]

    def _judge(self, node: ast.expr) -> bool:
        match node:
            case ast.Constant():
                return True
            case ast.JoinedStr():
                return not self._is_built(node, False)
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                return all(self._is_harmless(one) for one in elements)
            case ast.Attribute(value=member, attr="value") if is_constant(member):
                return True
            case ast.Attribute(attr=name):
                parts = [n.attr for n in ast.walk(node) if isinstance(n, ast.Attribute)]
                return "_meta" in parts or name in ("db_table", "db_column") or is_constant(node)
            case ast.Await(value=ast.Call() as call):
                return gives_constants(self.context, call)
            case ast.Call(func=ast.Name(id=name)):
                return name in _SAFE_CALLS or gives_constants(self.context, node)
            case ast.Subscript() | ast.Call(func=ast.Attribute(attr="get")):
                return picks_constant(self.context.module, node)
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[argument]):
                return self._joins_constants(argument)
            case ast.IfExp(body=body, orelse=orelse):
                return self._is_harmless(body) and self._is_harmless(orelse)
            case ast.BinOp(op=ast.Mult(), left=ast.Constant() | ast.List()):
                return True
            case ast.BinOp(left=left, right=right):
                return self._is_harmless(left) and self._is_harmless(right)
            case ast.Name():
                values = local_values(self.context, node)
                return is_constant(node) or (bool(values) and all(map(self._is_harmless, values or ())))
        return False

    def _joins_constants(self, node: ast.expr) -> bool:
        """``", ".join("?" * n)``, ``", ".join("?" for _ in ids)``."""
        if isinstance(node, (ast.GeneratorExp, ast.ListComp)):
            if not isinstance(node.elt, ast.JoinedStr):
                return isinstance(node.elt, ast.Constant)
            loops = {n.id for g in node.generators for n in ast.walk(g.target) if isinstance(n, ast.Name)}
            is_counted = all(_counts(g.iter) for g in node.generators)
            inner = [part.value for part in node.elt.values if isinstance(part, ast.FormattedValue)]
            return all((is_counted and _names_in(one) <= loops) or self._is_harmless(one) for one in inner)
        return self._is_harmless(node)


def _names_in(node: ast.expr) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def _counts(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range"
