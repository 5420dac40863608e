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
from tortoise_dev.pages.reading import parse_page

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


def broken_page(one: Break) -> str:
    return SOUND.replace(one.old, one.new, 1)


def block_at(page: str, text: str) -> str:
    """``:LINE`` of the line with this text, a changed one if there is one; nothing if it is in no block."""
    lines = page.split("\n")
    with_text = [number for number, line in enumerate(lines, 1) if text.rstrip("\n") in line]
    changed = [number for number in with_text if lines[number - 1] not in SOUND.split("\n")]
    number = [*changed, *with_text][0]
    blocks = parse_page(page, GATES / "page.md", "page.md").blocks
    return f":{number}" if any(block.line <= number < block.end for block in blocks) else ""


@pytest.fixture(scope="module")
def entries(
    request: pytest.FixtureRequest, selected: Selected, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, list[dict[str, Any]]]:
    """What the harness says of the sound page and of what each selected copy breaks: one run for all."""
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
    chosen = ["sound.md"]
    for number in numbers:
        broken, name = broken_page(BREAKS[number]), f"broken-{number}.md"
        (folder / name).write_text(broken, encoding="utf-8")
        chosen.append(f"{name}{block_at(broken, BREAKS[number].at)}")
    selection = [word for place in chosen for word in ("--select", place)]
    command = [sys.executable, str(ROOT / "scripts" / "snippets.py"), "--format", "json", *selection, "."]
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
    broken = broken_page(one)
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
