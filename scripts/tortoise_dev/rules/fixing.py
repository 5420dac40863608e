"""``--fix``: the new texts of files whose models have misplaced members."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from ..analysis.models import metas_of
from ..analysis.modules import Class, Module
from ..analysis.project import Project
from .engine import Violation
from .reorder import reordered

FIXES = frozenset({"TD003", "TD004"})


def fixed_texts(project: Project, violations: Iterable[Violation]) -> dict[Path, str]:
    """The text of each file that changes when the fixable violations are repaired."""
    by_path: dict[Path, list[Violation]] = defaultdict(list)
    for violation in violations:
        if violation.fixable and violation.rule in FIXES:
            by_path[violation.path].append(violation)
    texts: dict[Path, str] = {}
    for path, own in by_path.items():
        module = project.resolver.module(str(path))
        if module is None:
            continue
        text = module.file.text
        # from the bottom up: what moves in one class leaves the lines above it where they were
        for cls in sorted(module.classes, key=lambda one: one.node.lineno, reverse=True):
            rules = _rules_for(cls, module, own)
            if rules:
                place = (cls.node.lineno, cls.name)
                text = reordered(text, place, lead="TD003" in rules, sort="TD004" in rules)
        if text != module.file.text:
            texts[path] = text
    return texts


def _rules_for(cls: Class, module: Module, violations: Iterable[Violation]) -> set[str]:
    """The rules that report a direct member of this class."""
    lines = {statement.lineno for statement in (*cls.node.body, *metas_of(cls.node))}
    return {violation.rule for violation in violations if violation.line in lines}
