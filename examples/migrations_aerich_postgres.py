# snippet: needs="postgres, aerich"
"""Aerich 0.10 on PostgreSQL: dialects, transactions, old code on a new schema, runs at once, the way out.

Each part in a schema of its own. migrations_aerich_postgres_more.py runs the last parts.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_aerich_postgres.py
"""

import asyncio
import contextvars
import importlib
import io
import itertools
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import redirect_stdout
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from aerich.cli import cli
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner, Result
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.exceptions import OperationalError

URL = os.environ["DATABASE_URL"]
EXAMPLES = Path(__file__).parent
T = TypeVar("T")
numbers = itertools.count(1)
STAGE = """
from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

{classes}
TORTOISE_ORM = {{
    "connections": {{"default": "{url}"}},
    "apps": {{"models": {{"models": {names}, "migrations": {steps}, "default_connection": "default"}}}},
}}
"""
PRICE = """
class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
"""
TOGETHER = PRICE.replace(":\n", ':\n    class Meta:\n        unique_together = (("id", "cents"),)\n\n', 1)
CENTS = 'indexes = (Index(fields=("cents",), name="ix_cents"),)'
BUILD = """
import asyncio, sys, asyncpg


async def build(url, schema, statement):
    connection = await asyncpg.connect(url, server_settings={"search_path": schema})
    await connection.execute(statement)


asyncio.run(build(*sys.argv[1:]))
"""
RANK = "rank = fields.IntField(default=7)"
# Its index lies on a column that goes.
PAID = """
class Price(Model):
    class Meta:
        indexes = (Index(fields=("paid",), name="ix_paid"),)

    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
    paid = fields.BooleanField(default=False)
"""
ORDER = """
class Order(Model):
    id = fields.IntField(primary_key=True)
"""
CODE = "code = fields.CharField(max_length=9, null=True)"
SECTION = """[tool.aerich]
tortoise_orm = "{module}.TORTOISE_ORM"
location = "./migrations"
src_folder = "./."
"""
# Waits until another run is here too, then counts up: what a data migration in Python looks like to two runs.
COUNT = """    import asyncio, os
    from pathlib import Path
    Path(f"arrived-{os.getpid()}").touch()
    while len(list(Path().glob("arrived-*"))) < 2:
        await asyncio.sleep(0.01)
    await db.execute_query("UPDATE price SET cents = cents * 100")
    return "SELECT 1"
"""
EMPTY = 'return """\n        """'
# Of a run that is killed after the first batch.
BATCHES = """    batch = "SELECT id FROM price WHERE euros IS NULL LIMIT 2"
    while (await db.execute_query(f"UPDATE price SET euros = cents / 100 WHERE id IN ({batch})"))[0]:
        raise RuntimeError("killed")
    return "SELECT 1"
"""
RENAMED = """
SET LOCAL lock_timeout = '200ms';
ALTER TABLE price RENAME TO cost;
CREATE VIEW price AS SELECT id, cents FROM cost;
"""
schema = ""


def as_process(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it as a new process would: no Tortoise started anywhere, no SQL remembered from SQLite."""
    EXECUTOR_CACHE.clear()
    return contextvars.Context().run(asyncio.run, coroutine)


def sql(statement: str) -> list[Any]:
    """Rows of a statement, sent to the part's schema."""

    async def send() -> list[Any]:
        connection = await asyncpg.connect(URL, server_settings={"search_path": schema})
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return as_process(send())


def models(*fields: str, classes: str = PRICE, url: str = "", steps: str | None = None) -> str:
    """Write the models as they are now, each time to a module of its own; pyproject.toml names it."""
    module = f"stage{next(numbers)}"
    classes += "".join(f"    {field}\n" for field in fields)
    names = [module] if steps else [module, "aerich.models"]
    stage = STAGE.format(classes=classes, url=url or f"{URL}?schema={schema}", names=names, steps=repr(steps))
    Path(f"{module}.py").write_text(stage)
    Path("pyproject.toml").write_text(SECTION.format(module=module))
    return module


def aerich(*command: str) -> str:
    """What `aerich COMMAND` prints; raises what it fails with."""
    importlib.invalidate_caches()
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    sys.argv = ["aerich", *command]
    result = as_process(invoke(command))
    if result.exception:
        raise result.exception
    return result.output


async def invoke(command: tuple[str, ...]) -> Result:
    # Tortoise doesn't roll back after "cannot run inside a transaction block"; asyncpg says so, and does.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    return await CliRunner().invoke(cli, list(command))


def last() -> Path:
    return max(Path("migrations/models").glob("*.py"), key=lambda file: int(file.stem.split("_")[0]))


def edit(old: str, new: str) -> None:
    last().write_text(last().read_text().replace(old, new, 1))


def fails(*command: str) -> str:
    try:
        aerich(*command)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"{command} has gone well")


def dialect() -> None:
    """What was generated on SQLite stays SQLite's. The URL is enough: --offline asks no server."""
    models(url="sqlite://:memory:")
    aerich("init-db")
    models(url="postgres://nobody@127.0.0.1:1/none")
    assert "No changes detected" in aerich("migrate", "--offline")
    models()
    assert 'relation "aerich" does not exist' in fails("heads")  # nothing applied yet, nothing to ask
    assert 'syntax error at or near "AUTOINCREMENT"' in fails("upgrade")


def not_null() -> None:
    models()
    aerich("init-db")
    sql("INSERT INTO price (cents) VALUES (1)")
    models("tier = fields.IntField(default=7)")
    aerich("migrate", "--name", "tier")
    assert "NOT NULL DEFAULT 7" in last().read_text()
    aerich("upgrade")
    assert sql("SELECT tier FROM price") == [(7,)]
    models("tier = fields.IntField(default=7)", "rank = fields.IntField(db_default=7)")
    aerich("migrate", "--name", "rank")
    assert "contains null values" in fails("upgrade")
    last().unlink()
    tier = "tier = fields.IntField(default=7)"
    for field in ('TextField(default="x")', "JSONField(default={})", "DatetimeField(auto_now_add=True)"):
        models(tier, f"new = fields.{field}")
        aerich("migrate", "--offline", "--name", "new")
        assert "DEFAULT" not in last().read_text().split("async def downgrade")[0].replace("DEFAULT NULL", "")
        failed = fails("upgrade")
        assert "contains null values" in failed
        last().unlink()


def defaults() -> None:
    """What Aerich does with an apostrophe, with another default= of a TextField, and with db_default=."""
    state = """rank = fields.CharField(max_length=9, db_default="{}")"""
    text = """note = fields.TextField(default="{}")"""
    models(state.format("old"), text.format("a"))
    aerich("init-db")
    models(state.format("old"), text.format("a"), """code = fields.CharField(max_length=9, default="it's")""")
    aerich("migrate", "--offline", "--name", "code")
    assert "syntax error" in fails("upgrade")
    edit("'it\\'s'", "'it''s'")
    aerich("upgrade")
    aerich("downgrade", "--yes")
    last().unlink()
    models(state.format("old"), text.format("b"))
    aerich("migrate", "--offline", "--name", "note")
    assert 'ALTER COLUMN "note" SET;' in last().read_text()
    assert "syntax error" in fails("upgrade")
    last().unlink()
    models(state.format("new"), text.format("a"))
    aerich("migrate", "--offline", "--name", "rank")
    aerich("upgrade")
    ((default,),) = sql(
        "SELECT column_default FROM information_schema.columns WHERE column_name = 'rank' "
        "AND table_schema = current_schema()"
    )
    assert default.startswith("'old'")


def to_field() -> None:
    """The foreign key of a later file refers to the primary key, not to the column of to_field=."""
    uid = "uid = fields.IntField(unique=True)"
    kit = PRICE + "    {}\n\nclass Kit(Model):\n    id = fields.IntField(primary_key=True)\n"
    models(classes=kit.format(uid))
    aerich("init-db")
    key = 'price = fields.ForeignKeyField("models.Price", "kits", to_field="uid", null=True)'
    models(key, classes=kit.format(uid))
    aerich("migrate", "--offline", "--name", "kit")
    assert 'REFERENCES "price" ("id")' in last().read_text()
    aerich("upgrade")


def returned() -> None:
    """upgrade() has to return some SQL."""
    models()
    aerich("init-db")
    aerich("migrate", "--name", "data", "--empty")
    assert "AttributeError" in fails("upgrade")
    edit(EMPTY, 'return "SELECT 1"')
    aerich("upgrade")


def transaction() -> None:
    """All of a file or nothing, unless the file says otherwise: `--in-transaction false` is not heard."""
    models()
    aerich("init-db")
    aerich("migrate", "--name", "index", "--empty")
    edit(EMPTY, 'return "CREATE INDEX CONCURRENTLY ix_cents ON price (cents)"')
    for options in ((), ("-i", "false")):
        assert "cannot run inside a transaction block" in fails("upgrade", *options)
    edit(EMPTY, 'return "DROP INDEX CONCURRENTLY ix_cents"')
    edit("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    aerich("upgrade")
    assert "cannot run inside a transaction block" in fails("downgrade", "--yes")  # in spite of False
    edit("DROP INDEX CONCURRENTLY", "DROP INDEX")
    aerich("downgrade", "--yes")
    edit("RUN_IN_TRANSACTION = False", "")  # a file that does not say it hears the option
    assert "Success upgrading" in aerich("upgrade", "-i", "false")
    aerich("migrate", "--name", "broken", "--empty")
    python = 'await db.execute_query("CREATE TABLE python (id INT)")'
    edit(EMPTY, f'{python}\n    return "CREATE TABLE half (id INT); SELECT nonsense"')
    assert "nonsense" in fails("upgrade")
    assert sql("SELECT to_regclass('half')::text") == [(None,)]
    assert sql("SELECT to_regclass('python')::text") == [(None,)]


def changed_type() -> None:
    """USING converts the values. A value that is no number, and a text as DEFAULT, stop the upgrade."""
    text, number = "n = fields.CharField(max_length=5)", "n = fields.IntField()"
    models(text)
    aerich("init-db")
    sql("INSERT INTO price (cents, n) VALUES (1, 'x')")
    models(number)
    aerich("migrate", "--offline", "--name", "n")
    assert 'ALTER COLUMN "n" TYPE INT USING "n"::INT' in last().read_text()
    assert 'invalid input syntax for type integer: "x"' in fails("upgrade")
    assert sql("SELECT n FROM price") == [("x",)]  # nothing has changed
    sql("UPDATE price SET n = '12'")
    sql("ALTER TABLE price ALTER n SET DEFAULT '1'")
    assert 'default for column "n" cannot be cast automatically' in fails("upgrade")
    edit("ALTER TABLE", "ALTER TABLE price ALTER n DROP DEFAULT; ALTER TABLE")
    aerich("upgrade")
    assert sql("SELECT n FROM price") == [(12,)]

    # A shorter text: USING cuts off the values, and nobody is told. Without USING, PostgreSQL refuses.
    models("n = fields.CharField(max_length=9)")
    aerich("migrate", "--offline", "--name", "text")
    aerich("upgrade")
    sql("UPDATE price SET n = 'too long'")
    models("n = fields.CharField(max_length=3)")
    aerich("migrate", "--offline", "--name", "shorter")
    using = ' USING "n"::VARCHAR(3)'
    edit(using, "")
    assert "value too long for type character varying(3)" in fails("upgrade")
    assert sql("SELECT n FROM price") == [("too long",)]
    edit("VARCHAR(3);", f"VARCHAR(3){using};")
    aerich("upgrade")
    assert sql("SELECT n FROM price") == [("too",)]

    # Fewer decimal places round the values.
    sql("UPDATE price SET n = '1'")
    for places, value in ((4, "1.2345"), (2, "n")):
        models(f"n = fields.DecimalField(max_digits=8, decimal_places={places})")
        aerich("migrate", "--offline", "--name", f"places_{places}")
        aerich("upgrade")
        sql(f"UPDATE price SET n = {value}")
    assert sql("SELECT n::text FROM price") == [("1.23",)]


def indexes() -> None:
    """An index that has not changed is left alone. One of an expression needs a name of its own."""
    kept = """Index(fields=("cents",)), BrinIndex(fields=("cents",), name="ix_brin"),
        PartialIndex(fields=("cents",), name="ix_part", condition={"cents": 1})"""
    meta = PRICE.replace(":\n", ":\n    class Meta:\n        indexes = ({},)\n\n", 1)
    more = """from tortoise.contrib.postgres.indexes import BrinIndex
from tortoise.functions import Lower
from tortoise.indexes import PartialIndex
"""
    models(CODE, classes=more + meta.replace("{}", kept))
    aerich("init-db")
    for options in ((), ("--offline",)):
        assert "No changes detected" in aerich("migrate", *options)
    for name, failed in (("", 'syntax error at or near "_'), (', name="ix_lower"', "")):
        models(CODE, classes=more + meta.replace("{}", f'{kept}, Index(Lower("code"){name})'))
        aerich("migrate", "--offline", "--name", "lower")
        assert 'LOWER("code")' in last().read_text()
        if failed:
            assert failed in fails("upgrade")
            last().unlink()
    aerich("upgrade")
    assert "No changes detected" in aerich("migrate")


def invalid_index() -> None:
    """IF NOT EXISTS skips what a failed CONCURRENTLY leaves: the file is recorded, the index invalid."""
    models()
    aerich("init-db")
    sql("INSERT INTO price (cents) VALUES (1), (1)")
    models(classes=TOGETHER.replace('unique_together = (("id", "cents"),)', CENTS))
    aerich("migrate", "--name", "index")
    edit("CREATE INDEX", "CREATE UNIQUE INDEX CONCURRENTLY")  # fails on the two rows
    edit("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    assert "could not create unique index" in fails("upgrade")
    edit("CREATE UNIQUE INDEX", "CREATE INDEX")
    state = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_cents'::regclass"
    assert "Success upgrading" in aerich("upgrade")
    assert sql(state) == [(False,)]
    sql("DROP INDEX ix_cents")
    aerich("downgrade", "--yes")
    aerich("upgrade")
    assert sql(state) == [(True,)]


def two_indexes_at_once() -> None:
    """PostgreSQL runs the SQL that a file returns as one transaction, so CONCURRENTLY has a file of its own.

    A statement that upgrade() sends itself is no part of this transaction.
    """
    first, second = (f"CREATE INDEX CONCURRENTLY IF NOT EXISTS ix_{name} ON price (cents)" for name in "ab")
    models()
    aerich("init-db")
    aerich("migrate", "--name", "indexes", "--empty")
    edit(EMPTY, f'return "{first}; {second}"')
    edit("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    assert "CREATE INDEX CONCURRENTLY cannot run inside a transaction block" in fails("upgrade")
    assert sql("SELECT to_regclass('ix_a')::text") == [(None,)]
    edit(f'return "{first}; {second}"', f'await db.execute_script("{first}")\n    return "{second}"')
    edit(EMPTY, 'return "DROP INDEX ix_a; DROP INDEX ix_b"')
    aerich("upgrade")
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid IN ('ix_a'::regclass, 'ix_b'::regclass)"
    assert sql(valid) == [(True,), (True,)]
    aerich("downgrade", "--yes")
    assert sql("SELECT to_regclass('ix_a')::text") == [(None,)]


def built_by_hand() -> None:
    """The server goes on with a build whose client was killed. A file whose index exists is only recorded."""
    models()
    aerich("init-db")
    models(classes=PRICE.replace(":\n", f":\n    class Meta:\n        {CENTS}\n\n", 1))
    aerich("migrate", "--name", "index")
    edit("CREATE INDEX", "CREATE INDEX CONCURRENTLY")
    edit("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    build = "CREATE INDEX CONCURRENTLY ix_cents ON price (cents)"
    state = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('ix_cents')"
    here = "datname = current_database() AND state = 'active'"  # another run may do the same at this time
    active = f"SELECT count(*) FROM pg_stat_activity WHERE {here} AND query = '{build}'"

    async def killed() -> None:
        writer = await asyncpg.connect(URL, server_settings={"search_path": schema})
        # A transaction may go on to see no index, because it remembers what it did not find.
        watcher = await asyncpg.connect(URL, server_settings={"search_path": schema})

        async def until(valid: bool) -> None:
            for _ in range(600):
                if await watcher.fetchval(state) is valid:
                    return
                await asyncio.sleep(0.1)
            raise AssertionError(valid)

        async with writer.transaction():  # the build waits for it
            await writer.execute("INSERT INTO price (cents) VALUES (1)")
            client = await asyncio.create_subprocess_exec(sys.executable, "-c", BUILD, URL, schema, build)
            await until(valid=False)
            client.kill()
            await client.wait()
            await asyncio.sleep(1)
            assert await watcher.fetchval(active) == 1
        await until(valid=True)
        await writer.close()
        await watcher.close()

    as_process(killed())
    assert "Success upgrading" in aerich("upgrade")
    assert sql(state) == [(True,)]


def record() -> None:
    """It is written inside the file's transaction: without it the file has changed nothing."""
    models()
    aerich("init-db")
    sql("ALTER TABLE aerich ADD CHECK (version NOT LIKE '1%')")
    models("tier = fields.IntField(null=True)")
    aerich("migrate", "--name", "tier")
    assert "violates check constraint" in fails("upgrade")
    assert "tier" not in str(
        sql("SELECT column_name FROM information_schema.columns WHERE table_schema = 'record'")
    )


def other_driver() -> None:
    """psycopg: applied and recorded, unlike with the built-in migrations (migrations_postgres.py)."""
    if not find_spec("psycopg"):
        return
    url = f"psycopg{URL[URL.index(':') :]}?schema={schema}"
    models(url=url)
    aerich("init-db")
    models(CODE, url=url)
    aerich("migrate", "--name", "code")
    assert "Success upgrading to 1_" in aerich("upgrade")
    assert "No upgrade items found" in aerich("upgrade")
    assert sql("SELECT count(*) FROM aerich") == [(2,)]


def read_again() -> None:
    """To drop a unique_together it reads the earlier files, by calling upgrade(None)."""
    models(classes=TOGETHER)
    aerich("init-db")
    aerich("migrate", "--name", "data", "--empty")
    edit(EMPTY, 'await db.execute_query("SELECT 1")\n    return "SELECT 1"')
    aerich("upgrade")
    models()
    assert "'NoneType' object has no attribute 'execute_query'" in fails(
        "migrate", "--offline", "--name", "apart"
    )
    edit("    await db", '    if db is None:\n        return ""\n    await db')
    aerich("migrate", "--name", "apart")
    assert "DROP CONSTRAINT" in last().read_text()


def batches() -> None:
    """Each one commits: what a killed run has done is done, and the next one goes on from there."""
    models("euros = fields.IntField(null=True)")
    aerich("init-db")
    sql("INSERT INTO price (cents) SELECT 100 * n FROM generate_series(1, 5) AS n")
    aerich("migrate", "--name", "euros", "--empty")
    edit("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    edit("    " + EMPTY, BATCHES)
    assert "killed" in fails("upgrade")
    assert sql("SELECT count(euros) FROM price") == [(2,)]
    edit('raise RuntimeError("killed")', "continue")
    aerich("upgrade")
    assert sql("SELECT count(euros) FROM price") == [(5,)]


def old_code() -> None:
    """A table is renamed under a release that still runs, and finds a view. The ALTER gives up in time."""
    models()
    aerich("init-db")
    sql("INSERT INTO price (cents) VALUES (1)")
    models(classes=PRICE.replace("Price", "Cost"))  # class and table
    aerich("migrate", "--name", "cost", "--empty")
    edit(EMPTY, f'return """{RENAMED}"""')
    waiting = asyncio.new_event_loop()
    reader = waiting.run_until_complete(asyncpg.connect(URL, server_settings={"search_path": schema}))
    waiting.run_until_complete(reader.execute("BEGIN; SELECT * FROM price"))
    assert "canceling statement due to lock timeout" in fails("upgrade")
    waiting.run_until_complete(reader.close())
    waiting.close()
    aerich("upgrade")
    sql("INSERT INTO price (cents) VALUES (2)")  # as the old code does
    sql("UPDATE price SET cents = cents * 10")
    assert sql("SELECT id, cents FROM cost ORDER BY id") == [(1, 10), (2, 20)]
    assert "No changes detected" in aerich("migrate")
    edit(EMPTY, 'return "DROP VIEW price; ALTER TABLE cost RENAME TO price"')
    aerich("migrate", "--offline", "--empty", "--name", "no_view")  # a release later
    edit(EMPTY, 'return "DROP VIEW price"')
    edit(EMPTY, 'return "SELECT 1"')
    aerich("upgrade")
    assert 'view "price" does not exist' in fails("downgrade", "-v", "1", "--yes")
    sql("CREATE VIEW price AS SELECT * FROM cost")
    aerich("upgrade")
    edit("SELECT 1", "CREATE VIEW price AS SELECT * FROM cost")
    aerich("downgrade", "-v", "1", "--yes")
    assert sql("SELECT id, cents FROM price ORDER BY id") == [(1, 10), (2, 20)]


def at_once() -> None:
    """Two runs: both succeed, both have applied it. It takes no lock."""
    models()
    aerich("init-db")
    sql("INSERT INTO price (cents) VALUES (1)")
    aerich("migrate", "--name", "cents", "--empty")
    edit("    " + EMPTY, COUNT)
    command = [sys.executable, "-m", "aerich", "upgrade"]
    runs = [subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for _ in "12"]
    assert [run.wait() for run in runs] == [0, 0]
    assert sql("SELECT cents FROM price") == [(10_000,)]  # 100 was meant
    assert sql("SELECT count(*) FROM aerich") == [(3,)]


def with_a_lock() -> None:
    """Three runs, one at a time: the second and the third find nothing to do."""
    deploy = deployment("asyncpg" + URL[URL.index(":") :])
    aerich("init-db")
    sql("INSERT INTO price (cents) VALUES (1)")
    aerich("migrate", "--name", "cents", "--empty")
    edit(EMPTY, 'return "UPDATE price SET cents = cents * 100"')
    runs = [subprocess.Popen(deploy, stdout=subprocess.PIPE, text=True) for _ in "123"]
    printed = "".join(run.communicate()[0] for run in runs)
    assert printed.count("The database is up to date.") == 3, printed
    assert printed.count("applied: models 1_") == 1, printed
    assert sql("SELECT cents FROM price") == [(100,)]

    if find_spec("psycopg"):  # no lock for it
        deploy = deployment("psycopg" + URL[URL.index(":") :])
        refused = subprocess.run(deploy, capture_output=True, text=True)
        assert refused.returncode == 1
        assert "no lock for PsycopgClient" in refused.stderr


def deployment(url: str, classes: str = PRICE) -> list[str]:
    """What a deployment runs: two files that were copied, and the project's configuration."""
    module = models(url=f"{url}?schema={schema}", classes=classes)
    Path("config").mkdir(exist_ok=True)
    Path("config/__init__.py").touch()
    Path("config/tortoise.py").write_text(f"from {module} import TORTOISE_ORM as TORTOISE_ORM\n")
    shutil.copy(EXAMPLES / "with_aerich" / "migrate.py", "migrate.py")
    shutil.copy(EXAMPLES / "with_aerich" / "lock.py", "lock.py")
    return [sys.executable, "migrate.py"]


def column_goes() -> None:
    """Under a release that still writes it: a plain draft drops it at once, two empty files don't."""
    models("tier = fields.IntField()")
    aerich("init-db")
    models()
    aerich("migrate", "--offline", "--name", "tier")
    assert 'DROP COLUMN "tier"' in last().read_text()
    last().unlink()
    aerich("migrate", "--offline", "--empty", "--name", "tier_default")
    edit(EMPTY, 'return "ALTER TABLE price ALTER COLUMN tier SET DEFAULT 0"')
    aerich("upgrade")
    sql("INSERT INTO price (cents, tier) VALUES (1, 1)")  # as the old code does
    sql("INSERT INTO price (cents) VALUES (2)")  # as the new code does
    assert sql("SELECT tier FROM price WHERE cents = 2") == [(0,)]  # no NULL, which old code could not save
    assert "No changes detected" in aerich("migrate")
    sql("CREATE UNIQUE INDEX ux_tier ON price (tier)")  # were it unique, its DEFAULT would fit one row only
    try:
        sql("INSERT INTO price (cents) VALUES (3)")
    except asyncpg.UniqueViolationError:
        sql("ALTER TABLE price ALTER tier DROP NOT NULL, ALTER tier DROP DEFAULT")
    sql("INSERT INTO price (cents) VALUES (3), (4)")
    sql("DELETE FROM price WHERE cents > 2")
    aerich("migrate", "--offline", "--empty", "--name", "tier_drop")  # a release later
    edit(EMPTY, 'return "ALTER TABLE price DROP COLUMN tier"')
    aerich("upgrade")
    assert sql("SELECT * FROM price ORDER BY id") == [(1, 1), (2, 2)]
    assert "No changes detected" in aerich("migrate")


def several_apps() -> None:
    """The first file of each app makes the tables of all, as they were; migrate.py goes from app to app."""
    deploy = two_apps(PAID)
    aerich("init-db")
    aerich("--app", "orders", "init-db")
    two_apps(PRICE)
    aerich("migrate", "--offline", "--name", "paid")
    aerich("upgrade")

    def new_database() -> str:
        sql(f"DROP SCHEMA {schema} CASCADE")
        sql(f"CREATE SCHEMA {schema}")
        run = subprocess.run(deploy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return run.stdout

    assert 'column "paid" does not exist' in new_database()
    (initial,) = Path("migrations/orders").glob("0_*.py")
    cut = r'CREATE (TABLE IF NOT EXISTS|INDEX [^;]* ON) "price" [^;]*;\n?'
    initial.write_text(re.sub(cut, "", initial.read_text()))
    assert "The database is up to date." in new_database()
    assert sql("SELECT * FROM price") == sql('SELECT * FROM "order"') == []
    for app in ("models", "orders"):
        assert "No changes detected" in aerich("--app", app, "migrate")

    # All files of an app, then those of the next one: the app that is referred to comes first.
    two_apps(PRICE, ORDER + '    price = fields.ForeignKeyField("models.Price", null=True)\n')
    aerich("--app", "orders", "migrate", "--offline", "--empty", "--name", "price")
    (key,) = Path("migrations/orders").glob("1_*.py")
    statement = """return 'ALTER TABLE "order" ADD price_id INT REFERENCES price (id)'"""
    key.write_text(key.read_text().replace(EMPTY, statement, 1))
    assert "applied: orders 1_" in new_database()
    with Path("config/tortoise.py").open("a") as file:
        file.write('TORTOISE_ORM["apps"] = dict(reversed(TORTOISE_ORM["apps"].items()))\n')
    assert 'relation "price" does not exist' in new_database()


def two_apps(first: str, second: str = ORDER) -> list[str]:
    """The second one's models in a module of their own; returns what a deployment runs."""
    deploy = deployment("asyncpg" + URL[URL.index(":") :], classes=first)
    module = Path("config/tortoise.py").read_text().split()[1]
    orders = f"from tortoise import fields\nfrom tortoise.models import Model\n{second}"
    Path(f"orders_{module}.py").write_text(orders)
    app = {"models": [f"orders_{module}"], "default_connection": "default"}
    with Path(f"{module}.py").open("a") as file:
        file.write(f'TORTOISE_ORM["apps"]["orders"] = {app}\n')
    return deploy


def leaving() -> None:
    """What Aerich's ALTERs have made is not what the first of the built-in migrations makes."""
    tag = "class Tag(Model):\n    id = fields.IntField(primary_key=True)\n"
    models(CODE, classes=tag + PRICE)
    aerich("init-db")
    unique = CODE.replace("null", "unique=True, null")
    together = tag + TOGETHER + '    tags = fields.ManyToManyField("models.Tag", through="price_tag")\n'
    models(unique, RANK, classes=together)
    aerich("migrate", "--name", "rank")
    assert 'CREATE UNIQUE INDEX IF NOT EXISTS "uid_price_code_' in last().read_text()
    aerich("upgrade")

    Path("steps").mkdir()
    Path("steps/__init__.py").touch()
    module = models(unique, RANK, classes=together, steps="steps")
    tortoise(module, "makemigrations")
    assert 'relation "tag" already exists' in refusal(module, "migrate")  # deployed before the --fake
    tortoise(module, "migrate", "models", "0001_initial", "--fake")
    assert "No migrations to apply" in tortoise(module, "migrate")

    sql("CREATE SCHEMA fresh")
    tortoise(models(unique, RANK, classes=together, steps="steps", url=f"{URL}?schema=fresh"), "migrate")
    assert default_and_unique("leaving") == ("7", 0)
    assert default_and_unique("fresh") == (None, 2)
    # The link table of the later file has no unique index, and the built-in tool misses none.
    links = (
        "SELECT schemaname FROM pg_indexes WHERE tablename = 'price_tag' AND indexdef LIKE 'CREATE UNIQUE%'"
    )
    links += " AND schemaname IN ('leaving', 'fresh')"
    assert sql(links) == [("fresh",)]
    module = models(unique, RANK, classes=together, steps="steps")
    assert "No changes detected" in tortoise(module, "makemigrations")

    # Each of the two is removed by a file of its own; neither is, before it is a constraint.
    sql("ALTER TABLE price ALTER COLUMN rank DROP DEFAULT")
    apart = together.replace(TOGETHER, PRICE)
    later = ((unique, apart, "uid_price_id_"), (CODE, apart, "uid_price_code_"))
    for field, classes, index in later:
        module = models(field, RANK, classes=classes, steps="steps")
        tortoise(module, "makemigrations", "--name", index.strip("_"))
        refused = refusal(module, "migrate")
        assert f'constraint "{index}' in refused and "does not exist" in refused
        found = f"SELECT indexname FROM pg_indexes WHERE schemaname = 'leaving' AND indexname LIKE '{index}%'"
        ((name,),) = sql(found)
        sql(f'ALTER TABLE price ADD CONSTRAINT "{name}" UNIQUE USING INDEX "{name}"')
        assert default_and_unique("leaving") == (None, 1)
        tortoise(module, "migrate")
        assert default_and_unique("leaving") == (None, 0)


def default_and_unique(found: str) -> tuple[Any, int]:
    """Of the price table in this schema: the default of `rank`, and how many constraints UNIQUE there are."""
    ((default,),) = sql(
        "SELECT column_default FROM information_schema.columns"
        f" WHERE table_schema = '{found}' AND table_name = 'price' AND column_name = 'rank'"
    )
    ((unique,),) = sql(
        f"SELECT count(*) FROM pg_constraint WHERE conrelid = '{found}.price'::regclass AND contype = 'u'"
    )
    return default, unique


def tortoise(module: str, *command: str) -> str:
    importlib.invalidate_caches()
    for loaded in [name for name in sys.modules if name.startswith("steps")]:
        del sys.modules[loaded]
    with redirect_stdout(io.StringIO()) as printed:
        assert as_process(run_cli_async(["-c", f"{module}.TORTOISE_ORM", *command])) == 0
    return printed.getvalue()


def refusal(module: str, *command: str) -> str:
    try:
        return tortoise(module, *command)
    except OperationalError as error:
        return str(error)


def prove(*parts: Callable[[], None]) -> None:
    """Run each part in a folder and in a schema of its own."""
    global schema
    home, path, arguments = Path.cwd(), sys.path[0], sys.argv
    try:
        for part in parts:
            os.chdir(tempfile.mkdtemp())
            sys.path[0] = str(Path.cwd())
            sql(f"CREATE SCHEMA {part.__name__}")
            schema = part.__name__
            part()
    finally:
        os.chdir(home)
        sys.path[0], sys.argv = path, arguments
        for name in (*(part.__name__ for part in parts), "fresh"):
            sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")


if __name__ == "__main__":  # migrations_aerich_postgres_more.py runs the other parts
    prove(
        dialect,
        not_null,
        defaults,
        to_field,
        returned,
        transaction,
        changed_type,
        indexes,
        record,
        other_driver,
        read_again,
    )
    prove(batches, old_code)
