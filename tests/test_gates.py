"""Each gate can fail: a sound page is broken in one way at a time, and the harness names the line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from .conftest import Selected

ROOT = Path(__file__).resolve().parents[1]
GATES = ROOT / "tests" / "gates"
SOUND = (GATES / "sound.md").read_text(encoding="utf-8")


class Break(NamedTuple):
    """One change to the sound page; ``at`` is a piece of the line to be named, ``says`` of the reason."""

    name: str
    old: str
    new: str
    at: str
    says: str
    status: str = "failed"


BREAKS = [Break(**one) for one in tomllib.loads((GATES / "breaks.toml").read_text(encoding="utf-8"))["break"]]


@pytest.fixture(scope="module")
def entries(
    request: pytest.FixtureRequest, selected: Selected, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """What the harness says of the sound page and of each selected broken copy: one run for all."""
    folder = tmp_path_factory.mktemp("gates")
    shutil.copy(GATES / "neighbour.md", folder)
    (folder / "pyproject.toml").write_text(
        "[tool.tortoise-dev.snippets]\n"
        f"project = {(ROOT / 'examples' / 'billing').as_posix()!r}\n"
        'models = ["apps.billing.models", "apps.users.models"]\nsetup = "config.fixtures:load"\n',
        encoding="utf-8",
    )
    (folder / "sound.md").write_text(SOUND, encoding="utf-8")
    numbers = selected(request, "number")
    for number in numbers:
        one = BREAKS[number]
        (folder / f"broken-{number}.md").write_text(SOUND.replace(one.old, one.new, 1), encoding="utf-8")
    command = [sys.executable, str(ROOT / "scripts" / "snippets.py"), "--format", "json", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
    assert done.returncode == (1 if numbers else 0), done.stderr
    by_page: dict[str, list[dict[str, Any]]] = {}
    for entry in json.loads(done.stdout)["blocks"]:
        by_page.setdefault(entry["path"], []).append(entry)
    return by_page


def test_the_sound_page_passes(entries: dict[str, list[dict[str, Any]]]) -> None:
    statuses = {entry["status"] for entry in entries["sound.md"]}
    assert statuses == {"passed", "skipped"}


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(BREAKS)), ids=[one.name for one in BREAKS])
def test_a_broken_page_is_named_at_its_line(entries: dict[str, list[dict[str, Any]]], number: int) -> None:
    one = BREAKS[number]
    broken = SOUND.replace(one.old, one.new, 1)
    assert broken != SOUND, "the sound page has changed: nothing is broken here"
    page = broken.split("\n")
    found = [entry for entry in entries[f"broken-{number}.md"] if entry["status"] == one.status]
    assert found, entries[f"broken-{number}.md"]
    hits = [
        entry
        for entry in found
        if one.says in entry["reason"] and one.at.rstrip("\n") in page[entry["fail_line"] - 1]
    ]
    assert hits, [(e["fail_line"], page[e["fail_line"] - 1], e["reason"]) for e in found]
