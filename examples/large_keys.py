# snippet: needs="postgres|mysql, aerich, tortoise>=1.1.8"
"""An integer key becomes BIGINT or a UUID: what both tools write, and files that keep rows and references.

On PostgreSQL, old code reads and writes during the whole change to BIGINT.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/large_keys.py
"""

import asyncio
import importlib
import itertools
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
            await context.init(db_url=URL, modules={"models": ["__main__"]})
            connection = context.connections.get("default")
            for statement in statements[:-1]:
                await connection.execute_script(statement)
            return await connection.execute_query_dict(statements[-1])

    return asyncio.run(send())


def begin(text: str = MODELS) -> None:
    """New tables, three tags, two authors and a book; no migration but the first."""
    for name in ("book", "author", "tag", "tortoise_migrations", "aerich"):
        sql(f"DROP TABLE IF EXISTS {name}", "SELECT 1")
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


numbers = itertools.count(2)


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


def drafts_of_the_built_in_tool() -> None:
    """It drops the key, and adds another one."""
    built_in()
    (APP / "shop.py").write_text(BIG)
    text = draft("big")
    assert "ops.RemoveField(model_name='Author', name='id')" in text
    assert "ops.AddField(" in text and "Book" not in text
    if POSTGRES:
        said = tortoise("sqlmigrate", "models", "0002_big")
        assert 'ALTER TABLE "author" DROP COLUMN "id" CASCADE' in said  # with the foreign keys to it
        assert 'column "id" of relation "author" contains null values' in tortoise("migrate", expect=1)
        assert foreign_key()  # the transaction was undone
        sql("DELETE FROM book", "DELETE FROM author", "SELECT 1")
        tortoise("migrate")  # an empty table: no error
        left = sql(
            "SELECT count(*) AS n FROM pg_constraint WHERE contype = 'f' AND conrelid = 'book'::regclass"
        )
        assert left == [{"n": 0}]  # the foreign key is gone
        assert column("book", "author_id") == "integer"
        default = "SELECT column_default AS sequence FROM information_schema.columns"
        assert sql(f"{default} WHERE table_name = 'author' AND column_name = 'id'") == [{"sequence": None}]
    else:
        assert "1829" in tortoise("migrate", expect=1)  # needed in a foreign key: nothing has changed
        assert sql("SELECT id FROM author ORDER BY id") == [{"id": 1}, {"id": 2}]

    built_in()
    (APP / "shop.py").write_text(
        MODELS.replace("Tag(Model):\n    id = fields.Int", "Tag(Model):\n    id = fields.BigInt")
    )
    draft("tag")
    if not POSTGRES:
        assert "Duplicate entry '0'" in tortoise("migrate", expect=1)
        assert "id" not in sql("SELECT * FROM tag")[0]  # the keys are lost

    # Another column than a key.
    built_in()
    (APP / "shop.py").write_text(MODELS.replace("uses = fields.Int", "uses = fields.BigInt"))
    assert "ops.AlterField(" in draft("uses")
    if POSTGRES:
        tortoise("migrate")
    else:
        for _ in "12":
            said = tortoise("migrate", expect=1)
            assert "1064" in said and '"uses" TYPE BIGINT' in said
    assert column("tag", "uses") == "bigint"  # on MySQL, too: but the file is not recorded
    if not POSTGRES:
        built_in()
        (APP / "shop.py").write_text(MODELS.replace("uses = fields.Int", "uses = fields.BigInt"))
        modify = "ops.RunSQL('ALTER TABLE tag MODIFY uses BIGINT NOT NULL')"
        write("0002_uses", f"{modify}, {of_the_draft('uses')}", after="0001_initial")
        tortoise("migrate")
        assert "No changes detected" in tortoise("makemigrations")


def drafts_of_aerich() -> None:
    with_aerich()
    (APP / "shop.py").write_text(BIG)
    text = aerich_draft("big")
    if POSTGRES:
        assert 'ALTER TABLE "author" ALTER COLUMN "id" TYPE BIGINT USING "id"::BIGINT;' in text
        assert 'ALTER TABLE "book" ALTER COLUMN "author_id" TYPE BIGINT USING "author_id"::BIGINT;' in text
        aerich("upgrade")
        assert column("author", "id") == column("book", "author_id") == "bigint"
        top = (
            "SELECT data_type AS kind FROM information_schema.sequences WHERE sequence_name = 'author_id_seq'"
        )
        assert sql(top) == [{"kind": "integer"}]  # the sequence still ends at 2147483647
        message = ""
        try:
            sql("SELECT setval('author_id_seq', 2147483647)", "INSERT INTO author (name) VALUES ('Cy')")
        except OperationalError as error:
            message = str(error)
        except asyncpg.PostgresError as error:
            message = str(error)
        assert "reached maximum value of sequence" in message
        sql("ALTER SEQUENCE author_id_seq AS BIGINT", "INSERT INTO author (name) VALUES ('Cy')")
        assert sql("SELECT max(id) AS top FROM author") == [{"top": 2147483648}]
    else:
        assert "ALTER TABLE `author` MODIFY COLUMN `id` BIGINT NOT NULL;" in text  # without AUTO_INCREMENT
        assert "1833" in aerich("upgrade", expect=1)  # a foreign key uses the column
        assert column("author", "id") == "int"
        with_aerich()
        (APP / "shop.py").write_text(
            MODELS.replace("Tag(Model):\n    id = fields.Int", "Tag(Model):\n    id = fields.BigInt")
        )
        aerich_draft("tag")
        aerich("upgrade")  # no foreign key, no error
        message = ""
        try:
            sql("INSERT INTO tag (uses) VALUES (4)", "SELECT 1")
        except OperationalError as error:
            message = str(error)
        assert "1364" in message  # Field 'id' doesn't have a default value

    with_aerich()
    (APP / "shop.py").write_text(MODELS.replace("fields.IntField", "fields.UUIDField", 1))
    said = aerich("migrate", "--offline", "--name", "uuid")
    assert (
        "Does not support change primary_key(Author.id) field type, you may need to do it manually." in said
    )
    (file,) = APP.glob("aerich/models/*_uuid.py")
    assert "author_id" in file.read_text()  # the file changes the foreign key alone


async def old_code(work: Awaitable[Any]) -> int:
    """Insert and read while `work` runs; how many transactions failed."""
    errors = 0
    EXECUTOR_CACHE.clear()
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
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


# A key of UUIDs, by releases: what the tables get before the code of each release, and its models.

UUIDS = {
    "r1": MODELS.replace(
        "9)\n", "9)\n    uid = fields.UUIDField(null=True, unique=True, default=uuid4)\n", 1
    ).replace('="books")\n', '="books")\n    author_uid = fields.UUIDField(null=True)\n'),
}
UUIDS["r2"] = (
    UUIDS["r1"]
    .replace("UUIDField(null=True, unique", "UUIDField(unique")
    .replace(
        """("models.Author", related_name="books")
    author_uid = fields.UUIDField(null=True)""",
        """(
        "models.Author", related_name="books", to_field="uid", source_field="author_uid"
    )
    old_author = fields.IntField(null=True, source_field="author_id")""",
    )
)
UUIDS["r3"] = (
    re.sub("    old_author = .*\n", "", UUIDS["r2"])
    .replace("    id = fields.IntField(primary_key=True)\n    name", "    name", 1)
    .replace("UUIDField(unique=True, default=uuid4)", "UUIDField(primary_key=True)")
)
KIND = "UUID" if POSTGRES else "CHAR(36)"
NOT_NULL = (
    "ALTER TABLE {0} ALTER {1} SET NOT NULL" if POSTGRES else "ALTER TABLE {0} MODIFY {1} CHAR(36) NOT NULL"
)
NEW_UUID = "gen_random_uuid()" if POSTGRES else "UUID()"
FILES = {
    "r1": [f"ALTER TABLE author ADD uid {KIND} UNIQUE", f"ALTER TABLE book ADD author_uid {KIND}"],
    "r2": [
        f"UPDATE author SET uid = {NEW_UUID} WHERE uid IS NULL",  # in batches
        "UPDATE book SET author_uid = (SELECT uid FROM author WHERE author.id = author_id)"
        " WHERE author_uid IS NULL",
        NOT_NULL.format("author", "uid"),
        NOT_NULL.format("book", "author_uid"),
        "ALTER TABLE book ADD CONSTRAINT book_author_uid FOREIGN KEY (author_uid) REFERENCES author (uid)"
        " ON DELETE CASCADE",
    ],
    "r3": [
        f"ALTER TABLE book DROP {'CONSTRAINT' if POSTGRES else 'FOREIGN KEY'} FOREIGN_KEY",
        "ALTER TABLE book ALTER author_id DROP NOT NULL"
        if POSTGRES
        else "ALTER TABLE book MODIFY author_id INT",
    ],
    "r4": [
        "ALTER TABLE book DROP COLUMN author_id",
        "ALTER TABLE author DROP COLUMN id",
        "ALTER TABLE author ADD PRIMARY KEY (uid)",
    ],
}


async def use(release: str) -> None:
    """Do what the code of the release does: write an author and a book, and read each author of a book."""
    sys.path.insert(0, str(APP))
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": [release]})
        models = importlib.import_module(release)
        EXECUTOR_CACHE.clear()
        author = await models.Author.create(name=release)
        also = {
            "r1": {"author_uid": getattr(author, "uid", None)},
            "r2": {"old_author": getattr(author, "id", None)},
        }
        await models.Book.create(author=author, **also.get(release, {}))
        for book in await models.Book.all().select_related("author"):
            assert book.author.name in ("Ben", "r1", "r2", "r3", "r0")
        assert await models.Book.filter(author__name=release).exists()


def to_uuid() -> None:
    built_in()
    name, last = foreign_key(), "0001_initial"
    (APP / "r0.py").write_text(MODELS)
    for number, release in enumerate(FILES, 1):
        state = "" if release == "r4" else of_the_draft_for(release)
        statements = ", ".join(
            f"ops.RunSQL({each.replace('FOREIGN_KEY', name)!r}, '')" for each in FILES[release]
        )
        last = write(f"000{number + 1}_{release}", f"{statements}, {state}", after=last)
        tortoise("migrate")
        assert "No changes detected" in tortoise("makemigrations"), release
        asyncio.run(use(f"r{min(number - 1, 3)}"))  # the code before it still works
        if release != "r4":
            asyncio.run(use(release))


def of_the_draft_for(release: str) -> str:
    (APP / "shop.py").write_text(UUIDS[release])
    (APP / f"{release}.py").write_text(UUIDS[release])
    return of_the_draft(release)


if __name__ == "__main__":
    (APP / "settings.py").write_text(SETTINGS)
    (APP / "pyproject.toml").write_text(
        '[tool.aerich]\ntortoise_orm = "settings.TORTOISE_ORM"\nlocation = "./aerich"\n'
    )
    (APP / "migrations").mkdir()
    (APP / "migrations" / "__init__.py").touch()
    drafts_of_the_built_in_tool()
    drafts_of_aerich()
    to_bigint_on_postgresql() if POSTGRES else to_bigint_on_mysql()
    to_uuid()
