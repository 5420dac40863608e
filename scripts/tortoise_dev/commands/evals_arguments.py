"""The arguments of ``evals.py``: what to do, and the options that each of the four heeds."""

from __future__ import annotations

import argparse
import os
from datetime import date
from pathlib import Path

from . import common
from .common import UnusableError

_EXAMPLES = """\
examples:
  %(prog)s prepare --runs 3                         a folder for each trial, with and without the skill
  %(prog)s run --agent 'claude -p {prompt}'         an assistant works in each folder
  %(prog)s grade                                    run what came out, and judge it
  %(prog)s report                                   benchmark.json, report.md, report.html
  %(prog)s prepare --task pay-once --workspace w    one task, in another workspace
  %(prog)s prepare --triggers --workspace t         messages that should load the skill, or should not
  %(prog)s report --update README.md                the page's section, from the records in evals/results

Without 'run' you can work by hand: do what prompt.md says in the folder outputs/ beside it, write your answer
to reply.md, then use 'grade'. Graders run the code that was written; no model is asked.

exit status: 0 done, everything passed · 1 a trial failed · 2 unusable input"""

VERBS = {
    "prepare": "make a working folder for each task, variant and run",
    "run": "run an assistant's command in each prepared folder",
    "grade": "judge what is in the folders",
    "report": "sum up the verdicts, as JSON, Markdown and HTML",
}
_OF_ALL = ("verb", "evals", "workspace", "task", "format")
_OPTIONS = {
    "prepare": ("runs", "variant", "triggers", "skills"),
    "run": ("agent", "timeout", "skills"),
    "grade": ("db", "skills"),
    "report": ("conditions", "date", "record", "update"),
}
"""What each of them heeds, besides the options of all."""


def evals_parser(prog: str | None) -> argparse.ArgumentParser:
    """The parser; ``prog`` is how the user called the command."""
    verbs = "\n".join(f"  {name:<8} {does}" for name, does in VERBS.items())
    parser = common.command_parser(
        prog,
        "Try an assistant on tasks, with and without the skill, and judge what it made.",
        f"what to do:\n{verbs}\n\n{_EXAMPLES}",
    )
    parser.add_argument("verb", choices=VERBS, metavar="{prepare,run,grade,report}", help="what to do")
    parser.add_argument(
        "--evals",
        type=Path,
        default=Path("evals"),
        metavar="DIR",
        help="the folder that holds evals.json (default: ./evals)",
    )
    parser.add_argument(
        "--workspace",
        type=Path,
        metavar="DIR",
        help="the folder of the trials (default: NAME-workspace, beside the skill's folder)",
    )
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="NAME",
        help="only this task; may be given several times",
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    _add_options_of_prepare(parser)
    _add_options_of_run(parser)
    _add_options_of_grade(parser)
    _add_options_of_report(parser)
    return parser


def _add_options_of_prepare(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("prepare (run and grade take --skills, too)")
    group.add_argument(
        "--runs",
        type=common.whole_number(1),
        default=1,
        metavar="N",
        help="how often each task is tried (default: 1)",
    )
    group.add_argument(
        "--variant",
        action="append",
        choices=("with_skill", "without_skill"),
        metavar="VARIANT",
        help="with_skill or without_skill (default: both)",
    )
    group.add_argument(
        "--triggers",
        action="store_true",
        help="try the messages of triggers.json instead of tasks, with the skill",
    )
    group.add_argument(
        "--skills",
        default=".claude/skills",
        metavar="DIR",
        help="where the assistant looks for skills (default: .claude/skills)",
    )


def _add_options_of_run(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("run")
    group.add_argument(
        "--agent",
        metavar="COMMAND",
        help="starts the assistant; {prompt} stands for the prompt, else it is sent to stdin",
    )
    group.add_argument(
        "--timeout",
        type=common.whole_number(1),
        default=1800,
        metavar="SECONDS",
        help="the longest time of one trial (default: 1800)",
    )


def _add_options_of_grade(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("grade")
    group.add_argument(
        "--db",
        default=os.environ.get("TORTOISE_DEV_POSTGRES"),
        metavar="URL",
        help="a PostgreSQL server for graders that use one (default: $TORTOISE_DEV_POSTGRES)",
    )


def _add_options_of_report(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("report")
    group.add_argument(
        "--conditions", default="", metavar="TEXT", help="which assistant and model worked, and how"
    )
    group.add_argument(
        "--date", default=date.today().isoformat(), metavar="DATE", help="when it worked (default: today)"
    )
    group.add_argument("--record", type=Path, metavar="FILE", help="write the record to this file, too")
    group.add_argument(
        "--update",
        type=Path,
        metavar="PAGE",
        help="write only the section on evaluations of this page, from the records in DIR/results/",
    )


def refuse_senseless(options: argparse.Namespace) -> None:
    """Raises UnusableError for an option that the verb, or another option, would leave unheeded."""
    common.refuse_besides(options, options.verb, *_OF_ALL, *_OPTIONS[options.verb])
    if options.triggers and options.variant:
        raise UnusableError("--triggers makes trials with the skill alone: leave out --variant")
    if options.update is not None:
        reason = "--update writes a page from the records in the folder of --evals"
        common.refuse_besides(options, reason, "verb", "evals", "workspace", "update")
