"""What three linters of migrations flag is flagged here, too, or argued away: see anchors.toml."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tortoise_dev.rules import RULES

TABLE = tomllib.loads(Path(__file__).with_name("anchors.toml").read_text(encoding="utf-8"))
ROWS = [pytest.param(row, id=f"{tool} {name}") for tool, rows in TABLE.items() for name, row in rows.items()]
FLAGGED = [one for one in ROWS if "flagged" in one.values[0]]

AERICH = """\
async def upgrade(db):
    return {sql!r}


async def downgrade(db):
    return "SELECT 1"
"""
BUILT_IN = """\
from tortoise import fields, migrations
from tortoise.fields.db_defaults import RandomHex
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint, UniqueConstraint

from app.models import User


async def fill(apps, schema_editor):
    await apps.get_model("models.Note").all().update(text="")


async def use_today(apps, schema_editor):
    await User.all().delete()


class Migration(migrations.Migration):
    operations = [{operations}]
"""
NOTE = """\
        ops.CreateModel(
            "Note",
            fields=[
                ("id", fields.IntField(primary_key=True)),
                ("text", fields.CharField(max_length=20, null=True)),
            ],
        )
"""


@pytest.mark.parametrize("row", ROWS)
def test_a_row_names_a_rule_or_says_why_there_is_none(row: dict[str, str]) -> None:
    assert ("flagged" in row) is not ("argued" in row)
    assert row.get("flagged", "TD201") in RULES
    assert ("sql" in row) + ("operations" in row) == ("flagged" in row)
    assert row.get("argued", ".").endswith(".")


@pytest.mark.parametrize("row", FLAGGED)
def test_what_they_flag_is_found(row: dict[str, str], users) -> None:
    users.write({"config.py": 'URL = "postgres://shop@db/shop"\n'})
    if "sql" in row:
        second = "migrations/models/1_20260102_b.py"
        first = AERICH.format(sql='CREATE TABLE "note" ("id" INT, "text" TEXT);')
        users.write({"migrations/models/0_20260101_a.py": first, second: AERICH.format(sql=row["sql"])})
    else:
        second = "migrations/0002_b.py"
        first = BUILT_IN.format(operations=NOTE)
        users.write({"migrations/0001_a.py": first, second: BUILT_IN.format(operations=row["operations"])})
    assert row["flagged"] in {
        rule for path, _, rule in users.found("--select", row["flagged"]) if path == second
    }
