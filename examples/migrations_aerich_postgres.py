# snippet: needs="postgres, aerich"
"""Aerich 0.10 on PostgreSQL: dialects, transactions, and runs at the same time. In schemas of its own.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_aerich_postgres.py
"""

import asyncio
import contextvars
import importlib
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from aerich.cli import cli
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner, Result
from tortoise.backends.base.executor import EXECUTOR_CACHE

URL = os.environ["DATABASE_URL"]
T = TypeVar("T")
numbers = itertools.count(1)
STAGE = """
from tortoise import fields
from tortoise.models import Model

class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
{fields}
TORTOISE_ORM = {{
    "connections": {{"default": "{url}"}},
    "apps": {{"models": {{"models": ["{module}"], "default_connection": "default"}}}},
}}
"""
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
LOCKED = """
import asyncio

import asyncpg
from aerich import Command
from {module} import TORTOISE_ORM

TORTOISE_ORM["apps"]["models"]["models"].append("aerich.models")  # which the command line does by itself

async def upgrade():
    lock = await asyncpg.connect("{url}")  # the lock belongs to this session, and ends with it
    while not await lock.fetchval("SELECT pg_try_advisory_lock(20260201)"):
        await asyncio.sleep(0.1)
    async with Command(TORTOISE_ORM, location="./migrations") as command:
        await command.init()
        print(len(await command.upgrade(run_in_transaction=True)), "applied")
    await lock.close()

asyncio.run(upgrade())
"""
EMPTY = 'return """\n        """'
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


def models(*fields: str, url: str = "") -> str:
    """Write the model as it is now, each time to a module of its own; pyproject.toml names it."""
    module = f"stage{next(numbers)}"
    lines = "".join(f"    {field}\n" for field in fields)
    url = url or f"{URL}?schema={schema}"
    Path(f"{module}.py").write_text(STAGE.format(fields=lines, url=url, module=module))
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
    """What was generated on SQLite stays SQLite's."""
    models(url="sqlite://:memory:")
    aerich("init-db")
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
    edit("RUN_IN_TRANSACTION = True", "RUN_IN_TRANSACTION = False")
    aerich("upgrade")
    aerich("migrate", "--name", "broken", "--empty")
    edit(EMPTY, 'return "CREATE TABLE half (id INT); SELECT nonsense"')
    assert "nonsense" in fails("upgrade")
    assert sql("SELECT to_regclass('half')::text") == [(None,)]


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
    module = models()
    aerich("init-db")
    sql("INSERT INTO price (cents) VALUES (1)")
    aerich("migrate", "--name", "cents", "--empty")
    edit(EMPTY, 'return "UPDATE price SET cents = cents * 100"')
    Path("upgrade.py").write_text(LOCKED.format(url=URL, module=module))
    runs = [subprocess.Popen([sys.executable, "upgrade.py"], stdout=subprocess.PIPE) for _ in "123"]
    printed = [run.communicate()[0].decode().strip() for run in runs]
    assert sorted(printed) == ["0 applied", "0 applied", "1 applied"], printed
    assert sql("SELECT cents FROM price") == [(100,)]


PARTS = (dialect, not_null, returned, transaction, at_once, with_a_lock)
home, path, arguments = Path.cwd(), sys.path[0], sys.argv
try:
    for part in PARTS:
        os.chdir(tempfile.mkdtemp())
        sys.path[0] = str(Path.cwd())
        sql(f"CREATE SCHEMA {part.__name__}")
        schema = part.__name__
        part()
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
    for part in PARTS:
        sql(f"DROP SCHEMA IF EXISTS {part.__name__} CASCADE")
