"""TD217 beside Aerich: an index that is reported stays after its removal; one that is not is dropped."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
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
from tortoise.indexes import Index
from tortoise.models import Model


class {name}(Model):
    class Meta:
        table = "{table}"
        {indexes}

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=9)
"""
INDEX = 'indexes = (Index(fields=("code",), name="ix_{table}"),)'
AGAIN = "; DROP INDEX ix_line; CREATE INDEX ix_item ON item (code)"


AERICH = "import sys; from aerich.cli import main; sys.exit(main())"


def _aerich(folder: Path, *command: str) -> tuple[int, str]:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", AERICH, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def _models(name: str, indexes: str = INDEX) -> dict[str, str]:
    table = name.lower()
    return {"shop.py": MODELS.format(name=name, table=table, indexes=indexes.format(table=table))}


@pytest.mark.slow
@pytest.mark.parametrize("follows", [False, True], ids=["the old name", "the new name"])
def test_the_index_is_dropped_later(follows: bool, project) -> None:
    project.write({"settings.py": CONFIG} | _models("Line"))
    for command in (["init", "-t", "settings.TORTOISE_ORM"], ["init-migrations"], ["upgrade"]):
        assert _aerich(project.root, *command)[0] == 0
    assert not project.found("--select", "TD217")
    project.write(_models("Item"))
    assert _aerich(project.root, "migrate", "--offline", "--empty", "--name", "item")[0] == 0
    (file,) = project.root.glob("migrations/models/*_item.py")
    text = file.read_text(encoding="utf-8")
    sql = f'"ALTER TABLE line RENAME TO item{AGAIN if follows else ""}"'
    file.write_text(text.replace('"""\n        """', sql, 1), encoding="utf-8")
    assert bool(project.found("--select", "TD217")) is not follows

    project.write(_models("Item", "pass"))
    assert _aerich(project.root, "upgrade")[0] == 0
    assert _aerich(project.root, "migrate", "--offline", "--name", "no_index")[0] == 0
    assert _aerich(project.root, "upgrade")[0] == 0
    with closing(sqlite3.connect(project.root / "db.sqlite3")) as database:
        left = database.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
    assert left == ([] if follows else [("ix_line",)])
