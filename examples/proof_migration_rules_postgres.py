# snippet: needs="postgres"
"""What TD203 and TD205 to TD208 warn of, on PostgreSQL. In its own schema.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/proof_migration_rules_postgres.py
"""

import asyncio
import os

import asyncpg

URL = os.environ["DATABASE_URL"]
SCHEMA = "migration_rules"
BILL = """
    CREATE TABLE bill (id INT PRIMARY KEY, number TEXT, customer_id INT);
    CREATE TABLE customer (id INT PRIMARY KEY);
    INSERT INTO bill VALUES (1, 'A', 404), (2, 'A', NULL);
"""


async def connect(wait: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(URL)
    await connection.execute(f"SET search_path = {SCHEMA}; SET lock_timeout = '{wait}'")
    return connection


async def error(connection: asyncpg.Connection, sql: str) -> type[Exception]:
    try:
        await connection.execute(sql)
    except asyncpg.PostgresError as raised:
        return type(raised)
    raise AssertionError(f"no error: {sql}")


WRITE = "INSERT INTO bill VALUES (3, 'C', NULL)"


async def blocks(
    first: asyncpg.Connection, second: asyncpg.Connection, sql: str, waiting: str = WRITE
) -> bool:
    """Does another connection wait for its query until the transaction with this statement has ended?"""
    transaction = first.transaction()
    await transaction.start()
    await first.execute(sql)
    try:
        await second.execute(waiting)
    except asyncpg.LockNotAvailableError:
        return True
    finally:
        await transaction.rollback()
    await second.execute("DELETE FROM bill WHERE id = 3")
    return False


async def main() -> None:
    first = await asyncpg.connect(URL)
    await first.execute(f"CREATE SCHEMA {SCHEMA}")
    await first.close()
    first, second = await connect("0"), await connect("200ms")
    try:
        await first.execute(BILL)

        # TD203: no value for the rows that exist; a DEFAULT gives them one.
        assert await error(first, "ALTER TABLE bill ADD fee INT NOT NULL") is asyncpg.NotNullViolationError
        await first.execute("ALTER TABLE bill ADD fee INT NOT NULL DEFAULT 0")
        assert await first.fetchval("SELECT count(*) FROM bill WHERE fee = 0") == 2

        # TD205: data in the same transaction as the schema holds the table's lock until the data is written.
        assert await blocks(first, second, "ALTER TABLE bill ADD note TEXT; UPDATE bill SET note = 'x'")
        await first.execute("ALTER TABLE bill ADD note TEXT")
        assert not await blocks(first, second, "UPDATE bill SET note = 'x'")

        # TD206: what makes writers wait, and what does not.
        assert await blocks(first, second, "CREATE INDEX ix_number ON bill (number)")
        await first.execute("CREATE INDEX CONCURRENTLY ix_number ON bill (number)")
        assert await blocks(first, second, "ALTER TABLE bill ALTER COLUMN id TYPE BIGINT")
        assert await blocks(first, second, "ALTER TABLE bill ALTER COLUMN number SET NOT NULL")
        # All rows are checked at once; with NOT VALID none is, until the constraint is validated.
        key = "ALTER TABLE bill ADD CONSTRAINT fk FOREIGN KEY (customer_id) REFERENCES customer (id)"
        assert await error(first, key) is asyncpg.ForeignKeyViolationError
        await first.execute(f"{key} NOT VALID")
        assert (
            await error(first, "ALTER TABLE bill VALIDATE CONSTRAINT fk") is asyncpg.ForeignKeyViolationError
        )
        assert await error(first, "ALTER TABLE bill ADD UNIQUE (number)") is asyncpg.UniqueViolationError
        # Readers wait, too, unless the step only makes an index or a foreign key.
        readers_wait = {
            "CREATE INDEX ix_pair ON bill (id, number)": False,
            key.replace("fk", "fk2") + " NOT VALID": False,
            "ALTER TABLE bill ADD UNIQUE (id, number)": True,
            "ALTER TABLE bill ADD CHECK (id > 0)": True,
            "ALTER TABLE bill ADD EXCLUDE USING gist (int4range(id, id, '[]') WITH &&)": True,
            "ALTER TABLE bill ALTER COLUMN id TYPE BIGINT": True,
            "ALTER TABLE bill ALTER COLUMN number SET NOT NULL": True,
            "ALTER TABLE bill ADD code INT UNIQUE": True,
            "ALTER TABLE bill ADD line BIGSERIAL UNIQUE": True,
        }
        for step, wait in readers_wait.items():
            assert await blocks(first, second, step, "SELECT count(*) FROM bill") is wait, step
        # A longer VARCHAR is only noted: the table keeps its file. A shorter one writes it anew.
        await first.execute("ALTER TABLE bill ALTER COLUMN number TYPE VARCHAR(9)")
        file = "SELECT relfilenode FROM pg_class WHERE oid = 'bill'::regclass"
        before = await first.fetchval(file)
        await first.execute("ALTER TABLE bill ALTER COLUMN number TYPE VARCHAR(20) USING number::VARCHAR(20)")
        assert await first.fetchval(file) == before
        await first.execute("ALTER TABLE bill ALTER COLUMN number TYPE VARCHAR(5)")
        assert await first.fetchval(file) != before

        # CONCURRENTLY is an error inside of a transaction.
        transaction = first.transaction()
        await transaction.start()
        concurrently = "CREATE INDEX CONCURRENTLY ix_id ON bill (id)"
        assert await error(first, concurrently) is asyncpg.ActiveSQLTransactionError
        await transaction.rollback()
        # A constraint that is validated in the transaction that added it keeps its lock; later it has none.
        check = "ALTER TABLE bill ADD CONSTRAINT positive CHECK (id > 0) NOT VALID"
        validate = "ALTER TABLE bill VALIDATE CONSTRAINT positive"
        assert await blocks(first, second, f"{check}; {validate}")
        await first.execute(check)
        assert not await blocks(first, second, validate)
        assert await blocks(first, second, "REINDEX TABLE bill")
        one_at_a_time = "EXCLUDE USING gist (int4range(id, id, '[]') WITH &&)"
        assert await blocks(first, second, f"ALTER TABLE bill ADD CONSTRAINT once {one_at_a_time}")
        # A value for each row writes the table anew; one for all rows, or the time of now, does not.
        columns = {
            "a UUID DEFAULT gen_random_uuid()": True,
            "b SERIAL": True,
            "c INT GENERATED ALWAYS AS (id * 2) STORED": True,
            "d TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP": False,
            "e INT NOT NULL DEFAULT 0": False,
        }
        for column, is_rewritten in columns.items():
            before = await first.fetchval(file)
            await first.execute(f"ALTER TABLE bill ADD {column}")
            assert (await first.fetchval(file) != before) is is_rewritten, column

        # TD207: the model of today selects a column that a later migration adds.
        assert await error(first, 'SELECT "id", "paid" FROM "bill"') is asyncpg.UndefinedColumnError

        # TD208: SQL of another database.
        for sql in (
            "CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT)",
            "CREATE TABLE `a` (`id` INT NOT NULL)",
        ):
            assert await error(first, sql) is asyncpg.PostgresSyntaxError
    finally:
        await first.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        await first.close()
        await second.close()


asyncio.run(main())
