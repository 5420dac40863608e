"""``handbook.py errors``: make the pages of error messages again."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from ..about import SKILL as HANDBOOK
from ..atomic_write import write_atomically
from . import common
from .common import UnusableError, show

_EXAMPLES = """\
examples:
  %(prog)s                                                print the pages
  %(prog)s --write                                        write them again
  %(prog)s --write && git diff --stat references          what has changed

exit status: 0 done · 2 not in a clone of the repository, or tests/facts.toml cannot be used"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    parser = common.command_parser(prog, "Print the pages of error messages, or write them.", _EXAMPLES)
    parser.add_argument("--write", action="store_true", help="write the pages, and print which have changed")
    return common.run(parser, _run, arguments, extra="snippets")


def _run(options: argparse.Namespace) -> int:
    from ..handbook.errors import FACTS, error_pages  # they import packages: --help needs none

    if not (HANDBOOK / FACTS).is_file():
        raise UnusableError(f"no {FACTS} in {HANDBOOK}: run this in a checkout of the handbook's repository")
    try:
        pages = error_pages(HANDBOOK)
    except (KeyError, ValueError) as error:
        raise UnusableError(f"{FACTS}: {error}") from None
    for page, text in pages.items():
        file = HANDBOOK / page
        if not options.write:
            show(text.rstrip("\n"))
        elif not file.is_file() or file.read_text(encoding="utf-8") != text:
            write_atomically(file, text.encode())
            show(f"{page}: written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
