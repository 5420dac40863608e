"""``snippets.py``: run every fenced block of Markdown pages and say what became of each."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ..about import command
from ..report.findings import FORMATS
from ..snippets.running.interpreters import Interpreters
from . import common

_EXAMPLES = """\
examples:
  %(prog)s                              run the pages named in pyproject.toml
  %(prog)s docs/ README.md              run these
  %(prog)s --select docs/a.md:42        only the block at line 42 (and what it continues)
  %(prog)s --update docs/               write the real outputs and SQL into the pages
  %(prog)s --audit                      report norun blocks that could run
  %(prog)s --format json | jq .summary

It runs the blocks with all rights of your user. So run it only on pages that you trust.

settings in pyproject.toml, for docs that were not written for this command
(FIND "harness settings" has all of them):
  [tool.tortoise-dev.snippets]
  chain = "page"                   blocks of a page share one namespace
  prelude = "docs/prelude.py"      a file that runs before each block (with chain: once for each page)
  languages = {tree = "text"}      your name for a language, and its real name
  ignore-attributes = ["exec"]     marks of other tools, which are ignored
  exclude = ["docs/changelog.md"]  pages that are not run

exit status: 0 all passed · 1 something failed or was not verified · 2 unusable input
             130, 143, 129: interrupted (SIGINT, SIGTERM, SIGHUP); blocks that had ended are reported"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="snippets")


def _run(options: argparse.Namespace) -> int:
    with Interpreters(_needed_at_once(options)) as interpreters:
        from .snippets_run import run  # it imports packages: --help needs none

        return run(options, interpreters)


def _needed_at_once(options: argparse.Namespace) -> int:
    """How many interpreters the run is likely to need."""
    if options.list:
        return 0
    workers: int = options.n
    return 1 if options.select else workers


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(
        prog,
        "Run every fenced block of Markdown pages, and say what became of each.",
        _EXAMPLES.replace("FIND", command("find")),
    )
    parser.add_argument("paths", nargs="*", metavar="PATH", help="pages, or folders of pages")
    parser.add_argument(
        "--db",
        action="append",
        metavar="URL",
        help="run the blocks on this database; may be given several times",
    )
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="PAGE[:LINE]",
        help="run only the blocks of this page, or only the block at this line",
    )
    parser.add_argument(
        "--language", action="append", default=[], metavar="LANG", help="run only blocks of this language"
    )
    parser.add_argument(
        "--databases-only",
        action="store_true",
        help="leave out blocks that run once on any database, where an earlier run had them",
    )
    parser.add_argument("--list", action="store_true", help="list the blocks, and run nothing")
    parser.add_argument(
        "--update",
        action="store_true",
        help="write the real output, SQL and answers of prompts into the pages, where they differ",
    )
    parser.add_argument(
        "--audit", action="store_true", help="also run blocks marked norun; report those that could run"
    )
    parser.add_argument(
        "--record",
        type=Path,
        metavar="DIR",
        help="write the output and SQL of each block to DIR, one file for each database",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
    parser.add_argument(
        "-n",
        type=common.whole_number(1, 256),
        default=os.cpu_count() or 1,
        metavar="N",
        help="how many blocks run at the same time (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
