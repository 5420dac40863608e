"""``#> text`` under a ``print``: what it printed, as pytest-examples writes it into the block."""

from __future__ import annotations

import re

from ..comparison import first_difference

_PRINTED = re.compile(r"^[ \t]*#>(?: (.*)|)$")


def first_print_difference(source: str, printed: str) -> tuple[int, str] | None:
    """Compare the ``#>`` lines of a block with what it printed; returns (line within the block, what
    differs).

    None where they match, and where the block has no such line.
    """
    shown = [
        (number, match[1] or "")
        for number, line in enumerate(source.split("\n"), 1)
        if (match := _PRINTED.match(line))
    ]
    if not shown:
        return None
    difference = first_difference("\n".join(text for _, text in shown), printed)
    if difference is None:
        return None
    position, reason = difference
    return shown[position - 1][0], reason
