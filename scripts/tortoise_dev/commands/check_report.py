"""What a run of the checker says: as text, JSON, SARIF, annotations, or as numbers for each rule."""

from __future__ import annotations

import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from ..about import __version__
from ..analysis.project import Project
from ..report.counted import counted
from ..report.findings import Finding, to_github, to_json, to_sarif
from ..report.paths import shown_path
from ..rules import RULES
from ..rules.docs import page_of_rule
from ..rules.engine import Violation

_ALIKE = 3
"""How many findings with one message are shown in full; of more only the first, and the other places."""

BASELINE = "the baseline"
"""What `Outcome.known_by` is where no commit is it."""


class Outcome:
    """What a run has to say."""

    def __init__(
        self,
        project: Project,
        violations: list[Violation],
        base: Path,
        prog: str,
        given: Mapping[Path, Path] | None = None,
    ) -> None:
        self.project = project
        self.violations = violations
        self.base = base
        self.prog = prog
        self._given = given or {}
        self.fixed = 0
        self.known = 0
        self.known_by = BASELINE
        """What knows the findings that are left out."""
        self.errors: list[tuple[str, int, str]] = []

    @property
    def files(self) -> int:
        """How many files were looked at."""
        return len({*self.project.judged, *self.project.problems})

    @property
    def models(self) -> int:
        """How many models, abstract ones too, they define."""
        models = self.project.models
        return sum(len(models.of(module)) for module in self.project.modules)

    def shown(self, path: Path) -> str:
        """A path as reports show it: as the user named it, or the folder that it lies in."""
        for place, given in self._given.items():
            if path.is_relative_to(place):
                return shown_path(given / path.relative_to(place), self.base)
        return shown_path(path, self.base)

    def exit_code(self) -> int:
        """The command's exit status."""
        return 2 if self.errors else 1 if self.violations else 0


def render(outcome: Outcome, form: str) -> str:
    """The outcome as text, json, sarif or github."""
    if form == "json":
        return to_json(_document(outcome, violations=[_entry(outcome, v) for v in outcome.violations]))
    if form == "text":
        return _text(outcome)
    findings = [
        Finding(outcome.shown(v.path), v.line, v.rule, f"{v.message} ({v.name})", column=v.column)
        for v in outcome.violations
    ]
    findings += [Finding(path, line, "TD-input", message) for path, line, message in outcome.errors]
    if form == "github":
        return to_github(findings)
    rules = {code: rule.summary for code, rule in RULES.items()}
    rules["TD-input"] = "A file cannot be checked."
    pages = {code: page_of_rule(rule) for code, rule in RULES.items()}
    return to_sarif(findings, "tortoise-dev check", __version__, rules, pages)


def _document(outcome: Outcome, **what: Sequence[Mapping[str, object]]) -> Mapping[str, object]:
    return {
        "version": 1,
        "files": outcome.files,
        "models": outcome.models,
        **what,
        "errors": [
            {"path": path, "line": line, "message": message} for path, line, message in outcome.errors
        ],
    }


def _entry(outcome: Outcome, v: Violation) -> Mapping[str, object]:
    return {
        "path": outcome.shown(v.path),
        "line": v.line,
        "column": v.column,
        "rule": v.rule,
        "name": v.name,
        "message": v.message,
        "fixable": v.fixable,
        "fix": None if v.fix is None else "safe" if v.fix.safe else "unsafe",
    }


def _text(outcome: Outcome) -> str:
    """Bugs before layout, each part by path and line; on a terminal with the source.

    Where many say the same, all are told at the place of the first.
    """
    style = _Style.of_stdout()
    violations = sorted(outcome.violations, key=lambda v: (v.rule.startswith("TD0"), v.order))
    alike: dict[tuple[str, str], list[Violation]] = defaultdict(list)
    for violation in violations:
        alike[violation.rule, violation.message].append(violation)
    lines: list[str] = []
    for violation in violations:
        group = alike[violation.rule, violation.message]
        if len(group) <= _ALIKE or violation is group[0]:
            lines += _shown(outcome, violation, style)
        if len(group) > _ALIKE and violation is group[0]:
            lines += _places(outcome, group[1:])
    lines += [f"{path}:{line}: error: {message}" for path, line, message in outcome.errors]
    return "\n".join([*lines, summary(outcome)])


def _shown(outcome: Outcome, violation: Violation, style: _Style) -> Iterator[str]:
    place = f"{outcome.shown(violation.path)}:{violation.line}:{violation.column}:"
    fix = "" if violation.fix is None else " [fixable]" if violation.fix.safe else " [unsafe fix]"
    yield f"{style.bold(place)} {style.red(violation.rule)} {violation.message}{style.dim(fix)}"
    if style.source and violation.source:
        text = violation.source.expandtabs(1)
        width = max((violation.end_column or len(text) + 1) - violation.column, 1)
        indent = len(text) - len(text.lstrip())
        yield style.dim(f"    {text[indent:]}")
        yield f"    {' ' * (violation.column - 1 - indent)}{style.red('^' * width)}"


def _places(outcome: Outcome, violations: Sequence[Violation]) -> Iterator[str]:
    """The other places of one message, a line for each file."""
    by_path: dict[Path, list[int]] = defaultdict(list)
    for violation in violations:
        by_path[violation.path].append(violation.line)
    for path, lines in by_path.items():
        yield f"    also {outcome.shown(path)}:{', '.join(map(str, dict.fromkeys(lines)))}"


class _Style(NamedTuple):
    """How text is shown: in colour, with the source under each finding."""

    colour: bool = False
    source: bool = False

    @classmethod
    def of_stdout(cls) -> _Style:
        """Both on a terminal; no colour where ``NO_COLOR`` is set, or on a terminal that has none."""
        terminal = sys.stdout.isatty()
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
        return cls(colour=terminal and not plain, source=terminal)

    def bold(self, text: str) -> str:
        """The text in bold letters."""
        return self._styled(text, "1")

    def red(self, text: str) -> str:
        """The text in red."""
        return self._styled(text, "31")

    def dim(self, text: str) -> str:
        """The text in pale letters."""
        return self._styled(text, "2")

    def _styled(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour and text else text


def summary(outcome: Outcome) -> str:
    count = len(outcome.violations)
    text = f"{counted(outcome.files, 'file')}, {counted(outcome.models, 'model')}: "
    text += counted(count, "finding") if count else "no findings"
    if outcome.known:
        option = "--baseline" if outcome.known_by == BASELINE else "--against"
        text += f" beyond the {outcome.known} in {outcome.known_by} (to see them, leave out {option})"
    if outcome.fixed:
        text += f", {counted(outcome.fixed, 'file')} fixed"
    safe = sum(v.fixable for v in outcome.violations)
    unsafe = sum(v.fix is not None and not v.fix.safe for v in outcome.violations)
    fixes = [f"{safe} fixable with --fix"] if safe else []
    if unsafe:
        fixes.append(f"{unsafe} {'more' if safe else 'fixable'} with --unsafe-fixes")
    if fixes:
        text += f" ({', '.join(fixes)})"
    if outcome.errors:
        text += f", {counted(len(outcome.errors), 'file')} could not be checked"
    return text


def statistics(outcome: Outcome, form: str) -> str:
    """How often each rule was broken, most often first, as text or json."""
    counts = Counter(v.rule for v in outcome.violations)
    fixable = Counter(v.rule for v in outcome.violations if v.fixable)
    order = sorted(counts, key=lambda code: (-counts[code], code))
    if form == "json":
        table = [
            {"rule": code, "name": RULES[code].name, "count": counts[code], "fixable": fixable[code]}
            for code in order
        ]
        return to_json(_document(outcome, statistics=table))
    lines = [
        f"{counts[code]:6} {code} {RULES[code].name}"
        + (f" ({fixable[code]} fixable)" if fixable[code] else "")
        for code in order
    ]
    lines += [f"{path}:{line}: error: {message}" for path, line, message in outcome.errors]
    return "\n".join([*lines, summary(outcome)])
