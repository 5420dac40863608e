"""Names that function bodies read and nobody has set: a body that nothing calls would never have said so."""

from __future__ import annotations

from collections.abc import Iterable

from ...pages.page import Block
from ..protocol import NameRead, Problem


def missing_names(block: Block, unresolved: Iterable[NameRead]) -> list[Problem]:
    """The names among ``unresolved`` that this block's functions read.

    A block that is to raise a NameError, or to fail, may be about just that; what a prelude lacks, the blocks
    after it may set.
    """
    marks = block.attributes
    if marks.get("raises") == "NameError" or "xfail" in marks or "prelude" in marks:
        return []
    return [
        Problem(read.line, f"NameError: name {read.name!r} is not defined in the body of {read.function}()")
        for read in unresolved
        if block.start <= read.line < block.end
    ]
