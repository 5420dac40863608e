"""Migrations make the tables that the other tests make from the models, and carry rows up, down and up again.

On the database that the tests run on: an empty one, so that none of this depends on what is there.
"""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tortoise import Tortoise
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import IntegrityError
from tortoise.migrations.api import migrate

from config.tortoise import TORTOISE_ORM
from tests.conftest import DATABASE_URL, MODELS

# SQL, because today's models may not fit the older tables. Each database makes UUIDs and times of the texts.
ROWS = """
INSERT INTO customer (id, created_at, updated_at, name, email) VALUES
    ('00000000-0000-0000-0000-000000000001', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'Acme', 'Billing@Acme.test'),
    ('00000000-0000-0000-0000-000000000002', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'Globex', 'billing@globex.test')
"""
SETTLED_TWICE = """
INSERT INTO audit_log (id, created_at, updated_at, entity, entity_id, action) VALUES
    ('00000000-0000-0000-0000-000000000001', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'invoice', '00000000-0000-0000-0000-000000000009', 'settled'),
    ('00000000-0000-0000-0000-000000000002', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'invoice', '00000000-0000-0000-0000-000000000009', 'settled');
DELETE FROM audit_log;
"""

# The project has only one migration yet. This is an example of the next one, which would be in migrations/.
NEXT = """
from tortoise import migrations
from tortoise.migrations import operations as ops


async def lower(apps, schema_editor):
    Customer = apps.get_model("models.Customer")
    for customer in await Customer.all():
        await Customer.filter(id=customer.id).update(email=customer.email.lower())


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.RunPython(lower, ops.RunPython.noop),
        ops.RunSQL(
            "CREATE UNIQUE INDEX uq_audit_log_settled ON audit_log (entity_id) WHERE action = 'settled'",
            "DROP INDEX uq_audit_log_settled",
        ),
    ]
"""

# Operations of apps/common/operations.py that do not block on PostgreSQL, and do the same on others.
CONCURRENT = """
from tortoise import fields, migrations
from tortoise.indexes import Index, PartialIndex
from tortoise.migrations import operations as ops

from apps.common.operations import AddIndexConcurrently, SetNotNull


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.AddField("Customer", "phone", fields.CharField(max_length=20, null=True)),
        ops.RunSQL("UPDATE customer SET phone = '?' WHERE phone IS NULL", "SELECT 1"),
        SetNotNull("Customer", "phone", fields.CharField(max_length=20)),
        AddIndexConcurrently("Customer", Index(fields=("name",), name="ix_customer_name")),
        AddIndexConcurrently(
            "AuditLog",
            PartialIndex(fields=("entity_id",), name="ix_settled", condition={"action": "settled"}),
        ),
    ]
"""
INVOICE_WITHOUT_NOTE = """
INSERT INTO invoice (id, created_at, updated_at, number, amount, paid, issued_at, customer_id) VALUES
    ('00000000-0000-0000-0000-000000000003', '2026-01-01 00:00:00+00:00', '2026-01-01 00:00:00+00:00',
     'INV-1', 1, FALSE, '2026-01-01 00:00:00+00:00', '00000000-0000-0000-0000-000000000001')
"""
NOTE_GIVEN = """
from tortoise import fields, migrations

from apps.common.operations import SetNotNull


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("models", "0001_initial")]
    operations = [SetNotNull("Invoice", "note", fields.TextField())]
"""
GIN = """
from tortoise import fields, migrations
from tortoise.contrib.postgres.indexes import GinIndex
from tortoise.migrations import operations as ops

from apps.common.operations import AddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.AddField("AuditLog", "data", fields.JSONField(null=True)),
        AddIndexConcurrently("AuditLog", GinIndex(fields=("data",), name="ix_data")),
    ]
"""


@pytest.fixture
async def config(tmp_path: Path) -> AsyncIterator[dict[str, Any]]:
    """Yield the project's configuration with an empty database. Delete the database after the test."""
    url = f"sqlite://{tmp_path}/db.sqlite3" if "memory" in DATABASE_URL else DATABASE_URL
    config = TORTOISE_ORM | {"connections": {"default": expand_db_url(url, testing=True)}}
    async with TortoiseContext() as context:
        await context.init(config=config, _create_db=True)
        try:
            yield config
        finally:
            await Tortoise._drop_databases()


@pytest.fixture
def with_next(request: pytest.FixtureRequest, config: dict[str, Any], tmp_path: Path, monkeypatch):
    """The same with a copy of the migrations, and the test's file beside it, NEXT by default."""
    (package,) = {app["migrations"] for app in config["apps"].values()}
    copy = shutil.copytree(package, tmp_path / f"migrations_of_{request.node.originalname}")
    (copy / "0002_next.py").write_text(getattr(request, "param", NEXT))
    monkeypatch.syspath_prepend(tmp_path)
    return config | {"apps": {"models": config["apps"]["models"] | {"migrations": copy.name}}}


async def columns() -> set[tuple[Any, ...]]:
    """Every column in the database: table, name, type, NOT NULL; on SQLite its place in the primary key."""
    db = get_connection("default")
    if db.capabilities.dialect == "sqlite":
        query = "SELECT t.name AS name, c.name AS field, c.type, c.[notnull], c.pk "
        query += "FROM sqlite_master t, pragma_table_info(t.name) c WHERE t.type = 'table'"
    else:
        query = "SELECT table_name AS name, column_name, data_type, character_maximum_length, is_nullable "
        query += "FROM information_schema.columns WHERE table_schema = current_schema()"
    not_ours = {"sqlite_sequence", "tortoise_migrations"}
    rows = await db.execute_query_dict(query)
    return {tuple(row.values()) for row in rows if row["name"] not in not_ours}


async def indexes() -> dict[str, str]:
    """Name and definition of every index."""
    db = get_connection("default")
    query = "SELECT indexname AS name, indexdef AS sql FROM pg_indexes WHERE schemaname = current_schema()"
    if db.capabilities.dialect == "sqlite":
        query = "SELECT name, sql FROM sqlite_master WHERE type = 'index'"
    return {row["name"]: row["sql"] for row in await db.execute_query_dict(query)}


async def emails() -> list[str]:
    rows = await get_connection("default").execute_query_dict("SELECT email FROM customer ORDER BY name")
    return [row["email"] for row in rows]


async def test_they_make_what_the_models_say(config):
    async with tortoise_test_context(MODELS, db_url=DATABASE_URL):
        try:
            expected = await columns()
        finally:
            await Tortoise._drop_databases()
    await migrate(config=config)
    assert await columns() == expected


async def test_they_can_be_undone_and_applied_again(config):
    await migrate(config=config)
    applied = await columns()
    await migrate(config=config, target="models.__first__", direction="backward")
    assert await columns() == set()
    await migrate(config=config)
    assert await columns() == applied


async def test_rows_go_up_down_and_up(with_next):
    await migrate(config=with_next, target="models.0001_initial")
    await get_connection("default").execute_script(ROWS)
    assert await emails() == ["Billing@Acme.test", "billing@globex.test"]

    for _ in range(2):
        await migrate(config=with_next)
        assert await emails() == ["billing@acme.test", "billing@globex.test"]
        with pytest.raises(IntegrityError):
            await get_connection("default").execute_script(SETTLED_TWICE)
        await migrate(config=with_next, target="models.0001_initial", direction="backward")
        await get_connection("default").execute_script(SETTLED_TWICE)


@pytest.mark.parametrize("with_next", [CONCURRENT], indirect=True)
async def test_operations_that_do_not_block_do_the_same_everywhere(with_next):
    await migrate(config=with_next, target="models.0001_initial")
    before = await columns()
    await get_connection("default").execute_script(ROWS)
    for _ in range(2):
        await migrate(config=with_next)
        db = get_connection("default")  # migrate() has opened another
        with pytest.raises(IntegrityError, match="phone"):
            await db.execute_query("UPDATE customer SET phone = NULL")
        assert "ix_customer_name" in await indexes()
        assert "WHERE" in (await indexes())["ix_settled"]
        if db.capabilities.dialect == "postgres":
            invalid = "SELECT 1 FROM pg_index WHERE NOT indisvalid"
            left = "SELECT 1 FROM pg_constraint WHERE conname = 'customer_phone_given'"
            assert await db.execute_query_dict(f"{invalid} UNION ALL {left}") == []
        await migrate(config=with_next, target="models.0001_initial", direction="backward")
        assert await columns() == before


@pytest.mark.parametrize("with_next", [NOTE_GIVEN], indirect=True)
async def test_a_null_stops_not_null_and_nothing_is_changed(with_next):
    await migrate(config=with_next, target="models.0001_initial")
    await get_connection("default").execute_script(ROWS + ";" + INVOICE_WITHOUT_NOTE)
    before = await columns()
    with pytest.raises((IntegrityError, ValueError), match="note"):
        await migrate(config=with_next)
    db = get_connection("default")
    assert await columns() == before
    await db.execute_query("UPDATE invoice SET note = NULL")  # old code still can
    await db.execute_query("UPDATE invoice SET note = '?'")
    await migrate(config=with_next)
    with pytest.raises(IntegrityError, match="note"):
        await get_connection("default").execute_query("UPDATE invoice SET note = NULL")


@pytest.mark.parametrize("with_next", [GIN], indirect=True)
async def test_an_index_keeps_its_type(with_next):
    if get_connection("default").capabilities.dialect != "postgres":
        pytest.skip("GIN is PostgreSQL's")
    await migrate(config=with_next)
    assert "USING gin (data)" in (await indexes())["ix_data"]
