# snippet: needs="mysql"
"""Messages of MySQL, MariaDB and asyncmy: each mistake is made, and each message compared.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/error_messages_mysql.py
"""

import asyncio
import contextvars
import os
from collections.abc import Awaitable, Callable
from importlib.metadata import requires

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10, unique=True)
    age = fields.IntField(default=0)


class Book(Model):
    id = fields.IntField(primary_key=True)
    author = fields.ForeignKeyField("models.Author", related_name="books")


Mistake = Callable[[], Awaitable[object]]
MISTAKES: list[tuple[type[BaseException], str, Mistake]] = []


def says(error: type[BaseException], message: str) -> Callable[[Mistake], Mistake]:
    """Note a mistake: it raises exactly this class, and the text contains this message."""

    def note(mistake: Mistake) -> Mistake:
        MISTAKES.append((error, message, mistake))
        return mistake

    return note


@says(IntegrityError, "(1062, \"Duplicate entry 'a' for key")
async def a_second_row_with_a_unique_value():
    await Author.create(name="a")
    await Author.create(name="a")


@says(IntegrityError, "(1452, 'Cannot add or update a child row: a foreign key constraint fails")
async def a_reference_to_no_row():
    await Book.create(author_id=404)


@says(IntegrityError, "(1048, \"Column 'author_id' cannot be null\")")
async def a_missing_foreign_key():
    await Book.create()


@says(OperationalError, '(1146, "Table ')
async def a_table_that_was_never_made():
    await run("SELECT * FROM stranger")


@says(OperationalError, "(1054, \"Unknown column 'nick' in ")
async def a_column_that_was_never_made():
    await run("SELECT nick FROM author")


@says(TypeError, "not all arguments converted during string formatting")
async def the_parameters_of_postgresql():
    await run("SELECT * FROM author WHERE name = $1", ["a"])


@says(OperationalError, "(1213, 'Deadlock found when trying to get lock; try restarting transaction')")
async def two_rows_in_two_orders():
    rows = [await Author.create(name=name) for name in "ab"]
    both_hold_one = asyncio.Barrier(2)

    async def touch(*order: Author) -> None:
        async with in_transaction():
            await Author.filter(id=order[0].id).update(age=1)
            await both_hold_one.wait()
            await Author.filter(id=order[1].id).update(age=1)

    await asyncio.gather(touch(*rows), touch(*reversed(rows)))


@says(OperationalError, "(1205, 'Lock wait timeout exceeded; try restarting transaction')")
async def a_lock_that_somebody_holds():
    await Author.create(name="a")
    outside = contextvars.copy_context()

    async def other() -> None:
        async with in_transaction() as connection:
            await connection.execute_query("SET innodb_lock_wait_timeout = 1")
            await Author.select_for_update().get(name="a")

    async with in_transaction():
        await Author.select_for_update().get(name="a")
        await asyncio.create_task(other(), context=outside)


@says(DBConnectionError, "Can't connect to MySQL server: {")
async def a_database_that_does_not_exist():
    await asked(URL.rpartition("/")[0] + "/nowhere")


@says(DBConnectionError, "Can't connect to MySQL server")
async def a_server_that_does_not_listen():
    await asked("mysql://root@127.0.0.1:1/shop")


async def asked(url: str) -> None:
    """A first query over a new pool."""
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.connections.get("default").execute_query("SELECT 1")


async def run(sql: str, values: list[object] | None = None) -> None:
    await Tortoise.get_connection("default").execute_query(sql, values)


async def check(error: type[BaseException], message: str, mistake: Mistake) -> str | None:
    try:
        await mistake()
    except BaseException as raised:
        if type(raised) is error and message in str(raised):
            return None
        return f"{mistake.__name__}: {type(raised).__module__}.{type(raised).__name__}: {raised}"
    return f"{mistake.__name__}: no error"


async def main() -> None:
    wrong = []
    for case in MISTAKES:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            await context.generate_schemas()
            wrong.append(await asyncio.create_task(check(*case)))
            for table in ("book", "author"):
                await context.connections.get("default").execute_query(f"DROP TABLE {table}")
    assert not any(wrong), "\n".join(filter(None, wrong))


contextvars.Context().run(asyncio.run, main())

# MySQL's caching_sha2_password needs it: "'cryptography' package is required". MariaDB does not ask for it.
brought = [*(requires("asyncmy") or []), *(requires("tortoise-orm") or [])]
assert any("asyncmy" in line for line in brought)
assert not any("cryptography" in line for line in brought)
