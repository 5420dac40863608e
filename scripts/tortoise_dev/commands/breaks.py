"""``breaks=``: which rules does a block of a page break?"""

from __future__ import annotations

from functools import cache
from pathlib import Path, PurePosixPath

from ..analysis.source import SourceFile, UnreadableError, python_files, read_all
from ..rule_settings import SettingsByFolder


def broken_rules(source: str, path: PurePosixPath, root: Path, code: str) -> list[tuple[int, str, str]]:
    """Line, code and message of each rule that ``source`` breaks as the file ``path`` of a project.

    A rule in preview counts if it is the one that ``code`` names, or if the settings say so.

    Raises UnreadableError where it cannot be parsed, SettingsError for settings that cannot be used.
    """
    from ..analysis.project import Project  # the rules: most pages have no such block
    from ..rules import RULES
    from ..rules.base import RuleOptions
    from ..rules.engine import violations_of

    settings = SettingsByFolder().of_folder(root)
    file = SourceFile(root / path, source.encode())
    files = {**_files(root), file.key: file}
    project = Project(
        files.values(), [file.path], root, extra_bases=settings.extra_model_bases, always=[file.path]
    )
    for error in project.problems.values():
        raise UnreadableError(str(error), error.line)
    options = RuleOptions(settings.any_interface, settings.tortoise_version)
    enabled = frozenset(r.code for r in RULES.values() if not r.preview or settings.preview or r.code == code)
    found = violations_of(project, lambda _: enabled, lambda _: options)
    return [(violation.line, violation.rule, violation.message) for violation in found]


@cache
def _files(root: Path) -> dict[str, SourceFile]:
    return read_all(python_files(root, {}), {})
