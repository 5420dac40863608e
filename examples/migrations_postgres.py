# snippet: needs="postgres, psycopg, tortoise>=1.1.8"
"""The built-in migrations on PostgreSQL: NOT NULL, tables renamed, locks, indexes, runs at once.

In schemas of its own.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_postgres.py
"""

import asyncio
import contextvars
import importlib
import io
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Coroutine
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
from tortoise.transactions import in_transaction

warnings.filterwarnings("ignore", "`pk` is deprecated")  # older releases use it themselves
URL = os.environ["DATABASE_URL"]
BILLING = Path(__file__).resolve().parent / "billing"  # for the operations
T = TypeVar("T")
CONFIG = """
APP = {{"models": ["{name}.models"], "default_connection": "default", "migrations": "{name}.steps"}}
CONFIG = {{"connections": {{"default": "{url}"}}, "apps": {{"models": APP}}}}
"""
MODELS = """
from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

class Price(Model):
    class Meta:
        indexes = (Index(fields=("cents",), name="ix_cents"),)

    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
"""
HEAD = """
import asyncio
import os
from pathlib import Path

from tortoise import fields, migrations
from tortoise.expressions import F
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from apps.common.operations import ForgetField, LockTimeout, SetNotNull, StateOnly
"""
INITIAL = """ops.CreateModel("Price", [
    ("id", fields.IntField(primary_key=True)), ("cents", fields.IntField())
], options={"table": "price", "app": "models", "pk_attr": "id"}),
ops.RunSQL("INSERT INTO price (cents) VALUES (1)")"""
UNIQUE_INDEX = """
from apps.common.operations import AddIndexConcurrently

class UniqueIndex(Index):
    def get_sql(self, *args, **kwargs):
        return super().get_sql(*args, **kwargs).replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)
"""
CONCURRENTLY = """
class AddIndexConcurrently(ops.AddIndex):
    async def database_forward(self, app_label, old_state, new_state, state_editor=None):
        if state_editor:
            await state_editor._run_sql(f"CREATE INDEX CONCURRENTLY {self.index.name} ON price (cents)")
"""
# Waits until another run is here too, then counts up: what a data migration looks like to two runs.
COUNT = """
async def count(apps, schema_editor):
    Path(f"arrived-{os.getpid()}").touch()
    while len(list(Path().glob("arrived-*"))) < 2:
        await asyncio.sleep(0.01)
    await apps.get_model("models.Price").all().update(cents=F("cents") * 100)
"""
name = ""


def as_process(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it as a new process would: no Tortoise started anywhere."""
    return contextvars.Context().run(asyncio.run, coroutine)


async def connect() -> asyncpg.Connection:
    return await asyncpg.connect(URL, server_settings={"search_path": name})


def sql(statement: str) -> list[tuple[Any, ...]]:
    async def send() -> list[tuple[Any, ...]]:
        connection = await connect()
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return as_process(send())


def sql_script(statements: str) -> None:
    async def send() -> None:
        connection = await connect()
        try:
            await connection.execute(statements)
        finally:
            await connection.close()

    as_process(send())


def write(step: str, operations: str, *, after: str = "", more: str = "", atomic: bool = True) -> None:
    text = f"{HEAD}{more}\nclass Migration(migrations.Migration):\n    atomic = {atomic}\n"
    text += f'    dependencies = [("models", "{after}")]\n' if after else ""
    Path(name, "steps", f"{step}.py").write_text(f"{text}    operations = [{operations}]\n")


async def command(*arguments: str) -> str:
    """What `python -m tortoise COMMAND` prints; raises what it fails with."""
    importlib.invalidate_caches()
    for loaded in [module for module in sys.modules if module.startswith(f"{name}.")]:
        del sys.modules[loaded]
    with redirect_stdout(io.StringIO()) as printed:
        assert await run_cli_async(["-c", f"{name}.conf.CONFIG", *arguments]) == 0
    return printed.getvalue()


def run(*arguments: str) -> str:
    return as_process(command(*arguments))


def fails(coroutine: Coroutine[Any, Any, str]) -> str:
    async def quietly() -> None:
        # Tortoise doesn't roll back after "cannot run inside a transaction block"; asyncpg says so, and does.
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        await coroutine

    try:
        as_process(quietly())
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError("it has gone well")


def not_null() -> None:
    write("0002_tier", 'ops.AddField("Price", "tier", fields.IntField(default=7))', after="0001_initial")
    assert 'column "tier" of relation "price" contains null values' in fails(command("migrate"))
    write("0003_rank", 'ops.AddField("Price", "rank", fields.IntField(db_default=7))', after="0001_initial")
    run("migrate", "models", "0003_rank")
    assert sql("SELECT rank FROM price") == [(7,)]

    # An AlterField needs all arguments of the field: it takes away what is left out.
    added = 'ops.AddField("Price", "size", fields.IntField(null=True, db_index=True))'
    write("0004_size", added, after="0003_rank")
    write("0005_size", 'ops.AlterField("Price", "size", fields.IntField(db_default=1))', after="0004_size")
    assert "DROP INDEX" in run("sqlmigrate", "models", "0005_size")


def all_or_nothing() -> None:
    operations = 'ops.AddField("Price", "rank", fields.IntField(null=True)), ops.RunSQL("SELECT nonsense")'
    write("0002_broken", operations, after="0001_initial")
    assert "nonsense" in fails(command("migrate"))
    assert len(sql("SELECT 1 FROM information_schema.columns WHERE table_schema = 'all_or_nothing'")) == 6


def imported() -> None:
    """Today's model asks for columns that an earlier migration hasn't made yet."""
    Path(name, "models.py").write_text(MODELS + "    later = fields.IntField(null=True)\n")
    read = f"from {name}.models import Price\n\nasync def read(apps, schema_editor):\n    await Price.all()\n"
    write("0002_read", "ops.RunPython(read)", after="0001_initial", more=read)
    assert 'column "later" does not exist' in fails(command("migrate"))
    historical = read.replace("await Price", 'await apps.get_model("models.Price")')
    write("0002_read", "ops.RunPython(read)", after="0001_initial", more=historical)
    run("migrate")


def guessed() -> None:
    """sqlmigrate guesses the name of a constraint; so does migrate, where the table isn't in `public`."""
    code = "fields.CharField(max_length=9, null=True, unique={})"
    write("0002_code", f'ops.AddField("Price", "code", {code.format(True)})', after="0001_initial")
    write("0003_code", f'ops.AlterField("Price", "code", {code.format(False)})', after="0002_code")
    run("migrate", "models", "0002_code")
    constraints = "SELECT conname FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid "
    constraints += "WHERE contype = 'u' AND relname = 'price' AND relnamespace = 'guessed'::regnamespace"
    ((real,),) = sql(constraints)
    shown = run("sqlmigrate", "models", "0003_code")
    assert "DROP CONSTRAINT" in shown
    assert f'"{real}"' not in shown
    assert "does not exist" in fails(command("migrate"))


def index_concurrently() -> None:
    """Not inside a transaction; and as an operation, or makemigrations wants the index once more."""
    index = 'AddIndexConcurrently("Price", Index(fields=["cents"], name="ix_cents"))'
    write("0002_index", index, after="0001_initial", more=CONCURRENTLY)
    assert "cannot run inside a transaction block" in fails(command("migrate"))
    write("0003_index", index, after="0001_initial", more=CONCURRENTLY, atomic=False)
    Path(name, "steps/0002_index.py").unlink()
    run("migrate")
    assert sql("SELECT indexname FROM pg_indexes WHERE indexname = 'ix_cents'") == [("ix_cents",)]
    assert "No changes detected" in run("makemigrations")

    # What fails half way stays, and is no use.
    sql("INSERT INTO price (cents) VALUES (1)")
    unique = 'ops.RunSQL("CREATE UNIQUE INDEX CONCURRENTLY ux_cents ON price (cents)")'
    write("0004_unique", unique, after="0003_index", atomic=False)
    assert "could not create unique index" in fails(command("migrate"))
    assert sql("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ux_cents'::regclass") == [(False,)]

    # The operation of the handbook, also with an index whose class writes UNIQUE.
    unique = 'AddIndexConcurrently("Price", UniqueIndex(fields=["cents"], name="uq_cents"))'
    write("0005_expression", unique, after="0003_index", more=UNIQUE_INDEX, atomic=False)
    assert 'CREATE UNIQUE INDEX CONCURRENTLY "uq_cents"' in run("sqlmigrate", "models", "0005_expression")

    async def writer_waits() -> str:
        builder, writer = await connect(), await connect()
        try:
            await writer.execute("SET lock_timeout = '100ms'")
            async with builder.transaction():
                await builder.execute("CREATE INDEX ix_more ON price (cents)")
                return await writer.execute("INSERT INTO price (cents) VALUES (1)")
        finally:
            await builder.close()
            await writer.close()

    assert "LockNotAvailableError" in fails(writer_waits())


def index_by_hand() -> None:
    """AddIndexConcurrently fails if the index exists. IF NOT EXISTS and a state without SQL take it over."""
    sql("CREATE INDEX CONCURRENTLY ix_cents ON price (cents)")
    index = 'Index(fields=["cents"], name="ix_cents")'
    add = f'AddIndexConcurrently("Price", {index})'
    write("0002_index", add, after="0001_initial", more=CONCURRENTLY, atomic=False)
    assert "already exists" in fails(command("migrate"))
    Path(name, "steps/0002_index.py").unlink()
    build = 'ops.RunSQL("CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_cents ON price (cents)")'
    take_over = f'{build}, StateOnly(ops.AddIndex("Price", {index}))'
    write("0003_index", take_over, after="0001_initial", atomic=False)
    run("migrate")
    assert "No changes detected" in run("makemigrations")


def not_null_at_work() -> None:
    """SET NOT NULL shuts everybody out while it looks at the rows. After a CHECK it looks at none."""
    write(
        "0002_rank",
        'ops.AddField("Price", "rank", fields.IntField(db_default=1, null=True))',
        after="0001_initial",
    )
    write("0003_given", 'SetNotNull("Price", "rank", fields.IntField())', after="0002_rank")
    run("migrate", "models", "0002_rank")
    assert "write `atomic = False`" in fails(command("migrate"))
    write("0003_given", 'SetNotNull("Price", "rank", fields.IntField())', after="0002_rank", atomic=False)
    shown = run("sqlmigrate", "models", "0003_given").splitlines()
    (check,) = (line for line in shown if "NOT VALID" in line)
    (validate,) = (line for line in shown if "VALIDATE" in line)
    (set_not_null,) = (line for line in shown if "SET NOT NULL" in line)

    async def others_meanwhile(statement: str) -> str:
        """What happens to a reader and a writer until the statement's transaction ends."""
        builder, other = await connect(), await connect()
        try:
            async with builder.transaction():
                await builder.execute(statement)
                await other.execute("SET lock_timeout = '100ms'")
                await other.execute("SELECT * FROM price; INSERT INTO price (cents) VALUES (1)")
                return "go on"
        except asyncpg.LockNotAvailableError:
            return "wait"
        finally:
            await builder.close()
            await other.close()

    async def told(statement: str) -> list[str]:
        messages: list[str] = []
        connection = await connect()
        connection.add_log_listener(lambda _, message: messages.append(message.message))
        try:
            await connection.execute(f"SET client_min_messages = debug1; {statement}")
        finally:
            await connection.close()
        return messages

    plain = "ALTER TABLE price ALTER COLUMN rank SET NOT NULL"
    no_look = (
        'existing constraints on column "price.rank" are sufficient to prove that it does not contain nulls'
    )
    assert as_process(others_meanwhile(plain)) == "wait"
    assert no_look not in as_process(told(f"BEGIN; {plain}; ROLLBACK"))
    sql_script(check)
    assert as_process(others_meanwhile(validate)) == "go on"
    sql_script(validate)
    assert no_look in as_process(told(set_not_null))
    assert check.count(wait := "SET LOCAL lock_timeout = '2000ms'") == set_not_null.count(wait) == 1
    required = "SELECT attnotnull FROM pg_attribute WHERE attrelid = 'price'::regclass AND attname = 'rank'"
    assert sql(required) == [(True,)]
    sql("ALTER TABLE price ALTER COLUMN rank DROP NOT NULL")
    assert sql(required) == [(False,)]
    run("migrate")
    assert sql(required) == [(True,)]


def forgotten_unique_column() -> None:
    """New code does not write the column, and all its rows get one default: a unique column takes one row."""
    code = 'ops.{}("Price", "code", fields.CharField(max_length=9, unique=True, {}))'
    write("0002_code", code.format("AddField", "null=True"), after="0001_initial")
    forget = code.format("AlterField", 'db_default=""')
    write("0003_forget", f'{forget}, ForgetField("Price", "code")', after="0002_code")
    run("migrate", "models", "0002_code")
    sql("UPDATE price SET code = 'first'")
    run("migrate")
    sql("INSERT INTO price (cents) VALUES (2)")
    try:
        sql("INSERT INTO price (cents) VALUES (3)")
    except asyncpg.UniqueViolationError as error:
        assert "price_code_key" in str(error)
    else:
        raise AssertionError("two rows have the default")


def conditional() -> None:
    """A constraint with a condition becomes a partial unique index. SQLite: models_migrations.py."""
    more = "from tortoise.migrations.constraints import UniqueConstraint\n"
    unique = 'UniqueConstraint(fields=("cents",), name="uq_one", condition="cents = 1")'
    write("0002_one", f'ops.AddConstraint("Price", {unique})', after="0001_initial", more=more)
    run("migrate")
    sql("INSERT INTO price (cents) VALUES (2), (2)")
    try:
        sql("INSERT INTO price (cents) VALUES (1)")
    except asyncpg.UniqueViolationError as error:
        assert "uq_one" in str(error)
    else:
        raise AssertionError("two of them")


def waiting() -> None:
    """ALTER TABLE waits for whoever reads the table, everybody else waits behind it: let it give up soon."""
    add = 'ops.AddField("Price", "rank", fields.IntField(null=True))'
    write("0002_rank", add, after="0001_initial")

    async def everybody_waits() -> None:
        reader, other = await connect(), await connect()
        reading = reader.transaction()
        await reading.start()
        await reader.fetch("SELECT * FROM price")
        migration = asyncio.create_task(command("migrate"))
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'price'::regclass"
        while not await other.fetchval(waiting):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await other.execute("SET lock_timeout = '100ms'")
        try:
            await other.fetch("SELECT * FROM price")
        except asyncpg.LockNotAvailableError:
            pass
        else:
            raise AssertionError("a SELECT passed the waiting ALTER TABLE")
        await reading.rollback()
        await migration
        await reader.close()
        await other.close()

    as_process(everybody_waits())
    write("0003_rate", f"LockTimeout(0.1), {add.replace('rank', 'rate')}", after="0002_rank")

    async def gives_up(*arguments: str) -> str:
        reader = await connect()
        try:
            async with reader.transaction():
                await reader.fetch("SELECT * FROM price")
                return await command(*arguments)
        finally:
            await reader.close()

    assert "LockNotAvailableError" in fails(gives_up("migrate"))
    run("migrate")  # nothing was half done
    write("0004_kind", f"{add.replace('rank', 'kind')}, LockTimeout(0.1)", after="0003_rate")
    run("migrate")
    backwards = ("downgrade", "models", "0003_rate")  # the last operation comes first
    assert "LockNotAvailableError" in fails(gives_up(*backwards))
    run(*backwards)


def renamed_table() -> None:
    """A view of the old name, made with the rename, is all that old code asks for."""
    rename = """ops.RunSQL(
        "ALTER TABLE price RENAME TO cost; CREATE VIEW price AS SELECT * FROM cost",
        "DROP VIEW price; ALTER TABLE cost RENAME TO price",
    ), ops.AlterModelOptions("Price", {"table": "cost", "app": "models", "pk_attr": "id"})"""
    sql("GRANT SELECT ON price TO pg_monitor")
    write("0002_cost", rename, after="0001_initial")
    run("migrate")

    async def old_code() -> None:
        EXECUTOR_CACHE.clear()
        async with TortoiseContext() as context:
            await context.init(config=importlib.import_module(f"{name}.conf").CONFIG)
            price = importlib.import_module(f"{name}.models").Price
            made = await price.create(cents=2)
            assert made.id == 2  # generated
            async with in_transaction():
                assert (await price.select_for_update().get(id=2)).cents == 2
            again = [price(id=2, cents=3), price(id=9, cents=9)]
            await price.bulk_create(again, on_conflict=["id"], update_fields=["cents"])
            assert await price.filter(cents=9).delete() == 1
            assert await price.all().order_by("id").values_list("cents", flat=True) == [1, 3]

    as_process(old_code())
    assert sql("SELECT cents FROM cost ORDER BY id") == [(1,), (3,)]

    granted = "SELECT has_table_privilege('pg_monitor', '{}', 'SELECT')"
    assert sql(granted.format("cost")) == [(True,)]
    assert sql(granted.format("price")) == [(False,)]
    refused = {
        "ALTER COLUMN cents TYPE bigint": "cannot alter type of a column used by a view",
        "DROP COLUMN cents": "other objects depend on it",
    }
    for change, reason in refused.items():
        write("0003_change", f'ops.RunSQL("ALTER TABLE cost {change}")', after="0002_cost")
        assert reason in fails(command("migrate"))

    sql("ALTER TABLE cost ADD later INT")
    columns = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'renamed_table'"
    assert ("later",) in sql(f"{columns} AND table_name = 'cost'")
    assert ("later",) not in sql(f"{columns} AND table_name = 'price'")  # the view does not get it
    sql("ALTER TABLE cost DROP later")

    # New code; a release later the view goes.
    index = 'indexes = (Index(fields=("cents",), name="ix_cents"),)'
    Path(name, "models.py").write_text(MODELS.replace(index, 'table = "cost"'))
    write("0003_change", 'ops.RunSQL("DROP VIEW price")', after="0002_cost")
    assert "No changes detected" in run("makemigrations")
    run("migrate")
    assert sql("SELECT cents FROM cost ORDER BY id") == [(1,), (3,)]


def at_once() -> None:
    """Two runs apply the data migration twice. The second fails, but only as it records what it has done."""
    write("0002_count", "ops.RunPython(count)", after="0001_initial", more=COUNT)
    arguments = [sys.executable, "-m", "tortoise", "-c", f"{name}.conf.CONFIG", "migrate"]
    options: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    options["env"] = os.environ | {"PYTHONPATH": str(BILLING)}
    runs = [subprocess.Popen(arguments, **options) for _ in "12"]
    assert sorted(run.wait() for run in runs) == [0, 1]
    assert sql("SELECT cents FROM price") == [(10_000,)]  # 100 was meant


def no_server() -> None:
    """No answer looks like no migration; ask `migrate`."""
    config = CONFIG.format(name=name, url="postgres://nobody@127.0.0.1:1/nowhere")
    Path(name, "elsewhere.py").write_text(config)

    async def elsewhere(*arguments: str) -> str:
        importlib.invalidate_caches()
        with redirect_stdout(io.StringIO()) as printed:
            assert await run_cli_async(["-c", f"{name}.elsewhere.CONFIG", *arguments]) == 0
        return printed.getvalue()

    assert "(no applied migrations)" in as_process(elsewhere("history"))
    assert "ConnectionRefusedError" in fails(elsewhere("migrate"))


def changed_key() -> None:
    """AlterField with another on_delete= sends no SQL; db_constraint=False makes the key all the same."""
    key = 'fields.ForeignKeyField("models.Price", "{}", null=True{})'
    made = 'ops.CreateModel("{0}", [("id", fields.IntField(primary_key=True)), ("price", {1})], options={2})'
    options = '{{"table": "{}", "app": "models", "pk_attr": "id"}}'
    pet = made.format("Pet", key.format("pets", ""), options.format("pet"))
    restrict = f'ops.AlterField("Pet", "price", {key.format("pets", ", on_delete=fields.RESTRICT")})'
    write("0002_pet", pet, after="0001_initial")
    write("0003_restrict", restrict, after="0002_pet")
    run("migrate")
    assert "no-op" in run("sqlmigrate", "models", "0003_restrict")
    sql("INSERT INTO pet (price_id) SELECT id FROM price")
    sql("DELETE FROM price")
    assert sql("SELECT id FROM pet") == []  # still CASCADE
    drop = "ALTER TABLE pet DROP CONSTRAINT pet_price_id_fkey"
    add = "ADD FOREIGN KEY (price_id) REFERENCES price (id) ON DELETE RESTRICT"
    write("0004_restrict", f'ops.RunSQL("{drop}, {add}")', after="0003_restrict")
    run("migrate")
    sql("INSERT INTO price (cents) VALUES (1)")
    sql("INSERT INTO pet (price_id) SELECT id FROM price")
    assert refused("DELETE FROM price")

    loose = key.format("toys", ", db_constraint=False")
    write("0005_toy", made.format("Toy", loose, options.format("toy")), after="0004_restrict")
    run("migrate")
    assert refused("INSERT INTO toy (price_id) VALUES (99)")  # no price has this key


def refused(statement: str) -> bool:
    """Whether a foreign key refuses it. PostgreSQL 18 has an SQLSTATE of its own for RESTRICT."""
    try:
        sql(statement)
    except asyncpg.PostgresError as error:
        return error.sqlstate in {"23503", "23001"}
    return False


def cascade() -> None:
    """RemoveField and DeleteModel say CASCADE: views go, too, and foreign keys of other tables."""
    write("0002_tier", 'ops.AddField("Price", "tier", fields.IntField(null=True))', after="0001_initial")
    run("migrate")
    sql_script(
        "CREATE VIEW tiers AS SELECT tier FROM price; CREATE TABLE tag (price_id INT REFERENCES price)"
    )
    write("0003_no_tier", 'ops.RemoveField("Price", "tier")', after="0002_tier")
    run("migrate")
    assert sql("SELECT to_regclass('tiers')::text") == [(None,)]
    keys = "SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND conrelid = 'tag'::regclass"
    assert sql(keys) == [(1,)]
    write("0004_no_price", 'ops.DeleteModel("Price")', after="0003_no_tier")
    run("migrate")
    assert sql(keys) == [(0,)]


def other_model() -> None:
    """Another model of a foreign key: no file. Of a link: its column is renamed, its key stays."""
    tag = "\nclass {}(Model):\n    id = fields.IntField(primary_key=True)\n"
    kit = (
        tag.format("Kit")
        + """
    tag = fields.ForeignKeyField("models.{0}", "kits", null=True)
    tags = fields.ManyToManyField("models.{1}", related_name="linked", through="kit_tag")
"""
    )
    models = Path(name, "models.py")
    text = MODELS + tag.format("Tag") + tag.format("Mark") + kit
    models.write_text(text.format("Tag", "Tag"))
    run("makemigrations", "models", "--name", "kit")
    run("migrate")
    models.write_text(text.format("Mark", "Tag"))
    assert "No changes detected" in run("makemigrations")
    models.write_text(text.format("Mark", "Mark"))
    run("makemigrations", "models", "--name", "mark")
    sql("INSERT INTO tag VALUES (7)")
    sql("INSERT INTO kit (id) VALUES (1)")
    sql("INSERT INTO kit_tag VALUES (1, 7)")
    run("migrate")
    assert sql("SELECT kit_id, mark_id FROM kit_tag") == [(1, 7)]  # there is no mark 7
    keys = "SELECT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f' AND conrelid = "
    keys += "'{}'::regclass"
    assert sql(keys.format("kit")) == [("tag",)]
    assert ("mark",) not in sql(keys.format("kit_tag"))


def named_by_attribute() -> None:
    """An index that names the attribute of a field with `source_field`: PostgreSQL finds no such column."""
    field = 'fields.CharField(max_length=9, null=True, source_field="code")'
    write("0002_sign", f'ops.AddField("Price", "sign", {field})', after="0001_initial")
    write("0003_sign", 'ops.AddIndex("Price", Index(fields=["sign"], name="ix_sign"))', after="0002_sign")
    assert 'column "sign" does not exist' in fails(command("migrate"))


def quoted_default() -> None:
    """db_default= with a quotation mark or a backslash: the column gets more backslashes."""
    text = 'say "hi" a\\b'  # one backslash
    field = f"fields.CharField(max_length=20, db_default={text!r})"
    write("0002_text", f'ops.AddField("Price", "text", {field})', after="0001_initial")
    run("migrate")
    ((stored,),) = sql("SELECT text FROM price")
    assert stored == text.replace("\\", "\\\\").replace('"', '\\"')
    field = 'fields.CharField(max_length=20, db_default="it\'s")'
    write("0003_text", f'ops.AddField("Price", "apostrophe", {field})', after="0002_text")
    assert "syntax error" in fails(command("migrate"))


def fewer_places() -> None:
    """Fewer decimal_places round the stored values. A shorter text and a smaller number fail."""
    write("0002_rate", added("DecimalField(8, 4, db_default='1.2345')"), after="0001_initial")
    run("migrate")
    write("0003_rate", altered("DecimalField(8, 2, db_default='1.2345')"), after="0002_rate")
    run("migrate")
    assert sql("SELECT rate::text FROM price") == [("1.23",)]
    for step, old, new, said in (
        ("text", "CharField(9, db_default='abcdef')", "CharField(3, db_default='abc')", "value too long"),
        ("number", "IntField(db_default=70000)", "SmallIntField(db_default=7)", "out of range"),
    ):
        write(f"0004_{step}", added(old, step), after="0003_rate")
        run("migrate")
        write(f"0005_{step}", altered(new, step), after=f"0004_{step}")
        assert said in fails(command("migrate"))
        run("downgrade", "models", "0003_rate")
        for file in Path(name, "steps").glob(f"*_{step}.py"):
            file.unlink()


def added(field: str, attribute: str = "rate") -> str:
    return f'ops.AddField("Price", "{attribute}", fields.{field})'


def altered(field: str, attribute: str = "rate") -> str:
    return f'ops.AlterField("Price", "{attribute}", fields.{field})'


def other_driver() -> None:
    """With psycopg, from 1.1.8 on, a file is applied and cannot be recorded: the next run does it again."""
    url = URL.replace(URL.partition("://")[0], "psycopg", 1) + f"?schema={name}"
    Path(name, "conf.py").write_text(CONFIG.format(name=name, url=url))
    write("0002_rank", 'ops.AddField("Price", "rank", fields.IntField(null=True))', after="0001_initial")
    assert "the query has 0 placeholders but 3 parameters were passed" in fails(command("migrate"))
    assert "already exists" in fails(command("migrate"))


PARTS = (
    not_null,
    all_or_nothing,
    imported,
    guessed,
    index_concurrently,
    index_by_hand,
    not_null_at_work,
    forgotten_unique_column,
    conditional,
    waiting,
    renamed_table,
    at_once,
    no_server,
    changed_key,
    cascade,
    other_model,
    named_by_attribute,
    quoted_default,
    fewer_places,
    other_driver,
)
home, path = Path.cwd(), list(sys.path)
os.chdir(tempfile.mkdtemp())
sys.path[:0] = [str(Path.cwd()), str(BILLING)]
try:
    for part in PARTS:
        sql(f"CREATE SCHEMA {part.__name__}")
        name = part.__name__
        Path(name, "steps").mkdir(parents=True)
        for file, text in {
            "__init__.py": "",
            "steps/__init__.py": "",
            "models.py": MODELS,
            "conf.py": CONFIG.format(name=name, url=f"{URL}?schema={name}"),
        }.items():
            Path(name, file).write_text(text)
        write("0001_initial", INITIAL)
        run("migrate")
        part()
finally:
    os.chdir(home)
    sys.path[:] = path
    for part in PARTS:
        sql(f"DROP SCHEMA IF EXISTS {part.__name__} CASCADE")
