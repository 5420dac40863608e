# snippet: needs="aerich, tortoise>=1.1.8"
"""An index class that is unique: what generate_schemas() and the two migration tools make of it.

The drafts need no server. By hand: DATABASE_URL=sqlite://:memory: python examples/unique_index.py
"""

import asyncio
import contextvars
import importlib
import os
import re
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
from tortoise.exceptions import ConfigurationError, IntegrityError, OperationalError
from tortoise.expressions import Value
from tortoise.functions import Lower
from tortoise.indexes import Index

MODELS = """
from tortoise import fields
from tortoise.expressions import F
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
    company_id = fields.IntField(default=1)


APP = {{"models": ["{name}", "aerich.models"], "default_connection": "default"}}
AERICH = {{"connections": {{"default": "postgres://nobody@127.0.0.1:1/none"}}, "apps": {{"models": APP}}}}
OWN = {{"models": ["{name}"], "migrations": "steps", "default_connection": "default"}}
BUILT_IN = {{"connections": {{"default": "sqlite://db.sqlite3"}}, "apps": {{"models": OWN}}}}
"""
INDEX = 'UniqueIndex(Lower("email"), name="uq_email"),'
OF_COMPANY = 'UniqueIndex(F("company_id"), Lower("email"), name="uq_email"),'
SECTION = '[tool.aerich]\ntortoise_orm = "{}.AERICH"\nlocation = "./migrations"\nsrc_folder = "./."\n'
STATE_ONLY = """
from apps.common.operations import StateOnly


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


def tortoise(name: str, *command: str) -> None:
    for loaded in [one for one in sys.modules if one.split(".")[0] == "steps"]:
        del sys.modules[loaded]
    importlib.invalidate_caches()
    EXECUTOR_CACHE.clear()
    run = run_cli_async(["-c", f"{name}.BUILT_IN", *command])
    assert contextvars.Context().run(asyncio.run, run) == 0


def on_sqlite(statement: str) -> list[str]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return [row[0] for row in rows]


def draft(folder: str) -> Path:
    return max(Path(folder).glob("[0-9]*.py"), key=lambda file: int(file.stem.split("_")[0]))


async def schemas(name: str, *, of_company: bool = False) -> None:
    """The index refuses another case on PostgreSQL and SQLite, of one company or of all.

    MariaDB refuses an index on an expression. MySQL makes one that is not unique.
    """
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": [name]})
        db = Tortoise.get_connection("default")
        await db.execute_script("DROP TABLE IF EXISTS person")
        try:
            await Tortoise.generate_schemas()
        except OperationalError as error:
            assert db.capabilities.dialect == "mysql", error
            assert "syntax" in str(error)
            return
        person = importlib.import_module(name).Person
        await person.create(email="ann@x.test")
        try:
            if of_company:
                await person.create(email="Ann@X.test", company_id=2)
            await person.create(email="Ann@X.test")
        except IntegrityError as error:
            assert "uq_email" in str(error)
        else:
            assert db.capabilities.dialect == "mysql", "stored twice"
            return
        new = await person.create(email="İ@x.test")
        by_key = person.annotate(key=Lower("email"))
        assert await by_key.filter(key=Lower(Value(new.email))) == [new]
        assert await by_key.filter(key=new.email.lower()) == []  # WRONG: Python changes other letters
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
    start, end = text.index("ops.AddIndex("), text.rindex(",", 0, text.rindex("]"))
    draft("steps").write_text(f"{text[:start]}{run}, StateOnly({text[start:end]}){text[end:]}")
    for command in (["migrate"], ["downgrade", "models", "0001_initial"], ["migrate"]):
        tortoise("unique", *command)
        is_made = on_sqlite("SELECT sql FROM sqlite_master WHERE name = 'uq_email'") != []
        assert is_made == (command == ["migrate"])
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


def drafts_of_company() -> None:
    """Both tools write the two expressions. `fields=` beside an expression is refused."""
    for folder in ("migrations", "steps", "db.sqlite3"):
        Path(folder).rename(f"unique_{folder}")
    models("plain", "")
    aerich("init-migrations")
    first = draft("migrations/models").read_text()
    assert re.search(
        r'def downgrade\(.*\) -> str:\s+return """\s*"""', first
    )  # `aerich downgrade` refuses it
    tortoise("plain", "makemigrations")
    tortoise("plain", "migrate")
    models("of_company", OF_COMPANY)
    aerich("migrate", "--offline", "--name", "unique")
    text = draft("migrations/models").read_text()
    assert 'CREATE INDEX IF NOT EXISTS "uq_email" ON "person" ("company_id", LOWER("email"))' in text
    tortoise("of_company", "makemigrations")
    assert """UniqueIndex(RawSQLTerm('"company_id"'), RawSQLTerm(""" in draft("steps").read_text()
    tortoise("of_company", "migrate")
    try:
        Index(Lower("email"), fields=("company_id",))
        raise AssertionError("no error")
    except ConfigurationError as error:
        assert "mutually exclusive" in str(error)


home, path, arguments = Path.cwd(), sys.path[0], sys.argv
os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
sys.path.append(str(Path(__file__).resolve().parent / "billing"))
sys.dont_write_bytecode = True
try:
    asyncio.run(schemas(models("made", INDEX)))
    drafts()
    drafts_of_company()
    asyncio.run(schemas(models("made_of_company", OF_COMPANY), of_company=True))
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
    sys.path.pop()
