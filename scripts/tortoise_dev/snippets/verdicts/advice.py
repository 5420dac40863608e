"""Which settings would help docs that were not written for this harness, read off the results of a run."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable

from ...snippet_settings import SnippetSettings
from ..result import Result

_NAME = re.compile(r"NameError: name '(\w+)' is not defined")
_MODULE = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
_LANGUAGE = re.compile(r"unknown language '([\w-]+)': |let it be with languages = \{\"([^\"]+)\"")
_ATTRIBUTES = re.compile(r"unknown attributes? (.*?)(?:; known are .*)?$")
_FOREIGN = re.compile(r"((?:'[\w-]+'(?:, )?)+) \([^)]*ignore-attributes")
_SEVERAL = 3
"""So many blocks are a habit of these docs; fewer may be slips."""


def advice(results: Iterable[Result], settings: SnippetSettings) -> list[str]:
    """Lines for the reader of a report: settings to copy, and what is not installed. Empty if none would
    help several blocks.
    """
    bad = [result for result in results if result.status in ("failed", "unverified")]
    lines: list[str] = []
    above = sum(_NAME.match(result.reason) is not None and "chain =" in result.reason for result in bad)
    if above >= _SEVERAL and settings.chain != "page":
        lines.append(f'chain = "page"  # {above} blocks use a name that a block above them sets')
    names = _counted(_NAME, (result.reason for result in bad if "chain =" not in result.reason))
    often = [name for name, count in names.most_common(8) if count >= _SEVERAL]
    if often:
        blocks = sum(names[name] for name in often)
        what = f"{blocks} blocks use {', '.join(often)}, which their pages do not set"
        lines.append(
            f'prelude = "FILE.py"  # {what}'
            if settings.prelude is None
            else f"# {settings.prelude.name}: {what}"
        )
    languages = _counted(_LANGUAGE, (result.reason for result in bad))
    if languages.total() >= _SEVERAL:
        pairs = ", ".join(f"{_key(name)} = {json.dumps('text')}" for name in languages)
        lines.append(f"languages = {{{pairs}}}  # {languages.total()} blocks, if these are no code")
    foreign = Counter(name for result in bad for name in _foreign(result.reason))
    if foreign.total() >= _SEVERAL:
        lines.append(f"ignore-attributes = {json.dumps([*foreign])}  # marks of other tools")
    if lines:
        head = ["Settings in pyproject.toml that would let more blocks run:", "[tool.tortoise-dev.snippets]"]
        lines = [*head, *lines]
    modules = _counted(_MODULE, (result.reason for result in bad))
    if modules.total() >= _SEVERAL:
        lines.append(f"Not installed here, though blocks import them: {', '.join(sorted(modules))}")
    return lines


def _counted(pattern: re.Pattern[str], reasons: Iterable[str]) -> Counter[str]:
    """How often a pattern finds each name."""
    found = (pattern.search(reason) for reason in reasons)
    return Counter(next(group for group in match.groups() if group) for match in found if match is not None)


def _foreign(reason: str) -> list[str]:
    """The attributes that the setting would let be."""
    match = _ATTRIBUTES.match(reason)
    groups = _FOREIGN.findall(match[1]) if match is not None else []
    return [name for group in groups for name in re.findall(r"'([\w-]+)'", group)]


def _key(name: str) -> str:
    """A key of TOML."""
    return name if re.fullmatch(r"[\w-]+", name) else json.dumps(name)
