"""Findings that are known: a code base that starts with hundreds fails on new ones only."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from .engine import Violation

Key: TypeAlias = tuple[str, str, str]


class BaselineError(Exception):
    """A file that is no baseline, or cannot be read or written."""


@dataclass(frozen=True)
class Baseline:
    """How often each finding (path, rule, message) is known. Lines don't count: they move."""

    counts: Counter[Key]

    @property
    def size(self) -> int:
        """How many findings it holds."""
        return self.counts.total()

    @classmethod
    def of(cls, violations: Iterable[Violation], base: Path) -> Baseline:
        """The baseline of today's findings; paths are kept relative to ``base``."""
        return cls(Counter(_key(violation, base) for violation in violations))

    @classmethod
    def read(cls, file: Path) -> Baseline:
        """Raises BaselineError."""
        try:
            document = json.loads(file.read_text(encoding="utf-8"))
            if document["version"] != 1:
                raise ValueError(f"version {document['version']}")
            return cls(
                Counter(
                    {
                        (one["path"], one["rule"], one["message"]): int(one["count"])
                        for one in document["findings"]
                    }
                )
            )
        except OSError as error:
            raise BaselineError(f"{file}: cannot be read: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise BaselineError(f"{file} is no baseline of check.py: {error!r}") from None

    def write(self, file: Path) -> None:
        """One finding a line, sorted, so that its changes can be read. Raises BaselineError."""
        lines = [
            json.dumps({"path": path, "rule": rule, "message": message, "count": count}, ensure_ascii=False)
            for (path, rule, message), count in sorted(self.counts.items())
        ]
        body = "".join(f"\n    {line}," for line in lines)[:-1]
        try:
            file.write_text(f'{{"version": 1, "findings": [{body}\n]}}\n', encoding="utf-8", newline="\n")
        except OSError as error:
            raise BaselineError(f"{file}: cannot be written: {error.strerror}") from None

    def new_ones(self, violations: Iterable[Violation], base: Path) -> list[Violation]:
        """The violations that it does not hold, or not as often."""
        left = Counter(self.counts)
        new: list[Violation] = []
        for violation in violations:
            key = _key(violation, base)
            if left[key] > 0:
                left[key] -= 1
            else:
                new.append(violation)
        return new


def _key(violation: Violation, base: Path) -> Key:
    path = violation.path
    relative = path.relative_to(base) if path.is_relative_to(base) else path
    return relative.as_posix(), violation.rule, violation.message
