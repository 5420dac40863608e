"""The rooms of the harness import each other one way. What runs in the parent and what runs in a child is
apart.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def test_the_command_imports_nothing_of_the_child() -> None:
    code = (
        "import sys, tortoise_dev.commands.snippets_run\n"
        "print([name for name in sys.modules if name.startswith('tortoise_dev.snippets.child')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


MAY_IMPORT = {
    "compiling": set(),
    "databases": set(),
    "child": {"databases"},
    "planning": {"compiling", "databases"},
    "verdicts": {"planning", "databases"},
    "running": {"compiling", "databases", "child", "planning", "verdicts"},
}


def rooms_imported(file: Path) -> Iterator[str]:
    """The rooms that a file imports from, anywhere in its code."""
    package = file.relative_to(SCRIPTS).parts[:-1]
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            start = (*package[: len(package) + 1 - node.level], *(node.module or "").split("."))
            for alias in node.names:
                target = [part for part in (*start, alias.name) if part]
                if target[:2] == ["tortoise_dev", "snippets"]:
                    yield target[2]


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_rooms_import_one_way(room: str) -> None:
    folder = SCRIPTS / "tortoise_dev" / "snippets" / room
    found = {name for file in folder.rglob("*.py") for name in rooms_imported(file)} & MAY_IMPORT.keys()
    assert found - {room} <= MAY_IMPORT[room]


def test_every_room_has_its_imports_named() -> None:
    rooms = {file.parent.name for file in (SCRIPTS / "tortoise_dev" / "snippets").glob("*/__init__.py")}
    assert rooms == MAY_IMPORT.keys()
