"""TD217 beside Aerich: an index that is reported stays after its removal; one that is not is dropped."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

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


def _models(name: str, indexes: str = INDEX) -> dict[str, str]:
    table = name.lower()
    return {"shop.py": MODELS.format(name=name, table=table, indexes=indexes.format(table=table))}


@pytest.mark.slow
@pytest.mark.parametrize("follows", [False, True], ids=["the old name", "the new name"])
def test_the_index_is_dropped_later(follows: bool, project) -> None:
    project.write_for_aerich(_models("Line")["shop.py"])
    project.run_aerich("init-migrations")
    project.run_aerich("upgrade")
    assert not project.found("--select", "TD217")
    project.write(_models("Item"))
    project.run_aerich("migrate", "--offline", "--empty", "--name", "item")
    (file,) = project.root.glob("migrations/models/*_item.py")
    text = file.read_text(encoding="utf-8")
    sql = f'"ALTER TABLE line RENAME TO item{AGAIN if follows else ""}"'
    file.write_text(text.replace('"""\n        """', sql, 1), encoding="utf-8")
    assert bool(project.found("--select", "TD217")) is not follows

    project.write(_models("Item", "pass"))
    project.run_aerich("upgrade")
    project.run_aerich("migrate", "--offline", "--name", "no_index")
    project.run_aerich("upgrade")
    with closing(sqlite3.connect(project.root / "db.sqlite3")) as database:
        left = database.execute("SELECT name FROM sqlite_master WHERE type = 'index'").fetchall()
    assert left == ([] if follows else [("ix_line",)])
