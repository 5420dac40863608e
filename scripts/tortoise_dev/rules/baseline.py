"""Findings that are known: a code base that starts with hundreds fails on new ones only."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from ..about import TOOL
from .engine import Violation

Key: TypeAlias = tuple[str, str, str]

_BY_CODE = 3
_THIRD = {1: "message", 2: "source", _BY_CODE: "code"}
"""By the version of the file: what it knows a finding by, beside its path and rule."""


class BaselineError(Exception):
    """A file that is no baseline, or cannot be read or written."""


@dataclass(frozen=True)
class Baseline:
    """How often each finding is known: by path, rule and code. Lines don't count: code moves.

    Paths are relative to ``base``. A path that had another name before is looked up by that in ``renamed``.
    """

    counts: Counter[Key]
    base: Path
    version: int = _BY_CODE
    renamed: Mapping[str, str] = field(default_factory=dict)
    tool: str = TOOL
    """The release that recorded it."""

    @classmethod
    def of(cls, violations: Iterable[Violation], base: Path) -> Baseline:
        """The baseline of these findings; paths are kept relative to ``base``."""
        empty = cls(Counter(), base)
        empty.counts.update(empty._key(violation) for violation in violations)
        return empty

    @classmethod
    def read(cls, file: Path) -> Baseline:
        """The baseline that a file holds; paths are relative to its folder. Raises BaselineError."""
        try:
            if file.exists() and not file.is_file():  # a device would never end
                raise BaselineError(f"{file}: cannot be read: is not a regular file")
            document = json.loads(file.read_text(encoding="utf-8"))
        except OSError as error:
            raise BaselineError(f"{file}: cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError):
            raise _no_baseline(file, "it is not JSON") from None
        if isinstance(document, dict) and document.get("version", 1) not in _THIRD:
            raise _no_baseline(file, f"{TOOL} reads no version {document['version']}")
        try:
            version = document["version"]
            return cls(
                Counter(_counted(document["findings"], _THIRD[version])),
                file.absolute().parent,
                version,
                tool=str(document.get("tool", "")),
            )
        except (ValueError, KeyError, TypeError):
            raise _no_baseline(file, "--baseline wrote no such file") from None

    def write(self, file: Path) -> None:
        """One finding a line, sorted, so that its changes can be read. Raises BaselineError."""
        third = _THIRD[self.version]
        lines = [
            json.dumps({"path": path, "rule": rule, third: text, "count": count}, ensure_ascii=False)
            for (path, rule, text), count in sorted(self.counts.items())
        ]
        body = "".join(f"\n    {line}," for line in lines)[:-1]
        text = f'{{"version": {self.version}, "tool": "{TOOL}", "findings": [{body}\n]}}\n'
        try:
            # a name of a file that is not UTF-8 holds surrogates: JSON can escape them
            file.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        except OSError as error:
            raise BaselineError(f"{file}: cannot be written: {error.strerror}") from None

    def new_ones(self, violations: Iterable[Violation]) -> list[Violation]:
        """The violations that it does not hold, or not as often.

        Code of a deleted file that stands in another file now is no new one: a models.py was split.
        """
        left = Counter(self.counts)
        new: list[Violation] = []
        for violation in violations:
            key = self._key(violation)
            if left[key] > 0:
                left[key] -= 1
            else:
                new.append(violation)
        moved: Counter[tuple[str, str]] = Counter()
        for key, count in left.items():
            if count > 0 and key[2] and not (self.base / key[0]).exists():
                moved[key[1:]] += count
        return [violation for violation in new if not self._takes(moved, violation)]

    def _takes(self, moved: Counter[tuple[str, str]], violation: Violation) -> bool:
        """Is it one of those that deleted files had? Each counts once."""
        key = self._key(violation)[1:]
        moved[key] -= 1
        return moved[key] >= 0

    def gone(self, violations: Iterable[Violation], checked: Iterable[Path]) -> int:
        """How many findings that it holds are not among the violations any more.

        Files that exist and were not checked do not count: nobody knows of them.
        """
        left = Counter(self.counts)
        left.subtract(self._key(violation) for violation in violations)
        looked_at = {self._relative(path) for path in checked}
        return sum(
            count
            for (path, _, _), count in left.items()
            if count > 0 and (path in looked_at or not (self.base / path).exists())
        )

    def _key(self, violation: Violation) -> Key:
        path = self._relative(violation.path)
        text = " ".join(str(getattr(violation, _THIRD[self.version])).split())
        return self.renamed.get(path, path), violation.rule, text

    def _relative(self, path: Path) -> str:
        try:
            return Path(os.path.relpath(path, self.base)).as_posix()
        except ValueError:  # on another drive
            return path.as_posix()


def _no_baseline(file: Path, reason: str) -> BaselineError:
    return BaselineError(f"{file} is no baseline: {reason}: delete it to record one, or name another file")


def _counted(findings: list[dict[str, Any]], third: str) -> dict[Key, int]:
    return {(one["path"], one["rule"], one[third]): int(one["count"]) for one in findings}
