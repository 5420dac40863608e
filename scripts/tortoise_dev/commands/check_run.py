"""One run of the checker: which rules count for which file, and what they find."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ..analysis.project import Project, load_project
from ..analysis.source import SourceFile
from ..report.paths import shown_path
from ..report.progress import Progress
from ..rule_settings import RuleSettings, SettingsByFolder
from ..rules import RULES
from ..rules.base import RuleOptions
from ..rules.engine import Violation, violations_of
from .common import UnusableError, did_you_mean, tell


class Run:
    """What one run goes by: the folder that it runs in, its arguments, the settings of each file.

    ``today`` gives the path whose settings count for a file, where that is another than its own.
    """

    def __init__(
        self, here: Path, arguments: argparse.Namespace, today: Callable[[Path], Path] = lambda path: path
    ) -> None:
        self.here = here
        self.arguments = arguments
        self.released: frozenset[Path] | None = None
        """The files that the commit of ``--against`` has, by their paths of today."""
        self._today = today
        self._settings = SettingsByFolder()
        self._selected: dict[Path, frozenset[str]] = {}

    def judge(self, paths: Sequence[Path], stdin: SourceFile | None) -> tuple[Project, list[Violation]]:
        """Read the project and apply the rules, with a bar on a terminal."""
        of = self.settings_of
        self.rules_of(of(paths[0] / "module.py" if paths[0].is_dir() else paths[0]))  # refuses wrong codes
        project = load_project(
            paths,
            here=self.here,
            extra_bases=lambda path: of(path).extra_model_bases,
            excluded=lambda path: self._settings.exclude(self._today(path), self.here),
            instead=stdin,
        )
        progress = Progress(len(project.judged))
        found = violations_of(
            project,
            self.enabled,
            lambda path: RuleOptions(of(path).any_interface, of(path).tortoise_version, self.released),
            lambda path: progress.advance(shown_path(path, self.here)),
        )
        progress.clear()
        return project, found

    def settings_of(self, path: Path) -> RuleSettings:
        """The settings of a file."""
        return self._settings.of(self._today(path))

    def enabled(self, path: Path) -> frozenset[str]:
        """The rules that count for a file: the command line's selection goes before the settings'."""
        settings = self.settings_of(path)
        rules, ignored = self.rules_of(settings), settings.ignored_in(self._today(path))
        return rules - _matching(ignored) if ignored else rules

    def rules_of(self, settings: RuleSettings) -> frozenset[str]:
        """The rules that count where settings hold, without those for single files. Raises UnusableError."""
        if settings.root not in self._selected:
            self._selected[settings.root] = _selected(self.arguments, settings)
        return self._selected[settings.root]


def _selected(options: argparse.Namespace, settings: RuleSettings) -> frozenset[str]:
    selected, ignored = _codes("--select", options.select), _codes("--ignore", options.ignore)
    select, ignore = selected or settings.select, (*ignored, *settings.ignore)
    file = settings.root / "pyproject.toml"
    named = {"--select": selected, "--ignore": ignored, f"{file}: ignore": settings.ignore}
    if not selected:
        named[f"{file}: select"] = settings.select
    for pattern, codes in settings.per_file_ignores.items():
        named[f"{file}: per-file-ignores {pattern}"] = codes
    for where, codes in named.items():
        for code in codes:
            if not any(known.startswith(code.upper()) for known in RULES):
                hint = near_code(code) or "; --rules lists all"
                raise UnusableError(f"{where}: {code} names no rule{hint}")
    chosen = _matching(select) if select else frozenset(RULES)
    if not (options.preview or settings.preview):
        asleep = {code for code in chosen if RULES[code].preview} - {code.upper() for code in select}
        if select and asleep == chosen:
            tell(f"{options.prog}: {', '.join(select)} selects only rules in preview: add --preview")
        chosen -= asleep
    return chosen - _matching(ignore)


def near_code(word: str) -> str:
    """A hint at the rule that was meant by its name, or by a code with a digit too few; else nothing."""
    named = [rule.code for rule in RULES.values() if rule.name == word.lower()]
    return f": did you mean {named[0]}?" if named else did_you_mean(word.upper(), RULES, alike=0.85)


def _codes(option: str, values: Iterable[str]) -> tuple[str, ...]:
    codes = tuple(code.strip() for value in values for code in value.split(","))
    if not all(codes):
        raise UnusableError(f"{option}: expected rules such as TD003 or TD1, separated by commas")
    return codes


def _matching(prefixes: Iterable[str]) -> frozenset[str]:
    wanted = tuple(prefix.upper() for prefix in prefixes)
    return frozenset(code for code in RULES if wanted and code.startswith(wanted))
