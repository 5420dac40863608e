"""TD206 beside PostgreSQL: after LOCK TABLE, a step is reported if, and only if, reads wait for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from servers import new_database
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

pytestmark = pytest.mark.slow

TABLES = "CREATE TABLE owner (id INT PRIMARY KEY); CREATE TABLE item (id INT, owner_id INT);"
LOCK = "SET LOCAL lock_timeout = '2s'; LOCK TABLE item IN SHARE ROW EXCLUSIVE MODE;"
READS_WAIT = {
    "CREATE INDEX ix ON item (id)": False,
    "CREATE UNIQUE INDEX uq ON item (id)": False,
    "ALTER TABLE item ADD CONSTRAINT c FOREIGN KEY (owner_id) REFERENCES owner (id)": False,
    "ALTER TABLE item ADD CONSTRAINT c UNIQUE (id)": True,
    "ALTER TABLE item ADD PRIMARY KEY (id)": True,
    "ALTER TABLE item ADD CONSTRAINT c CHECK (id > 0)": True,
    "ALTER TABLE item ADD CONSTRAINT c EXCLUDE (id WITH =)": True,
    "ALTER TABLE item ALTER COLUMN id SET NOT NULL": True,
}


@pytest.mark.parametrize("sql", READS_WAIT)
def test_what_is_reported_after_a_lock_makes_reads_wait(sql: str, project) -> None:
    project.write(
        {
            "config.py": 'URL = "asyncpg://shop@db/shop"\n',
            "migrations/models/0_20260101_a.py": f"async def upgrade(db):\n    return '{TABLES}'\n",
            "migrations/models/1_20260102_b.py": f'async def upgrade(db):\n    return """{LOCK}{sql}"""\n',
        }
    )
    assert bool(project.found("--select", "TD206")) is READS_WAIT[sql]


def test_postgresql_makes_reads_wait(tmp_path: Path) -> None:
    with new_database("postgres", tmp_path) as url:
        assert asyncio.run(_reads_wait(url)) == READS_WAIT


async def _reads_wait(url: str) -> dict[str, bool]:
    """Which statements another connection's reads wait for, in a transaction that has locked the table."""
    waiting = {}
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["aerich.models"]})  # any: it must not be empty
        other = context.connections.get("default")
        await other.execute_script(TABLES)
        for sql in READS_WAIT:
            try:
                async with in_transaction() as db:
                    await db.execute_script(LOCK + sql)
                    waiting[sql] = await _is_refused(other)
                    raise _UndoneError
            except _UndoneError:
                pass
    return waiting


async def _is_refused(other) -> bool:
    try:
        await other.execute_script("SET lock_timeout = '200ms'; SELECT * FROM item")
    except Exception as error:  # Tortoise passes the driver's own error on
        assert "lock timeout" in str(error)
        return True
    return False


class _UndoneError(Exception):
    """Ends the transaction with a rollback."""
