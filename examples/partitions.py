# snippet: needs="postgres|mysql, aerich, tortoise>=1.1.8"
"""A partitioned table: the migrations of both tools, foreign keys, and what MariaDB refuses.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/partitions.py
"""

import asyncio
import contextvars
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

sys.path.insert(0, str(Path(__file__).resolve().parent))
keys: Any = importlib.import_module("large_keys")  # its helpers
MODELS = """
from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class Event(Model):
    class Meta:
        table = "event"
        indexes = (Index(fields=("code",), name="ix_event_code"),)

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    code = fields.CharField(max_length=20)
"""
LATER = f"{MODELS}    note = fields.CharField(max_length=20, null=True, db_index=True)\n"
INDEXED = LATER.replace("indexes = (", 'indexes = (Index(fields=("code", "at"), name="ix_later"), ')
TABLE = """
CREATE TABLE event (
    id UUID NOT NULL, at TIMESTAMPTZ NOT NULL, code VARCHAR(20) NOT NULL, PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX ix_event_code ON event (code);
"""
MONTH = "CREATE TABLE event_2026_01 PARTITION OF event FOR VALUES FROM ('2026-01-01+00') TO ('2026-02-01+00')"


class Event(Model):
    class Meta:
        table = "event"

    id = fields.UUIDField(primary_key=True)
    at = fields.DatetimeField()
    code = fields.CharField(max_length=20)


class Note(Model):
    class Meta:
        table = "note"

    id = fields.IntField(primary_key=True)
    event: fields.ForeignKeyRelation[Event] = fields.ForeignKeyField(
        "models.Event", "notes", db_constraint=False
    )


def begin() -> None:
    keys.sql("DROP TABLE IF EXISTS note, event", "SELECT 1")
    keys.begin(MODELS)


def kept() -> None:
    """The table is partitioned. Its row survives a later draft, which reaches the partition, too."""
    (row,) = keys.sql("SELECT relkind::text AS kind FROM pg_class WHERE oid = 'event'::regclass")
    assert row == {"kind": "p"}
    keys.sql(MONTH, "INSERT INTO event VALUES (gen_random_uuid(), '2026-01-10+00', 'A')", "SELECT 1")


PAGE = Path(__file__).resolve().parents[1] / "references" / "partitions.md"
(INDEX_PARTS,) = re.findall(
    r"^async def index_parts\(.*?(?=\n\n\n)", PAGE.read_text(encoding="utf-8"), re.M | re.S
)
FORWARD = f"""{INDEX_PARTS}


async def forward(apps, editor):
    await index_parts(editor.client)


class"""
PARTS = "    atomic = False\n    operations = [ops.RunPython(forward, ops.RunPython.noop)]"
LIMIT = "SET LOCAL lock_timeout = '2s'"
ATTACHED = """
SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = 'ix_later'::regclass
"""


def with_aerich() -> None:
    begin()
    keys.aerich("init-migrations")
    (file,) = keys.APP.glob("aerich/models/*_init.py")
    text, number = re.subn(
        r'CREATE TABLE IF NOT EXISTS "event" \(.*?\n\);\nCREATE INDEX [^;]*;',
        TABLE.strip(),
        file.read_text(),
        count=1,
        flags=re.DOTALL,
    )
    assert number == 1
    assert "MODELS_STATE" in text
    file.write_text(text)
    keys.aerich("upgrade")
    kept()
    assert "No changes detected" in keys.aerich("migrate", "--offline")  # the state knows no partitions
    (keys.APP / "shop.py").write_text(LATER)
    later = keys.aerich_draft("note")
    assert 'ALTER TABLE "event" ADD "note" VARCHAR(20)' in later
    assert "CREATE INDEX IF NOT EXISTS" in later
    keys.aerich("upgrade")
    assert keys.sql("SELECT code, note FROM event_2026_01") == [{"code": "A", "note": None}]
    keys.aerich("migrate", "--offline", "--empty", "--name", "parts")
    (file,) = keys.APP.glob("aerich/models/*_parts.py")
    build = '    await index_parts(db)\n    return "SELECT 1"'
    text, number = re.subn(r'    return """\s*"""', build, file.read_text(), count=1)
    assert number == 1
    text = text.replace("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    file.write_text(f"{text}\n\n{INDEX_PARTS}\n")
    (keys.APP / "shop.py").write_text(INDEXED)
    keys.aerich_draft("index")
    (file,) = keys.APP.glob("aerich/models/*_index.py")
    text, number = re.subn(r'return """', f"\\g<0>{LIMIT};", file.read_text(), count=1)
    assert number == 1
    file.write_text(text)
    keys.aerich("upgrade")
    assert keys.sql(ATTACHED) == [{"part": "ix_event_2026_01_code_at"}]


def built_in() -> None:
    begin()
    assert "ops.CreateModel(" in keys.draft("initial")
    (draft,) = keys.APP.glob("migrations/0001_initial.py")
    (created,) = re.findall(r"operations = \[(.*)\]", draft.read_text(), re.DOTALL)
    text = draft.read_text().replace(created, f"ops.RunSQL({TABLE!r}), *map(StateOnly, [{created}])")
    draft.write_text(f"from apps.common.operations import StateOnly\n{text}")
    keys.tortoise("migrate")
    kept()
    assert "No changes detected" in keys.tortoise("makemigrations")
    (keys.APP / "shop.py").write_text(LATER)
    assert "ops.AddField(" in keys.draft("note")
    keys.tortoise("migrate")
    assert keys.sql("SELECT code, note FROM event_2026_01") == [{"code": "A", "note": None}]
    keys.tortoise("makemigrations", "models", "--empty", "--name", "parts")
    (file,) = keys.APP.glob("migrations/*_parts.py")
    text, number = re.subn(r"    operations = \[\s*\]", PARTS, file.read_text(), count=1)
    assert number == 1
    file.write_text(f"from tortoise.migrations import operations as ops\n{text}".replace("class", FORWARD, 1))
    (keys.APP / "shop.py").write_text(INDEXED)
    text = keys.draft("index")
    assert "ops.AddIndex(" in text
    (file,) = keys.APP.glob("migrations/*_index.py")
    limited = text.replace("operations = [", "operations = [LockTimeout(2),")
    file.write_text(f"from apps.common.operations import LockTimeout\n{limited}")
    keys.tortoise("migrate")
    (index,) = keys.sql(ATTACHED)
    assert index == {"part": "ix_event_2026_01_code_at"}


def refused(*statements: str) -> str:
    try:
        keys.sql(*statements, "SELECT 1")
    except Exception as error:
        return str(error)
    raise AssertionError("no error")


async def notes() -> None:
    """Another table refers to the events without a foreign key of the database."""
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        connection = get_connection("default")
        await connection.execute_script("DROP TABLE event")
        await context.generate_schemas(safe=True)
        kind = "SELECT relkind::text AS kind FROM pg_class WHERE oid = 'event'::regclass"
        assert await connection.execute_query_dict(kind) == [{"kind": "r"}]  # a plain table
        await connection.execute_script(f"DROP TABLE event; {TABLE}; {MONTH};")
        event = await Event.create(at="2026-01-10T00:00:00+00:00", code="A")
        again = [Event(id=event.id, at="2026-01-10T00:00:00+00:00", code="B")]
        await Event.bulk_create(again, on_conflict=["id", "at"], update_fields=["code"])
        assert await Event.filter(code="B").count() == 1
        try:
            await Event.bulk_create(again, on_conflict=["id"], update_fields=["code"])
            raise AssertionError("no error")
        except OperationalError as error:
            assert "no unique or exclusion constraint" in str(error)
        note = await Note.create(event=event)
        assert (await Note.get(id=note.id).select_related("event")).event.code == "B"
        await event.delete()
        assert await Note.all().count() == 1  # WRONG, if you expect CASCADE: it refers to nothing


async def briefly(sql: str) -> None:
    async with in_transaction() as connection:
        await connection.execute_script(f"SET LOCAL lock_timeout = '300ms'; {sql}")


async def waiting() -> list[bool]:
    """Which statements wait for an open transaction: for its write to the author, or its read of events."""
    attach = (
        "CREATE TABLE log_1 (LIKE log); ALTER TABLE log ATTACH PARTITION log_1"
        " FOR VALUES FROM ('2026-02-01+00') TO ('2026-03-01+00')"
    )
    without = attach.replace("log", "event")
    with_rest = without.replace("event_1", "event_2").replace("-03-", "-04-").replace("-02-", "-03-")
    found = []
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        db, outside = get_connection("default"), contextvars.copy_context()
        await db.execute_script(
            "DROP TABLE IF EXISTS log, author; CREATE TABLE author (id INT PRIMARY KEY);"
            "INSERT INTO author VALUES (1);"
            "CREATE TABLE log (at TIMESTAMPTZ NOT NULL, author_id INT REFERENCES author)"
            " PARTITION BY RANGE (at)"
        )
        for sql in (attach, without, "DROP TABLE event_2026_01", with_rest):
            if sql == with_rest:
                await db.execute_script("CREATE TABLE event_rest PARTITION OF event DEFAULT")
            async with in_transaction() as connection:
                await connection.execute_script("UPDATE author SET id = 2; SELECT FROM event")
                other = asyncio.create_task(briefly(sql), context=outside.copy())
                (result,) = await asyncio.gather(other, return_exceptions=True)
            found.append("lock timeout" in str(result))
        await db.execute_script("DROP TABLE log, author, event_1, event_rest")
    return found


async def index_waits() -> str:
    """The plain CREATE INDEX waits for a transaction that has inserted an event."""
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        outside = contextvars.copy_context()
        month = MONTH.replace("-02-", "-03-").replace("-01-", "-02-").replace("_01", "_02")
        await get_connection("default").execute_script(month)
        async with in_transaction():
            await Event.create(at="2026-02-10T00:00:00+00:00", code="A")
            create = briefly("CREATE INDEX ix_waits ON event (code)")
            other = asyncio.create_task(create, context=outside.copy())
            (result,) = await asyncio.gather(other, return_exceptions=True)
        await get_connection("default").execute_script("DROP TABLE event_2026_02")
        return str(result)


async def by_the_role_of_the_application() -> str:
    """It may change all rows. The transaction undoes the role, which belongs to the whole server."""
    role = f"app_{os.getpid()}"
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        try:
            async with in_transaction() as connection:
                await connection.execute_script(
                    f"CREATE ROLE {role}; GRANT {role} TO CURRENT_USER; GRANT ALL ON event TO {role};"
                    f"CREATE TABLE event_2026_02 (LIKE event); SET LOCAL ROLE {role};"
                    "INSERT INTO event VALUES (gen_random_uuid(), '2026-01-10+00', 'A');"
                    "ALTER TABLE event ATTACH PARTITION event_2026_02"
                    " FOR VALUES FROM ('2026-02-01+00') TO ('2026-03-01+00')"
                )
        except Exception as error:
            return str(error)
    raise AssertionError("no error")


def on_postgresql() -> None:
    said = refused("CREATE TABLE bad (id UUID PRIMARY KEY, at TIMESTAMPTZ NOT NULL) PARTITION BY RANGE (at)")
    assert 'PRIMARY KEY constraint on table "bad" lacks column "at"' in said
    existing = "ALTER TABLE plain PARTITION BY RANGE (at)"
    assert 'syntax error at or near "PARTITION"' in refused("CREATE TABLE plain (at TIMESTAMPTZ)", existing)
    with_aerich()
    built_in()
    asyncio.run(notes())
    assert asyncio.run(waiting()) == [True, False, True, True]
    assert "lock timeout" in asyncio.run(index_waits())
    assert "must be owner of table event" in asyncio.run(by_the_role_of_the_application())
    said = refused("CREATE TABLE bad (event_id UUID REFERENCES event (id))")
    assert "there is no unique constraint matching given keys" in said
    twice = "twice INT GENERATED ALWAYS AS (n * 2) STORED"
    generated = f"CREATE TABLE made (at DATE, n INT, {twice}) PARTITION BY RANGE (at)"
    attach = "ALTER TABLE made ATTACH PARTITION made_1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')"
    said = refused(generated, "CREATE TABLE made_1 (LIKE made INCLUDING DEFAULTS)", attach)
    assert 'column "twice" in child table must be a generated column' in said
    keys.sql("DROP TABLE IF EXISTS made, made_1", "SELECT 1")
    like = "CREATE TABLE made_1 (LIKE made INCLUDING GENERATED)"
    keys.sql(generated, like, attach, "DROP TABLE made", "SELECT 1")
    pair = "event_id UUID, at TIMESTAMPTZ, FOREIGN KEY (event_id, at) REFERENCES event (id, at)"
    keys.sql(f"CREATE TABLE pair ({pair})", "DROP TABLE pair", "SELECT 1")  # PostgreSQL takes two columns


def on_mariadb() -> None:
    parts = "PARTITION BY RANGE COLUMNS (at) (PARTITION p1 VALUES LESS THAN ('2026-02-01'))"
    key_only = refused(f"CREATE TABLE bad (id INT PRIMARY KEY, at DATETIME NOT NULL) {parts}")
    assert "1503" in key_only  # a PRIMARY KEY must include the time
    columns = "id INT, at DATETIME NOT NULL, author_id INT, PRIMARY KEY (id, at)"
    keys.sql("CREATE TABLE author (id INT PRIMARY KEY)", f"CREATE TABLE good ({columns}) {parts}", "SELECT 1")
    foreign = refused(f"CREATE TABLE bad ({columns}, FOREIGN KEY (author_id) REFERENCES author (id)) {parts}")
    assert "1506" in foreign  # foreign keys are not supported with partitioning
    to_parts = refused("CREATE TABLE bad (good_id INT, FOREIGN KEY (good_id) REFERENCES good (id))")
    assert "1005" in to_parts or "1506" in to_parts  # of MariaDB, of MySQL
    assert "1526" in refused("INSERT INTO good VALUES (1, '2026-03-10', NULL)")  # no partition for the row


if __name__ == "__main__":
    keys.set_up()
    on_postgresql() if keys.POSTGRES else on_mariadb()
