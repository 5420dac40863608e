"""Shell blocks that are not to be run: installs, and transcripts that are called bash."""

from __future__ import annotations

from ...pages.kinds import IN_SHELL
from ...pages.page import Block
from ..result import Verdict
from ..shell_installs import installs
from ..transcript import (
    IS_TRANSCRIPT,
    NO_PROMPT,
    TranscriptError,
    read_transcript,
    script_of,
    transcript_problem,
)
from .planned import PlannedBlock

_SHOWN = frozenset({"norun", "title"})
_WANTED = frozenset({"xfail", "prelude"})
"""Marks of a block that is to be run, even if it does nothing but install."""


def settle_shell(planned: PlannedBlock) -> None:
    """Give the verdict on a shell block that is no script, or that does nothing but install.

    Not where a mark says what is to become of it.
    """
    block = planned.block
    if block.kind not in IN_SHELL or planned.problems or _SHOWN & block.attributes.keys():
        return
    problem = transcript_problem(block.source) if block.kind == "shell" else _prompt_problem(block)
    if problem is not None:
        line, reason = problem
        planned.settle(Verdict("unverified", reason, block.start + line - 1))
        return
    lines, only = installs(_script(block), planned.needs)
    if only and not _WANTED & block.attributes.keys():
        command = lines[0].text.partition("\n")[0]
        planned.settle(Verdict("skipped", f"an install ({command}), not run: it needs the network"))


def _prompt_problem(block: Block) -> tuple[int, str] | None:
    """Where a transcript is not a shell's."""
    problem = transcript_problem(block.source)
    return None if problem is None or problem[1] == IS_TRANSCRIPT else problem


def _script(block: Block) -> str:
    if block.kind == "shell":
        return block.source
    try:
        return script_of(read_transcript(block.source))
    except TranscriptError as error:
        return block.source if f"{error}" == NO_PROMPT else ""  # its run will say so
