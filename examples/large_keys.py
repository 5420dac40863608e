# snippet: needs="postgres|mysql, aerich, tortoise>=1.1.8"
"""An integer key becomes BIGINT: the files that keep rows and references, with both tools.

On PostgreSQL, old code reads and writes during the whole change to BIGINT.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/large_keys.py
"""

import asyncio
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import asyncpg
from tortoise import fields
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
POSTGRES = URL.startswith("postgres")
BILLING = Path(__file__).resolve().parent / "billing"  # for the operations
SETTINGS = """
import os

APP = {"models": ["shop", "aerich.models"], "default_connection": "default", "migrations": "migrations"}
TORTOISE_ORM = {"connections": {"default": os.environ["DATABASE_URL"]}, "apps": {"models": APP}}
"""
MODELS = """
from uuid import uuid4

from tortoise import fields
from tortoise.models import Model


class Author(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=9)


class Book(Model):
    id = fields.IntField(primary_key=True)
    author = fields.ForeignKeyField("models.Author", related_name="books")


class Tag(Model):
    id = fields.IntField(primary_key=True)
    uses = fields.IntField()
"""
HEAD = """
from apps.common.operations import ForgetField, LockTimeout, StateOnly
from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from uuid import uuid4


async def fill(apps, schema_editor):
    send = schema_editor.client.execute_query_dict
    for table, old, new in (("author", "id", "id_new"), ("book", "author_id", "author_id_new")):
        last = 0
        part = f"SELECT id FROM {table} WHERE id > $1 ORDER BY id LIMIT 1000"
        top_of_part = f"SELECT max(id) AS top FROM ({part}) AS part"
        while top := (await send(top_of_part, [last]))[0]["top"]:
            await send(f"UPDATE {table} SET {new} = {old} WHERE id > $1 AND id <= $2", [last, top])
            last = top


class Migration(migrations.Migration):
    atomic = ATOMIC
    dependencies = [("models", "AFTER")]
    operations = [OPERATIONS]
"""

# --- To BIGINT on PostgreSQL while old code runs. Each text is the SQL of a file; replace the names by yours.

COLUMNS = """
ALTER TABLE author ADD id_new BIGINT;
ALTER TABLE book ADD author_id_new BIGINT;
CREATE FUNCTION author_new() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.id_new := NEW.id; RETURN NEW; END $$;
CREATE FUNCTION book_new() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN NEW.author_id_new := NEW.author_id; RETURN NEW; END $$;
CREATE TRIGGER author_new BEFORE INSERT OR UPDATE ON author FOR EACH ROW EXECUTE FUNCTION author_new();
CREATE TRIGGER book_new BEFORE INSERT OR UPDATE ON book FOR EACH ROW EXECUTE FUNCTION book_new();
"""
# `fill` above fills both columns in batches: atomic = False. Then, also with atomic = False:
INDEXES = (
    "CREATE UNIQUE INDEX CONCURRENTLY author_new_key ON author (id_new)",
    "ALTER TABLE author ADD CONSTRAINT id_given CHECK (id_new IS NOT NULL) NOT VALID",
    "ALTER TABLE author VALIDATE CONSTRAINT id_given",
    "ALTER TABLE book ADD CONSTRAINT author_given CHECK (author_id_new IS NOT NULL) NOT VALID",
    "ALTER TABLE book VALIDATE CONSTRAINT author_given",
)
SWAP = """
LOCK TABLE author, book;
DROP TRIGGER author_new ON author;
DROP TRIGGER book_new ON book;
ALTER TABLE book DROP CONSTRAINT FOREIGN_KEY;
ALTER SEQUENCE author_id_seq AS BIGINT OWNED BY author.id_new;
ALTER TABLE author DROP COLUMN id;
ALTER TABLE author RENAME id_new TO id;
ALTER TABLE author ALTER id SET NOT NULL, ALTER id SET DEFAULT nextval('author_id_seq'),
  ADD CONSTRAINT author_pkey PRIMARY KEY USING INDEX author_new_key;
ALTER TABLE author DROP CONSTRAINT id_given;
ALTER TABLE book DROP COLUMN author_id;
ALTER TABLE book RENAME author_id_new TO author_id;
ALTER TABLE book ALTER author_id SET NOT NULL, DROP CONSTRAINT author_given,
  ADD CONSTRAINT FOREIGN_KEY FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE NOT VALID;
DROP FUNCTION author_new, book_new;
"""
VALIDATE = "ALTER TABLE book VALIDATE CONSTRAINT FOREIGN_KEY"

# --- To BIGINT on PostgreSQL while nothing runs: it rewrites both tables, and locks them meanwhile.

PLAIN = (
    "ALTER SEQUENCE author_id_seq AS BIGINT",
    "ALTER TABLE author ALTER id TYPE BIGINT",
    "ALTER TABLE book ALTER author_id TYPE BIGINT",
)

# --- To BIGINT on MySQL and MariaDB: each statement copies its table, and blocks writers.

MODIFY = """
ALTER TABLE book DROP FOREIGN KEY FOREIGN_KEY;
ALTER TABLE author MODIFY id BIGINT NOT NULL AUTO_INCREMENT;
ALTER TABLE book MODIFY author_id BIGINT NOT NULL;
ALTER TABLE book ADD CONSTRAINT FOREIGN_KEY FOREIGN KEY (author_id) REFERENCES author (id) ON DELETE CASCADE;
"""

# --- The proofs


class Author(Model):
    """As the code that runs knows it."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=9)


class Book(Model):
    """Refers to an author."""

    id = fields.IntField(primary_key=True)
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="books")


APP = Path(tempfile.mkdtemp())
BIG = MODELS.replace("IntField", "BigIntField", 1)


def shell(*command: str, expect: int = 0) -> str:
    environment = os.environ | {"PYTHONPATH": f"{APP}{os.pathsep}{BILLING}", "AERICH_MYSQL_VERSION": "8.0"}
    done = subprocess.run(
        command,
        cwd=APP,
        env=environment,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    assert done.returncode == expect, done
    return done.stdout + done.stderr


def tortoise(*command: str, expect: int = 0) -> str:
    return shell(sys.executable, "-m", "tortoise", "-c", "settings.TORTOISE_ORM", *command, expect=expect)


def aerich(*command: str, expect: int = 0) -> str:
    return shell(str(Path(sys.executable).with_name("aerich")), *command, expect=expect)


def sql(*statements: str) -> list[dict[str, Any]]:
    async def send() -> list[dict[str, Any]]:
        async with TortoiseContext() as context:
            await context.init(db_url=URL, modules={"models": [__name__]})
            connection = context.connections.get("default")
            for statement in statements[:-1]:
                await connection.execute_script(statement)
            return await connection.execute_query_dict(statements[-1])

    return asyncio.run(send())


def begin(text: str = MODELS) -> None:
    """New tables, three tags, two authors and a book; no migration but the first."""
    sql("DROP TABLE IF EXISTS book, author, tag, tortoise_migrations, aerich", "SELECT 1")
    for file in (*APP.glob("migrations/0*"), *APP.glob("aerich/models/*")):
        file.unlink()
    (APP / "shop.py").write_text(text)


def rows() -> None:
    sql(
        "INSERT INTO author (name) VALUES ('Ann'), ('Ben')",
        "INSERT INTO book (author_id) VALUES (2)",
        "INSERT INTO tag (uses) VALUES (1), (2), (3)",
        "SELECT 1",
    )


def built_in() -> None:
    begin()
    tortoise("makemigrations", "models", "--name", "initial")
    tortoise("migrate")
    rows()


def with_aerich() -> None:
    begin()
    aerich("init-migrations")
    aerich("upgrade")
    rows()


def foreign_key() -> str:
    schema = "current_schema()" if POSTGRES else "DATABASE()"
    found = (
        "SELECT constraint_name AS name FROM information_schema.table_constraints WHERE table_name = 'book' "
    )
    (row,) = sql(f"{found} AND constraint_type = 'FOREIGN KEY' AND table_schema = {schema}")
    return str(row["name"])


def column(table: str, name: str) -> str:
    schema = "current_schema()" if POSTGRES else "DATABASE()"
    found = f"SELECT data_type AS kind FROM information_schema.columns WHERE table_schema = {schema} "
    (row,) = sql(f"{found} AND table_name = '{table}' AND column_name = '{name}'")
    return str(row["kind"])


def write(name: str, operations: str, *, after: str, atomic: bool = True) -> str:
    text = HEAD.replace("ATOMIC", str(atomic)).replace("AFTER", after).replace("OPERATIONS", operations)
    (APP / "migrations" / f"{name}.py").write_text(text)
    return name


def draft(name: str) -> str:
    tortoise("makemigrations", "models", "--name", name)
    (file,) = APP.glob(f"migrations/*_{name}.py")
    return file.read_text()


def of_the_draft(name: str) -> str:
    """The operations of the draft, without their SQL. The draft is deleted."""
    text = draft(name)
    for file in APP.glob(f"migrations/*_{name}.py"):
        file.unlink()
    (listed,) = re.findall(r"operations = (\[.*\])", text, re.DOTALL)
    listed = re.sub(r"ops\.AddIndex\(.*?\n        \),", "", listed, flags=re.DOTALL)  # a key has an index
    return f"*map(StateOnly, {listed})"


def aerich_draft(name: str, *options: str) -> str:
    aerich("migrate", "--offline", "--name", name, *options)
    (file,) = APP.glob(f"aerich/models/*_{name}.py")
    return file.read_text().split("async def downgrade")[0]


async def old_code(work: Awaitable[Any]) -> int:
    """Insert and read while `work` runs; how many transactions failed."""
    errors = 0
    EXECUTOR_CACHE.clear()
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": [__name__]})
        job = asyncio.ensure_future(work)
        made = 0
        while not job.done():
            try:
                async with in_transaction():
                    author = await Author.create(name="Old")
                    await Book.create(author=author)
                    assert (await Author.get(id=author.id)).name == "Old"
                made += 1
            except asyncpg.InvalidCachedStatementError:
                errors += 1
        await job
        assert made
    return errors


def counts_on() -> None:
    assert "No changes detected" in tortoise("makemigrations")
    assert column("author", "id") == column("book", "author_id") == "bigint"
    sql("SELECT setval('author_id_seq', 2147483647)", "INSERT INTO author (name) VALUES ('Cy')")


def to_bigint_on_postgresql() -> None:
    built_in()
    (APP / "shop.py").write_text(BIG)
    run = "ops.RunSQL({!r}, '')".format
    write(
        "0002_big",
        f"LockTimeout(2), {', '.join(map(run, PLAIN))}, {of_the_draft('big')}",
        after="0001_initial",
    )
    tortoise("migrate")
    counts_on()

    built_in()
    (APP / "shop.py").write_text(BIG)
    state = of_the_draft("big")
    name = foreign_key()
    last = write("0002_columns", f"LockTimeout(2), {run(COLUMNS)}", after="0001_initial")
    last = write("0003_fill", "ops.RunPython(fill, ops.RunPython.noop)", after=last, atomic=False)
    last = write("0004_indexes", ", ".join(map(run, INDEXES)), after=last, atomic=False)
    swap = f"LockTimeout(2), {run(SWAP.replace('FOREIGN_KEY', name))}, {state}"
    last = write("0005_swap", swap, after=last)
    last = write("0006_validate", run(VALIDATE.replace("FOREIGN_KEY", name)), after=last)

    errors = asyncio.run(old_code(asyncio.to_thread(tortoise, "migrate")))
    assert 1 <= errors <= 2  # the first transaction of a connection after the swap
    assert foreign_key() == name
    wrong = sql(
        "SELECT count(*) AS n FROM book LEFT JOIN author ON author.id = author_id WHERE author.id IS NULL"
    )
    assert wrong == [{"n": 0}]
    counts_on()


def to_bigint_on_mysql() -> None:
    built_in()
    (APP / "shop.py").write_text(BIG)
    try:
        sql("ALTER TABLE tag MODIFY id BIGINT NOT NULL AUTO_INCREMENT, LOCK=NONE", "SELECT 1")
    except OperationalError as error:
        assert "1846" in str(error)  # Try LOCK=SHARED
    else:
        raise AssertionError("it blocks no writers")
    name = foreign_key()
    run = "ops.RunSQL({!r}, '')".format
    statements = [each.strip() for each in MODIFY.replace("FOREIGN_KEY", name).split(";") if each.strip()]
    write("0002_big", f"{', '.join(map(run, statements))}, {of_the_draft('big')}", after="0001_initial")
    tortoise("migrate")
    assert "No changes detected" in tortoise("makemigrations")
    assert column("author", "id") == column("book", "author_id") == "bigint"
    sql("INSERT INTO author (name) VALUES ('Cy')", "SELECT 1")
    assert sql("SELECT id FROM author WHERE name = 'Cy'") == [{"id": 3}]

    with_aerich()
    (APP / "shop.py").write_text(BIG)
    aerich_draft("big", "--empty")
    assert "No changes detected" in aerich("migrate", "--offline")


def set_up() -> None:
    (APP / "settings.py").write_text(SETTINGS)
    (APP / "pyproject.toml").write_text(
        '[tool.aerich]\ntortoise_orm = "settings.TORTOISE_ORM"\nlocation = "./aerich"\n'
    )
    (APP / "migrations").mkdir()
    (APP / "migrations" / "__init__.py").touch()


if __name__ == "__main__":
    set_up()
    to_bigint_on_postgresql() if POSTGRES else to_bigint_on_mysql()
