"""TD215 beside Aerich: what is reported stores a link twice after the upgrade, and what is not refuses it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

MODELS = """
from tortoise import fields
from tortoise.models import Model


class Tag(Model):
    id = fields.UUIDField(primary_key=True)


class Note(Model):
    id = fields.IntField(primary_key=True)
{}
"""
RELATIONS = """
    tags = fields.ManyToManyField("models.Tag")
    others = fields.ManyToManyField("models.Note", related_name="others_of")
    named = fields.ManyToManyField("models.Tag", "tagged", forward_key="t", related_name="tagged")
"""


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
@pytest.mark.parametrize("is_later", [False, True], ids=["in the first file", "in a later file"])
def test_what_aerich_drafts(is_later: bool, project) -> None:
    with_them = MODELS.format(RELATIONS)
    project.write_for_aerich(MODELS.format("") if is_later else with_them)
    project.run_aerich("init-migrations")
    if is_later:
        project.write({"shop.py": with_them})
        project.run_aerich("migrate", "--offline", "--name", "links")
    project.run_aerich("upgrade")
    are_unique = _links_are_unique(project.root)
    assert are_unique  # a later file can lack some of the three: migrations-aerich.md says so
    assert set(are_unique.values()) == {not is_later}
    found = project.report("--select", "TD215")["violations"]
    assert {one["message"].split(" links ")[0] for one in found} == (set(are_unique) if is_later else set())
