# snippet: needs="postgres|mysql"
"""A large table gets a unique column: each row stays, and other code writes meanwhile. Its proofs.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/unique_keep_rows.py
"""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

from tortoise import BaseDBAsyncClient, fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

# --- PostgreSQL: the guard file

INDEX = "CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_client_key ON client (lower(trim(email)))"
GUARD = """
SET LOCAL lock_timeout = '2s';
CREATE OR REPLACE FUNCTION client_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted text := lower(trim(NEW.email));
BEGIN
  IF TG_OP = 'UPDATE' AND wanted = lower(trim(OLD.email)) THEN
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('client' || wanted, 0));
  IF EXISTS (SELECT FROM client WHERE lower(trim(email)) = wanted AND id <> NEW.id) THEN
    RAISE unique_violation USING MESSAGE = 'duplicate key: ' || wanted;
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER IF EXISTS client_guard ON client;
CREATE TRIGGER client_guard BEFORE INSERT OR UPDATE OF email ON client
  FOR EACH ROW EXECUTE FUNCTION client_guard();
"""

# --- PostgreSQL: the mark file

KEYS = """
SELECT lower(trim(email)) AS key FROM client WHERE lower(trim(email)) >= $1
GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT $2
"""
LOCK = "SELECT id FROM client WHERE lower(trim(email)) = ANY ($1) ORDER BY id FOR UPDATE"
NOTE = """
INSERT INTO client_marked SELECT id, email, 'duplicate-' || id || '@duplicate.invalid' FROM (
  SELECT id, email, row_number() OVER (PARTITION BY lower(trim(email)) ORDER BY created_at, id) AS place
  FROM client WHERE lower(trim(email)) = ANY ($1)
) AS one WHERE place > 1 RETURNING id
"""
MARK = """
UPDATE client SET email = marked, updated_at = now() FROM client_marked AS m
WHERE client.id = m.id AND m.id = ANY ($1)
"""
UNMARK = """
UPDATE client SET email = old, updated_at = now() FROM client_marked AS m
WHERE client.id = m.id AND email = marked
"""


KEY = "lower(trim(email))"


async def mark(db: BaseDBAsyncClient, size: int = 200, key: str = KEY) -> int:
    """Give each duplicate but the oldest an e-mail of its own. Each batch of groups is a transaction."""
    find, lock, note = (sql.replace(KEY, key) for sql in (KEYS, LOCK, NOTE))
    await db.execute_script(
        "CREATE TABLE IF NOT EXISTS client_marked (id INT PRIMARY KEY, old TEXT, marked TEXT)"
    )
    marked, last = 0, ""
    while rows := await db.execute_query_dict(find, [last, size]):
        keys = [row["key"] for row in rows]
        async with in_transaction(db.connection_name) as tx:
            await tx.execute_script("SET LOCAL lock_timeout = '2s'")
            await tx.execute_query_dict(lock, [keys])
            ids = [row["id"] for row in await tx.execute_query_dict(note, [keys])]
            await tx.execute_query(MARK, [ids])
        marked, last = marked + len(ids), keys[-1]
    return marked


# --- PostgreSQL: the index file

UNIQUE = "CREATE UNIQUE INDEX CONCURRENTLY uq_client_key ON client (lower(trim(email)))"

# --- MariaDB. Its default is REPEATABLE READ: the locking read sees the newest rows, and locks the gap.

MARIADB_INDEX = "ALTER TABLE client ADD INDEX ix_client_email (email), LOCK = NONE"
MARIADB_GUARD = """
CREATE TRIGGER client_guard_{event} BEFORE {event} ON client FOR EACH ROW
BEGIN
  DECLARE found INT DEFAULT 0;
  IF {changed} THEN
    SELECT COUNT(*) INTO found FROM client WHERE email = NEW.email AND id <> NEW.id LOCK IN SHARE MODE;
    IF found > 0 THEN
      SIGNAL SQLSTATE '23000' SET MYSQL_ERRNO = 1062, MESSAGE_TEXT = 'duplicate key';
    END IF;
  END IF;
END
"""
MARIADB_GUARDS = [
    MARIADB_GUARD.format(event="INSERT", changed="TRUE"),
    MARIADB_GUARD.format(
        event="UPDATE", changed="NOT NEW.email <=> OLD.email"
    ),  # also if the old one is NULL
]
MARIADB_KEYS = """
SELECT MIN(email) AS email FROM client WHERE email >= %s GROUP BY email HAVING COUNT(*) > 1
ORDER BY email LIMIT %s
"""
MARIADB_LOCK = "SELECT id, email FROM client WHERE email = %s ORDER BY created_at, id FOR UPDATE"
MARIADB_NOTE = "INSERT INTO client_marked VALUES (%s, %s, %s)"
MARIADB_MARK = "UPDATE client SET email = %s, updated_at = UTC_TIMESTAMP(6) WHERE id = %s"
MARIADB_UNMARK = """
UPDATE client JOIN client_marked AS m ON client.id = m.id SET email = old, updated_at = UTC_TIMESTAMP(6)
WHERE email = marked
"""
MARIADB_UNIQUE = (
    "ALTER TABLE client ADD UNIQUE INDEX uq_client_email (email), DROP INDEX ix_client_email, LOCK = NONE"
)


async def mark_on_mariadb(db: BaseDBAsyncClient, size: int = 200) -> int:
    """Each group is a transaction. The column compares as the unique index does: without the case."""
    await db.execute_script(
        "CREATE TABLE IF NOT EXISTS client_marked (id INT PRIMARY KEY, old VARCHAR(254), marked VARCHAR(254))"
    )
    marked, last = 0, ""
    while groups := await db.execute_query_dict(MARIADB_KEYS, [last, size]):
        for group in groups:
            async with in_transaction(db.connection_name) as tx:
                _, *others = await tx.execute_query_dict(MARIADB_LOCK, [group["email"]]) or [{}]
                for row in others:
                    address = f"duplicate-{row['id']}@duplicate.invalid"
                    await tx.execute_query(MARIADB_NOTE, [row["id"], row["email"], address])
                    await tx.execute_query(MARIADB_MARK, [address, row["id"]])
                marked += len(others)
        last = groups[-1]["email"]
    return marked


# --- The proofs

DAY = datetime(2026, 1, 1, tzinfo=UTC)
ALLOW_NULL = "MODIFY email VARCHAR(254) NULL", "ALTER email DROP NOT NULL"  # MariaDB, PostgreSQL
REFUSE_NULL = "MODIFY email VARCHAR(254) NOT NULL", "ALTER email SET NOT NULL"
GROUPS = int(os.environ.get("CLIENT_GROUPS", "40"))  # by hand: more


class Client(Model):
    class Meta:
        table = "client"

    id = fields.IntField(primary_key=True)
    created_at = fields.DatetimeField()
    updated_at = fields.DatetimeField()
    email = fields.CharField(max_length=254)


class Writer:
    """Other code: it registers clients, repeats addresses, and saves what it has read."""

    def __init__(self, seed: int) -> None:
        self.seed, self.stored, self.refused, self.deadlocks, self.longest = seed, 0, 0, 0, 0.0
        self.ended = asyncio.Event()

    async def run(self) -> None:
        number = 0
        while not self.ended.is_set():
            number += 1
            fresh, old = f"new-{self.seed}-{number}@x.test", f" Old-{number % GROUPS}@X.test".strip()
            shared = f"shared-{number}@x.test"  # all writers want it
            for email in (fresh, old, shared):
                await self.write(email)
            await asyncio.sleep(0)

    async def write(self, email: str) -> None:
        begun = time.monotonic()
        try:
            await Client.create(created_at=DAY, updated_at=DAY, email=email)
            self.stored += 1
        except IntegrityError:
            self.refused += 1
        except OperationalError as error:
            assert "1213" in str(error), error  # MariaDB: a deadlock, so the caller repeats the transaction
            self.deadlocks += 1
        self.longest = max(self.longest, time.monotonic() - begun)


async def duplicates() -> int:
    groups = "SELECT 1 FROM client GROUP BY LOWER(TRIM(email)) HAVING COUNT(*) > 1"
    sql = f"SELECT COUNT(*) AS n FROM ({groups}) AS one"
    (row,) = await get_connection("default").execute_query_dict(sql)
    return int(row["n"])


async def make_unique(db: BaseDBAsyncClient, *, guarded: bool = True) -> int:
    """The steps of the files, in their order. Return how many rows were marked."""
    if db.capabilities.dialect == "postgres":
        await db.execute_script(INDEX)
        if guarded:
            async with in_transaction() as tx:
                await tx.execute_script(GUARD)
        marked = await mark(db, size=20)
        await db.execute_script(UNIQUE)
    else:
        await db.execute_script(MARIADB_INDEX)
        for guard in MARIADB_GUARDS if guarded else ():
            await db.execute_script(guard)
        marked = await mark_on_mariadb(db, size=20)
        await db.execute_script(MARIADB_UNIQUE)
    return marked


async def fill() -> None:
    await Client.bulk_create(
        [
            Client(created_at=DAY + timedelta(days=copy), updated_at=DAY, email=email.format(number))
            for number in range(GROUPS)
            for copy, email in enumerate(("old-{}@x.test", "OLD-{}@x.test", "Old-{}@X.test"))
        ]
        + [Client(created_at=DAY, updated_at=DAY, email="") for _ in range(2)],
        batch_size=1_000,
    )


async def while_others_write(db: BaseDBAsyncClient) -> None:
    await fill()
    stale = await Client.get(email="Old-7@X.test") if db.capabilities.dialect == "postgres" else None
    writers = [Writer(seed) for seed in range(3)]
    running = [asyncio.create_task(writer.run()) for writer in writers]
    await asyncio.sleep(0.2)
    before = await Client.all().count()
    stored = sum(writer.stored for writer in writers)
    marked = await make_unique(db)
    for writer in writers:
        writer.ended.set()
    await asyncio.gather(*running)
    written = sum(writer.stored for writer in writers)
    refused = sum(writer.refused for writer in writers)
    deadlocks = sum(writer.deadlocks for writer in writers)
    longest = max(writer.longest for writer in writers)
    print(f"{marked=} {written=} {refused=} {deadlocks=} {longest=:.2f}")

    assert marked >= 2 * GROUPS
    assert written > stored  # others wrote meanwhile
    assert refused > 0
    assert await Client.all().count() >= before  # no row is gone
    assert await Client.all().count() == 3 * GROUPS + 2 + written
    assert await Client.filter(email="").count() == 1
    assert await duplicates() == 0
    assert await Client.filter(email__endswith="@duplicate.invalid").count() == marked
    assert (await Client.filter(email="old-3@x.test").first()).created_at == DAY  # type: ignore[union-attr]
    if stale is not None:  # code that has read a row before, and saves all its fields
        try:
            await stale.save()
            raise AssertionError("no error")
        except IntegrityError:
            await stale.refresh_from_db()
            assert stale.email == f"duplicate-{stale.id}@duplicate.invalid"


async def a_newer_row() -> str:
    """A transaction has read the table. Then somebody stores the value that it wants to store."""

    async def second(begun: asyncio.Event, first_is_done: asyncio.Event) -> str:
        try:
            async with in_transaction():
                await Client.all().count()  # on MariaDB, the snapshot of the transaction
                begun.set()
                await first_is_done.wait()
                await Client.create(created_at=DAY, updated_at=DAY, email="newer@x.test")
        except IntegrityError as error:
            return str(error)
        return "stored"

    begun, first_is_done = asyncio.Event(), asyncio.Event()
    later = asyncio.create_task(second(begun, first_is_done))
    await begun.wait()
    await Client.create(created_at=DAY, updated_at=DAY, email="Newer@x.test")
    first_is_done.set()
    return await later


async def an_update_from_null(db: BaseDBAsyncClient) -> None:
    """The guard also refuses a duplicate that replaces NULL, and one with a space if spaces do not count."""
    is_postgres = db.capabilities.dialect == "postgres"
    await db.execute_script(f"ALTER TABLE client {ALLOW_NULL[is_postgres]}")
    insert = "INSERT INTO client (created_at, updated_at, email) VALUES ('2026-01-01', '2026-01-01', {})"
    for _ in range(2):
        await db.execute_script(insert.format("NULL"))
    changes = ["UPDATE client SET email = 'NEWER@x.test' WHERE email IS NULL"]
    same = await db.execute_query_dict("SELECT id FROM client WHERE email = 'newer@X.test '")
    if is_postgres or same:  # MySQL 9 does not ignore spaces
        changes.append(insert.format("'newer@X.test '"))
    for change in changes:
        try:
            await db.execute_script(change)
            raise AssertionError("no error")
        except IntegrityError:
            assert await duplicates() == 1  # the two NULLs
    if not is_postgres:  # MariaDB does not ignore spaces at the start
        await db.execute_script(insert.format("' newer@x.test'"))
        await db.execute_script("DELETE FROM client WHERE email = ' newer@x.test'")
    await db.execute_script("DELETE FROM client WHERE email IS NULL")
    await db.execute_script(f"ALTER TABLE client {REFUSE_NULL[is_postgres]}")


async def two_transactions_with_one_value(db: BaseDBAsyncClient) -> None:
    """The guard alone, without a unique index: the second transaction does not store the value."""
    if db.capabilities.dialect == "postgres":
        await db.execute_script(f"{INDEX.replace('CONCURRENTLY', '')}; {GUARD}")
    else:
        await db.execute_script(MARIADB_INDEX)
        for guard in MARIADB_GUARDS:
            await db.execute_script(guard.replace(" LOCK IN SHARE MODE", ""))
        assert await a_newer_row() == "stored"  # WRONG
        await drop_guards(db)
        await Client.all().delete()
        for guard in MARIADB_GUARDS:
            await db.execute_script(guard)
    assert "duplicate key" in await a_newer_row()
    assert await Client.all().count() == 1
    await an_update_from_null(db)

    # Both insert before one of them has committed.
    async def insert() -> None:
        async with in_transaction():
            await Client.create(created_at=DAY, updated_at=DAY, email="both@x.test")
            await asyncio.sleep(0.3)

    errors = [error for error in await asyncio.gather(insert(), insert(), return_exceptions=True) if error]
    assert len(errors) == 1
    assert isinstance(errors[0], IntegrityError) or "1213" in str(errors[0]), errors
    assert await Client.filter(email="both@x.test").count() == 1
    await Client.all().delete()
    if db.capabilities.dialect == "postgres":
        await db.execute_script("DROP FUNCTION client_guard() CASCADE; DROP INDEX ix_client_key")
    else:
        await drop_guards(db)
        await db.execute_script("ALTER TABLE client DROP INDEX ix_client_email")


async def drop_guards(db: BaseDBAsyncClient) -> None:
    for event in ("INSERT", "UPDATE"):
        await db.execute_script(f"DROP TRIGGER client_guard_{event}")


async def way_back(db: BaseDBAsyncClient) -> None:
    (row,) = await db.execute_query_dict("SELECT id, old FROM client_marked ORDER BY id LIMIT 1")
    if db.capabilities.dialect == "postgres":
        await db.execute_script("DROP TRIGGER client_guard ON client; DROP INDEX uq_client_key")
        await db.execute_script(UNMARK)
    else:
        await drop_guards(db)
        await db.execute_script("ALTER TABLE client DROP INDEX uq_client_email")
        await db.execute_script(MARIADB_UNMARK)
    assert (await Client.get(id=row["id"])).email == row["old"]
    assert await duplicates() >= GROUPS


async def a_plain_column(db: BaseDBAsyncClient) -> None:
    """PostgreSQL, `unique=True`: the same files, with the column in place of the expression."""
    guard = GUARD.replace(KEY, "email")
    for row in ("NEW", "OLD"):
        guard = guard.replace(f"lower(trim({row}.email))", f"{row}.email")
    emails = ("same@x.test", "same@x.test", "Same@x.test")
    await Client.bulk_create(Client(created_at=DAY, updated_at=DAY, email=email) for email in emails)
    await db.execute_script(guard)
    assert await mark(db, key="email") == 1
    try:
        await Client.create(created_at=DAY, updated_at=DAY, email=emails[0])
        raise AssertionError("no error")
    except IntegrityError as error:
        assert "duplicate key: same@x.test" in str(error)
    await db.execute_script("CREATE UNIQUE INDEX CONCURRENTLY uid_client_email ON client (email)")
    assert await Client.filter(email__iexact=emails[0]).count() == 2  # another case is no duplicate
    assert await Client.all().count() == len(emails)
    await db.execute_script("DROP FUNCTION client_guard() CASCADE; DROP INDEX uid_client_email")
    await Client.all().delete()


async def without_the_guard(db: BaseDBAsyncClient) -> str:
    """WRONG: a duplicate arrives between the marks and the index."""
    writers = [Writer(seed) for seed in range(3)]
    running = [asyncio.create_task(writer.run()) for writer in writers]
    try:
        await make_unique(db, guarded=False)
        raise AssertionError("no error")
    except (IntegrityError, OperationalError) as error:
        return str(error)
    finally:
        for writer in writers:
            writer.ended.set()
        await asyncio.gather(*running)


async def main() -> None:
    drop = "DROP TABLE IF EXISTS client_marked"
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        db = get_connection("default")
        await db.execute_script(drop)
        await db.execute_script("DROP TABLE IF EXISTS client")
        await context.generate_schemas()
        await two_transactions_with_one_value(db)
        await while_others_write(db)
        await way_back(db)
        if db.capabilities.dialect == "postgres":
            await db.execute_script("DROP INDEX ix_client_key")
        await db.execute_script(drop)
        await Client.all().delete()
        if db.capabilities.dialect == "postgres":
            await a_plain_column(db)
            await db.execute_script(drop)
        await fill()
        said = await without_the_guard(db)
        assert "could not create unique index" in said or "1062" in said
        if db.capabilities.dialect == "mysql":
            keys = await db.execute_query_dict("SHOW INDEX FROM client")
            assert {key["Key_name"] for key in keys} == {"PRIMARY", "ix_client_email"}  # nothing has changed


asyncio.run(main())
