"""What the author of a page might do about a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...pages.kinds import IN_SHELL
from ...pages.page import Block
from ..protocol import FILE_SIZE


def name_hint(blocks: Iterable[Block], block: Block, reason: str) -> str:
    """For a NameError: where the name is set further up, so that ``continues`` would help."""
    missing = re.match(r"NameError: name '(\w+)' is not defined( in the body of .*)?$", reason)
    if missing is None:
        return ""
    name = missing[1]
    sets = re.compile(
        rf"(?m)^((async )?def|class|import|from .* import\b.*) {name}\b|^(.*\bas )?{name}\b(:.*)?( =|:$)"
    )
    above = [b for b in blocks if b.line < block.line and sets.search(_code(b))]
    hint = 'add continues after its language, or chain = "page" to the settings'
    return f"; it is set in the block at line {above[-1].line}: {hint}" if above else ""


def _code(block: Block) -> str:
    """A block's Python; a session without its prompts."""
    if block.kind == "session":
        return re.sub(r"(?m)^[ \t]*(>>>|\.\.\.)(?: |$)", "", block.source)
    return block.source if block.kind == "python" else ""


_NOT_THERE = re.compile(r"No such file or directory|\bNo module named\b|not a git repository")


def place_hint(block: Block, reason: str, detail: str) -> str:
    """For a command that does not find what the reader's own folder has."""
    if block.kind in IN_SHELL and "exit status" in reason and _NOT_THERE.search(detail):
        return (
            "; commands run in a copy of project (in the settings), without it in an empty folder, "
            "with what is installed beside this harness"
        )
    return ""


_OUT_OF_MEMORY = re.compile(r"\bMemoryError\b|[Cc]annot allocate memory")
_KILLED = re.compile(r"killed by signal (6|9)\b|exit status (134|137|-6|-9)\b")
_TOO_LARGE = re.compile(r"File too large|File size limit|killed by signal 25\b|exit status 153\b")
_DOWNLOADS = re.compile(
    r"(?m)\b(uv|uvx|pip|pipx|poetry|conda|npm|npx|yarn|curl|wget|git|docker|brew|apt|cargo)\b"
)


def limit_hint(block: Block, reason: str, detail: str, memory: int) -> str:
    """For a block that a limit may have stopped: which limit it is, and where it is set."""
    if _OUT_OF_MEMORY.search(reason) or (block.kind in IN_SHELL and _OUT_OF_MEMORY.search(detail)):
        return f"; a process may take {memory} MiB (memory in [tool.tortoise-dev.snippets])"
    if _KILLED.search(reason):
        return f"; if it was out of memory: a process may take {memory} MiB (memory in the settings)"
    if _TOO_LARGE.search(reason) or (block.kind in IN_SHELL and _TOO_LARGE.search(detail)):
        return f"; a block may print, or write to a file, {FILE_SIZE} MiB at most"
    if block.kind in IN_SHELL and "did not end within" in reason and _DOWNLOADS.search(block.source):
        return "; installs and downloads are switched off on purpose"
    return ""
