"""What the marks of a block make of the verdict on it: a block that is marked to fail must fail."""

from __future__ import annotations

from ..pages.page import Block
from .result import Verdict


def turned(block: Block, verdict: Verdict, *, compiles: bool = True) -> Verdict:
    """The verdict on a block, given what its run or check showed: ``xfail`` wants a failure, and so does
    ``norun`` in an audit. A block that does not compile (``compiles``) shows no failure but its own typo.
    """
    if verdict.status not in ("passed", "failed"):
        return verdict
    failed = verdict.status == "failed"
    xfail, norun = block.attributes.get("xfail"), block.attributes.get("norun")
    if xfail is not None:
        if failed and not compiles:
            reason = f"does not compile, which is never the expected failure: {verdict.reason}"
            return Verdict("failed", reason, verdict.fail_line, verdict.detail)
        if failed:
            return Verdict("passed", f"fails as expected ({xfail}): {verdict.reason}")
        return Verdict("failed", f"passes, but xfail says {xfail!r}: remove the mark", block.line)
    if norun is not None:
        if failed:
            return Verdict("skipped", norun)
        return Verdict("failed", f"passes, but norun says {norun!r}: remove the mark", block.line)
    return verdict
