"""Blocks that are marked to fail: is it the expected failure?"""

from __future__ import annotations

from ...report.redaction import beginning
from ..protocol import Failure
from ..result import Verdict


def wrong_exception(raises: str, failure: Failure | None, start: int) -> Verdict | None:
    """What is wrong with a block that is to raise ``raises`` and ended with a failure (or none); None if it
    is right.

    Its last statement must raise: of what stands behind an exception nothing has been shown.
    """
    if failure is None:
        return Verdict("failed", f"expected {raises}, but nothing was raised", start)
    if raises != failure.type and not _is_path_to(raises, failure.qualified):
        return Verdict("failed", f"expected {raises}, got {named(failure)}", failure.line or start)
    if failure.left_at is not None:
        reason = (
            f"the block ended at line {failure.left_at}, before its last statement: {named(failure)}; "
            f"the statement that raises {raises} must be the last"
        )
        return Verdict("failed", reason, failure.line or failure.left_at)
    return None


def _is_path_to(name: str, qualified: str) -> bool:
    """Does a dotted name lead to a class, also where a package passes it on: json.JSONDecodeError?"""
    parts, whole = name.split("."), iter(qualified.split("."))
    return "." in name and parts[-1] == qualified.split(".")[-1] and all(part in whole for part in parts)


def named(failure: Failure) -> str:
    """A failure in one line."""
    first = beginning(failure.message.split("\n")[0], 500)
    return f"{failure.type}: {first}" if failure.type and first else failure.type or first
