"""TD215 beside Aerich: what is reported stores a link twice after the upgrade, and what is not refuses it."""

from __future__ import annotations

import os
import sqlite3
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


class Tag(Model):
    id = fields.UUIDField(primary_key=True)


class Note(Model):
    id = fields.IntField(primary_key=True)
{}
"""
RELATIONS = {
    "plain": 'tags = fields.ManyToManyField("models.Tag")',
    "to itself": 'others = fields.ManyToManyField("models.Note", related_name="others_of")',
    "named": 'tags = fields.ManyToManyField("models.Tag", through="tagged", forward_key="t")',
}
AERICH = "import sys; from aerich.cli import main; sys.exit(main())"


def _aerich(folder: Path, *command: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", AERICH, *command], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _links_are_unique(folder: Path) -> dict[str, bool]:
    """The tables with two foreign keys in the database, and whether they have a unique index."""
    database = sqlite3.connect(folder / "db.sqlite3")
    try:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {
            table: any(unique for _, _, unique, *_ in database.execute(f'PRAGMA index_list("{table}")'))
            for table in tables
            if len(database.execute(f'PRAGMA foreign_key_list("{table}")').fetchall()) == 2
        }
    finally:
        database.close()


@pytest.mark.slow
@pytest.mark.parametrize("relation", RELATIONS.values(), ids=list(RELATIONS))
@pytest.mark.parametrize("is_later", [False, True], ids=["in the first file", "in a later file"])
def test_what_aerich_drafts(relation: str, is_later: bool, project) -> None:
    with_it = MODELS.format("    " + relation)
    project.write({"settings.py": CONFIG, "shop.py": MODELS.format("") if is_later else with_it})
    _aerich(project.root, "init", "-t", "settings.TORTOISE_ORM")
    _aerich(project.root, "init-migrations")
    if is_later:
        project.write({"shop.py": with_it})
        _aerich(project.root, "migrate", "--offline", "--name", "links")
    _aerich(project.root, "upgrade")
    [(_, is_unique)] = _links_are_unique(project.root).items()
    assert is_unique is not is_later
    assert bool(project.found("--select", "TD215")) is is_later
