"""``check.py``: which rules a project breaks, and the repair of those that can be repaired safely."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .. import __version__
from ..analysis.project import Project, load_project
from ..analysis.source import SourceFile, shown
from ..report.findings import FORMATS, Finding, to_github, to_json, to_sarif
from ..report.progress import Progress
from ..rules import RULES
from ..rules.base import RuleOptions
from ..rules.baseline import Baseline, BaselineError
from ..rules.docs import list_of_rules, page_of_all, page_of_rule
from ..rules.engine import Violation, violations_of
from ..rules.fixing import fixed_texts
from ..settings import RuleSettings, SettingsByFolder
from . import common
from .common import UnusableError, show, tell

_EXAMPLES = """\
examples:
  %(prog)s                                the project in the current folder
  %(prog)s apps/ main.py                  these; bases are still found in the rest of the project
  %(prog)s --select TD0 --ignore TD002    only the hard rules, without one
  %(prog)s --fix                          move misplaced members; --diff only shows it
  %(prog)s --explain TD106                what a rule says, and why
  %(prog)s --rules                        all rules, a line each
  %(prog)s --preview                      also the rules that are new
  %(prog)s --baseline known.json          first run: record; later: fail on new findings only
  %(prog)s --format json | jq .violations

Tests and migrations are left out unless a path names them. `# noqa: TD003` suppresses a finding on its line.

exit status: 0 clean · 1 findings · 2 unusable input"""


@dataclass
class Outcome:
    """What a run has to say."""

    project: Project
    violations: list[Violation]
    base: Path
    prog: str
    fixed: int = 0
    known: int = 0
    errors: list[tuple[str, int, str]] = field(default_factory=list)

    @property
    def files(self) -> int:
        """How many files were looked at."""
        return len({*self.project.judged, *self.project.problems})

    @property
    def models(self) -> int:
        """How many models, abstract ones too, they define."""
        models = self.project.models
        return sum(len(models.of(module)) for module in self.project.modules)

    def exit_code(self) -> int:
        """The command's exit status."""
        return 2 if self.errors else 1 if self.violations else 0


def main(arguments: Sequence[str] | None = None, prog: str | None = None) -> int:
    """Run the command, which the user called ``prog``; returns its exit status."""
    return common.run(_parser(prog), _run, arguments)


def _run(options: argparse.Namespace) -> int:
    if options.explain is not None:
        show(_explanation(options.explain))
        return 0
    if options.rules:
        show(list_of_rules())
        return 0
    here = Path.cwd()
    try:
        return _check(options, here)
    except BaselineError as error:
        raise UnusableError(str(error)) from None
    except FileNotFoundError as error:
        raise UnusableError(f"{error}: no such file or folder") from None


def _check(options: argparse.Namespace, here: Path) -> int:
    stdin = _stdin_file(options, here)
    paths = [stdin.path] if stdin is not None else [_absolute(Path(p), here) for p in options.paths or ["."]]
    run = _Run(here, SettingsByFolder(), options)
    project, violations = run.judge(paths, stdin)
    outcome = Outcome(project, violations, here, options.prog)
    outcome.errors = [
        (shown(path, here), error.line, str(error)) for path, error in sorted(project.problems.items())
    ]
    if options.diff or options.fix:
        texts = fixed_texts(project, violations)
        if options.diff:
            show(_diff(project, texts, here))
            _tell(outcome, f"{len(texts)} file{_s(len(texts))} would be changed")
            return 2 if outcome.errors else 1 if texts else 0
        if stdin is not None:
            show(texts.get(stdin.path, stdin.text), end="")
            return 2 if outcome.errors else 0
        _write(outcome, texts)
        if texts:
            outcome.project, outcome.violations = run.judge(paths, None)
    if options.baseline is not None:
        _apply_baseline(outcome, Path(options.baseline))
    show(_statistics(outcome) if options.statistics else render(outcome, options.format))
    return outcome.exit_code()


class _Run:
    """What one run goes by: the folder that it runs in, its arguments, the settings of each file."""

    def __init__(self, here: Path, settings: SettingsByFolder, arguments: argparse.Namespace) -> None:
        self.here = here
        self.settings = settings
        self.arguments = arguments
        self._selected: dict[Path, frozenset[str]] = {}

    def judge(self, paths: Sequence[Path], stdin: SourceFile | None) -> tuple[Project, list[Violation]]:
        """Read the project and apply the rules, with a bar on a terminal."""
        of = self.settings.of
        self.rules_of(of(paths[0] / "module.py" if paths[0].is_dir() else paths[0]))  # refuses wrong codes
        project = load_project(
            paths,
            here=self.here,
            extra_bases=lambda path: of(path).extra_model_bases,
            excluded=lambda path: of(path).is_excluded(path),
            instead=stdin,
        )
        progress = Progress(len(project.judged))
        found = violations_of(
            project,
            self.enabled,
            lambda path: RuleOptions(of(path).any_interface, of(path).tortoise_version),
            lambda path: progress.advance(shown(path, self.here)),
        )
        progress.clear()
        return project, found

    def enabled(self, path: Path) -> frozenset[str]:
        """The rules that count for a file: the command line's selection goes before the settings'."""
        settings = self.settings.of(path)
        return self.rules_of(settings) - _matching(settings.ignored_in(path))

    def rules_of(self, settings: RuleSettings) -> frozenset[str]:
        """The rules that count where settings hold, without those for single files. Raises UnusableError."""
        if settings.root not in self._selected:
            self._selected[settings.root] = _selected(self.arguments, settings)
        return self._selected[settings.root]


def render(outcome: Outcome, form: str) -> str:
    """The outcome as text, json, sarif or github."""
    if form == "json":
        return to_json(_document(outcome))
    if form == "text":
        return _text(outcome)
    findings = [
        Finding(shown(v.path, outcome.base), v.line, v.rule, f"{v.message} ({v.name})", column=v.column)
        for v in outcome.violations
    ]
    findings += [Finding(path, line, "TD-input", message) for path, line, message in outcome.errors]
    if form == "github":
        return to_github(findings)
    rules = {code: rule.summary for code, rule in RULES.items()}
    return to_sarif(
        findings, "tortoise-dev check", __version__, {**rules, "TD-input": "A file cannot be checked."}
    )


def _document(outcome: Outcome) -> Mapping[str, object]:
    return {
        "version": 1,
        "files": outcome.files,
        "models": outcome.models,
        "violations": [
            {
                "path": shown(v.path, outcome.base),
                "line": v.line,
                "column": v.column,
                "rule": v.rule,
                "name": v.name,
                "message": v.message,
                "fixable": v.fixable,
            }
            for v in outcome.violations
        ],
        "errors": [
            {"path": path, "line": line, "message": message} for path, line, message in outcome.errors
        ],
    }


def _text(outcome: Outcome) -> str:
    lines = [
        f"{shown(v.path, outcome.base)}:{v.line}:{v.column}: {v.rule} {v.message}"
        + (" [fixable]" if v.fixable else "")
        for v in outcome.violations
    ]
    lines += [f"{path}:{line}: error: {message}" for path, line, message in outcome.errors]
    return "\n".join([*lines, _summary(outcome)])


def _summary(outcome: Outcome) -> str:
    count = len(outcome.violations)
    text = f"{outcome.files} file{_s(outcome.files)}, {outcome.models} model{_s(outcome.models)}: "
    text += f"{count} finding{_s(count)}" if count else "no findings"
    if outcome.known:
        text += f" beyond the {outcome.known} in the baseline"
    if outcome.fixed:
        text += f", {outcome.fixed} file{_s(outcome.fixed)} fixed"
    fixable = sum(v.fixable for v in outcome.violations)
    if fixable:
        text += f" ({fixable} fixable with --fix)"
    if outcome.errors:
        text += f", {len(outcome.errors)} file{_s(len(outcome.errors))} could not be checked"
    return text


def _statistics(outcome: Outcome) -> str:
    counts = Counter(v.rule for v in outcome.violations)
    fixable = Counter(v.rule for v in outcome.violations if v.fixable)
    lines = [
        f"{count:6} {code} {RULES[code].name}" + (f" ({fixable[code]} fixable)" if fixable[code] else "")
        for code, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    ]
    lines += [f"{path}:{line}: error: {message}" for path, line, message in outcome.errors]
    return "\n".join([*lines, _summary(outcome)])


def _explanation(code: str) -> str:
    if code.lower() == "all":
        return page_of_all()
    rule = RULES.get(code.upper()) or next((r for r in RULES.values() if r.name == code.lower()), None)
    if rule is None:
        raise UnusableError(f"--explain {code}: no such rule; known are {', '.join(RULES)}, all")
    return page_of_rule(rule)


def _selected(options: argparse.Namespace, settings: RuleSettings) -> frozenset[str]:
    select = _codes("--select", options.select) or settings.select
    ignore = (*_codes("--ignore", options.ignore), *settings.ignore)
    named = {"select": select, "ignore": ignore}
    named |= {f"per-file-ignores {pattern}": codes for pattern, codes in settings.per_file_ignores.items()}
    for where, codes in named.items():
        for code in codes:
            if not any(known.startswith(code.upper()) for known in RULES):
                raise UnusableError(
                    f"{where}: {code} is no rule and no beginning of one; known are {', '.join(RULES)}"
                )
    chosen = _matching(select) if select else frozenset(RULES)
    if not (options.preview or settings.preview):
        asleep = {code for code in chosen if RULES[code].preview} - {code.upper() for code in select}
        if select and asleep == chosen:
            tell(f"{options.prog}: {', '.join(select)} selects only rules in preview: add --preview")
        chosen -= asleep
    return chosen - _matching(ignore)


def _codes(option: str, values: Iterable[str]) -> tuple[str, ...]:
    codes = tuple(code.strip() for value in values for code in value.split(","))
    if not all(codes):
        raise UnusableError(f"{option}: expected rules such as TD003 or TD1, separated by commas")
    return codes


def _matching(prefixes: Iterable[str]) -> frozenset[str]:
    wanted = tuple(prefix.upper() for prefix in prefixes)
    return frozenset(code for code in RULES if wanted and code.startswith(wanted))


def _stdin_file(options: argparse.Namespace, here: Path) -> SourceFile | None:
    if options.stdin_filename is None:
        return None
    if options.paths not in ([], ["-"]):
        raise UnusableError("--stdin-filename takes the source from standard input: give no paths beside it")
    return SourceFile(_absolute(Path(options.stdin_filename), here), sys.stdin.buffer.read())


def _write(outcome: Outcome, texts: Mapping[Path, str]) -> None:
    for path, text in texts.items():
        try:
            replace_text(outcome.project.files[str(path)], text)
            outcome.fixed += 1
        except OSError as error:
            message = f"cannot be written: {error.strerror or error}"
            outcome.errors.append((shown(path, outcome.base), 1, message))


def replace_text(file: SourceFile, text: str) -> None:
    """Write a file anew, in its own encoding and with the byte order mark that it had; all or nothing.

    Raises OSError.
    """
    data = text.encode(file.encoding)
    if file.data.startswith(b"\xef\xbb\xbf") and not data.startswith(b"\xef\xbb\xbf"):
        data = b"\xef\xbb\xbf" + data
    target = file.path.resolve()
    mode = target.stat().st_mode
    beside = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(data)
        beside.chmod(mode & 0o7777)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def _diff(project: Project, texts: Mapping[Path, str], base: Path) -> str:
    parts: list[str] = []
    for path in sorted(texts):
        name = shown(path, base)
        old, new = project.files[str(path)].lines, SourceFile(path, texts[path].encode()).lines
        for line in difflib.unified_diff(old, new, f"a/{name}", f"b/{name}"):
            text = line.rstrip("\r\n") if line.startswith(("---", "+++", "@@")) else line
            if text.endswith("\n"):
                parts.append(text[:-1])
            elif text is line:
                parts += [text, "\\ No newline at end of file"]
            else:
                parts.append(text)
    return "\n".join(parts)


def _apply_baseline(outcome: Outcome, file: Path) -> None:
    if not file.exists():
        Baseline.of(outcome.violations, file.absolute().parent).write(file)
        count = len(outcome.violations)
        _tell(outcome, f"recorded {count} finding{_s(count)} in {file}: from now on only new ones fail")
        outcome.known, outcome.violations = count, []
        return
    baseline = Baseline.read(file)
    gone = baseline.gone(outcome.violations, outcome.project.judged)
    if gone:
        told = f"{gone} recorded finding{_s(gone)} not found any more"
        _tell(outcome, f"{told}: to record anew, delete {file} and check the whole project")
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


def _absolute(path: Path, here: Path) -> Path:
    """The path from the root, without ``..``; links in it stay, so that reports show what was given."""
    return Path(os.path.normpath(here / path))


def _s(count: int) -> str:
    return "" if count == 1 else "s"


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
        "--fix", action="store_true", help="repair what can be repaired safely (TD003, TD004)"
    )
    parser.add_argument("--diff", action="store_true", help="show what --fix would change, write nothing")
    parser.add_argument(
        "--select",
        action="append",
        default=[],
        metavar="RULES",
        help="only these rules: TD003, or TD1 for all of a kind",
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="RULES", help="all but these rules")
    parser.add_argument(
        "--preview", action="store_true", help="also the rules whose precision is not shown yet"
    )
    parser.add_argument("--rules", action="store_true", help="list all rules: code, name, what each reports")
    parser.add_argument(
        "--explain", metavar="RULE", help="print a rule's page; 'all' prints all of them, in short"
    )
    parser.add_argument("--format", choices=FORMATS, default="text")
    parser.add_argument("--statistics", action="store_true", help="counts per rule instead of findings")
    parser.add_argument("--baseline", metavar="FILE", help="fail only on findings that FILE does not hold")
    parser.add_argument(
        "--stdin-filename", metavar="PATH", help="check standard input as if it were this file"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
