# snippet: needs="aerich, tortoise>=1.1.8"
"""An index class that is unique: what generate_schemas() and the two migration tools make of it.

The drafts need no server. By hand: DATABASE_URL=sqlite://:memory: python examples/unique_index.py
"""

import asyncio
import contextvars
import importlib
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from aerich.cli import cli
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError

MODELS = """
from tortoise import fields
from tortoise.functions import Lower, Trim
from tortoise.indexes import Index
from tortoise.models import Model


class UniqueIndex(Index):
    def get_sql(self, schema_generator, model, safe):
        sql = super().get_sql(schema_generator, model, safe)
        return sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)


class Person(Model):
    class Meta:
        table = "person"
        indexes = ({index})

    email = fields.CharField(max_length=99)


APP = {{"models": ["{name}", "aerich.models"], "default_connection": "default"}}
AERICH = {{"connections": {{"default": "postgres://nobody@127.0.0.1:1/none"}}, "apps": {{"models": APP}}}}
OWN = {{"models": ["{name}"], "migrations": "steps", "default_connection": "default"}}
BUILT_IN = {{"connections": {{"default": "sqlite://db.sqlite3"}}, "apps": {{"models": OWN}}}}
"""
INDEX = 'UniqueIndex(Lower("email"), name="uq_email"),'
SECTION = '[tool.aerich]\ntortoise_orm = "{}.AERICH"\nlocation = "./migrations"\nsrc_folder = "./."\n'
STATE_ONLY = """
class AddUnique(ops.AddIndex):
    async def database_forward(self, *args, **kwargs):
        return None

    database_backward = database_forward


class Migration(migrations.Migration):
"""
UNIQUE_SQL = "CREATE UNIQUE INDEX uq_email ON person (lower(email))"


def models(name: str, index: str) -> str:
    Path(f"{name}.py").write_text(MODELS.format(name=name, index=index))
    Path("pyproject.toml").write_text(SECTION.format(name))
    importlib.invalidate_caches()
    return name


def aerich(*command: str) -> str:
    """What `aerich COMMAND` prints, run as a new process would."""
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    EXECUTOR_CACHE.clear()
    sys.argv = ["aerich", *command]
    result = contextvars.Context().run(asyncio.run, CliRunner().invoke(cli, list(command)))
    if result.exception:
        raise result.exception
    return str(result.output)


def tortoise(name: str, command: str) -> None:
    for loaded in [one for one in sys.modules if one.split(".")[0] == "steps"]:
        del sys.modules[loaded]
    importlib.invalidate_caches()
    EXECUTOR_CACHE.clear()
    run = run_cli_async(["-c", f"{name}.BUILT_IN", command])
    assert contextvars.Context().run(asyncio.run, run) == 0


def on_sqlite(statement: str) -> list[str]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return [row[0] for row in rows]


def draft(folder: str) -> Path:
    return max(Path(folder).glob("[0-9]*.py"), key=lambda file: int(file.stem.split("_")[0]))


async def schemas(name: str) -> None:
    """The index refuses another case on PostgreSQL and SQLite.

    MariaDB refuses an index on an expression. MySQL makes one that is not unique.
    """
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": [name]})
        db = Tortoise.get_connection("default")
        try:
            await Tortoise.generate_schemas()
        except OperationalError as error:
            assert db.capabilities.dialect == "mysql", error
            assert "syntax" in str(error)
            return
        person = importlib.import_module(name).Person
        await person.create(email="ann@x.test")
        try:
            await person.create(email="Ann@X.test")
        except IntegrityError as error:
            assert "uq_email" in str(error)
        else:
            assert db.capabilities.dialect == "mysql", "stored twice"
            return
        if db.capabilities.dialect == "sqlite":  # lower() changes A to Z only
            await person.create(email="É@x.test")
            await person.create(email="é@x.test")
        else:
            # On PostgreSQL the collation decides.
            sql = """SELECT lower('É' COLLATE "C") AS c, lower('É' COLLATE "und-x-icu") AS icu"""
            assert await db.execute_query_dict(sql) == [{"c": "É", "icu": "é"}]


def drafts() -> None:
    """An old table: both tools make a plain index, and then find no change. A new one: Aerich's is unique."""
    models("plain", "")
    aerich("init-migrations")
    tortoise("plain", "makemigrations")
    tortoise("plain", "migrate")
    models("unique", INDEX)
    aerich("migrate", "--offline", "--name", "unique")
    text = draft("migrations/models").read_text()
    assert 'CREATE INDEX IF NOT EXISTS "uq_email" ON "person" (LOWER("email"))' in text
    assert "UNIQUE" not in text
    assert "No changes detected" in aerich("migrate", "--offline")

    # An empty file also knows the index: no later draft contains it.
    draft("migrations/models").unlink()
    aerich("migrate", "--offline", "--empty", "--name", "by_hand")
    assert "CREATE" not in draft("migrations/models").read_text()
    assert "No changes detected" in aerich("migrate", "--offline")

    tortoise("unique", "makemigrations")
    text = draft("steps").read_text()
    assert "AddIndex" in text
    assert "UniqueIndex(RawSQLTerm" in text
    tortoise("unique", "migrate")
    assert on_sqlite("SELECT sql FROM sqlite_master WHERE name = 'uq_email'") == [
        'CREATE INDEX "uq_email" ON "person" ((LOWER("email")))'
    ]
    made = len(list(Path("steps").glob("0*.py")))
    tortoise("unique", "makemigrations")
    assert len(list(Path("steps").glob("0*.py"))) == made

    # IF NOT EXISTS keeps the plain index of this name.
    on_sqlite(UNIQUE_SQL.replace("INDEX", "INDEX IF NOT EXISTS"))
    assert "UNIQUE" not in on_sqlite("SELECT sql FROM sqlite_master WHERE name = 'uq_email'")[0]

    # Mended before it runs: SQL makes the index, and the operation only tells the state.
    on_sqlite("DROP INDEX uq_email")
    on_sqlite("DELETE FROM tortoise_migrations WHERE name LIKE '0002%'")
    run = f'ops.RunSQL("{UNIQUE_SQL}", "DROP INDEX uq_email")'
    text = text.replace("class Migration(migrations.Migration):\n", STATE_ONLY)
    text = text.replace("ops.AddIndex(", f"{run}, AddUnique(")
    draft("steps").write_text(text)
    tortoise("unique", "migrate")
    assert on_sqlite("SELECT sql FROM sqlite_master WHERE name = 'uq_email'") == [UNIQUE_SQL]
    tortoise("unique", "makemigrations")
    assert len(list(Path("steps").glob("0*.py"))) == made

    # Another expression: both tools drop the unique index, and make a plain one.
    models("changed", INDEX.replace('Lower("email")', 'Trim("email")'))
    aerich("migrate", "--offline", "--name", "changed")
    text = draft("migrations/models").read_text()
    upgrade = text[text.index("upgrade") : text.index("downgrade")]
    dropped, made = 'DROP INDEX IF EXISTS "uq_email"', 'CREATE INDEX IF NOT EXISTS "uq_email"'
    assert 0 < upgrade.index(dropped) < upgrade.index(made)
    assert "UNIQUE" not in upgrade
    tortoise("changed", "makemigrations")
    tortoise("changed", "migrate")
    assert on_sqlite("SELECT sql FROM sqlite_master WHERE name = 'uq_email'") == [
        'CREATE INDEX "uq_email" ON "person" ((TRIM("email")))'
    ]

    # The first file of a new project: Aerich's makes the index unique, that of the built-in tool does not.
    for folder in ("migrations", "steps", "db.sqlite3"):
        Path(folder).rename(f"old_{folder}")
    models("unique", INDEX)
    aerich("init-migrations")
    assert 'CREATE UNIQUE INDEX IF NOT EXISTS "uq_email"' in draft("migrations/models").read_text()
    tortoise("unique", "makemigrations")
    tortoise("unique", "migrate")
    assert on_sqlite("SELECT sql FROM sqlite_master WHERE name = 'uq_email'") == [
        'CREATE INDEX "uq_email" ON "person" ((LOWER("email")))'
    ]


home, path, arguments = Path.cwd(), sys.path[0], sys.argv
os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
sys.dont_write_bytecode = True
try:
    asyncio.run(schemas(models("made", INDEX)))
    drafts()
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
