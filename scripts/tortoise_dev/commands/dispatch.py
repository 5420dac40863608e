"""``tortoise-dev COMMAND …``: one program for all commands, each of which is a module beside this one."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence

from . import common

COMMANDS = {
    "check": ("check", "find where a project breaks the rules"),
    "snippets": ("snippets", "run every fenced block of Markdown pages"),
}
"""Name -> module beside this one, whose ``main`` is called, and what it does."""

_EXAMPLES = """\
examples:
  %(prog)s check                the project in the current folder
  %(prog)s snippets docs/       every block of the pages in docs/
  %(prog)s check --help         all that check can do"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; returns its exit status."""
    return common.run(_parser(), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    module = importlib.import_module(f".{COMMANDS[options.command][0]}", __package__)
    status: int = module.main(options.arguments, prog=f"{options.prog} {options.command}")
    return status


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    commands = "\n".join(f"  {name:<{width}}  {does}" for name, (_, does) in COMMANDS.items())
    parser = common.command_parser(
        None, "Tools for projects that use Tortoise ORM.", f"commands:\n{commands}\n\n{_EXAMPLES}"
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help="one of the commands below")
    rest = parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="the command's own arguments"
    )
    rest.required = False  # or argparse names it, too, where COMMAND is missing
    return parser


if __name__ == "__main__":
    sys.exit(main())
