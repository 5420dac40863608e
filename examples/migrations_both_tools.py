# snippet: needs="aerich, sqlite|postgres, tortoise>=1.1.8"
"""What Aerich 0.10 and the built-in migrations make of the same models: circles, views, enums, changes.

On PostgreSQL in schemas of its own.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_both_tools.py
"""

import asyncio
import contextvars
import importlib
import io
import itertools
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

from aerich.cli import cli
from aerich.exceptions import NotSupportError
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError, OperationalError
from tortoise.migrations.recorder import MigrationRecorder

SERVER = os.environ.get("DATABASE_URL", "")
POSTGRES = SERVER.startswith("postgres")
T = TypeVar("T")
numbers = itertools.count(1)
STAGE = """
from enum import Enum, StrEnum

from tortoise import fields
from tortoise.models import Model


class Hue(Enum):
    RED = "red"


class Tone(StrEnum):
    RED = "red"

{classes}

TORTOISE_ORM = {{
    "connections": {{"default": "{url}"}},
    "apps": {{"models": {{"models": {names}, "migrations": "{steps}", "default_connection": "default"}}}},
}}
"""
SECTION = """[tool.aerich]
tortoise_orm = "{module}.TORTOISE_ORM"
location = "./{steps}"
src_folder = "./."
"""
KEY = "id = fields.IntField(primary_key=True)"
LEAD = 'lead = fields.ForeignKeyField("models.Person", related_name="leads", null=True)'
HOME = 'home = fields.ForeignKeyField("models.Team", related_name="people", null=True)'
PARENT = 'parent = fields.ForeignKeyField("models.Node", related_name=False, null=True)'
MEMBERS = 'members = fields.ManyToManyField("models.Person", related_name="teams", through="membership")'
TOWN = 'town = fields.ForeignKeyField("models.Town", related_name=False, null=True)'
name = ""  # of the part that runs: its schema, its database file, its folder of migrations


def as_process(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it as a new process would: no Tortoise started anywhere, no SQL remembered."""
    EXECUTOR_CACHE.clear()
    return contextvars.Context().run(asyncio.run, coroutine)


def sql(statement: str) -> list[tuple[Any, ...]]:
    async def send() -> list[tuple[Any, ...]]:
        import asyncpg

        connection = await asyncpg.connect(SERVER, server_settings={"search_path": name})
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    if POSTGRES:
        return as_process(send())
    with closing(sqlite3.connect(f"{name}.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return rows


def columns(table: str) -> set[str]:
    """Its columns; none where there is no such table."""
    if POSTGRES:
        found = f"information_schema.columns WHERE table_schema = '{name}' AND table_name = '{table}'"
        return {column for (column,) in sql(f"SELECT column_name FROM {found}")}
    return {column for (column,) in sql(f"SELECT name FROM pragma_table_info('{table}')")}


def begin(part: str) -> None:
    """An empty database and an empty folder of migrations."""
    global name
    name = part
    Path(name).mkdir()
    Path(name, "__init__.py").touch()
    if POSTGRES:
        sql(f"CREATE SCHEMA {name}")


def models(**classes: str | tuple[str, ...]) -> str:
    """Write the models as they are now to a module of their own; both tools are told of it."""
    module = f"stage{next(numbers)}"
    text = ""
    for model, lines in classes.items():
        body = (lines,) if isinstance(lines, str) else lines
        text += f"\nclass {model}(Model):\n    {KEY}\n" + "".join(f"    {line}\n" for line in body)
    url = f"{SERVER}?schema={name}" if POSTGRES else f"sqlite://{name}.sqlite3"
    names = [module, "aerich.models"] if name.startswith("aerich") else [module]
    Path(f"{module}.py").write_text(STAGE.format(classes=text, url=url, names=names, steps=name))
    Path("pyproject.toml").write_text(SECTION.format(module=module, steps=name))
    importlib.invalidate_caches()
    return module


def built_in(module: str, *command: str) -> str:
    """What `python -m tortoise COMMAND` prints."""
    importlib.invalidate_caches()
    for loaded in [loaded for loaded in sys.modules if loaded.startswith(f"{name}.")]:
        del sys.modules[loaded]
    with redirect_stdout(io.StringIO()) as printed:
        assert as_process(run_cli_async(["-c", f"{module}.TORTOISE_ORM", *command])) == 0
    return printed.getvalue()


def make_and_apply(module: str, step: str) -> None:
    built_in(module, "makemigrations", "--name", step)
    built_in(module, "migrate")
    assert "No changes detected" in built_in(module, "makemigrations")


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


def last() -> Path:
    return max(Path(name, "models").glob("*.py"), key=lambda file: int(file.stem.split("_")[0]))


async def tables_by_models(module: str) -> None:
    async with tortoise_test_context([module]):
        pass


def refused(call: Callable[[], object]) -> str:
    try:
        call()
    except ConfigurationError as error:
        return str(error)
    raise AssertionError("it has gone well")


CYCLIC = "Can't create schema due to cyclic fk references"


def circle_built_in() -> None:
    """Each model refers to the other: one of the two columns is not made, and nothing says so."""
    begin("circle")
    module = models(Team=LEAD, Person=HOME)
    make_and_apply(module, "initial")
    assert columns("team") == {"id", "lead_id"}
    assert "home_id" not in columns("person") == {"id"}, "made after all"
    assert refused(lambda: as_process(tables_by_models(module))) == CYCLIC

    # The closing side in a second file.
    begin("circle_mended")
    make_and_apply(models(Team=LEAD, Person=()), "initial")
    module = models(Team=LEAD, Person=HOME)
    make_and_apply(module, "home")
    assert columns("team") == {"id", "lead_id"}
    assert columns("person") == {"id", "home_id"}
    sql("INSERT INTO person (id) VALUES (1)")
    sql("INSERT INTO team (id, lead_id) VALUES (2, 1)")
    sql("UPDATE person SET home_id = 2")
    if POSTGRES:  # proof_migrations.py shows what SQLite does
        built_in(module, "downgrade", "models", "0001_initial")
        assert columns("person") == {"id"}
        assert sql("SELECT id, lead_id FROM team") == [(2, 1)]
        built_in(module, "migrate")
        assert columns("person") == {"id", "home_id"}


def circle_aerich() -> None:
    """It refuses; the closing side in a second file is right here, too."""
    begin("aerich_circle")
    models(Team=LEAD, Person=HOME)
    assert refused(lambda: aerich("init-db")) == CYCLIC
    assert not columns("team")

    begin("aerich_circle_mended")
    models(Team=LEAD, Person=())
    aerich("init-db")
    models(Team=LEAD, Person=HOME)
    aerich("migrate", "--name", "home")
    if not POSTGRES:  # which has no ADD CONSTRAINT
        drafted = last().read_text()
        (added, reference) = re.findall(r"ALTER TABLE .*;", drafted.partition("async def downgrade")[0])
        assert "ADD CONSTRAINT" in reference
        try:
            aerich("upgrade")
            raise AssertionError("SQLite has added a constraint")
        except OperationalError as error:
            assert 'near "CONSTRAINT": syntax error' in str(error)
        sql("ALTER TABLE person DROP COLUMN home_id")  # which the failed upgrade has left
        whole = added.replace(";", ' REFERENCES "team" ("id") ON DELETE CASCADE;')
        last().write_text(drafted.replace(added, whole).replace(reference, ""))
    aerich("upgrade")
    assert columns("team") == {"id", "lead_id"}
    assert columns("person") == {"id", "home_id"}
    assert "No changes detected" in aerich("migrate")

    # In a later file, a new model that refers to itself is refused, too: its key gets a file of its own.
    begin("aerich_circle_later")
    models(Town=())
    aerich("init-db")
    for circle in ({"Team": LEAD, "Person": HOME}, {"Node": PARENT}):
        models(Town=(), **circle)
        assert refused(lambda: aerich("migrate", "--offline")) == CYCLIC
    models(Town=(), Node=())
    aerich("migrate", "--offline", "--name", "node")
    models(Town=(), Node=PARENT)
    aerich("migrate", "--offline", "--name", "parent")
    assert 'FOREIGN KEY ("parent_id") REFERENCES "node" ("id")' in last().read_text()

    begin("aerich_circle_first")
    models(Node=PARENT)
    aerich("init-db")
    assert columns("node") == {"id", "parent_id"}


def many_to_many_back() -> None:
    """A many-to-many relation closes the circle, too; tables that tests make from the models are right."""
    begin("back")
    module = models(Team=MEMBERS, Person=HOME)
    as_process(tables_by_models(module))  # no refusal
    make_and_apply(module, "initial")
    assert columns("membership") == {"team_id", "person_id"}
    assert "home_id" not in columns("person") == {"id"}, "made, through a many-to-many relation"

    begin("back_mended")
    make_and_apply(models(Team=(), Person=HOME), "initial")
    make_and_apply(models(Team=MEMBERS, Person=HOME), "members")
    assert columns("membership") == {"team_id", "person_id"}
    assert columns("person") == {"id", "home_id"}

    begin("aerich_back")
    models(Team=MEMBERS, Person=HOME)
    aerich("init-db")
    assert columns("membership") == {"team_id", "person_id"}
    assert columns("person") == {"id", "home_id"}


def circle_in_a_later_file() -> None:
    """A model of the circle loses its other new keys, too: the one to a table that has been there before."""
    begin("later")
    make_and_apply(models(Town=()), "initial")
    make_and_apply(models(Town=(), Team=(MEMBERS, TOWN), Person=(HOME, TOWN)), "teams")
    assert columns("team") == {"id", "town_id"}
    assert columns("person") - {"home_id", "town_id"} == columns("person") == {"id"}, "made in a later file"

    begin("later_mended")
    make_and_apply(models(Town=()), "initial")
    make_and_apply(models(Town=(), Team=TOWN, Person=(HOME, TOWN)), "teams")
    make_and_apply(models(Town=(), Team=(MEMBERS, TOWN), Person=(HOME, TOWN)), "members")
    assert columns("team") == {"id", "town_id"}
    assert columns("person") == {"id", "home_id", "town_id"}


DATA = """
from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.recorder import MigrationRecorder

KILL = ""


async def end(*args):
    raise SystemExit("killed")


async def after_the_data(apps, schema_editor):
    if KILL == "in the file":
        await end()
    if KILL == "before the record":
        MigrationRecorder.record_applied = end


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [
        ops.RunSQL("UPDATE town SET id = id + 1"),
        ops.RunPython(after_the_data, ops.RunPython.noop),
    ]
"""


def killed() -> None:
    """The database undoes a file that had not ended. A file that had ended is applied again."""
    begin("killed")
    module = models(Town=())
    make_and_apply(module, "initial")
    sql("INSERT INTO town (id) VALUES (1)")
    data, record = Path(name, "0002_data.py"), MigrationRecorder.record_applied
    for kill, found in (("in the file", 1), ("before the record", 2), ("", 3)):
        data.write_text(DATA.replace('KILL = ""', f'KILL = "{kill}"'))
        try:
            built_in(module, "migrate")
            assert not kill
        except SystemExit:
            assert kill
        finally:
            MigrationRecorder.record_applied = record
        assert sql("SELECT id FROM town") == [(found,)]


def unmanaged() -> None:
    """A model over a view: `aerich migrate` leaves it out. Everything else makes a table of that name."""
    view = "class Meta:\n        managed = False\n"
    begin("managed")
    make_and_apply(models(Person=(), Report=view), "initial")
    assert columns("person") == columns("report") == {"id"}

    begin("aerich_managed_first")
    models(Person=(), Report=view)
    aerich("init-db")
    assert columns("person") == columns("report") == {"id"}

    begin("aerich_managed_file")
    models(Person=(), Report=view)
    aerich("init-migrations", "--safe")
    assert 'CREATE TABLE IF NOT EXISTS "report"' in last().read_text()

    begin("aerich_managed")
    models(Person=())
    aerich("init-db")
    module = models(Person=(), Report=view)
    assert "No changes detected" in aerich("migrate")
    models(Person=(), Report="")
    aerich("migrate", "--name", "report")
    drafted = last().read_text()  # without managed=
    assert 'CREATE TABLE IF NOT EXISTS "report"' in drafted

    async def tables_of_tests() -> list[Any]:
        async with tortoise_test_context([module]):
            return await importlib.import_module(module).Report.all()

    assert as_process(tables_of_tests()) == []  # so a test reads a table where production reads the view


def enums() -> None:
    """A new column: Aerich writes the default of a plain Enum as its name, and no row can be read."""
    hue = "hue = fields.CharEnumField(Hue, max_length=9, default=Hue.RED)"
    tone = "tone = fields.CharEnumField(Tone, max_length=9, default=Tone.RED)"
    for field, stored in ((hue, "Hue.RED"), (tone, "red")):
        begin(f"aerich_{field[:4].strip()}")
        models(Person=())
        aerich("init-db")
        sql("INSERT INTO person (id) VALUES (1)")
        module = models(Person=field)
        aerich("migrate", "--name", "color")
        aerich("upgrade")
        assert sql(f"SELECT {field[:4].strip()} FROM person") == [(stored,)]
        try:
            as_process(read(module))
        except ValueError as error:
            assert (str(error), stored) == ("'Hue.RED' is not a valid Hue", "Hue.RED")
        else:
            assert stored == "red"

    begin("hue")
    make_and_apply(models(Person=()), "initial")
    sql("INSERT INTO person (id) VALUES (1)")
    make_and_apply(models(Person=hue.replace("default", "db_default")), "color")
    assert sql("SELECT hue FROM person") == [("red",)]


async def read(module: str) -> None:
    async with TortoiseContext() as context:
        stage = importlib.import_module(module)
        await context.init(config=stage.TORTOISE_ORM)
        await stage.Person.all()


async def generate(module: str) -> None:
    async with TortoiseContext() as context:
        await context.init(config=importlib.import_module(module).TORTOISE_ORM)
        await context.generate_schemas()


def tables_without_migrations() -> None:
    """generate_schemas() made them, and rows are there. Aerich's first file leaves what exists."""
    later = "note = fields.CharField(max_length=9, null=True)"
    begin("aerich_generated")
    as_process(generate(models(Team=(), Person=HOME)))
    sql("DROP TABLE aerich")  # of the models in the configuration
    sql("INSERT INTO person (id) VALUES (1)")
    aerich("init-migrations")
    assert "Success" in aerich("upgrade")
    models(Team=(), Person=(HOME, later))
    aerich("migrate", "--name", "note")
    aerich("upgrade")
    assert sql("SELECT id, note FROM person") == [(1, None)]
    assert "No changes detected" in aerich("migrate")

    begin("generated")
    module = models(Team=(), Person=HOME)
    as_process(generate(module))
    sql("INSERT INTO person (id) VALUES (1)")
    built_in(module, "makemigrations")
    built_in(module, "migrate", "models", "0001_initial", "--fake")
    make_and_apply(models(Team=(), Person=(HOME, later)), "note")
    assert sql("SELECT id, note FROM person") == [(1, None)]


EMAIL = "email = fields.CharField(max_length=9)"
UNIQUE = EMAIL.replace("=9", "=9, unique=True")
NOT_SUPPORTED = {
    "longer": (EMAIL, EMAIL.replace("9", "99"), "Modify column is unsupported in SQLite."),
    "null": (EMAIL, EMAIL.replace("=9", "=9, null=True"), "Alter column null is unsupported in SQLite."),
    "default": (
        EMAIL,
        EMAIL.replace("=9", "=9, default='x'"),
        "Alter column default is unsupported in SQLite.",
    ),
    "comment": (
        EMAIL,
        EMAIL.replace("=9", "=9, description='x'"),
        "Alter column comment is unsupported in SQLite.",
    ),
}
KEY_REFUSED_AT = "FOREIGN" if sqlite3.sqlite_version_info >= (3, 53) else "CONSTRAINT"
SYNTAX = {
    "key": ((), TOWN, f'near "{KEY_REFUSED_AT}": syntax error'),
    "no_key": (TOWN, (), 'near "FOREIGN": syntax error'),
    "no_unique": (UNIQUE, (), 'cannot drop UNIQUE column: "email"'),
}
FINE = {
    "new": ((), EMAIL.replace("=9", "=9, null=True")),
    "gone": (EMAIL, ()),
    "unique": (EMAIL, UNIQUE),
    "plain": (UNIQUE.replace("=9", "=9, null=True"), EMAIL.replace("=9", "=9, null=True")),
}


def changes() -> None:
    """What Aerich can change on SQLite, and what it can't. On PostgreSQL all of it works."""
    for change, (before, after, error) in NOT_SUPPORTED.items():
        assert changed(change, before, after) == ("" if POSTGRES else f"NotSupportError: {error}"), change
    for change, (before, after, error) in SYNTAX.items():
        assert changed(change, before, after) == ("" if POSTGRES else f"OperationalError: {error}"), change
    for change, fine in FINE.items():
        assert changed(change, *fine) == "", change


def changed(change: str, before: str | tuple[()], after: str | tuple[()]) -> str:
    """Drafted and applied, or what it failed with."""
    begin(f"aerich_change_{change}")
    models(Town=(), Person=before)
    aerich("init-db")
    models(Town=(), Person=after)
    try:
        aerich("migrate", "--name", change)
        aerich("upgrade")
    except (NotSupportError, OperationalError) as error:
        return f"{type(error).__name__}: {error}"
    assert last().name.startswith("1_")
    return ""


PARTS = (circle_built_in, circle_aerich, many_to_many_back, circle_in_a_later_file, unmanaged, enums, changes)
PARTS += (tables_without_migrations, killed)
home, path, arguments = Path.cwd(), sys.path[0], sys.argv
os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
try:
    for part in PARTS:
        part()
finally:
    for name in [
        folder.name for folder in Path().iterdir() if POSTGRES and Path(folder, "__init__.py").exists()
    ]:
        sql(f"DROP SCHEMA IF EXISTS {name} CASCADE")
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
