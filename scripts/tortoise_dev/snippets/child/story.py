"""A page that is one story, behind a block that failed: which blocks still say something.

What the failed statement and those behind it would have made or changed is in doubt. A block that uses
something in doubt is left out. Any other runs, as doctest goes on behind a failed example.
"""

from __future__ import annotations

import ast
import builtins
import re
import symtable
import types
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from ...pages.kinds import IN_SHELL
from ..dedent import dedent
from ..protocol import Step

_FIXED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
_FIXED_OF = ("typing", "typing_extensions", "functools")
"""What a block uses without changing it: modules, classes, functions, annotations."""


class Story:
    """The blocks of a page that is one story, in the order in which they run."""

    def __init__(self, namespace: Mapping[str, Any], given: Collection[str]) -> None:
        """``given`` are the names that preludes have set."""
        self.namespace = namespace
        self.given = given
        self.failed: int | None = None
        self.doubtful: set[str] = set()

    def failed_at(self, step: Step, line: int | None) -> None:
        """A statement of the block failed, at the page's ``line`` (None: nothing of the block ran).

        In a session the statements behind it ran.
        """
        if self.failed is None:
            self.failed = step.index
        if step.kind in IN_SHELL:
            return
        statements = _statements(step)
        if statements is None:
            self.doubtful |= self.unsure(_words(step.source))
            return
        behind = [one for one in statements if line is None or step.line + one.end - 1 >= line]
        self.left_out(behind[:1] if step.kind == "session" and line is not None else behind)

    def left_out(self, statements: Iterable[Statement]) -> None:
        """These statements did not run."""
        for statement in statements:
            imported = {name for name in statement.imports if name not in self.namespace}
            read = {name for name in statement.reads if name in self.namespace}
            self.doubtful |= statement.binds | imported | self.unsure(read | statement.words)

    def unsure(self, names: Iterable[str]) -> set[str]:
        """Those of some names that stand for something that code may change, or for nothing yet."""
        known = vars(builtins) | dict(self.namespace)
        return {name for name in names if name not in self.given and not _is_fixed(known.get(name))}

    def doubt(self, step: Step) -> str | None:
        """A name in doubt that a block uses, so that it must be left out; None if it can run.

        The text is empty for a shell block: it may use a file that was not made.
        """
        if self.failed is None:
            return None
        if step.kind in IN_SHELL:
            return ""
        statements = _statements(step) or []
        own: set[str] = set()
        for statement in statements:
            used = sorted(((statement.reads | statement.words) - own) & self.doubtful)
            if used:
                self.left_out(statements)
                return used[0]
            own |= statement.binds | statement.imports
        return None

    def passed(self, step: Step) -> None:
        """A block ran to its end: what it has made is in doubt no more."""
        if step.kind not in IN_SHELL:
            for statement in _statements(step) or ():
                self.doubtful -= statement.binds | statement.imports


def _is_fixed(value: object) -> bool:
    return isinstance(value, _FIXED) or type(value).__module__ in _FIXED_OF


class Statement:
    """A statement at the top of a block: the names that it reads, imports, and otherwise binds, or, where it
    cannot be read, its words; and its last line, counted within the block.
    """

    def __init__(self, text: str, end: int) -> None:
        self.end = end
        self.reads, self.imports, self.binds, self.words = set[str](), set[str](), set[str](), set[str]()
        try:
            tree = _ScopedComprehensions().visit(ast.parse(text))
            table = symtable.symtable(ast.unparse(tree), "page", "exec")
        except (SyntaxError, ValueError, RecursionError):
            self.words = _words(text)
            return
        symbols = table.get_symbols()
        self.reads = {one.get_name() for one in symbols if one.is_referenced()} | set(_globals(table))
        self.imports = {one.get_name() for one in symbols if one.is_imported()}
        self.binds = {one.get_name() for one in symbols if one.is_assigned() or one.is_namespace()}


class _ScopedComprehensions(ast.NodeTransformer):
    """Makes generators of comprehensions: from Python 3.12 on only they have a scope of their own."""

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    def visit_SetComp(self, node: ast.SetComp) -> ast.AST:
        return self.visit_ListComp(node)

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _globals(table: symtable.SymbolTable) -> Iterator[str]:
    """The global names that functions, classes and comprehensions within a statement use."""
    for child in table.get_children():
        yield from (one.get_name() for one in child.get_symbols() if one.is_global())
        yield from _globals(child)


def _statements(step: Step) -> list[Statement] | None:
    """The statements of a block; None where it cannot be read."""
    try:
        if step.kind == "session":
            from doctest import DocTestParser

            examples = DocTestParser().get_examples(step.source)
            return [Statement(one.source, one.lineno + one.source.count("\n")) for one in examples]
        tree = ast.parse(dedent(step.source))
        return [Statement(ast.unparse(node), node.end_lineno or node.lineno) for node in tree.body]
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d]\w*", text))
