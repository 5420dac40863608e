# snippet: needs="aerich, tortoise>=1.1.8"
"""Duplicates keep their rows and get a marked e-mail: Aerich's file, and the test of a busy table.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/unique_marked.py
"""

import asyncio
import os
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aerich import Command
from aerich.utils import compress_dict, get_models_describe
from tortoise import Tortoise, fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.transactions import in_transaction

FILE = '''
from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

LOCK = """
SET LOCAL lock_timeout = '2s';
LOCK TABLE client IN SHARE ROW EXCLUSIVE MODE;
"""
MARK = """
CREATE TABLE client_marked AS SELECT * FROM (
  SELECT id, email AS old, 'duplicate-' || id || '@duplicate.invalid' AS marked,
    first_value(id) OVER (PARTITION BY lower(trim(email)) ORDER BY created_at, id) AS kept
  FROM client WHERE email IS NOT NULL
) AS one WHERE kept <> id;
UPDATE client SET email = marked, updated_at = CURRENT_TIMESTAMP
  FROM client_marked AS m WHERE client.id = m.id;
CREATE UNIQUE INDEX uq_client_key ON client (lower(trim(email)));
"""
UNMARK = """
DROP INDEX uq_client_key;
UPDATE client SET email = old, updated_at = CURRENT_TIMESTAMP
  FROM client_marked AS m WHERE client.id = m.id AND email = marked;
DROP TABLE client_marked;
"""
# SQLite's CURRENT_TIMESTAMP has no offset: Tortoise reads it as a time in the configured zone.
SQLITE_NOW = "strftime('%Y-%m-%d %H:%M:%f+00:00', 'now')"
# The unique column compares as PARTITION BY does: by the collation of the column.
MARK_MYSQL = """
CREATE TABLE client_marked AS SELECT * FROM (
  SELECT id, email AS old, CONCAT('duplicate-', id, '@duplicate.invalid') AS marked,
    first_value(id) OVER (PARTITION BY email ORDER BY created_at, id) AS kept
  FROM client WHERE email IS NOT NULL
) AS one WHERE kept <> id;
UPDATE client JOIN client_marked AS m ON client.id = m.id
  SET email = marked, updated_at = UTC_TIMESTAMP(6);
CREATE UNIQUE INDEX uq_client_key ON client (email);
"""
UNMARK_MYSQL = """
DROP INDEX uq_client_key ON client;
UPDATE client JOIN client_marked AS m ON client.id = m.id
  SET email = old, updated_at = UTC_TIMESTAMP(6) WHERE email = marked;
DROP TABLE client_marked;
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return sql(db, MARK, MARK_MYSQL)


async def downgrade(db: BaseDBAsyncClient) -> str:
    return sql(db, UNMARK, UNMARK_MYSQL)


def sql(db, text, of_mysql):
    dialect = db.capabilities.dialect if db else "postgres"
    if dialect == "mysql":
        return of_mysql
    return text.replace("CURRENT_TIMESTAMP", SQLITE_NOW) if dialect == "sqlite" else LOCK + text
'''
DAY = datetime(2026, 1, 1, tzinfo=UTC)
# MySQL and MariaDB store no offset: UTC_TIMESTAMP() is right if `timezone` is UTC.
ZONE = "UTC" if os.environ["DATABASE_URL"].startswith("mysql") else "Asia/Tokyo"


class Client(Model):
    class Meta:
        table = "client"

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    email = fields.CharField(max_length=64, null=True)  # the length of a marked address with a UUID


def key(number: int) -> uuid.UUID:
    return uuid.UUID(int=number)


OLD = {1: "ANN@x.test", 2: "ann@x.test", 3: "Ann@x.test", 4: "bob@x.test", 6: None, 7: None}
NEW = {number: f"duplicate-{key(number)}@duplicate.invalid" for number in (1, 3)}
DAYS = {1: 2, 2: 1, 3: 1, 4: 1, 6: 1, 7: 1}  # 2 is the oldest: as old as 3, with the lower id


async def emails() -> dict[int, str | None]:
    return {row.id.int: row.email for row in await Client.all()}


async def up_down_and_up(command: Command) -> None:
    for number, email in OLD.items():
        created = DAY + timedelta(days=DAYS[number])
        await Client.create(id=key(number), created_at=created, updated_at=created, email=email)
    for _ in range(2):
        assert await emails() == OLD
        await command.upgrade()
        assert await emails() == OLD | NEW
        for row in await Client.all():
            is_new = datetime.now(UTC) - row.updated_at < timedelta(minutes=1)
            assert is_new == (row.id.int in NEW), (row.updated_at, row.email)
        await command.downgrade(-1, delete=False)
    assert await emails() == OLD


async def refused_and_corrected(command: Command) -> None:
    await command.upgrade()
    try:
        await Client.create(id=key(5), created_at=DAY, updated_at=DAY, email="BOB@x.test")
        raise AssertionError("no error")
    except IntegrityError as error:
        assert "uq_client_key" in str(error)
    await Client.filter(id=key(1)).update(email="ann.b@x.test")
    await command.downgrade(-1, delete=False)
    assert await emails() == OLD | {1: "ann.b@x.test"}, "a corrected address survives the way back"


async def busy(command: Command) -> None:
    """Another session has changed a row. A transaction of this task would let the migration join it."""
    before = await emails()
    async with get_connection("default").acquire_connection() as other, other.transaction():
        await other.execute("UPDATE client SET email = email")
        try:
            await asyncio.wait_for(command.upgrade(), 20)
            raise AssertionError("no error")
        except Exception as error:
            # The driver's own error: LockNotAvailableError of asyncpg, LockNotAvailable of psycopg.
            assert type(error).__name__ in ("LockNotAvailableError", "LockNotAvailable"), error
    assert await emails() == before
    async with in_transaction() as same:
        await same.execute_query("UPDATE client SET email = email")
        await command.upgrade()  # WRONG: it joins the transaction, and waits for nothing
        assert (await emails())[3] == NEW[3], "it has joined the transaction"
    await command.downgrade(-1, delete=False)


async def main() -> None:
    app = {"models": ["__main__", "aerich.models"], "default_connection": "default"}
    config = {
        "connections": {"default": os.environ["DATABASE_URL"]},
        "apps": {"models": app},
        "use_tz": True,
        "timezone": ZONE,
    }
    async with TortoiseContext() as context:
        await context.init(config=config)
        await Tortoise.generate_schemas()
        folder = Path(tempfile.mkdtemp())
        (folder / "models").mkdir()
        state = f"MODELS_STATE = {compress_dict(get_models_describe('models'))!r}\n"
        (folder / "models" / "1_20260101000000_unique.py").write_text(FILE + state)
        command = Command(config, location=str(folder))
        await command.init(offline=True)
        await up_down_and_up(command)
        await refused_and_corrected(command)
        if get_connection("default").capabilities.dialect == "postgres":
            await busy(command)


asyncio.run(main())
