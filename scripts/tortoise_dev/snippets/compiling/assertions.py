"""An ``assert``: each part that decides it is handed to a check, with the text to show its values in."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from ..checks import Check
from .check_calls import check_call

_SYMBOLS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


class Assertion:
    """One ``assert``, and how many of its parts have been handed to a check."""

    def __init__(self, node: ast.Assert, visit: Callable[[ast.expr], ast.expr]) -> None:
        """``visit`` puts the other checks into a part."""
        self.visit = visit
        self.lines = node.lineno, node.end_lineno or node.lineno
        self.parts = 0

    def explain(self, test: ast.expr) -> ast.expr:
        """What is asserted, with the checks in it."""
        if isinstance(test, ast.BoolOp):
            test.values = [self.explain(value) for value in test.values]
            return test
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            test.operand = self._part(test.operand, negated=True)
            return test
        return self._part(test)

    def _part(self, node: ast.expr, *, negated: bool = False) -> ast.expr:
        """A part that decides alone whether the assertion holds."""
        texts = ["not " if negated else ""]
        compares = isinstance(node, ast.Compare)
        attribute = node.attr if isinstance(node, ast.Attribute) else ""
        node = self._compared(node, texts) if isinstance(node, ast.Compare) else self._other(node, texts)
        spec: Any = (tuple(texts), self.lines, self.parts, negated, compares, attribute)
        self.parts += 1
        return check_call(Check.ASSERTED, node, node, ast.Constant(spec))

    def _compared(self, node: ast.Compare, texts: list[str]) -> ast.expr:
        """A comparison: each operand is remembered when it is evaluated."""
        operators = [f" {_SYMBOLS[type(operator)]} " for operator in node.ops]
        node.left = self._operand(node.left, 0, texts)
        for number, other in enumerate(node.comparators):
            texts[-1] += operators[number]
            node.comparators[number] = self._operand(other, number + 1, texts)
        return node

    def _other(self, node: ast.expr, texts: list[str]) -> ast.expr:
        """A part that compares nothing: its value is shown, and the arguments of a call."""
        before = texts[0]
        if isinstance(node, ast.Call) and _has_plain_arguments(node):
            self._call_texts(node, texts)
        elif not isinstance(node, ast.Constant | ast.List | ast.Tuple | ast.Dict | ast.Set):
            texts[0] = _short(node)
        if texts != [before]:
            texts[-1] += " is "
        if isinstance(node, ast.Attribute):
            node.value = check_call(Check.OPERAND, node.value, node.value, ast.Constant(0))
        return self.visit(node)

    def _operand(self, node: ast.expr, number: int, texts: list[str]) -> ast.expr:
        """Remember this operand's value when it is evaluated; what follows it in the text begins here."""
        texts.append("")
        kept: ast.expr = self.visit(node)
        return check_call(Check.OPERAND, node, kept, ast.Constant(number))

    def _call_texts(self, node: ast.Call, texts: list[str]) -> None:
        """The text of a call, with room for the values of its arguments, which are remembered."""
        texts[0] = f"{_short(node.func)}("
        number = 0
        for index, argument in enumerate(node.args):
            texts[-1] += ", " if index else ""
            if isinstance(argument, ast.Constant | ast.GeneratorExp | ast.Lambda):
                texts[-1] += _short(argument)
            else:
                node.args[index] = check_call(Check.OPERAND, argument, argument, ast.Constant(number))
                number += 1
                texts.append("")
        texts[-1] += ")"


def _has_plain_arguments(node: ast.Call) -> bool:
    """Has a call arguments, all of them given by position?"""
    return (
        bool(node.args)
        and not node.keywords
        and not any(isinstance(argument, ast.Starred) for argument in node.args)
    )


def _short(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else f"{text[:60]}…"
