"""Blocks that show a file of the project: the block must be in it, whole, and the file must be sound."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from ...pages.page import Block
from ...report.paths import shown_path
from ...snippet_settings import SnippetSettings
from .. import source
from ..bash_syntax import bash_problem
from ..dedent import dedent
from ..result import Verdict
from .titles import difference_from

_LANGUAGES = {".toml": "toml", ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".ini": "ini", ".cfg": "ini"}


def check_standing(block: Block, file: Path, settings: SnippetSettings) -> Verdict:
    """The verdict on a block that shows (a part of) a file of the example project."""
    shown = shown_path(file, settings.root)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Verdict("failed", f"{shown} cannot be read: {error}", block.line)
    difference = difference_from(text.split("\n"), block)
    if difference is not None:
        line, what = difference
        return Verdict("failed", f"differs from {shown}: {what}", block.start + line)
    problem = _part_problem(block, file)
    if problem is not None:
        line, what = problem
        return Verdict("failed", what, block.start + line - 1)
    of_file = _file_problem(file, block.attributes["title"], file.stat().st_mtime_ns)
    if of_file is not None:
        line, what = of_file
        return Verdict("failed", f"{shown}:{line} itself is not sound: {what}", block.line)
    return Verdict("passed", f"stands in {shown}")


def _part_problem(block: Block, file: Path) -> tuple[int, str] | None:
    """What is wrong with the shown part alone: (line from 1, what), or None."""
    if block.kind == "python":
        return _python_problem(block.source)
    if block.kind == "shell":
        return bash_problem(block.source)
    if block.kind == "data" and not _is_template(file):
        from .data_files import DataError, parse_part  # here and not above: most pages start without YAML

        try:
            parse_part(block.info.language, dedent(block.source), block.attributes["title"])
        except DataError as error:
            return error.line, str(error)
    return None


@functools.cache
def _file_problem(file: Path, title: str, changed: int) -> tuple[int, str] | None:
    """What is wrong with a whole file; looked at once a run."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return _python_problem(text)
    if file.suffix in (".sh", ".bash"):
        return bash_problem(text)
    language = "dockerfile" if file.name.startswith("Dockerfile") else _LANGUAGES.get(file.suffix)
    if language is None or file.name.endswith(".dockerignore") or _is_template(file):
        return None
    from .data_files import DataError, check_data, parse_part

    try:
        parse_part(language, text, title) if _is_patch(file) else check_data(language, text, title)
    except DataError as error:
        return error.line, str(error)
    return None


def _python_problem(text: str) -> tuple[int, str] | None:
    try:
        source.check_compiles(text, "page", 1)
    except SyntaxError as error:
        return error.lineno or 1, f"does not compile: {error.msg}"
    return None


def _is_template(file: Path) -> bool:
    """Is it a Helm chart's template, which is no YAML before it is filled in?"""
    return file.parent.name == "templates" and (file.parent.parent / "Chart.yaml").is_file()


def _is_patch(file: Path) -> bool:
    """Is it Kustomize's patch of another file, which has only what it changes?"""
    try:
        text = (file.parent / "kustomization.yaml").read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(rf"(?m)^\s*-?\s*path:\s*{re.escape(file.name)}\s*$", text) is not None
