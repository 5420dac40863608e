"""The files of a plan put in place, so that a kill at any moment leaves a project that works.

The package's files come first: without ``__init__.py`` Python still takes models.py. Then ``__init__.py``
comes, by a rename, and from then on Python takes the package. Last models.py goes. A second run finds the
same files there and completes what is missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..atomic_write import UNFINISHED, write_atomically
from ..report.diffs import unified_diff
from ..report.paths import shown_path
from .plan import SplitPlan
from .refusals import refused


@dataclass(frozen=True)
class Change:
    """A file that is created or deleted, and the difference as a unified diff."""

    path: Path
    action: str
    diff: str


def changes_of(plan: SplitPlan, base: Path) -> list[Change]:
    """What the plan changes on the disk; paths in diffs are relative to ``base``.

    Raises RefusedError where the package's folder holds something else.
    """
    _refuse_strangers(plan)
    changes = [
        Change(path, "create", _diff(b"", content, path, base))
        for path, content in plan.files.items()
        if not (path.exists() and path.read_bytes() == content)
    ]
    return [*changes, Change(plan.module, "delete", _diff(plan.module.read_bytes(), b"", plan.module, base))]


def _refuse_strangers(plan: SplitPlan) -> None:
    """Refuse a folder that this plan did not write."""
    if not plan.package.exists():
        return
    found = sorted(plan.package.iterdir()) if plan.package.is_dir() else [plan.package]
    for path in found:
        planned = plan.files.get(path)
        ours = path.name == "__pycache__" or path.name.endswith(UNFINISHED)
        if ours or (planned is not None and path.read_bytes() == planned):
            continue
        message = f"{plan.package.name}/{path.name} is there already: move it, or join the two by hand"
        raise refused("package-exists", 1, message)


def apply(plan: SplitPlan) -> None:
    """Write the files, then remove the module. Raises OSError where the disk does not let it."""
    plan.package.mkdir(exist_ok=True)
    for path, content in plan.files.items():
        write_atomically(path, content)
    for left in plan.package.glob(f".*{UNFINISHED}"):  # by a run that was killed
        left.unlink()
    plan.module.unlink()


def _diff(before: bytes, after: bytes, path: Path, base: Path) -> str:
    first, second = (text.decode("utf-8", "replace") if text else None for text in (before, after))
    return unified_diff(first, second, shown_path(path, base))
