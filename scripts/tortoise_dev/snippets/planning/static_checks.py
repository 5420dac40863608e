"""Verdicts that need no run of the block: it is looked at, by a parser, by ``bash -n`` or by the rule
checker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from ...analysis.source import UnreadableError
from ...pages.page import Block
from ...settings import SettingsError
from .. import source
from ..bash_syntax import bash_problem
from ..marks import turned
from ..result import Verdict
from .planned import PagePlan, PlannedBlock
from .probes import unmet, wants_other_python
from .standing import check_standing
from .titles import standing_file

Checker: TypeAlias = Callable[[str, PurePosixPath, Path, str], list[tuple[int, str, str]]]
"""Line, rule and message of what a source breaks as a file of a project. The last argument is the rule
that it should break. The command hands it in.
"""


def check_page(plan: PagePlan, checker: Checker, *, audit: bool = False) -> PagePlan:
    """Give a verdict to every block of a plan that is to be checked; ``checker`` judges ``breaks=``."""
    for planned in plan.blocks:
        if planned.fate == "checked":
            planned.settle(_check(planned, plan, checker, audit=audit))
    return plan


def _check(planned: PlannedBlock, plan: PagePlan, checker: Checker, *, audit: bool) -> Verdict:
    block = planned.block
    if "breaks" in block.attributes:
        return _check_broken(planned, plan, checker)
    if block.kind == "data" and (missing := unmet(planned.needs, None)):
        return compile_problem(block) or Verdict("skipped", missing)
    if "norun" in block.attributes and not (audit and block.kind == "data"):
        is_template = block.kind == "data"
        problem = None if is_template else compile_problem(block)
        return problem or Verdict("skipped", block.attributes["norun"])
    file = standing_file(planned, plan.settings)
    if file is not None:
        return check_standing(block, file, plan.settings)
    return turned(block, check_data_block(block))


def compile_problem(block: Block) -> Verdict | None:
    """The failure of a block that is not run here, where it cannot even be compiled or parsed.

    Python that needs another version of Python may have a syntax of its own.
    """
    if wants_other_python(block.attributes.get("needs", "")):
        return None
    if block.kind == "shell" and (problem := bash_problem(block.source)) is not None:
        return Verdict("failed", problem[1], _line(block, problem[0]))
    if block.kind == "data" and (verdict := check_data_block(block)).status == "failed":
        return verdict
    try:
        if block.kind == "python":
            source.check_compiles(block.source, "page", block.start)
        elif block.kind == "session":
            for line, code in prompts_of(block.source):
                source.check_compiles(code, "page", block.start + line)
    except SyntaxError as error:
        return Verdict("failed", f"does not compile: {error.msg}", error.lineno or block.start)
    except ValueError as error:
        return Verdict("failed", f"is no session: {error}", block.start)
    return None


def prompts_of(session: str) -> Iterator[tuple[int, str]]:
    """Yield (line from 0, code) of each prompt of a session. Raises ValueError where it is none."""
    import doctest  # here and not above: it costs more than the harness, and few pages need it

    for example in doctest.DocTestParser().get_examples(session):
        yield example.lineno, example.source


def check_data_block(block: Block) -> Verdict:
    """Parse a data block and check it against the schema of what it is."""
    from .data_files import DataError, check_data  # here and not above: pages without data start without YAML

    try:
        kind = check_data(block.info.language, block.source, block.attributes.get("title", ""))
    except DataError as error:
        return Verdict("failed", str(error), _line(block, error.line))
    return Verdict("passed", f"valid {kind}")


def _check_broken(planned: PlannedBlock, plan: PagePlan, checker: Checker) -> Verdict:
    """``breaks=``: the checker must report this rule on the block, and no other.

    A block without a title sees the names of the page's preludes.
    """
    block = planned.block
    code, path = block.attributes["breaks"], planned.title
    preludes = (p.block for p in plan.blocks if "prelude" in p.block.attributes)
    above = "" if path else "".join(prelude.source for prelude in preludes)
    first = above.count("\n") + 1
    project = plan.settings.project or plan.settings.root
    try:
        found = checker(above + block.source, path or PurePosixPath("block.py"), project, code)
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


def _line(block: Block, number: int) -> int:
    """The page's line of a block's line; what is found missing at its end is said of its last line."""
    return min(block.start + number - 1, max(block.start, block.end - 2))
