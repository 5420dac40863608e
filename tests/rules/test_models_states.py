"""TD216 beside Aerich: after a reported file, Aerich misses a column; after one that is not, it drafts it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFIG = """
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["shop", "aerich.models"], "default_connection": "default"}},
}
"""
MODELS = """
from tortoise import fields
from tortoise.models import Model


class Note(Model):
    id = fields.IntField(primary_key=True)
"""
SIZE = "    size = fields.IntField(null=True)\n"
COLOUR = "    colour = fields.CharField(max_length=9, null=True)\n"
AERICH = "import sys; from aerich.cli import main; sys.exit(main())"


def _aerich(folder: Path, *command: str) -> tuple[int, str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", AERICH, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("has_state", [False, True], ids=["without a state", "with a state"])
def test_the_next_draft(has_state: bool, project) -> None:
    project.write({"settings.py": CONFIG, "shop.py": MODELS})
    for command in (["init", "-t", "settings.TORTOISE_ORM"], ["init-migrations"]):
        assert _aerich(project.root, *command)[0] == 0
    project.write({"shop.py": MODELS + SIZE})
    assert _aerich(project.root, "migrate", "--offline", "--name", "size")[0] == 0
    (newest,) = project.root.glob("migrations/models/*_size.py")
    if not has_state:
        text = newest.read_text(encoding="utf-8")
        newest.write_text(text[: text.index("MODELS_STATE = ")], encoding="utf-8")
    project.write({"shop.py": MODELS + SIZE + COLOUR})
    assert bool(project.found("--select", "TD216")) is not has_state

    status, said = _aerich(project.root, "migrate", "--offline", "--name", "colour")
    assert (status, "Old format of migration file" in said) == ((0, False) if has_state else (1, True))
    assert _aerich(project.root, "upgrade")[0] == 0
    status, said = _aerich(project.root, "migrate", "--name", "colour")
    assert (status, "No changes detected" in said) == (0, True)
    added = [
        file for file in project.root.glob("migrations/models/*.py") if '"colour"' in file.read_text("utf-8")
    ]
    assert bool(added) is has_state
