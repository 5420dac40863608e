# snippet: needs="postgres, aerich"
"""Aerich with files of SQLite's and PostgreSQL in production, and files that are recorded without a run.

On PostgreSQL in schemas of its own.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_aerich_dialects.py
"""

import asyncio
import contextvars
import importlib
import itertools
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
from aerich.cli import cli
from aerich.exceptions import NotSupportError
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.exceptions import OperationalError

SERVER = os.environ["DATABASE_URL"]
T = TypeVar("T")
STAGE = """
from tortoise import fields
from tortoise.models import Model


class Price(Model):
    class Meta:
        table_description = "What it costs"

    cents = fields.IntField(default=1)
    label = fields.CharField(max_length={length})
    {more}


TORTOISE_ORM = {{
    "connections": {{"default": "{url}"}},
    "apps": {{"models": {{"models": ["{module}", "aerich.models"], "default_connection": "default"}}}},
}}
"""
SECTION = """[tool.aerich]
tortoise_orm = "{module}.TORTOISE_ORM"
location = "./migrations"
src_folder = "./."
"""
TWO = '''from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

POSTGRES = """
{postgres}
"""

SQLITE = """
{sqlite}
"""


async def upgrade(db: BaseDBAsyncClient) -> str:
    return SQLITE if db and db.capabilities.dialect == "sqlite" else POSTGRES


async def downgrade(db: BaseDBAsyncClient) -> str:
    return "SELECT 1"


{state}'''
POSTGRES, SQLITE = f"{SERVER}?schema=dialects", "sqlite://db.sqlite3"
NO_SERVER = "postgres://nobody@127.0.0.1:1/none"
NOTE = "note = fields.CharField(max_length=9, null=True)"
AT = "at = fields.DatetimeField(null=True)"
RANK = "rank = fields.IntField(null=True)"
TITLE = "title = fields.CharField(max_length=9, null=True)"
TIER = "tier = fields.IntField(null=True)"
stages = itertools.count(1)


def as_process(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it as a new process would: no Tortoise started anywhere, no SQL remembered from SQLite."""
    EXECUTOR_CACHE.clear()
    return contextvars.Context().run(asyncio.run, coroutine)


def models(url: str, length: int = 9, more: str = "") -> None:
    """Write the models as they are now to a module of their own; pyproject.toml names it."""
    module = f"stage{next(stages)}"
    Path(f"{module}.py").write_text(STAGE.format(module=module, url=url, length=length, more=more))
    Path("pyproject.toml").write_text(SECTION.format(module=module))


def aerich(*command: str) -> str:
    """What `aerich COMMAND` prints; raises what it fails with."""
    importlib.invalidate_caches()
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    sys.argv = ["aerich", *command]
    result = as_process(CliRunner().invoke(cli, list(command)))
    if result.exception:
        raise result.exception
    return result.output


def on_postgres(statement: str) -> list[tuple[Any, ...]]:
    async def send() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(SERVER, server_settings={"search_path": "dialects"})
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return as_process(send())


def on_sqlite(statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return rows


def files() -> list[Path]:
    return sorted(Path("migrations/models").glob("*.py"), key=lambda file: int(file.stem.split("_")[0]))


def sql_of(file: Path) -> str:
    (sql,) = re.findall(r'def upgrade.*?return """\n(.*?)"""', file.read_text(), re.DOTALL)
    return sql


def state_of(file: Path) -> str:
    return file.read_text()[file.read_text().index("MODELS_STATE") :]


def write(name: str, texts: list[str], state: str) -> None:
    """A file for both databases."""
    postgres, sqlite = texts
    Path("migrations/models", name).write_text(TWO.format(postgres=postgres, sqlite=sqlite, state=state))


def drafts(command: str, *options: str, more: str, differ: bool = True) -> tuple[list[str], str]:
    """One change as SQL of both databases, and the state. No server is asked; the drafts are deleted."""
    texts, states = [], set()
    for url in (NO_SERVER, "sqlite://:memory:"):
        models(url, more=more)
        aerich(command, *options)
        texts.append(sql_of(files()[-1]))
        states.add(state_of(files()[-1]))
        files()[-1].unlink()
    (state,) = states  # one and the same
    assert (texts[0] != texts[1]) is differ
    return texts, state


def start_again_for_both() -> None:
    """Developers have applied SQLite's files, production cannot. One first file for both replaces them."""
    models(SQLITE)
    aerich("init-db")
    models(SQLITE, more=NOTE)
    aerich("migrate", "--name", "note")
    aerich("upgrade")
    on_sqlite("INSERT INTO price (cents, label) VALUES (1, 'a')")
    models(POSTGRES, more=NOTE)
    try:
        aerich("upgrade")
    except OperationalError as error:
        assert 'syntax error at or near "AUTOINCREMENT"' in str(error)
    else:
        raise AssertionError("PostgreSQL understands it")

    old = [file.name for file in files()]
    for file in files():
        file.unlink()
    write("0_20260301000000_both.py", *drafts("init-migrations", more=NOTE))
    models(SQLITE, more=NOTE)
    assert aerich("heads").split() == ["0_20260301000000_both.py"]
    assert "0_20260301000000_both.py... FAKED" in aerich(
        "upgrade", "--fake"
    )  # developers: the tables are there
    assert on_sqlite("SELECT label, note FROM price") == [("a", None)]
    models(POSTGRES, more=NOTE)
    assert "Success" in aerich("upgrade")  # production: new tables
    assert on_postgres("SELECT label, note FROM price") == []
    for url in (SQLITE, POSTGRES):
        models(url, more=NOTE)
        assert "No changes detected" in aerich("migrate")
    recorded = on_sqlite("SELECT version FROM aerich ORDER BY id")
    assert recorded == [(name,) for name in (*old, "0_20260301000000_both.py")]


def next_file_for_both() -> None:
    """Goes on with the project above. One change, two drafts, one file."""
    added, _ = drafts("migrate", "--offline", more=f"{NOTE}\n    {RANK}\n    {TITLE}", differ=False)
    assert 'ADD "rank" INT' in added[0] and 'ADD "title" VARCHAR(9)' in added[0]
    for field in (
        "code = fields.CharField(max_length=9, null=True, unique=True)",
        f"{RANK[:-1]}, description='x')",
    ):
        drafts("migrate", "--offline", more=f"{NOTE}\n    {field}")  # UNIQUE and comments differ
    dropped, _ = drafts("migrate", "--offline", more="", differ=False)
    assert 'DROP COLUMN "note"' in dropped[0]
    renamed, _ = drafts("migrate", "--offline", "--no-input", more=TITLE, differ=False)
    assert 'RENAME COLUMN "note" TO "title"' in renamed[0]
    texts, state = drafts("migrate", "--offline", "--name", "at", more=f"{NOTE}\n    {AT}")
    assert "TIMESTAMPTZ" in texts[0] and "TIMESTAMPTZ" not in texts[1]
    write("1_20260302000000_at.py", texts, state)
    for url, send in ((SQLITE, on_sqlite), (POSTGRES, on_postgres)):
        models(url, more=f"{NOTE}\n    {AT}")
        assert "Success upgrading to 1_" in aerich("upgrade")
        assert "No changes detected" in aerich("migrate")
        send("INSERT INTO price (cents, label, at) VALUES (2, 'b', '2026-01-01')")

    # A column that changes: SQLite has no draft of it. It ignores lengths, so there is nothing to do.
    longer = {"length": 99, "more": f"{NOTE}\n    {AT}"}
    models("sqlite://:memory:", **longer)
    try:
        aerich("migrate", "--offline", "--name", "longer")
    except NotSupportError as error:
        assert str(error) == "Modify column is unsupported in SQLite."
    else:
        raise AssertionError("SQLite changes columns")
    models(NO_SERVER, **longer)
    aerich("migrate", "--offline", "--name", "longer")
    text, state = sql_of(files()[-1]), state_of(files()[-1])
    files()[-1].unlink()
    write("2_20260303000000_longer.py", [text, "SELECT 1"], state)
    for url, send in ((SQLITE, on_sqlite), (POSTGRES, on_postgres)):
        models(url, **longer)
        assert "Success upgrading to 2_" in aerich("upgrade")
        assert "No changes detected" in aerich("migrate")
        send(f"INSERT INTO price (cents, label) VALUES (3, '{'c' * 99}')")


def record_without_running() -> None:
    """Goes on: `--fake` records all that is pending. To record one file, move the later ones away."""
    models(SQLITE, 99, f"{NOTE}\n    {AT}\n    {RANK}")
    aerich("migrate", "--name", "rank")
    models(SQLITE, 99, f"{NOTE}\n    {AT}\n    {RANK}\n    {TIER}")
    aerich("migrate", "--offline", "--name", "tier")
    on_sqlite("ALTER TABLE price ADD rank INT")  # somebody has done that by hand
    later = files()[-1]
    assert later.name.startswith("4_")
    later.rename("later.py")
    assert aerich("upgrade", "--fake").count("FAKED") == 1
    Path("later.py").rename(later)
    assert aerich("upgrade").count("Success") == 1
    assert {"rank", "tier"} <= {row[1] for row in on_sqlite("PRAGMA table_info(price)")}

    # Without that the column is missing.
    on_sqlite("DELETE FROM aerich WHERE version LIKE '4_%'")
    on_sqlite("ALTER TABLE price DROP COLUMN tier")
    on_sqlite("DELETE FROM aerich WHERE version LIKE '3_%'")
    assert aerich("upgrade", "--fake").count("FAKED") == 2
    assert "tier" not in {row[1] for row in on_sqlite("PRAGMA table_info(price)")}
    assert "No changes detected" in aerich("migrate")


home, path, arguments = Path.cwd(), sys.path[0], sys.argv
os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
on_postgres("CREATE SCHEMA dialects")
try:
    start_again_for_both()
    next_file_for_both()
    record_without_running()
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
    on_postgres("DROP SCHEMA dialects CASCADE")
