"""``breaks=``: which rules does a block of a page break?"""

from __future__ import annotations

from functools import cache
from pathlib import Path, PurePosixPath

from ..project.files import SourceFile, UnreadableError, python_files, read_all
from ..project.picture import Picture
from ..rules import RULES
from ..rules.engine import violations_of
from ..rules.rule import RuleOptions
from ..settings import find_rule_settings


def broken_rules(source: str, path: PurePosixPath, project: Path) -> list[tuple[int, str, str]]:
    """Line, code and message of each rule that ``source`` breaks as the file ``path`` of a project.

    Raises UnreadableError where it cannot be parsed, SettingsError for settings that cannot be used.
    """
    settings = find_rule_settings([project])
    file = SourceFile(project / path, source.encode())
    files = {**_files(project), file.path: file}
    picture = Picture(
        files.values(), [file.path], project, extra_bases=settings.extra_model_bases, always=[file.path]
    )
    for error in picture.problems.values():
        raise UnreadableError(str(error), error.line)
    options = RuleOptions(any_interface=settings.any_interface)
    found = violations_of(picture, lambda _: frozenset(RULES), options)
    return [(violation.line, violation.rule, violation.message) for violation in found]


@cache
def _files(project: Path) -> dict[Path, SourceFile]:
    return read_all(python_files(project, {}), {})
