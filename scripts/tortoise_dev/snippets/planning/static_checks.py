"""Verdicts that need no run of the block: it is looked at, by a parser, by ``bash -n`` or by the rule
checker.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ...analysis.source import UnreadableError
from ...pages.discovery import shown_path
from ...pages.page import Block
from ...settings import SettingsError, SnippetSettings
from .. import source
from ..result import Verdict
from ..verdicts.expectation import turned
from .needs import unmet
from .planned import PagePlan, PlannedBlock
from .titles import first_difference_from, standing_file

Checker: TypeAlias = Callable[[str, PurePosixPath, Path], list[tuple[int, str, str]]]
"""Line, rule and message of what a source breaks as a file of a project; the command hands it in."""


def check_page(plan: PagePlan, checker: Checker | None = None, *, audit: bool = False) -> PagePlan:
    """Give a verdict to every block of a plan that is to be checked; ``checker`` judges ``breaks=``."""
    for planned in plan.blocks:
        if planned.fate == "checked":
            planned.settle(_check(planned, plan, checker, audit=audit))
    return plan


def _check(planned: PlannedBlock, plan: PagePlan, checker: Checker | None, *, audit: bool) -> Verdict:
    block = planned.block
    if "breaks" in block.attributes:
        return _check_broken(planned, plan, checker)
    if block.kind == "data" and (missing := unmet(planned.needs, None)):
        return Verdict("skipped", missing)
    if "norun" in block.attributes and not (audit and block.kind == "data"):
        return compile_problem(block) or Verdict("skipped", block.attributes["norun"])
    file = standing_file(planned, plan.settings)
    if file is not None:
        return _check_standing(block, file, plan.settings)
    return turned(block, check_data_block(block))


def compile_problem(block: Block) -> Verdict | None:
    """The failure of a block that is not run here, where it cannot even be compiled."""
    if block.kind == "python":
        try:
            source.check_compiles(block.source, "page", block.start)
        except SyntaxError as error:
            return Verdict("failed", f"does not compile: {error.msg}", error.lineno or block.start)
    return None


def check_data_block(block: Block) -> Verdict:
    """Parse a data block and check it against the schema of what it is."""
    from .data_files import DataError, check_data  # here and not above: pages without data start without YAML

    try:
        kind = check_data(block.info.language, block.source, block.attributes.get("title", ""))
    except DataError as error:
        return Verdict("failed", str(error), block.start + error.line - 1)
    return Verdict("passed", f"valid {kind}")


def _check_broken(planned: PlannedBlock, plan: PagePlan, checker: Checker | None) -> Verdict:
    """``breaks=``: the checker must report this rule on the block, and no other.

    A block without a title sees the names of the page's preludes.
    """
    block = planned.block
    code, path = block.attributes["breaks"], planned.title
    if checker is None:
        return Verdict("unverified", "no checker is at hand that could report a rule", block.line)
    preludes = (p.block for p in plan.blocks if "prelude" in p.block.attributes)
    above = "" if path else "".join(prelude.source for prelude in preludes)
    first = above.count("\n") + 1
    project = plan.settings.project or plan.settings.root
    try:
        found = checker(above + block.source, path or PurePosixPath("block.py"), project)
    except (UnreadableError, SettingsError) as error:
        line = block.start + max(getattr(error, "line", first) - first, 0)
        return Verdict("failed", f"the checker cannot read it: {error}", line)
    found = [(line, rule, message) for line, rule, message in found if line >= first]
    for line, rule, message in found:
        if rule != code:
            reason = (
                f"breaks {rule} too: {message}" if code in [r for _, r, _ in found] else f"{rule}: {message}"
            )
            return Verdict("failed", f"must break {code} alone, but {reason}", block.start + line - first)
    if not found:
        return Verdict("failed", f"must break {code}, but the checker reports nothing", block.start)
    return Verdict("passed", f"breaks {code}: {found[0][2]}")


def _check_standing(block: Block, file: Path, settings: SnippetSettings) -> Verdict:
    """The block must match a file of the example project."""
    shown = shown_path(file, settings.root)
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        return Verdict("failed", f"{shown} cannot be read: {error}", block.line)
    wanted = block.source.rstrip("\n").split("\n")
    difference = first_difference_from(lines, block)
    if difference is not None:
        count, there = difference
        reason = f"differs from {shown}: the block has {wanted[count]!r}, the file has {there!r}"
        return Verdict("failed", reason, block.start + count)
    if (problem := compile_problem(block)) is not None:
        return problem
    if block.kind == "shell" and not bash_parses(block.source):
        return Verdict("failed", "is not valid bash", block.start)
    if block.kind == "data" and len(wanted) + 1 >= len(lines):
        verdict = check_data_block(block)
        if verdict.status != "passed":
            return verdict
    return Verdict("passed", f"stands in {shown}")


def bash_parses(script: str) -> bool:
    """Ask ``bash -n``, which reads a script without running it; True where there is no bash."""
    try:
        done = subprocess.run(["bash", "-n"], input=script.encode(), capture_output=True, check=False)
    except OSError:
        return True
    return done.returncode == 0
