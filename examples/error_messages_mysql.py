# snippet: needs="mysql"
"""Messages of MySQL, MariaDB and asyncmy: each mistake is made, and each message compared.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/error_messages_mysql.py
"""

import asyncio
import contextvars
import os
import sys
from collections.abc import Awaitable, Callable
from importlib.metadata import requires

import asyncmy.errors
from tortoise import Tortoise, fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.context import TortoiseContext
from tortoise.exceptions import DBConnectionError, IntegrityError, OperationalError
from tortoise.functions import Concat
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
OLD_PYTHON = sys.version_info < (3, 15)


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10, unique=True)
    age = fields.IntField(default=0)


class Book(Model):
    id = fields.IntField(primary_key=True)
    author = fields.ForeignKeyField("models.Author", related_name="books")


Mistake = Callable[[], Awaitable[object]]
MISTAKES: list[tuple[type[BaseException], str, str, Mistake]] = []


def says(error: type[BaseException], message: str, mysql: str = "") -> Callable[[Mistake], Mistake]:
    """Note a mistake: it raises exactly this class, and the text contains this message.

    `mysql` is what MySQL says where MariaDB says something else.
    """

    def note(mistake: Mistake) -> Mistake:
        MISTAKES.append((error, message, mysql or message, mistake))
        return mistake

    return note


@says(IntegrityError, "(1062, \"Duplicate entry 'a' for key")
async def a_second_row_with_a_unique_value():
    await Author.create(name="a")
    await Author.create(name="a")


@says(IntegrityError, "(1452, 'Cannot add or update a child row: a foreign key constraint fails")
async def a_reference_to_no_row():
    await Book.create(author_id=404)


@says(OperationalError, '(errno: 150 "Foreign key constraint is incorrectly formed")', "(3780, ")
async def a_foreign_key_of_another_type():
    await run("CREATE TABLE fan (author BIGINT, FOREIGN KEY (author) REFERENCES author (id))")


@says(IntegrityError, "(1048, \"Column 'author_id' cannot be null\")")
async def a_missing_foreign_key():
    await Book.create()


@says(OperationalError, '(1146, "Table ')
async def a_table_that_was_never_made():
    await run("SELECT * FROM stranger")


@says(OperationalError, "(1054, \"Unknown column 'nick' in ")
async def a_column_that_was_never_made():
    await run("SELECT nick FROM author")


SYNTAX = "You have an error in your SQL syntax"


@says(OperationalError, SYNTAX)
async def a_file_that_aerich_wrote_for_another_database():
    await run('CREATE TABLE "fan" ("id" SERIAL)')


@says(OperationalError, "(1406, \"Data too long for column 'name' at row 1\")")
async def a_value_that_is_too_long_for_its_column():
    await run("INSERT INTO author (name, age) VALUES ('a name that is too long', 1)")


@says(OperationalError, '(1406, "Data too long for column')
async def an_expression_that_is_too_long_for_its_column():
    await Author.create(name="a name")
    await Author.all().update(name=Concat("name", " and more"))


@says(OperationalError, "(1364, \"Field 'name' doesn't have a default value\")")
async def an_insert_without_a_required_column():
    await run("INSERT INTO author (age) VALUES (1)")


@says(IntegrityError, "(1451, 'Cannot delete or update a parent row: a foreign key constraint fails")
async def a_deleted_row_that_others_refer_to():
    author = await Author.create(name="a")
    await run("CREATE TABLE fan (author INT NOT NULL, FOREIGN KEY (author) REFERENCES author (id))")
    await run(f"INSERT INTO fan VALUES ({author.id})")
    try:
        await author.delete()
    finally:
        await run("DROP TABLE fan")


@says(OperationalError, "(1052, \"Column 'id' in ")
async def raw_sql_that_does_not_name_the_table():
    await run("SELECT id FROM author JOIN book ON book.author_id = author.id")


@says(OperationalError, '(1267, "Illegal mix of collations ')
async def a_comparison_of_two_collations():
    await run("SELECT 'a' COLLATE utf8mb4_bin = 'a' COLLATE utf8mb4_general_ci")


@says(OperationalError, "(1060, \"Duplicate column name 'age'\")")
async def a_column_that_exists():
    await run("ALTER TABLE author ADD COLUMN age INT")


@says(OperationalError, "(1061, \"Duplicate key name 'by_age'\")")
async def an_index_that_exists():
    for _ in range(2):
        await run("CREATE INDEX by_age ON author (age)")


@says(OperationalError, "(1050, \"Table 'author' already exists\")")
async def a_table_that_exists():
    await run("CREATE TABLE author (id INT)")


@says(OperationalError, "(1071, 'Specified key was too long; max key length is 3072 bytes')")
async def an_index_on_a_long_column():
    if await is_mariadb():  # it takes these keys; MySQL refuses them
        for column in ("VARCHAR(1000)", "TEXT"):
            await run(
                f"CREATE TABLE wide (a {column}, b {column}, UNIQUE (a), INDEX (b)) CHARACTER SET utf8mb4"
            )
            await run("DROP TABLE wide")
        await run("CREATE TABLE wide (a VARCHAR(500), b VARCHAR(500), UNIQUE (a, b)) CHARACTER SET utf8mb4")
        await run("DROP TABLE wide")
    await run("CREATE TABLE page (url VARCHAR(1000) PRIMARY KEY) CHARACTER SET utf8mb4")


@says(OperationalError, "(1071, 'Specified key was too long")
async def an_index_on_two_columns():
    await run(
        "CREATE TABLE page (host VARCHAR(500), path VARCHAR(500), INDEX (host, path)) CHARACTER SET utf8mb4"
    )


@says(
    OperationalError,
    "(1709, 'Index column size too large. The maximum column size is 767 bytes')",
    mysql="(1071, 'Specified key was too long; max key length is 767 bytes')",
)
async def an_index_in_an_old_row_format():
    row_format = "ROW_FORMAT=COMPACT CHARACTER SET utf8mb4"
    await run(f"CREATE TABLE short_page (url VARCHAR(191), INDEX (url)) {row_format}")
    await run("DROP TABLE short_page")
    await run(f"CREATE TABLE page (url VARCHAR(192), INDEX (url)) {row_format}")


@says(OperationalError, "(1170, \"BLOB/TEXT column 'body' used in key specification without a key length\")")
async def a_key_that_is_a_text():
    await run("CREATE TABLE page (body TEXT PRIMARY KEY)")


@says(
    OperationalError,
    "(4025, 'CONSTRAINT `positive` failed for ",
    mysql="(3819, \"Check constraint 'positive' is violated.\")",
)
async def a_value_that_a_check_refuses():
    await run("CREATE TABLE sale (amount INT, CONSTRAINT positive CHECK (amount > 0))")
    try:
        await run("INSERT INTO sale VALUES (0)")
    finally:
        await run("DROP TABLE sale")


@says(OperationalError, '(1366, "Incorrect string value: ')
async def an_emoji_in_a_table_of_another_charset():
    await run("CREATE TABLE old_page (title VARCHAR(9)) CHARACTER SET utf8mb3")
    try:
        await run("INSERT INTO old_page VALUES ('😀')")
    finally:
        await run("DROP TABLE old_page")


@says(OperationalError, "(1366, \"Incorrect integer value: 'x' for column")
async def a_text_in_a_column_of_numbers():
    await run("INSERT INTO author (name, age) VALUES (%s, %s)", ["a", "x"])


@says(OperationalError, "(2013, 'Lost connection to MySQL server during query')")
async def a_connection_that_ends_during_a_query():
    killer = asyncio.create_task(kill("SELECT SLEEP(9)"), context=contextvars.copy_context())
    try:
        await run("SELECT SLEEP(9)")
    finally:
        await killer


@says(asyncmy.errors.OperationalError, "(2006, 'MySQL server has gone away')")
async def a_transaction_whose_connection_ends_during_a_query():
    killer = asyncio.create_task(kill("SELECT SLEEP(8)"), context=contextvars.copy_context())
    try:
        async with in_transaction() as connection:
            await connection.execute_query("SELECT SLEEP(8)")
    finally:
        await killer


@says(asyncmy.errors.InterfaceError, "(0, 'Not connected')")
async def a_transaction_whose_connection_ends_while_it_waits():
    outside = contextvars.copy_context()
    async with in_transaction() as connection:
        (found,) = await connection.execute_query_dict("SELECT CONNECTION_ID() AS session")
        await asyncio.create_task(run(f"KILL {found['session']}"), context=outside)
        await connection.execute_query("SELECT 1")


async def kill(sql: str) -> None:
    """End the connection that runs this statement."""
    await asyncio.sleep(0.3)  # the statement runs by then
    find = "SELECT id AS session FROM information_schema.processlist WHERE info = %s"
    (found,) = await Tortoise.get_connection("default").execute_query_dict(find, [sql])
    await run(f"KILL {found['session']}")


@says(TypeError, "not all arguments converted during string formatting")
async def the_parameters_of_postgresql():
    await run("SELECT * FROM author WHERE name = $1", ["a"])


@says(TypeError, "not all arguments converted")
async def more_values_than_places():
    await run("SELECT * FROM author WHERE name = %s", ["a", "b"])


@says(TypeError, "not enough arguments for format string")
async def fewer_values_than_places():
    await run("SELECT %s, %s", ["a"])


@says(
    ValueError,
    "unsupported format character" if OLD_PYTHON else "unexpected format character",
)
async def a_percent_sign_that_stands_for_no_value():
    assert await Tortoise.get_connection("default").execute_query_dict("SELECT '%%' AS a, %s AS b", [1])
    await run("SELECT 'a%' AS a, %s AS b", [1])


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
            await connection.execute_query("INSERT INTO author (name, age) VALUES ('half', 1)")
            try:
                await Author.select_for_update().get(name="a")
            except OperationalError as error:
                errors.append(error)

    errors: list[OperationalError] = []
    async with in_transaction():
        await Author.select_for_update().get(name="a")
        await asyncio.create_task(other(), context=outside)
    assert await Author.exists(name="half")  # who catches the error inside the block commits the rest
    raise errors[0]


@says(OperationalError, "(1213, 'Deadlock found")
async def three_inserts_of_one_key_of_which_the_first_is_undone():
    first_is_in = asyncio.Event()

    async def insert(*, undo: bool) -> None:
        async with in_transaction() as connection:
            if not undo:
                await first_is_in.wait()
            await connection.execute_query("INSERT INTO author (id, name, age) VALUES (5, 'a', 1)")
            if undo:
                first_is_in.set()
                await asyncio.sleep(0.3)  # the others wait for the key by then
                raise LookupError

    tasks = [insert(undo=True), insert(undo=False), insert(undo=False)]
    undone, *others = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(undone, LookupError)
    (error,) = filter(None, others)
    assert isinstance(error, Exception)
    raise error


@says(DBConnectionError, "Can't connect to MySQL server: {")
async def a_database_that_does_not_exist():
    await asked(URL.rpartition("/")[0] + "/nowhere")


@says(DBConnectionError, "connect to MySQL server: {")
async def a_wrong_password():
    server = URL.partition("://")[2].rpartition("@")[2]
    try:
        await asked(f"mysql://nobody:wrong@{server}")
    except DBConnectionError as error:
        assert "(1045, \"Access denied for user 'nobody'@" in str(error.__context__)
        raise


@says(OperationalError, "(1045, \"Access denied for user '")
async def a_password_that_changed_while_the_pool_is_open():
    """The open connection goes on, and only the second one is refused."""
    settings = expand_db_url(URL)
    words = iter([settings["credentials"]["password"]])
    settings["credentials"]["password_creator"] = lambda: next(words, "changed")
    async with TortoiseContext() as context:
        await context.init(
            config={"connections": {"default": settings}, "apps": {"models": {"models": ["__main__"]}}}
        )
        two = [context.connections.get("default").execute_query("SELECT SLEEP(0.2)") for _ in range(2)]
        await context.connections.get("default").execute_query("SELECT 1")
        for answer in await asyncio.gather(*two, return_exceptions=True):
            if isinstance(answer, BaseException):
                raise answer


@says(DBConnectionError, "Can't connect to MySQL server")
async def a_server_that_does_not_listen():
    await asked("mysql://root@127.0.0.1:1/shop")


async def asked(url: str) -> None:
    """A first query over a new pool."""
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.connections.get("default").execute_query("SELECT 1")


async def is_mariadb() -> bool:
    (found,) = await Tortoise.get_connection("default").execute_query_dict("SELECT VERSION() AS version")
    return "MariaDB" in found["version"]


async def run(sql: str, values: list[object] | None = None) -> None:
    await Tortoise.get_connection("default").execute_query(sql, values)


async def check(error: type[BaseException], mariadb: str, mysql: str, mistake: Mistake) -> str | None:
    message = mariadb if await is_mariadb() else mysql
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
