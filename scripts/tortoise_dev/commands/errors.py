"""``handbook.py errors``: print references/errors.md again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..about import SKILL as HANDBOOK
from . import common
from .common import UnusableError, show

_EXAMPLES = """\
examples:
  %(prog)s > /tmp/errors.md && mv /tmp/errors.md references/errors.md    write it again
  %(prog)s | diff references/errors.md -                                 what would change
  %(prog)s | grep -c '^|'                                                how many rows it has

exit status: 0 printed · 2 not in a clone of the repository, or tests/facts.toml cannot be used"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(
        common.command_parser(prog, "Print the page of error messages.", _EXAMPLES),
        _run,
        arguments,
        extra="snippets",
    )


def _run(options: argparse.Namespace) -> int:
    from ..handbook.errors import FACTS, errors_page  # they import packages: --help needs none

    if not (HANDBOOK / FACTS).is_file():
        raise UnusableError(f"no {FACTS} in {HANDBOOK}: run this in a checkout of the handbook's repository")
    try:
        show(errors_page(HANDBOOK).rstrip("\n"))
    except (KeyError, ValueError) as error:
        raise UnusableError(f"{FACTS}: {error}") from None
    return 0


if __name__ == "__main__":
    sys.exit(main())
