"""Projects made from the text of a case, split without a proof."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tortoise_dev.analysis.project import load_project
from tortoise_dev.commands import check
from tortoise_dev.refactor.plan import SplitPlan, plan_split

LAYOUT_RULES = ",".join(f"TD00{number}" for number in range(7))


@dataclass
class Split:
    """A project that was split, and what its files are."""

    folder: Path
    plan: SplitPlan | None = None
    wanted: dict[str, list[str]] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """The text of a file of the package."""
        assert self.plan is not None
        return self.plan.files[self.plan.package / name].decode()


def write(files: dict[str, str], folder: Path) -> None:
    """Write files, and what makes the folder a project."""
    for name, content in {"pyproject.toml": "", **files}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode())


def parsed(text: str) -> tuple[dict[str, list[str]], dict[str, str]]:
    """The lines ``key: value`` at the head of a case, and the files below it."""
    head, *files = re.split(r"(?m)^--- (?=[\w./-]+$)", text)
    wanted: dict[str, list[str]] = {}
    for line in head.splitlines():
        key, _, value = line.partition(": ")
        if value:
            wanted.setdefault(key, []).append(value)
    return wanted, dict(file.split("\n", 1) for file in files)


def planned(folder: Path, name: str = "shop/models.py", *, with_base: bool = True) -> SplitPlan:
    """The plan for a module, without a proof."""
    path = folder / name
    return plan_split(path, load_project([path], here=folder), with_base=with_base)


def findings(folder: Path, capsys: pytest.CaptureFixture[str], rules: str = LAYOUT_RULES) -> list[str]:
    """What the checker finds of the layout in a folder."""
    capsys.readouterr()
    assert check.main([str(folder), "--select", rules, "--format", "json"]) in (0, 1)
    report = json.loads(capsys.readouterr().out)
    assert not report["errors"]
    return [f"{one['path']}:{one['line']} {one['rule']} {one['message']}" for one in report["violations"]]
