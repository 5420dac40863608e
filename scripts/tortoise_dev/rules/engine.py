"""All rules over a project: violations in the order of paths and lines, without those that are suppressed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from functools import cache
from pathlib import Path
from typing import NamedTuple

from ..analysis.migrations.reading import migrations_of
from ..analysis.modules import Module
from ..analysis.project import Project
from ..analysis.source import SourceFile, UnreadableError, source_of
from ..analysis.syntax import FUNCTIONS
from . import RULES
from .base import Context, Hit, RuleOptions
from .fixes import Fix
from .noqa import Noqa, may_name_rules, noqas_of, stands_on, without_codes

FOR_MIGRATIONS = ("TD2", "TD100")
"""What is asked of migrations: the other rules judge code."""


class Violation(NamedTuple):
    """A rule that is broken at a place; line and column count from 1."""

    path: Path
    line: int
    column: int
    rule: str
    message: str
    fix: Fix | None = None
    noqa_lines: frozenset[int] = frozenset()
    """The lines on which a ``noqa`` comment counts for it."""
    end_column: int = 0
    """Where the marked code ends on the first line, counted from 1; 0 where it goes on."""
    source: str = ""
    """The first line of the marked code; empty for what is said of a whole file."""
    code: str = ""
    """The marked code, however it is laid out. It tells whether two findings are the same."""

    @property
    def order(self) -> tuple[Path, int, int, str, str]:
        """What violations are sorted by."""
        return self.path, self.line, self.column, self.rule, self.message

    @property
    def fixable(self) -> bool:
        """Can it be repaired safely?"""
        return self.fix is not None and self.fix.safe

    @property
    def name(self) -> str:
        """The rule's name."""
        return RULES[self.rule].name


def violations_of(
    project: Project,
    enabled: Callable[[Path], frozenset[str]],
    options: Callable[[Path], RuleOptions] = lambda path: RuleOptions(),
    done: Callable[[Path], None] = lambda path: None,
) -> list[Violation]:
    """What the enabled rules find; ``enabled`` says which ones count for a file, ``done`` hears of each."""
    parsed = {module.key: module for module in project.modules}
    migrations = migrations_of(project)
    selected = cache(_selected)
    found: list[Violation] = []
    for path in project.judged:
        codes = enabled(path)
        if path in project.migrations:
            codes = frozenset(code for code in codes if code.startswith(FOR_MIGRATIONS))
        file = project.files.get(str(path))
        if file is None:
            continue
        module = parsed.get(file.key)
        of_paths, of_modules = selected(codes, path in migrations)
        own = [_violation(file, None, code, hit) for code, check in of_paths for hit in check(path)]
        if module is not None:
            context = Context(project, module, options(path))
            try:
                own += [
                    _violation(file, module, code, hit)
                    for code, check in of_modules
                    for hit in check(context)
                    if hit.node is None or not module.is_for_type_checkers(hit.node)
                ]
            except RecursionError:  # Python 3.12 parses deeper expressions than a function can follow
                project.problems[path] = UnreadableError("is nested too deeply to be judged")
        if own or may_name_rules(file):
            found += _unsuppressed(file, own, codes)
        done(path)
    return sorted(found, key=lambda one: one.order)


class _Selected(NamedTuple):
    """The checks of the rules that count for a file, each with the rule's code."""

    of_paths: list[tuple[str, Callable[[Path], Iterable[Hit]]]]
    of_modules: list[tuple[str, Callable[[Context], Iterable[Hit]]]]


def _selected(codes: frozenset[str], is_migration: bool) -> _Selected:
    rules = [rule for code, rule in RULES.items() if code in codes]
    rules = [rule for rule in rules if is_migration or rule.judges_models or not rule.code.startswith("TD2")]
    return _Selected(
        [(rule.code, rule.check_path) for rule in rules if rule.check_path is not None],
        [(rule.code, rule.check) for rule in rules if rule.check is not None and rule.check_path is None],
    )


def _violation(file: SourceFile, module: Module | None, code: str, hit: Hit) -> Violation:
    node = hit.node
    if node is None:
        return Violation(file.path, 1, 1, code, hit.message, hit.fix, frozenset((1,)))
    line, column = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    text = file.lines[line - 1] if line <= len(file.lines) else ""
    end = getattr(node, "end_col_offset", 0) if getattr(node, "end_lineno", None) == line else 0
    if not text.isascii():
        column, end = (len(text.encode()[:offset].decode(errors="replace")) for offset in (column, end))
    return Violation(
        file.path,
        line,
        column + 1,
        code,
        hit.message,
        hit.fix,
        _noqa_lines(node, hit.around),
        end + 1 if end else 0,
        text.rstrip(),
        hit.code or (_code_of(module, node) if module is not None else ""),
    )


def _code_of(module: Module, node: ast.AST) -> str:
    """The nearest call, await or statement on one line; of a statement that holds others, its head."""
    while not isinstance(node, (ast.Call, ast.Await, ast.stmt, ast.ExceptHandler)):
        parent = module.parents.get(node)
        if parent is None:
            return source_of(node)
        node = parent
    head = copy(node)
    for name in {"body", "orelse", "handlers", "finalbody", "cases"} & {*node._fields}:
        setattr(head, name, [])
    return source_of(head)


def _noqa_lines(node: ast.AST, around: tuple[ast.AST, ...]) -> frozenset[int]:
    """The first and last lines of the marked code and of what is around it; of definitions the first."""
    lines: set[int] = set()
    for one in (node, *around):
        first = getattr(one, "lineno", 1)
        lines.add(first)
        if not isinstance(one, (*FUNCTIONS, ast.ClassDef, ast.ExceptHandler)):
            lines.add(getattr(one, "end_lineno", None) or first)
    return frozenset(lines)


def _unsuppressed(file: SourceFile, own: list[Violation], codes: frozenset[str]) -> Iterator[Violation]:
    lines = {line for one in own for line in one.noqa_lines}
    noqas = noqas_of(file) if stands_on(file, lines) or may_name_rules(file) else {}
    used: set[tuple[int, str]] = set()
    for violation in own:
        suppressing = _suppressing(noqas, violation)
        if suppressing is None:
            yield violation
        else:
            used.add((suppressing.line, violation.rule))
    if "TD100" not in codes:
        return
    for noqa in noqas.values():
        unused = [
            code
            for code in noqa.codes
            if code.startswith("TD") and code != "TD100" and (noqa.line, code) not in used
            if code in codes or code not in RULES
        ]
        if unused and "TD100" not in noqa.codes:
            what = ", ".join(unused)
            yield Violation(
                file.path,
                noqa.line,
                noqa.column,
                "TD100",
                f"unused noqa: {what} does not occur here",
                without_codes(file, noqa, unused),
                source=file.lines[noqa.line - 1].rstrip(),
                code=file.lines[noqa.line - 1].strip(),
            )


def _suppressing(noqas: dict[int, Noqa], violation: Violation) -> Noqa | None:
    for line in violation.noqa_lines:
        noqa = noqas.get(line)
        if noqa is not None and noqa.covers(violation.rule):
            return noqa
    return None
