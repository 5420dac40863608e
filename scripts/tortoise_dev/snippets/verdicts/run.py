"""From what a child observed to the verdict on each block: pure functions that start no process."""

from __future__ import annotations

import re
from dataclasses import replace

from ...pages.page import Block
from ...report.redaction import beginning, ending, redacted
from .. import source
from ..comparison import first_difference, for_page
from ..marks import turned
from ..protocol import Observation, Outcome, Problem
from ..result import Verdict
from .expectation import named, wrong_exception
from .names import missing_names
from .prints import first_print_difference
from .statements import first_sql_difference, sql_text


def judge_run(block: Block, index: int, seen: Observation, limit: float) -> Verdict:
    """The verdict on a block that a child was asked to run within ``limit`` seconds."""
    outcome = seen.outcomes.get(index)
    if outcome is None:
        return _never_finished(block, seen, limit)
    problems = [
        *outcome.problems,
        *_left_behind(block, index, seen),
        *missing_names(block, seen.unresolved),
    ]
    return _judge_expectation(block, outcome, problems, _detail(outcome, problems))


def judge_output(block: Block, above: Block, outcome: Outcome | None) -> tuple[Verdict, str | None]:
    """The verdict on an ``output`` or ``sql`` block under the block ``above``, and what it should hold
    instead (or None).
    """
    if outcome is None:
        return Verdict("unverified", f"the block at line {above.line} did not finish", block.start), None
    if "sql" in block.attributes:
        statements = tuple(outcome.statements)
        difference, actual = first_sql_difference(block.source, statements), sql_text(statements)
    else:
        actual = outcome.stdout
        if outcome.failure is not None and "raises" in above.attributes:
            message = f"{outcome.failure.first_line}\n"
            printed_too = first_difference(block.source, actual + message) is None
            actual = actual + message if printed_too else message
        difference = first_difference(block.source, actual)
    if difference is None:
        return Verdict("passed"), None
    line, reason = difference
    actual = for_page(actual)
    return Verdict("failed", reason, block.start + line - 1, f"now:\n{actual}"), actual


def _never_finished(block: Block, seen: Observation, limit: float) -> Verdict:
    skipped = next((outcome.skipped for outcome in seen.outcomes.values() if outcome.skipped), None)
    if skipped is not None:
        return Verdict("skipped", f"a block before it in the chain was skipped: {skipped}")
    line = _stuck_at(seen.stacks, block) or block.start
    if seen.timed_out:
        verdict = Verdict("failed", f"did not end within {limit:g} s", line, _shown(seen.stacks))
    elif seen.crash:
        verdict = Verdict("failed", "the harness failed to run it", block.start, seen.crash)
    elif seen.exit is not None and seen.exit < 0:
        verdict = Verdict("failed", f"its process was killed by signal {-seen.exit}", block.start)
    else:
        verdict = Verdict(
            "failed", f"its process ended (status {seen.exit}) before the block did", block.start
        )
    return turned(block, verdict)


def _left_behind(block: Block, index: int, seen: Observation) -> list[Problem]:
    """Problems found after the chain: by their line this block's, or nobody's and then the last block's."""
    is_last = seen.outcomes[index].last
    mine = [p for p in seen.problems if _within(block, p.line) or (is_last and p.line is None)]
    if is_last:
        mine += [Problem(None, f"left a process running: {beginning(command, 500)}") for command in seen.left]
    if is_last and not seen.ended and not any(outcome.failure for outcome in seen.outcomes.values()):
        line = _stuck_at(seen.stacks, block)
        if seen.timed_out:
            mine.append(
                Problem(
                    line, "left a thread or a connection open: the process never ends", _shown(seen.stacks)
                )
            )
        else:
            mine.append(
                Problem(None, f"its process ended (status {seen.exit}) while it was cleaned up", seen.crash)
            )
    return mine


def _judge_expectation(block: Block, outcome: Outcome, problems: list[Problem], detail: str) -> Verdict:
    failure, raises = outcome.failure, block.attributes.get("raises")
    if outcome.skipped is not None and (failure is None or raises not in (failure.type, failure.qualified)):
        return Verdict("skipped", outcome.skipped)
    if raises:
        wrong = wrong_exception(raises, failure, block.start)
        if wrong is not None and (failure is not None or not problems):
            return turned(block, replace(wrong, detail=detail))
    elif failure is not None:
        verdict = Verdict("failed", named(failure), failure.line or block.start, detail)
        return turned(block, verdict, compiles=failure.compiles)
    if problems:
        first = problems[0]
        return turned(block, Verdict("failed", first.message, first.line or block.start, detail))
    queries = block.attributes.get("queries")
    sent = outcome.statements
    if queries is not None and int(queries) != len(sent):
        plural = "query" if queries == "1" else "queries"
        reason = f"expected {int(queries)} {plural}, it sent {len(sent)}"
        return turned(block, Verdict("failed", reason, block.line, sql_text(tuple(sent)) + detail))
    differs = first_print_difference(block.source, outcome.stdout) if block.kind == "python" else None
    if differs is not None:
        line, reason = differs
        return turned(block, Verdict("failed", reason, block.start + line - 1, detail))
    if outcome.idle is not None:
        # an audit: without its mark the block would prove nothing either
        norun = block.attributes.get("norun")
        return Verdict("skipped", norun) if norun else Verdict("unverified", outcome.idle, block.start)
    return turned(block, Verdict("passed"))


def _detail(outcome: Outcome, problems: list[Problem]) -> str:
    parts = [outcome.failure.traceback] if outcome.failure else []
    parts += [problem.detail for problem in problems if problem.detail]
    for name, text in (("stdout", outcome.stdout), ("stderr", outcome.stderr)):
        if text:
            parts.append(f"{name}:\n{ending(redacted(text), 4000)}")
    lines = "\n".join(part.rstrip("\n") for part in parts if part).split("\n")
    if len(lines) > 120:
        lines = [*lines[:60], f"… {len(lines) - 120} lines …", *lines[-60:]]
    return "\n".join(beginning(line, 500) for line in lines)


def _within(block: Block, line: int | None) -> bool:
    return line is not None and block.start <= line < block.end


def _shown(stacks: str) -> str:
    """A dump of stacks without the harness' own frames."""
    return _OWN_FRAME.sub("", stacks)


_OWN_FRAME = re.compile(
    r"""(?m)^\s*File\ "([^"\n]*[/\\]tortoise_dev[/\\]snippets[/\\](child|running)[/\\][^"\n]*|<string>)",
    \ line\ \d+\ in\ .*\n?""",
    re.VERBOSE,
)


def _stuck_at(stacks: str, block: Block) -> int | None:
    """The innermost line of the block in a dump of stacks (thread dumps show the innermost frame first)."""
    page = re.escape(block.id.partition("::")[0].rpartition("/")[2])
    lines = (int(n) for n in re.findall(rf'File "[^"\n]*{page}", line (\d+)', stacks))
    line = next((line for line in lines if _within(block, line)), None)
    return None if line is None else source.busy_loop(block.source, line - block.start + 1) + block.start - 1
