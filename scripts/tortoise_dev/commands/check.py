"""``check.py``: which rules a project breaks, and the repair of those that can be repaired safely.

What only some options need is imported where they are read: most runs are on one file, and short.
"""

from __future__ import annotations

import argparse
import os
import sys
from codecs import BOM_UTF8
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.project import Project
from ..analysis.source import SourceFile
from ..atomic_write import write_atomically
from ..report.counted import counted
from ..report.findings import FORMATS
from ..report.paths import shown_path
from ..rules import RULES
from ..rules.docs import list_of_rules, page_of_all, page_of_rule
from ..rules.fixing import fixed_texts
from . import common
from .check_report import Outcome, render, statistics
from .check_run import Run, near_code
from .common import UnusableError, show, tell
from .newer_release import notice

if TYPE_CHECKING:
    from ..rules.baseline import Baseline
    from .check_against import Known

_PASSES = 5
"""How often files are repaired anew: some fixes wait for others."""

_EXAMPLES = """\
examples:
  %(prog)s                                the project in the current folder
  %(prog)s apps/ main.py                  judge these; the rest of the project is read for base classes
  %(prog)s --select TD0 --ignore TD002    only the five hard rules, except TD002
  %(prog)s --select TD1                   only bugs
  %(prog)s --fix                          repair what is safe; --diff only shows it
  %(prog)s --fix --unsafe-fixes           also repairs that change what the code does, such as await
  %(prog)s --explain TD106,TD132          what these rules say, and why
  %(prog)s --rules                        all rules, a line each
  %(prog)s --preview                      also the rules that are new
  %(prog)s --baseline known.json          first run: record; later: fail on new findings only
  %(prog)s --against main                 fail on findings that the branch main does not have
  %(prog)s --format json | jq .violations

Tests are left out unless a path names them. Migrations are judged only by TD2xx.
`# noqa: TD003` suppresses a finding on the same line.

exit status: 0 clean · 1 findings · 2 unusable input"""


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    if options.explain is not None:
        common.refuse_besides(options, "--explain prints pages of rules", "explain")
        show(_explanation(options.explain))
        return 0
    if options.rules:
        common.refuse_besides(options, "--rules lists all rules, as text or JSON", "rules", "format")
        show(_list_of_rules(options.format))
        return 0
    _refuse_senseless(options)
    here = Path.cwd()
    try:
        return _check(options, here)
    except FileNotFoundError as error:
        raise UnusableError(f"{shown_path(Path(str(error)), here)}: no such file or folder") from None


def _check(options: argparse.Namespace, here: Path) -> int:
    stdin = _stdin_file(options, here)
    named = options.paths or ["."] if stdin is None else [options.stdin_filename or "stdin.py"]
    paths = [_absolute(path, here, options) for path in named]
    run = Run(here, options)
    known = _known_at_commit(run, paths)
    if known is not None:
        run.released = known.files
    project, violations = run.judge(paths, stdin)
    outcome = Outcome(project, violations, here, options.prog, _as_given(paths, named, here))
    outcome.errors = [
        (outcome.shown(path), error.line, str(error)) for path, error in sorted(project.problems.items())
    ]
    if not project.judged and not any(_lies_in(file.path, paths) for file in project.files.values()):
        tell(f"{options.prog}: no Python files in {' '.join(options.paths) or '.'}: nothing was checked")
    if options.diff or options.fix or options.unsafe_fixes:
        texts = fixed_texts(project, violations, unsafe=options.unsafe_fixes)
        if options.diff:
            show(_diff(project, texts, common.base_of_diff(texts, here)), end="")
            _tell(outcome, f"{counted(len(texts), 'file')} would be changed")
            return 2 if outcome.errors else 1 if texts else 0
        if stdin is not None:
            show(texts.get(stdin.path, stdin.text), end="")
            return 2 if outcome.errors else 0
        _fix(outcome, run, paths, texts)
    if known is not None:
        _apply_commit(outcome, run, known)
    if options.baseline is not None:
        _apply_baseline(outcome, Path(options.baseline))
    show((statistics if options.statistics else render)(outcome, options.format))
    return outcome.exit_code()


def _lies_in(file: Path, paths: Sequence[Path]) -> bool:
    return any(file.is_relative_to(path) for path in paths)


def _refuse_senseless(options: argparse.Namespace) -> None:
    """Raises UnusableError for options of which one would be ignored."""
    judging = ("paths", "stdin_filename", "select", "ignore", "preview", "fix", "unsafe_fixes")
    if options.diff:
        common.refuse_besides(options, "--diff shows repairs and no findings", "diff", *judging)
    elif (options.fix or options.unsafe_fixes) and _is_stdin(options):
        common.refuse_besides(options, "of standard input the repaired text is printed", *judging)
    if options.statistics and options.format not in ("text", "json"):
        raise UnusableError("--statistics prints text or JSON: leave out --format, or use --format json")
    if options.against and options.baseline:
        raise UnusableError("--against and --baseline both say which findings are known: leave out one")


def _list_of_rules(form: str) -> str:
    if form == "text":
        return list_of_rules()
    if form != "json":
        raise UnusableError(f"--rules lists all rules, as text or JSON: leave out --format {form}")
    from ..report.findings import to_json  # rare, and most runs are short
    from ..rules.docs import table_of_rules

    return to_json({"version": 1, "rules": table_of_rules()})


def _explanation(codes: str) -> str:
    if codes.lower() == "all":
        return page_of_all()
    return "\n\n".join(_page(code.strip()) for code in codes.split(","))


def _page(code: str) -> str:
    rule = RULES.get(code.upper()) or next((r for r in RULES.values() if r.name == code.lower()), None)
    if rule is None:
        names = [rule.name for rule in RULES.values()]
        hint = near_code(code) or common.did_you_mean(code.lower(), names) or "; --rules lists all"
        raise UnusableError(f"--explain {code}: no such rule{hint}")
    return page_of_rule(rule)


def _is_stdin(options: argparse.Namespace) -> bool:
    return options.stdin_filename is not None or "-" in options.paths


def _stdin_file(options: argparse.Namespace, here: Path) -> SourceFile | None:
    if not _is_stdin(options):
        return None
    if options.paths not in ([], ["-"]):
        raise UnusableError("the source comes from standard input: give no paths beside it")
    path = _absolute(options.stdin_filename or "stdin.py", here, options)
    if path.is_dir():
        raise UnusableError(f"--stdin-filename {options.stdin_filename}: is a folder: name a file")
    return SourceFile(path, sys.stdin.buffer.read())


def _fix(outcome: Outcome, run: Run, paths: Sequence[Path], texts: Mapping[Path, str]) -> None:
    """Write what is repaired, and judge again, until nothing more can be: some fixes wait for others."""
    written: set[Path] = set()
    for _ in range(_PASSES):
        done = _write(outcome, texts)
        written |= done
        if not done:
            break
        outcome.project, outcome.violations = run.judge(paths, None)
        texts = fixed_texts(outcome.project, outcome.violations, unsafe=run.arguments.unsafe_fixes)
    outcome.fixed = len(written)


def _write(outcome: Outcome, texts: Mapping[Path, str]) -> set[Path]:
    written: set[Path] = set()
    for path, text in texts.items():
        try:
            replace_text(outcome.project.files[str(path)], text)
            written.add(path)
        except OSError as error:
            message = f"cannot be written: {error.strerror or error}"
            outcome.errors.append((outcome.shown(path), 1, message))
    return written


def replace_text(file: SourceFile, text: str) -> None:
    """Write a file anew, in its own encoding and with the byte order mark that it had. Raises OSError."""
    data = text.encode(file.encoding)
    if file.data.startswith(BOM_UTF8) and not data.startswith(BOM_UTF8):
        data = BOM_UTF8 + data
    write_atomically(file.path, data, old=file.data)


def _diff(project: Project, texts: Mapping[Path, str], base: Path) -> str:
    from ..report.diffs import unified_diff

    diffs = []
    for path in sorted(texts):
        file = project.files[str(path)]
        mark = "\ufeff" if file.data.startswith(BOM_UTF8) else ""
        diffs.append(unified_diff(mark + file.text, mark + texts[path], shown_path(path, base)))
    return "".join(diffs)


def _known_at_commit(run: Run, paths: Sequence[Path]) -> Known | None:
    """What the commit of ``--against`` has; None without it. Raises UnusableError."""
    if run.arguments.against is None:
        return None
    from .check_against import known_at

    return known_at(run.arguments.against, run.here, run.arguments, paths)


def _apply_commit(outcome: Outcome, run: Run, known: Known) -> None:
    """Drop what a commit was reported for, too; add its migrations that were edited."""
    from ..rules.edited_migrations import changed
    from .check_against import folders_begun

    for folder, tables in folders_begun(outcome.project, known).items():
        names = ", ".join(tables[:3]) + (" …" if len(tables) > 3 else "")
        tell(
            f"{outcome.prog}: {run.arguments.against} has no file of {outcome.shown(folder)}, so "
            f"its tables ({names}) count as new, and TD206 reports no step that blocks them. If a database "
            "has these tables, commit the first file alone, and check again"
        )
    outcome.known_by = run.arguments.against
    _leave_out(outcome, known.findings)
    edited = changed(outcome.project, known.migrations)
    outcome.violations += [one for one in edited if "TD210" in run.enabled(one.path)]


def _apply_baseline(outcome: Outcome, file: Path) -> None:
    """Record all findings if there is no such file yet; else drop those that it has."""
    from ..rules.baseline import Baseline, BaselineError

    try:
        if not file.exists():
            Baseline.of(outcome.violations, file.absolute().parent).write(file)
            found = counted(len(outcome.violations), "finding")
            _tell(outcome, f"recorded {found} in {file}: from now on only new ones fail")
            outcome.known, outcome.violations = len(outcome.violations), []
            return
        baseline = Baseline.read(file)
    except BaselineError as error:
        raise UnusableError(str(error)) from None
    older = notice(baseline.tool, f"and {file} was recorded by")
    if older is not None:
        tell(f"{outcome.prog}: {older}")
    gone = baseline.gone(outcome.violations, outcome.project.judged)
    if gone:
        told = f"{counted(gone, 'recorded finding')} not found any more"
        _tell(outcome, f"{told}: to record again, delete {file} and check the whole project")
    _leave_out(outcome, baseline)


def _leave_out(outcome: Outcome, known: Baseline) -> None:
    """Drop the findings that are known."""
    new = known.new_ones(outcome.violations)
    outcome.known = len(outcome.violations) - len(new)
    outcome.violations = new


def _tell(outcome: Outcome, message: str) -> None:
    for path, line, text in outcome.errors:
        tell(f"{path}:{line}: error: {text}")
    tell(f"{outcome.prog}: {message}")


def _absolute(path: str, here: Path, options: argparse.Namespace) -> Path:
    """The path from the root, without ``..``. Links in it stay, except with ``--against``: git knows a file
    by its place in the repository.
    """
    return Path((os.path.realpath if options.against else os.path.normpath)(here / path))


def _as_given(paths: Sequence[Path], named: Sequence[str], here: Path) -> dict[Path, Path]:
    """By the place of a path the path that the user named, where a link leads from one to the other."""
    given = {path: Path(os.path.normpath(here / name)) for path, name in zip(paths, named, strict=True)}
    return {path: name for path, name in given.items() if os.path.realpath(name) == str(path) != str(name)}


def _parser(prog: str | None) -> argparse.ArgumentParser:
    parser = common.command_parser(
        prog,
        "Check a project that uses Tortoise ORM against the rules. Nothing of it is executed.",
        _EXAMPLES,
    )
    parser.add_argument(
        "paths", nargs="*", metavar="PATH", help="files and folders (default: the current folder)"
    )
    parser.add_argument(
        "--fix", action="store_true", help="repair what can be repaired safely (TD003, TD004, TD100, TD111)"
    )
    parser.add_argument(
        "--unsafe-fixes",
        action="store_true",
        help="--fix, and also repair what changes the code's effect (TD006, TD106, TD114, TD115, TD124)",
    )
    parser.add_argument("--diff", action="store_true", help="show what --fix would change, and write nothing")
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="RULES",
        help="report only these rules: TD003 is one rule, TD1 is each rule whose code begins so",
    )
    parser.add_argument(
        "--ignore", action="append", default=[], metavar="RULES", help="report all rules except these"
    )
    parser.add_argument(
        "--preview", action="store_true", help="also report the new rules, which may raise false alarms"
    )
    parser.add_argument("--rules", action="store_true", help="list all rules, as text or JSON")
    parser.add_argument(
        "--explain",
        metavar="RULES",
        help="print the page of each rule (TD105,TD132); 'all' prints a short page of all rules",
    )
    parser.add_argument("--format", choices=FORMATS, default="text", help="how to print (default: text)")
    parser.add_argument(
        "--statistics",
        action="store_true",
        help="print how many findings each rule has, instead of the findings",
    )
    parser.add_argument(
        "--baseline", metavar="FILE", help="fail only on findings that FILE lacks; the first run writes FILE"
    )
    parser.add_argument(
        "--against", metavar="REF", help="fail only on findings that the files of this commit do not have"
    )
    parser.add_argument(
        "--stdin-filename", metavar="PATH", help="check standard input ('-') as if it were this file"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
