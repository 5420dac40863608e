"""``tortoise-dev COMMAND …``: one program for all commands, each of which is a module beside this one."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence

from . import common

COMMANDS = {
    "check": ("check", "find where a project breaks the rules"),
    "snippets": ("snippets", "run every fenced block of Markdown pages"),
    "scaffold": ("scaffold", "write a new project, a sub-application or a model"),
    "split": ("split", "split a models.py into a package, one file for each model"),
    "plan-deploy": ("plan_deploy", "find deployment manifests without a migration step, and draft one"),
    "find": ("find", "print the few sections of the handbook that answer a question"),
    "handbook": ("handbook", "find in the handbook, or build and serve it as a website"),
    "evals": ("evals", "try an assistant on tasks, with and without the skill"),
}
"""Name -> module beside this one, whose ``main`` is called, and what it does."""

_EXAMPLES = """\
examples:
  %(prog)s check                the project in the current folder
  %(prog)s snippets docs/       every block of the pages in docs/
  %(prog)s check --help         all that check can do"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that the first argument names; returns its exit status."""
    return run_one_of(COMMANDS, "Tools for projects that use Tortoise ORM.", _EXAMPLES, arguments, None)


def run_one_of(
    commands: Mapping[str, tuple[str, str]],
    description: str,
    examples: str,
    arguments: Sequence[str] | None,
    prog: str | None,
) -> int:
    """Run the one of several commands that the first argument names; returns its exit status."""

    def run(options: argparse.Namespace) -> int:
        module = importlib.import_module(f".{commands[options.command][0]}", __package__)
        status: int = module.main(options.arguments, prog=f"{options.prog} {options.command}")
        return status

    return common.run(_parser(commands, description, examples, prog), run, arguments)


def _parser(
    commands: Mapping[str, tuple[str, str]], description: str, examples: str, prog: str | None
) -> argparse.ArgumentParser:
    width = max(map(len, commands))
    listing = "\n".join(f"  {name:<{width}}  {does}" for name, (_, does) in commands.items())
    parser = common.command_parser(prog, description, f"commands:\n{listing}\n\n{examples}")
    parser.add_argument("command", choices=commands, metavar="COMMAND", help="one of the commands below")
    rest = parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, metavar="...", help="the command's own arguments"
    )
    rest.required = False  # or argparse names it, too, where COMMAND is missing
    return parser


if __name__ == "__main__":
    sys.exit(main())
