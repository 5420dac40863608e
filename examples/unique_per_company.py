# snippet: needs="postgres, aerich, tortoise>=1.1.8"
"""An e-mail that was unique becomes unique for each company, without the case: the files of unique-values.md.

The merge file is the code of the page, with other names. By hand, on an empty database:
DATABASE_URL=postgres://… python examples/unique_per_company.py
"""

import asyncio
import os
import re
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

from aerich import Command
from aerich.utils import compress_dict, get_models_describe
from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, MultipleObjectsReturned
from tortoise.models import Model
from tortoise.transactions import in_transaction

PAGE = (Path(__file__).resolve().parents[1] / "references" / "unique-values.md").read_text(encoding="utf-8")
(MERGE,) = re.findall(r"(?ms)^```python prelude\n(from tortoise import BaseDB.+?)^```", PAGE)
(COPY,) = re.findall(r'(?ms)^ +COPY = """\n(.+?)^ +"""', PAGE)
(KEY,) = re.findall(r"write `(.+?)` in both places", PAGE)
FILE = '''
from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """{}"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """{}"""
'''
TIMEOUT = "SET LOCAL lock_timeout = '2s'; "
DROP = "ALTER TABLE person DROP CONSTRAINT IF EXISTS person_email_key; DROP INDEX IF EXISTS uid_person_email;"
TABLES = """
CREATE TABLE company (id INT PRIMARY KEY, name TEXT);
CREATE TABLE person (id INT PRIMARY KEY, created_at TIMESTAMPTZ NOT NULL, updated_at TIMESTAMPTZ NOT NULL,
  email VARCHAR(99) NOT NULL UNIQUE, company_id INT NOT NULL REFERENCES company);
CREATE TABLE note (id INT PRIMARY KEY, person_id INT NOT NULL REFERENCES person);
CREATE TABLE aerich (id SERIAL PRIMARY KEY, version VARCHAR(255), app VARCHAR(100), content JSONB);
"""
DAY = "'2026-01-0{}T00:00:00Z'"
# id, company, e-mail, phone: those of company 1 are one person, and the last two of company 2.
PEOPLE = [
    (1, 1, "Ann@x.test", ""),
    (2, 1, "ann@x.test", "old"),
    (3, 1, "ANN@x.test", "new"),
    (4, 1, " ann@x.test", None),
    (5, 2, "aNN@x.test", None),
    (6, 2, "bob@x.test", "own"),
    (7, 2, "BOB@x.test", "other"),
]
MERGED = [(1, "new"), (5, None), (6, "own")]


class Company(Model):
    class Meta:
        table = "company"

    id = fields.IntField(primary_key=True)


class Person(Model):
    class Meta:
        table = "person"

    id = fields.IntField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)
    email = fields.CharField(max_length=99)
    phone = fields.CharField(max_length=20, null=True)
    company: fields.ForeignKeyRelation[Company] = fields.ForeignKeyField("models.Company", "people")


def merge_file() -> str:
    """The code of the page. The table and its child get other names."""
    text = MERGE.replace("customer", "person").replace("invoice", "note")
    assert text.count("lower(trim(email))") == 2
    text = text.replace("lower(trim(email))", KEY)
    text = re.sub(
        r"(?m)^COLUMNS = .*", 'COLUMNS = "id, created_at, updated_at, email, company_id, phone"', text
    )
    copy = COPY.replace("customer", "person")
    return re.sub(r"(?m)^COPY = .*", f'COPY = """{copy}"""', text)


FILES = {
    "0_1_init": FILE.format(TABLES, ""),
    "1_1_phone": FILE.format(TIMEOUT + "ALTER TABLE person ADD phone VARCHAR(20)", "SELECT 1"),
    "2_1_merge": merge_file(),
    "3_1_drop": FILE.format(TIMEOUT + DROP, "CREATE UNIQUE INDEX uid_person_email ON person (email)"),
}


FOLDER = Path(tempfile.mkdtemp())


def write(*names: str) -> None:
    """The migration files. Each has the state of today's models: Aerich compares it only for a draft."""
    (FOLDER / "models").mkdir(exist_ok=True)
    state = f"MODELS_STATE = {compress_dict(get_models_describe('models'))!r}\n"
    for name in names:
        (FOLDER / "models" / f"{name}.py").write_text(FILES[name] + state)


async def sql(statement: str) -> list[dict[str, Any]]:
    return await get_connection("default").execute_query_dict(statement)


async def script(statement: str) -> None:
    await get_connection("default").execute_script(statement)


async def refused(call: Awaitable[Any], says: str, error: type[Exception]) -> None:
    try:
        await call
    except error as found:
        assert says in str(found), found
    else:
        raise AssertionError(f"not refused: {says}")


async def people() -> list[tuple[int, str | None]]:
    return [(row["id"], row["phone"]) for row in await sql("SELECT id, phone FROM person ORDER BY id")]


async def indexes() -> set[str]:
    return {
        row["name"]
        for row in await sql("SELECT indexname AS name FROM pg_indexes WHERE tablename = 'person'")
    }


async def waits(count: int) -> None:
    """So many sessions wait for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(500):
        if len(await sql(waiting)) == count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("they do not wait")


async def a_reader_blocks_a_column() -> None:
    """ADD COLUMN waits for an open transaction that has read. Later readers wait behind it, for 2 seconds."""
    has_read, may_end = asyncio.Event(), asyncio.Event()

    async def reader() -> None:
        async with in_transaction() as tx:
            await tx.execute_query("SELECT 1 FROM person")
            has_read.set()
            await may_end.wait()

    async def migration() -> None:
        async with in_transaction() as tx:
            await tx.execute_script(TIMEOUT + "ALTER TABLE person ADD other INT")

    reading = asyncio.create_task(reader())
    await has_read.wait()
    migrating = asyncio.create_task(migration())
    await waits(1)
    late = asyncio.create_task(sql("SELECT 1 FROM person"))
    await waits(2)
    await refused(migrating, "lock timeout", Exception)
    await late
    may_end.set()
    await reading


async def up_down_and_up(command: Command) -> None:
    for row, (id_, company, email, phone) in enumerate(PEOPLE, 1):
        day, text = DAY.format(row), "NULL" if phone is None else f"'{phone}'"
        await script(f"INSERT INTO person VALUES ({id_}, {day}, {day}, '{email}', {company}, {text})")
    await script("INSERT INTO note VALUES (1, 3)")
    await command.upgrade()
    await command.downgrade(2, delete=False)
    assert [id_ for id_, _ in await people()] == [id_ for id_, *_ in PEOPLE]
    assert await sql("SELECT person_id FROM note") == [{"person_id": 1}]  # it stays with the kept person
    assert "uid_person_email" in await indexes()
    assert await sql("SELECT to_regclass('person_merged') AS kept") == [{"kept": None}]
    await command.upgrade()
    assert await people() == MERGED
    fresh = "SELECT id FROM person WHERE updated_at > now() - interval '1 minute'"
    assert await sql(fresh) == [{"id": 1}]
    assert await indexes() == {"person_pkey", "uq_person_key"}


async def shared(command: Command) -> None:
    """Another company may have the e-mail. Then the old rule cannot come back, and `get()` finds two."""
    await refused(Person.create(id=8, email="bob@X.test", company_id=2), "uq_person_key", IntegrityError)
    await Person.create(id=8, email="bob@x.test", company_id=1)
    await refused(Person.get(email="bob@x.test"), "Multiple objects", MultipleObjectsReturned)
    await refused(command.downgrade(3, delete=False), "uid_person_email", IntegrityError)
    assert await indexes() == {"person_pkey", "uq_person_key"}
    await script("DELETE FROM person WHERE id = 8")


async def deleted_company(command: Command) -> None:
    """The way back cannot restore people of a company that was deleted, unless the INSERT leaves them out."""
    await command.downgrade(3, delete=False)
    await script("DELETE FROM person WHERE company_id = 2; DELETE FROM company WHERE id = 2")
    before = await people()
    await refused(command.downgrade(2, delete=False), "company_id", IntegrityError)
    assert await people() == before
    text = FILES["2_1_merge"]
    end = "FROM person_merged;\n    DROP"
    where = " WHERE company_id IN (SELECT id FROM company)"
    assert text.count(end) == 1
    namespace: dict[str, Any] = {}
    exec(text.replace(end, end.replace(";", where + ";")), namespace)
    await script(await namespace["downgrade"](get_connection("default")))
    assert [id_ for id_, _ in await people()] == [1, 2, 3, 4]


async def merged_and_dropped(files: int) -> list[Any]:
    """What becomes of the migration, and of a transaction that has read before it, and writes."""
    namespace: dict[str, Any] = {}
    exec(merge_file(), namespace)
    merge = await namespace["upgrade"](get_connection("default"))
    has_read, is_merged, wants_to_write = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def caller() -> None:
        async with in_transaction() as tx:
            await tx.execute_query("SELECT 1 FROM person")
            has_read.set()
            await is_merged.wait()
            asyncio.get_running_loop().call_later(0.3, wants_to_write.set)
            await tx.execute_query("UPDATE person SET phone = phone WHERE id = 1")

    async def migration() -> None:
        await has_read.wait()
        async with in_transaction() as tx:
            await tx.execute_script(merge)
            is_merged.set()
            await wants_to_write.wait()
            if files == 1:
                await tx.execute_script(DROP)
        if files == 2:
            async with in_transaction() as tx:
                await tx.execute_script(DROP)

    return await asyncio.gather(caller(), migration(), return_exceptions=True)


async def main() -> None:
    app = {"models": ["__main__", "aerich.models"], "default_connection": "default"}
    config = {"connections": {"default": os.environ["DATABASE_URL"]}, "apps": {"models": app}}
    async with TortoiseContext() as context:
        await context.init(config=config)
        command = Command(config, location=str(FOLDER))
        await command.init(offline=True)
        write("0_1_init", "1_1_phone")
        await command.upgrade()
        await script("INSERT INTO company VALUES (1), (2)")
        await a_reader_blocks_a_column()
        write("2_1_merge", "3_1_drop")
        await up_down_and_up(command)
        await shared(command)
        await deleted_company(command)
        found = await merged_and_dropped(files=1)
        assert ["deadlock detected" in str(one) for one in found].count(True) == 1, found
        await script("DROP TABLE IF EXISTS person_merged; DROP INDEX IF EXISTS uq_person_key")
        assert await merged_and_dropped(files=2) == [None, None]


asyncio.run(main())
