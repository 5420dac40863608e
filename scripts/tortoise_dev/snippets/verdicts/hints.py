"""What the author of a page might do about a failure."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...pages.page import Block


def name_hint(blocks: Iterable[Block], block: Block, reason: str) -> str:
    """For a NameError: where the name is set further up, so that ``continues`` would help."""
    missing = re.match(r"NameError: name '(\w+)' is not defined( in the body of .*)?$", reason)
    if missing is None:
        return ""
    name = missing[1]
    sets = re.compile(
        rf"(?m)^((async )?def|class|import|from .* import\b.*) {name}\b|^(.*\bas )?{name}\b(:.*)?( =|:$)"
    )
    above = [b for b in blocks if b.kind == "python" and b.line < block.line and sets.search(b.source)]
    return f"; it is set in the block at line {above[-1].line}: add continues" if above else ""
