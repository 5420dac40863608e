# snippet: needs="postgres"
"""Messages of PostgreSQL and asyncpg: each mistake is made, and each message compared. In its own schema.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/error_messages_postgres.py
"""

import asyncio
import contextlib
import contextvars
import os
import socket
import warnings
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import UUID

import asyncpg
from tortoise import Tortoise, fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import (
    ConfigurationError,
    DBConnectionError,
    IntegrityError,
    OperationalError,
    TransactionManagementError,
)
from tortoise.functions import Concat
from tortoise.models import Model
from tortoise.transactions import in_transaction
from tortoise.warnings import TortoiseLoopSwitchWarning

URL = os.environ["DATABASE_URL"]
scheme, _, rest = URL.partition("://")
login, _, server = rest.rpartition("@")
user = login.partition(":")[0]
SCHEMA = "error_messages"


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10, unique=True)
    key = fields.UUIDField(null=True)
    born_at = fields.DatetimeField(null=True)


class Book(Model):
    id = fields.IntField(primary_key=True)
    author = fields.ForeignKeyField("models.Author", related_name="books")


Mistake = Callable[[], Awaitable[object]]
Case = tuple[type[BaseException], str, Mistake]
MISTAKES: list[Case] = []
LIMITED: list[Case] = []
"""What a superuser may do."""
GUARDED: list[Case] = []
"""What a server cannot refuse that asks for no password (`trust` in pg_hba.conf)."""


def says(error: type[BaseException], message: str, to: list[Case] = MISTAKES) -> Callable[[Mistake], Mistake]:
    """Note a mistake: it raises exactly this class, and the text contains this message."""

    def note(mistake: Mistake) -> Mistake:
        to.append((error, message, mistake))
        return mistake

    return note


@says(IntegrityError, 'duplicate key value violates unique constraint "author_name_key"')
async def a_second_row_with_a_unique_value():
    await Author.create(name="a")
    await Author.create(name="a")


@says(asyncpg.CardinalityViolationError, "ON CONFLICT DO UPDATE command cannot affect row a second time")
async def two_rows_of_one_key_in_one_statement():
    rows = [Author(name="a"), Author(name="a")]
    await Author.bulk_create(rows, on_conflict=["name"], update_fields=["key"])  # a statement for each row
    await run("INSERT INTO author (name) VALUES ('a'), ('a') ON CONFLICT (name) DO UPDATE SET key = NULL")


@says(IntegrityError, 'insert or update on table "book" violates foreign key constraint')
async def a_reference_to_no_row():
    await Book.create(author_id=404)


@says(IntegrityError, 'null value in column "author_id" of relation "book" violates not-null constraint')
async def a_missing_foreign_key():
    await Book.create()


@says(IntegrityError, 'column "pages" of relation "book" contains null values')
async def a_new_column_that_old_rows_cannot_fill():
    await Book.create(author=await Author.create(name="a"))
    await run("ALTER TABLE book ADD COLUMN pages INT NOT NULL")


@says(OperationalError, 'relation "stranger" does not exist')
async def a_table_that_was_never_made():
    await run("SELECT * FROM stranger")


@says(OperationalError, 'column "nick" does not exist')
async def a_column_that_was_never_made():
    await run("SELECT nick FROM author")


@says(OperationalError, "invalid input for query argument $1: 'x'")
async def a_malformed_uuid():
    await Author.filter(key="x")


@says(OperationalError, "value too long for type character varying(10)")
async def a_value_that_is_too_long_for_its_column():
    await run("INSERT INTO author (name) VALUES ('a name that is too long')")


@says(OperationalError, "value too long for type character")
async def an_expression_that_is_too_long_for_its_column():
    await Author.create(name="a name")
    await Author.all().update(name=Concat("name", " and more"))


@says(OperationalError, "integer out of range")
async def a_number_that_is_too_large_for_its_column():
    await run("UPDATE author SET id = 3000000000 WHERE true OR id = 0")


@says(IntegrityError, 'update or delete on table "author" violates foreign key constraint')
async def a_deleted_row_that_others_refer_to():
    author = await Author.create(name="a")
    await run("CREATE TABLE fan (author INT REFERENCES author (id))")
    await run("INSERT INTO fan VALUES ($1)", [author.id])
    await author.delete()


@says(OperationalError, 'column reference "id" is ambiguous')
async def raw_sql_that_does_not_name_the_table():
    await run("SELECT id FROM author JOIN book ON book.author_id = author.id")


@says(OperationalError, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
async def distinct_rows_in_the_order_of_another_column():
    await Author.all().order_by("born_at").distinct().values_list("name")


@says(
    OperationalError,
    "must appear in the GROUP BY clause or be used in an aggregate function",
)
async def a_column_beside_an_aggregate():
    await run("SELECT name, count(*) FROM author")


@says(OperationalError, "operator does not exist: ")
async def a_comparison_of_two_types():
    await run("SELECT 1 FROM author WHERE name = 1")


@says(OperationalError, "can't subtract offset-naive and offset-aware datetimes")
async def an_aware_time_for_a_column_without_a_zone():
    await run("SELECT 1 WHERE $1 < LOCALTIMESTAMP", [datetime.now(UTC)])


@says(OperationalError, 'column "key" of relation "author" already exists')
async def a_column_that_exists():
    await run("ALTER TABLE author ADD COLUMN key INT")


@says(OperationalError, 'relation "author" already exists')
async def a_table_that_exists():
    await run("CREATE TABLE author (id INT)")


@says(OperationalError, 'column "nick" of relation "author" does not exist')
async def an_insert_into_a_column_that_was_never_made():
    await run("INSERT INTO author (name, nick) VALUES ('a', 'b')")


@says(OperationalError, 'column "name" cannot be cast automatically to type integer')
async def a_column_of_a_new_type():
    try:
        await run("ALTER TABLE author ALTER COLUMN name TYPE INT")
    finally:
        await run("ALTER TABLE author ALTER COLUMN name TYPE INT USING name::int")


@says(IntegrityError, 'duplicate key value violates unique constraint "author_pkey"')
async def a_sequence_that_is_behind_the_keys():
    await run("INSERT INTO author (id, name) VALUES (1, 'a')")
    try:
        await Author.create(name="b")
    finally:
        await run("SELECT setval(pg_get_serial_sequence('author', 'id'), (SELECT max(id) FROM author))")
        assert (await Author.create(name="b")).id == 2


@says(IntegrityError, "could not create unique index")
async def a_unique_index_over_rows_that_repeat():
    for name in "ab":
        await Author.create(name=name, key=UUID(int=1))
    await run("CREATE UNIQUE INDEX one_key ON author (key)")


@says(TransactionManagementError, "CREATE INDEX CONCURRENTLY cannot run inside a transaction block")
async def a_concurrent_index_in_a_transaction():
    async with in_transaction() as connection:
        await connection.execute_script("CREATE INDEX CONCURRENTLY by_key ON author (key)")


@says(asyncpg.SerializationError, "could not serialize access due to concurrent update")
async def a_row_that_changed_since_the_transaction_began():
    await Author.create(name="a")
    outside = contextvars.copy_context()

    async def other() -> None:
        await Author.filter(name="a").update(key=UUID(int=1))

    async with in_transaction() as connection:
        await connection.execute_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await Author.all().count()
        await asyncio.create_task(other(), context=outside)
        await Author.filter(name="a").update(key=UUID(int=2))


@says(asyncpg.QueryCanceledError, "canceling statement due to statement timeout")
async def a_statement_over_its_limit():
    async with in_transaction() as connection:
        await connection.execute_query("SET LOCAL statement_timeout = 10")
        await connection.execute_query("SELECT pg_sleep(9)")


@says(asyncpg.LockNotAvailableError, "canceling statement due to lock timeout")
async def a_lock_over_its_limit():
    await Author.create(name="a")
    outside = contextvars.copy_context()

    async def other() -> None:
        async with in_transaction() as connection:
            await connection.execute_query("SET LOCAL lock_timeout = 10")
            await Author.filter(name="a").update(key=UUID(int=1))

    async with in_transaction():
        await Author.select_for_update().get(name="a")
        await asyncio.create_task(other(), context=outside)


@says(asyncpg.InvalidCachedStatementError, "cached statement plan is invalid due to a database schema")
async def a_table_that_changes_under_a_prepared_statement():
    outside = contextvars.copy_context()

    async def alter() -> None:
        await run("ALTER TABLE author ADD COLUMN pages INT")

    await run("SELECT * FROM author")
    await asyncio.create_task(alter(), context=outside)
    async with in_transaction() as connection:
        await connection.execute_query("SELECT * FROM author")


@says(OperationalError, "permission denied for schema pg_catalog", LIMITED)
async def a_schema_that_the_role_may_not_use():
    await run("CREATE TABLE pg_catalog.author (id INT)")


@says(OperationalError, f"permission denied for schema {SCHEMA}")
async def a_schema_that_the_role_may_not_enter():
    async with in_transaction() as connection:  # undoes the role, too
        await connection.execute_query("CREATE ROLE error_messages_guest")
        await connection.execute_query("GRANT error_messages_guest TO CURRENT_USER")
        await connection.execute_query("SET LOCAL ROLE error_messages_guest")
        await connection.execute_query(f"SELECT * FROM {SCHEMA}.author")


@says(OperationalError, 'table name "book2" specified more than once')
async def a_filter_that_comes_back_to_its_own_table():
    await Book.filter(author__books__id=1)


@says(OperationalError, "permission denied for table author")
async def a_table_that_the_role_may_not_read():
    await as_a_guest(f"SELECT * FROM {SCHEMA}.author")


@says(OperationalError, "must be owner of table author")
async def a_table_that_the_role_does_not_own():
    await as_a_guest(f"ALTER TABLE {SCHEMA}.author ADD COLUMN pages INT")


async def as_a_guest(sql: str) -> None:
    async with in_transaction() as connection:  # undoes the role, too
        await connection.execute_query("CREATE ROLE error_messages_guest")
        await connection.execute_query("GRANT error_messages_guest TO CURRENT_USER")
        await connection.execute_query(f"GRANT USAGE ON SCHEMA {SCHEMA} TO error_messages_guest")
        await connection.execute_query("SET LOCAL ROLE error_messages_guest")
        await connection.execute_query(sql)


@says(OperationalError, 'column "id" is of type integer but expression is of type boolean')
async def a_value_of_another_type():
    await run("UPDATE author SET id = true")


@says(OperationalError, "numeric field overflow")
async def a_number_with_too_many_digits():
    await run("SELECT 1000::numeric(5, 2)")


@says(OperationalError, "function strange_similarity(unknown, unknown) does not exist")
async def a_function_of_an_extension_that_is_missing():
    await run("SELECT strange_similarity('a', 'b')")


@says(OperationalError, "cannot insert multiple commands into a prepared statement")
async def two_statements_in_one_call():
    await Tortoise.get_connection("default").execute_script("SELECT 1; SELECT 2")  # no error
    await run("SELECT 1; SELECT 2")


@says(OperationalError, 'syntax error at or near "order"')
async def a_word_of_sql_as_a_name():
    await run("SELECT * FROM order")


@says(asyncpg.TooManyConnectionsError, "too many connections for ", LIMITED)
async def more_connections_than_the_server_gives():
    """A database with room for one stands for a server without any room: the class is the same."""
    name = f"{SCHEMA}_small"
    await run(f"CREATE DATABASE {name} CONNECTION LIMIT 1")
    opened = []
    try:
        for _ in range(2):
            opened.append(await asyncpg.connect(URL.rpartition("/")[0] + f"/{name}"))
    finally:
        for one in opened:
            await one.close()
        await run(f"DROP DATABASE {name} WITH (FORCE)")


@says(TransactionManagementError, "current transaction is aborted, commands ignored until end of")
async def work_after_an_error_in_a_transaction():
    async with in_transaction():
        await Author.create(name="a")
        with contextlib.suppress(IntegrityError):
            await Author.create(name="a")
        await Author.all().count()


@says(asyncpg.InterfaceError, "cannot perform operation: another operation is in progress")
async def two_get_or_creates_in_one_transaction():
    async with in_transaction():
        await asyncio.gather(*(Author.get_or_create(name=str(number)) for number in range(5)))


@says(asyncpg.InterfaceError, "cannot call Connection.fetch(): connection has been released back to the pool")
async def a_task_that_outlives_its_transaction():
    ended = asyncio.Event()

    async def later() -> None:
        await ended.wait()
        await Author.all().count()

    async with in_transaction():
        task = asyncio.create_task(later())
    ended.set()
    await task


@says(asyncpg.InterfaceError, "the number of query arguments cannot exceed 32767")
async def a_list_that_is_too_long():
    await Author.filter(id__in=range(40_000))


@says(asyncpg.InterfaceError, "the server expects 1 argument for this query, 0 were passed")
async def sql_without_its_values():
    await run("SELECT 1 FROM author WHERE name = $1")


@says(asyncpg.FeatureNotSupportedError, "FOR UPDATE cannot be applied to the nullable side of an outer join")
async def a_lock_over_a_left_join():
    async with in_transaction():
        await Book.select_for_update().select_related("author")


@says(asyncpg.LockNotAvailableError, 'could not obtain lock on row in relation "author"')
async def a_lock_that_somebody_holds():
    await Author.create(name="a")
    outside = contextvars.copy_context()

    async def other() -> None:
        async with in_transaction():
            await Author.select_for_update(nowait=True).get(name="a")

    async with in_transaction():
        await Author.select_for_update().get(name="a")
        await asyncio.create_task(other(), context=outside)


@says(asyncpg.DeadlockDetectedError, "deadlock detected")
async def two_rows_in_two_orders():
    rows = [await Author.create(name=name) for name in "ab"]
    both_hold_one = asyncio.Barrier(2)

    async def touch(*order: Author) -> None:
        async with in_transaction():
            await Author.filter(id=order[0].id).update(key=UUID(int=1))
            await both_hold_one.wait()
            await Author.filter(id=order[1].id).update(key=UUID(int=1))

    await asyncio.gather(touch(*rows), touch(*reversed(rows)))


@says(TypeError, "connect() got an unexpected keyword argument 'sslmode'")
async def a_url_of_a_host():
    await asked(f"{URL}?sslmode=require")


@says(DBConnectionError, "Can't establish connection to database")
async def a_database_that_does_not_exist():
    await asked(URL.rpartition("/")[0] + "/nowhere")


@says(asyncpg.InvalidPasswordError, 'password authentication failed for user "', GUARDED)
async def a_wrong_password():
    await asked(f"{scheme}://nobody:wrong@{server}")


@says(ConfigurationError, "Port is not an integer")
async def a_password_that_is_not_encoded():
    assert (
        expand_db_url(f"{scheme}://shop:{quote('pa#ss', safe='')}@{server}")["credentials"]["password"]
        == "pa#ss"
    )
    await asked(f"{scheme}://shop:pa#ss@{server}")


@says(ConnectionRefusedError, "[Errno 111] Connect call failed (")
async def a_server_that_does_not_listen():
    await asked(f"{scheme}://shop@127.0.0.1:1/shop")


@says(socket.gaierror, "[Errno -2] Name or service not known")
async def a_host_that_has_no_address():
    await asked(f"{scheme}://shop@no!host/shop")


@says(socket.gaierror, "[Errno -2]")
async def a_password_of_digits_that_is_not_encoded():
    """The user is read as the host, and the digits as the port."""
    await asked(f"{scheme}://no!user:12#34@{server}")


@says(TortoiseLoopSwitchWarning, "was created on a different event loop and will be reconnected.")
async def a_pool_in_another_loop():
    await Author.all()
    context = contextvars.copy_context()

    async def again() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            await Author.all()

    await asyncio.to_thread(lambda: context.run(asyncio.run, again()))


@says(RuntimeError, "attached to a different loop")
async def a_transaction_in_another_loop():
    raised = None
    with contextlib.suppress(asyncpg.InterfaceError):  # the transaction can no longer end
        async with in_transaction() as connection:
            try:
                # result() stops this loop: asyncpg crashes if two threads read one connection
                ThreadPoolExecutor().submit(asyncio.run, connection.execute_query("SELECT 1")).result(9)
            except RuntimeError as error:
                raised = error
    if raised is not None:
        raise raised


@says(RuntimeError, "Event loop is closed")
async def a_connection_of_a_loop_that_has_ended():
    connections = []

    async def first() -> None:
        async with asyncio.timeout(9):
            context = await TortoiseContext().__aenter__()
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            connections.append(context.connections.get("default"))
            await connections[0].execute_query("SELECT 1")

    await asyncio.to_thread(lambda: contextvars.Context().run(asyncio.run, first()))
    await connections[0].close()


async def run(sql: str, values: list[object] | None = None) -> None:
    await Tortoise.get_connection("default").execute_query(sql, values)


async def asked(url: str) -> None:
    """A first query over a new pool."""
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.connections.get("default").execute_query("SELECT 1")


async def trusts_everybody() -> bool:
    try:
        await asked(f"{scheme}://{user}:wrong@{server}")
    except asyncpg.InvalidPasswordError:
        return False
    return True


async def check(error: type[BaseException], message: str, mistake: Mistake) -> str | None:
    try:
        await mistake()
    except BaseException as raised:
        if type(raised) is error and message in str(raised):
            return None
        return f"{mistake.__name__}: {type(raised).__module__}.{type(raised).__name__}: {raised}"
    return f"{mistake.__name__}: no error"


async def main() -> None:
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # asyncpg's own words on broken tasks
    connection = await asyncpg.connect(URL)
    wrong = []
    is_superuser = await connection.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
    cases = MISTAKES + ([] if is_superuser else LIMITED) + ([] if await trusts_everybody() else GUARDED)
    for case in cases:
        await connection.execute(f"CREATE SCHEMA {SCHEMA}")
        try:
            async with TortoiseContext() as context:
                await context.init(db_url=f"{URL}?schema={SCHEMA}", modules={"models": ["__main__"]})
                await context.generate_schemas()
                wrong.append(await asyncio.create_task(check(*case)))
        finally:
            await connection.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
    await connection.close()
    assert not any(wrong), "\n".join(filter(None, wrong))


contextvars.Context().run(asyncio.run, main())
