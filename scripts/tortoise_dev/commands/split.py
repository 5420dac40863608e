"""``split_models.py``: a models.py becomes a package, one file for each model."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..report.findings import to_json
from ..report.paths import shown_path
from . import common
from .common import UnusableError, show, tell

if TYPE_CHECKING:
    from ..analysis.project import Project
    from ..refactor.plan import SplitPlan
    from ..refactor.proof import Proof
    from ..refactor.refusals import Refusal
    from ..refactor.writing import Change

_PATIENCE = 30
"""Seconds for an interpreter on PATH to import Tortoise."""

_EXAMPLES = """\
examples:
  %(prog)s --dry-run apps/billing/models.py   show the new files as diffs, change nothing
  %(prog)s apps/billing/models.py             write apps/billing/models/, remove models.py
  %(prog)s --no-base apps/billing/models.py   move the classes only: no Base classes, no order of members

The new package has a file for each model with its Base class, and re-exports every name that models.py had.
Before anything is written, the command proves that nothing changes. It copies the project to a temporary
folder. There it imports the models with the project's interpreter and settings, before and after the split.
So it RUNS THE PROJECT'S CODE, as starting the application does. It opens no database. DDL, descriptions of
models and JSON schemas must be the same, or it writes nothing and shows the difference.
DDL is compared for the databases that the settings name. Notes say what was not compared, and what to do.

exit status: 0 done, or nothing to do · 1 refused, or (--dry-run) there are changes · 2 unreadable input"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments, extra="refactor")


def _run(options: argparse.Namespace) -> int:
    from ..refactor.refusals import RefusedError

    path = Path(os.path.abspath(options.path))  # noqa: PTH100 - a link stays a link
    here = Path.cwd()
    package = path.with_suffix("")
    asked = path.suffix == ".py" or path.name == "models"
    if asked and not path.is_file() and (package / "__init__.py").is_file():
        return _report(options, here, [], [f"nothing to do: {options.path.with_suffix('')} is a package"])
    if not path.is_file():
        problem = "is a folder" if path.is_dir() else "no such file"
        raise UnusableError(f"{options.path}: {problem}; name a models.py")
    try:
        plan, changes = _planned(path, here, options)
    except RefusedError as error:
        return _report_refusals(options, error.refusals)
    if not options.dry_run:
        from ..refactor.writing import apply

        apply(plan)
    return _report(options, here, changes, plan.notes)


def _planned(path: Path, here: Path, options: argparse.Namespace) -> tuple[SplitPlan, list[Change]]:
    """The plan, proved. Raises RefusedError."""
    import libcst

    from ..analysis.project import load_project
    from ..analysis.source import UnreadableError
    from ..refactor.plan import plan_split
    from ..refactor.unchecked import unchecked
    from ..refactor.writing import changes_of
    from ..rule_settings import SettingsByFolder

    settings = SettingsByFolder()
    project = load_project([path], here=here, extra_bases=lambda one: settings.of(one).extra_model_bases)
    if not project.judged:
        raise UnusableError(f"{options.path}: belongs to an installed skill: copy it to your project first")
    try:
        plan = plan_split(path, project, with_base=not options.no_base)
    except UnreadableError as error:
        raise UnusableError(f"{options.path}:{error.line}: {error}") from None
    except libcst.ParserSyntaxError as error:
        raise UnusableError(f"{options.path}:{error.raw_line}: {error.message}") from None
    shows_diff = options.dry_run or options.format == "json"
    changes = changes_of(plan, common.base_of_diff([plan.module], here) if shows_diff else here)
    named = _interpreter(options.python, project.root)
    proof, python = _proved(plan, project, named)
    not_proved = unchecked(proof, project, python, was_found=named is not None)
    plan.notes[:0] = [*proof.notes(), *plan.passed_on, *not_proved]
    return plan, changes


def _proved(plan: SplitPlan, project: Project, named: str | None) -> tuple[Proof, str]:
    """The proof, and the interpreter that made it. Raises RefusedError.

    `uv run` gives a script its own environment, which lacks the project's packages. So where no interpreter
    is named, each one is tried until one can import the project.
    """
    from ..refactor.proof import prove
    from ..refactor.refusals import RefusedError, refused

    failed: list[Refusal] = []
    for python in [named] if named is not None else _interpreters():
        try:
            return prove(plan, project, python), python
        except RefusedError as error:
            failed += error.refusals
            if named is not None or error.refusals[0].code != "not-importable":
                raise
    remedy = "Pass the interpreter that has the project's packages, as in --python $(which python)"
    raise refused(failed[0].code, failed[0].line, f"{failed[0].message}. {remedy}")


def _interpreters() -> Iterator[str]:
    """The running interpreter, then the others on PATH that have Tortoise."""
    yield sys.executable
    tried = {os.path.abspath(sys.executable)}  # noqa: PTH100 - a link is an environment's own
    for folder in os.get_exec_path():
        for name in ("python", "python3"):
            found = shutil.which(name, path=folder)
            python = os.path.abspath(found) if found else ""  # noqa: PTH100
            if python and python not in tried and _has_tortoise(python):
                yield python
            tried.add(python)


def _has_tortoise(python: str) -> bool:
    asked = [python, "-c", "import tortoise"]
    try:
        return subprocess.run(asked, capture_output=True, timeout=_PATIENCE, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _interpreter(wanted: str | None, root: Path) -> str | None:
    """The interpreter that was named; else that of the project's .venv, if there is one."""
    if wanted is not None:
        found = shutil.which(wanted)
        return os.path.abspath(found) if found else wanted  # noqa: PTH100 - a link is an environment's own
    for place in (root / ".venv" / "bin" / "python", root / ".venv" / "Scripts" / "python.exe"):
        if place.exists():
            return str(place)
    return None


def _report(options: argparse.Namespace, here: Path, changes: Sequence[Change], notes: Sequence[str]) -> int:
    if options.format == "json":
        entries = [
            {"path": shown_path(one.path, here), "action": one.action, "diff": one.diff} for one in changes
        ]
        show(to_json({"version": 1, "files": entries, "refused": [], "notes": list(notes)}))
    else:
        if options.dry_run:
            show("".join(one.diff for one in changes if one.action != "delete"), end="")
            show(
                "\n".join(
                    f"deletes {shown_path(one.path, here)}" for one in changes if one.action == "delete"
                )
            )
        else:
            show("\n".join(f"{one.action}d {shown_path(one.path, here)}" for one in changes))
        for note in notes:
            tell(f"note: {note}")
    return 1 if options.dry_run and changes else 0


def _report_refusals(options: argparse.Namespace, refusals: Sequence[Refusal]) -> int:
    path = options.path.as_posix()
    if options.format == "json":
        entries = [
            {"code": one.code, "path": path, "line": one.line, "message": one.message} for one in refusals
        ]
        show(to_json({"version": 1, "files": [], "refused": entries, "notes": []}))
    else:
        show("\n".join(f"{path}:{one.line}: {one.code}: {one.message}" for one in refusals))
    return 1


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(
        prog,
        "Split a models.py into a package with one file for each model, and prove that nothing changes.",
        _EXAMPLES,
    )
    parser.add_argument("path", type=Path, metavar="PATH", help="the models.py to split")
    parser.add_argument("--no-base", action="store_true", help="only move the classes: write no Base classes")
    parser.add_argument(
        "--dry-run", action="store_true", help="print the new files as diffs, and write nothing"
    )
    parser.add_argument(
        "--format", choices=("text", "json"), default="text", help="how to print (default: text)"
    )
    parser.add_argument(
        "--python",
        metavar="PATH",
        help="the interpreter that imports the project (default: that of its .venv, else the running one, "
        "else the first on PATH that can)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
