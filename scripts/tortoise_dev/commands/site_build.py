"""``handbook.py build``: the handbook as a website, with the proof under each block."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..about import command
from . import common
from .common import show, tell

_EXAMPLES = """\
examples:
  %(prog)s                                 the website in site/, with the records of records/
  %(prog)s --records kept                  with the records of another folder
  %(prog)s -o public                       the website in another folder

Records are what `{snippets} --record records --db URL` writes, one file for each database.
Blocks without a record that fits show "Not run since it changed".

exit status: 0 built · 2 a page or a record cannot be used, or a package is missing"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="site")


def _run(options: argparse.Namespace) -> int:
    from ..handbook.site.proven import STATES
    from .site_run import build  # it imports packages: --help needs none

    built = build(options.records, options.output)
    if not options.records.is_dir():
        tell(f"{options.prog}: no records in {options.records}: no block has a proof")
    counts = ", ".join(f"{count} {STATES[state]}" for state, count in built.counts.items())
    show(f"{options.output}: {built.pages} pages; blocks: {counts}")
    return 0


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(
        prog, "Build the handbook as a website.", _EXAMPLES.format(snippets=command("snippets"))
    )
    add_folders(parser)
    return parser


def add_folders(parser: argparse.ArgumentParser) -> None:
    """The arguments that build and serve share."""
    parser.add_argument(
        "--records", type=Path, default=Path("records"), metavar="DIR", help="what snippets --record wrote"
    )
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("site"), metavar="DIR", help="the website's folder"
    )


if __name__ == "__main__":
    sys.exit(main())
