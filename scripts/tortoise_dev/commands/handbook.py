"""``handbook.py``: find sections of the handbook, build it as a website, make its generated page anew."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from . import dispatch

COMMANDS = {
    "find": ("find", "print the few sections that answer a question"),
    "build": ("site_build", "build the website, with the proof under each block"),
    "serve": ("site_serve", "serve the website to this machine, and build it again on changes"),
    "errors": ("errors", "make the pages of error messages again; works in a clone of the repository"),
}

_EXAMPLES = """\
examples:
  %(prog)s find select_for_update
  %(prog)s find --help
  %(prog)s build --records records"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command that the first argument names; returns its exit status."""
    return dispatch.run_one_of(COMMANDS, "The Tortoise ORM handbook.", _EXAMPLES, arguments, prog)


if __name__ == "__main__":
    sys.exit(main())
