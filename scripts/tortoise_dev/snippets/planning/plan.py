"""From a page to its plan: what is to happen to each block. Nothing of the page is executed, no process is
started.

Blocks that only need a look (data files, files of the project, rules to be broken) are left ``checked``:
static_checks.py gives their verdicts.
"""

from __future__ import annotations

import re

from ...pages.kinds import RUNNABLE
from ...pages.languages import looks_like_python, why_unchecked
from ...pages.links import dead_links
from ...pages.page import Block, Page
from ...snippet_settings import SnippetSettings
from ..result import Verdict
from .chains import link_blocks
from .planned import PagePlan, PlannedBlock
from .preludes import project_prelude
from .probes import problems_of_needs
from .shell_blocks import settle_shell
from .static_checks import compile_problem
from .test_files import is_test_file, runner_of_tests
from .titles import TitleError, standing_file, titled_path

# Snippets of PyMdown, mdx_include and FastAPI's macros; lines of Jinja alone are an include too.
_INCLUDE = re.compile(r"(?m)^[ \t]*(;?-+8<-+.*|\{!.*!\}|\{\*.*\*\})[ \t]*$")
_IS_INCLUDE = (
    "an include of the site generator: its text is not on this page; "
    'name the file itself in paths, and mark the block norun="runs as a file"'
)
_JINJA = re.compile(r"(\s*(\{%.*%\}|\{\{.*\}\}))+\s*")


def plan_page(page: Page, settings: SnippetSettings, *, audit: bool = False) -> PagePlan:
    """Decide what happens to each block. With ``audit``, blocks marked ``norun`` run as well."""
    plan = PagePlan(page, settings, oddities=[*page.oddities, *dead_links(page)])
    plan.prelude = project_prelude(settings)
    code = "\n".join(block.source for block in page.blocks if block.kind not in ("prose", "unknown"))
    plan.blocks = [_begin(block, settings, code) for block in page.blocks]
    for planned in plan.blocks:
        if _is_left_to_pytest(planned):
            planned.settle(_test_file(planned, plan))
    running = {planned for planned in plan.blocks if _runs(planned)}
    is_story = (page.chain or settings.chain) == "page"
    plan.chains, audits = link_blocks(plan.blocks, running.__contains__, is_story=is_story)
    if audit:
        plan.chains += audits
    above: PlannedBlock | None = None
    for planned in plan.blocks:
        if _is_expectation(planned.block):
            _compare(planned, above)
        else:
            above = planned if planned in running else None
            _decide(planned, audit=audit)
    return plan


def _begin(block: Block, settings: SnippetSettings, code: str) -> PlannedBlock:
    """A block with what its text and its marks alone say of it; ``code`` is all code of its page."""
    needs = problems_of_needs(block.attributes.get("needs", ""), code, settings)
    planned = PlannedBlock(block, problems=[*block.problems, *needs])
    try:
        planned.title = titled_path(block)
    except TitleError as error:
        planned.settle(Verdict("failed", str(error), block.line))
        return planned
    settle_shell(planned)
    if planned.title is not None:
        is_run = not planned.problems and "breaks" not in block.attributes
        planned.is_written = is_run and standing_file(planned, settings) is None
    if not planned.problems and (reason := _nothing_to_look_at(planned)):
        planned.settle(Verdict("unverified", reason, block.start))
    return planned


def _is_left_to_pytest(planned: PlannedBlock) -> bool:
    is_file = planned.is_written and planned.fate != "settled" and planned.block.kind == "python"
    marked = {"norun", "xfail", "raises"} & planned.block.attributes.keys()
    return is_file and not marked and planned.title is not None and is_test_file(planned.title)


def _test_file(planned: PlannedBlock, plan: PagePlan) -> Verdict:
    """A test file is written, and left to the block that runs pytest on it."""
    block = planned.block
    problem = compile_problem(block)
    if problem is not None:
        return problem
    runner = runner_of_tests(planned, plan.blocks)
    if runner is None:
        reason = "a test file that nothing runs: a later bash block should run pytest on it"
        return Verdict("unverified", reason, block.start)
    return Verdict("passed", f"left to pytest, which the block at line {runner.line} runs")


def _nothing_to_look_at(planned: PlannedBlock) -> str | None:
    """Why a block's own text is not what the reader sees, or None."""
    block = planned.block
    if block.kind not in ("prose", "unknown", "unchecked"):
        if _INCLUDE.search(block.source) or _JINJA.fullmatch(block.source):
            return _IS_INCLUDE
        if planned.title is not None and not block.source.strip():
            return f"an empty block: it shows nothing of {planned.title}"
    return None


def _runs(planned: PlannedBlock) -> bool:
    """Is the block there to be run, in a chain?"""
    is_shown = planned.title is not None and not planned.is_written
    settled = planned.fate == "settled" or "breaks" in planned.block.attributes
    return planned.block.kind in RUNNABLE and not settled and not is_shown


def _is_expectation(block: Block) -> bool:
    return "output" in block.attributes or "sql" in block.attributes


def _compare(planned: PlannedBlock, above: PlannedBlock | None) -> None:
    """An ``output`` or ``sql`` block belongs to the block above it."""
    start = planned.block.start
    if planned.problems:
        planned.settle(Verdict("unverified", "; ".join(planned.problems), start))
    elif above is None:
        planned.settle(Verdict("unverified", "no block that runs stands right above it", start))
    else:
        planned.fate, planned.source = "compared", above
        above.outputs.append(planned)


def _decide(planned: PlannedBlock, *, audit: bool) -> None:
    """Give a block its fate, and its verdict where its text alone decides."""
    block = planned.block
    if planned.fate == "settled":
        return
    if planned.problems:
        planned.settle(Verdict("unverified", "; ".join(planned.problems), block.start))
    elif _is_checked(planned, audit=audit):
        planned.fate = "checked"
    elif block.kind == "prose":
        planned.settle(_prose(block))
    elif block.kind in ("unchecked", "unknown"):
        planned.settle(Verdict("unverified", why_unchecked(block.info.language), block.start))
    else:
        planned.fate = "explained" if block.kind == "sql" else "run"


def _is_checked(planned: PlannedBlock, *, audit: bool) -> bool:
    block = planned.block
    is_shown = "norun" in block.attributes and not (audit and block.kind in (*RUNNABLE, "data"))
    stands = planned.title is not None and not planned.is_written
    return is_shown or stands or "breaks" in block.attributes or block.kind == "data"


def _prose(block: Block) -> Verdict:
    if not block.info.language and looks_like_python(block.source):
        return Verdict("unverified", "a bare fence that is Python: say ```python or ```text", block.start)
    return Verdict("passed", "prose")
