# snippet: needs="aerich, tortoise>=1.1.8"
"""A cloned project, an empty database, and "No changes detected": what both migration tools do, on SQLite."""

import asyncio
import contextvars
import importlib
import io
import itertools
import os
import sqlite3
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import closing, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar

from aerich.cli import cli
from aerich.exceptions import NotSupportError
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner
from tortoise.cli.cli import run_cli_async
from tortoise.exceptions import ConfigurationError, OperationalError

HEAD = """
from tortoise import fields
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model
"""
MODELS = """
class Owner(Model):
    class Meta:
        table = "owner"

    id = fields.IntField(primary_key=True)


class Order(Model):
    class Meta:
        table = "orders"

    id = fields.IntField(primary_key=True)
    note = fields.CharField(max_length=9, default="a")
    owner = fields.ForeignKeyField("models.Owner", null=True)
"""
THIRD = "\n\nclass Third(Model):\n    class Meta:\n        {}\n\n    id = fields.IntField(primary_key=True)\n"
NAME = '        table = "orders"\n'
NOTE = '    note = fields.CharField(max_length=9, default="a")\n'
OWNER = 'ForeignKeyField("models.Owner", null=True'
AERICH, BUILT_IN, BOTH, NEITHER = {"Aerich"}, {"built-in"}, {"Aerich", "built-in"}, set[str]()
FIRST = "You need to run `aerich init-db` first to initialize the database."
T = TypeVar("T")
stages = itertools.count(1)


def as_process(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it as a new process would: no Tortoise started anywhere."""
    importlib.invalidate_caches()
    for loaded in [name for name in sys.modules if name.startswith(("migrations", "steps", "old"))]:
        del sys.modules[loaded]
    return contextvars.Context().run(asyncio.run, coroutine)


def aerich(*command: str, status: int = 0) -> str:
    """What `aerich COMMAND` prints; it must end with `status`."""
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    Migrate._last_version_content = None
    sys.argv = ["aerich", *command]
    result = as_process(CliRunner().invoke(cli, list(command)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.output


def tortoise(*command: str) -> str:
    with redirect_stdout(io.StringIO()) as printed:
        assert as_process(run_cli_async(["-c", f"stage{stage}.TORTOISE_ORM", *command])) == 0
    return printed.getvalue()


def forget_files() -> None:
    """The table of Aerich is empty, while the other tables stay."""
    with closing(sqlite3.connect("db.sqlite3")) as database:
        database.execute("DELETE FROM aerich")
        database.commit()


def models(text: str, *, apps: str = "") -> None:
    """Write the models as they are now, each time to a module of its own."""
    global stage
    stage = next(stages)
    app = {"models": [f"stage{stage}", "aerich.models"], "default_connection": "default"}
    tools = {"TORTOISE_ORM": app | {"migrations": "steps", "models": [f"stage{stage}"]}, "FOR_AERICH": app}
    connections = "{'default': 'sqlite://db.sqlite3'}"
    configuration = "".join(
        f"{name} = {{'connections': {connections}, 'apps': {{'models': {app}{apps}}}}}\n"
        for name, app in tools.items()
    )
    Path(f"stage{stage}.py").write_text(f"{HEAD}{text}\n\n{configuration}")
    Path("pyproject.toml").write_text(
        f'[tool.aerich]\ntortoise_orm = "stage{stage}.FOR_AERICH"\nlocation = "./migrations"\n'
    )


def project(text: str = MODELS) -> None:
    """Models and the first file of each tool, in a folder of their own."""
    os.chdir(tempfile.mkdtemp())
    sys.path[:] = [str(Path.cwd()), *path[1:]]
    models(text)
    aerich("init-migrations")
    tortoise("makemigrations")


def tables() -> set[str]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def by_aerich() -> str:
    """`aerich migrate`, which sees some changes that it cannot write for SQLite."""
    try:
        return aerich("migrate", "--offline", "--name", "x")
    except NotSupportError as error:
        Path("migrations/models/1_x.py").touch()
        return str(error)


def columns_of(table: str) -> set[str]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        return {row[1] for row in database.execute(f"PRAGMA table_info({table})")}


def drafted(text: str) -> set[str]:
    """Which tools write a file for these models; the files are deleted again."""
    models(text)
    tools = set()
    for tool, printed, folder, last in (
        ("Aerich", by_aerich(), "migrations/models", "1_*.py"),
        ("built-in", tortoise("makemigrations"), "steps", "0002_*.py"),
    ):
        files = list(Path(folder).glob(last))
        assert bool(files) is ("No changes detected" not in printed), printed
        tools |= {tool for _ in files}
        for file in files:
            file.unlink()
    return tools


def cloned() -> None:
    project()
    aerich("upgrade")
    assert {"orders", "aerich"} <= tables()
    Path("db.sqlite3").unlink()
    tortoise("migrate")
    assert {"orders", "tortoise_migrations"} <= tables()
    Path("db.sqlite3").unlink()

    # No row of the app in the table: `migrate` needs one to compare with, `upgrade` writes it.
    for forget, command in ((lambda: None, ("upgrade",)), (forget_files, ("upgrade", "--fake"))):
        forget()
        try:
            aerich("migrate")
        except TypeError as error:
            assert str(error) == "'NoneType' object is not iterable"
        else:
            raise AssertionError("compared with nothing")
        aerich(*command)
        assert "No changes detected" in aerich("migrate")
    Path("db.sqlite3").unlink()

    assert "No such command 'makemigrations'" in aerich("makemigrations", status=2)

    # The folder of the app is not there: in another folder, with another app, without the files.
    here = Path.cwd()
    file = next(Path("migrations/models").iterdir())
    Path("sub").mkdir()
    os.chdir("sub")
    assert FIRST in aerich("-c", str(here / "pyproject.toml"), "upgrade", status=2)
    os.chdir(here)
    for command in (["upgrade"], ["heads"], ["migrate", "--offline"], ["inspectdb"]):
        assert FIRST in aerich("--app", "model", *command, status=2)
    with closing(sqlite3.connect("db.sqlite3")) as database:  # and not the tables
        database.executescript("CREATE TABLE orders (id INTEGER PRIMARY KEY)")
    file.parent.rename("elsewhere")
    assert FIRST in aerich("upgrade", status=2)

    # A folder without files: nothing is made, and the command succeeds.
    Path("db.sqlite3").unlink()
    Path("migrations/models").mkdir(parents=True)
    assert "No upgrade items found" in aerich("upgrade")
    assert "orders" not in tables()

    # init-db then writes another first file, which knows nothing of the files in the repository.
    aerich("init-db")
    (other,) = Path("migrations/models").glob("0_*.py")
    assert "orders" in tables()
    assert file.name not in aerich("heads")
    Path("elsewhere", file.name).rename(file)
    if other.name != file.name:  # not in the same second
        assert file.name in aerich("heads")


def kept_tables() -> None:
    """The tools keep a table that exists, also one that lacks a column."""
    project()
    with closing(sqlite3.connect("db.sqlite3")) as database:
        database.executescript("CREATE TABLE orders (id INTEGER PRIMARY KEY); CREATE TABLE old (x INT)")
    assert "Success upgrading" in aerich("upgrade")
    assert columns_of("orders") == {"id"}
    assert "No changes detected" in aerich("migrate")
    try:
        tortoise("migrate")
    except OperationalError as error:
        assert "already exists" in str(error)
    else:
        raise AssertionError("one table twice")
    tortoise("migrate", "models", "0001_initial", "--fake")
    assert "No changes detected" in tortoise("makemigrations")
    assert "note" not in columns_of("orders")  # with the built-in tool, too
    assert {"orders", "old"} <= tables()  # no tool touches a table without a model


def unseen() -> None:
    project()
    assert drafted(MODELS) == NEITHER
    assert drafted(MODELS.replace(NOTE, NOTE + "    size = fields.IntField(null=True)\n")) == BOTH

    # A field that is none: a comma behind it, or a colon before it.
    assert drafted(MODELS.replace(NOTE, NOTE + "    size = fields.IntField(null=True),\n")) == NEITHER
    assert drafted(MODELS.replace(NOTE, NOTE + "    size: fields.IntField(null=True)\n")) == NEITHER

    # Models that have no table, or no table that Aerich makes.
    assert drafted(MODELS + THIRD.format("abstract = True")) == NEITHER
    assert drafted(MODELS + THIRD.format("managed = False")) == BUILT_IN
    assert drafted(MODELS + THIRD.format('table = "third"')) == BOTH

    # Options.
    assert drafted(MODELS.replace(NAME, NAME + '        ordering = ("note",)\n')) == NEITHER
    check = 'constraints = (CheckConstraint(check="id > 0", name="ck_id"),)'
    for option in ('table_description = "x"', 'schema = "x"', check):
        assert drafted(MODELS.replace(NAME, NAME + f"        {option}\n")) == BUILT_IN
    assert drafted(MODELS.replace('"orders"', '"bills"')) == AERICH
    assert drafted(MODELS.replace("class Order", "class Bill")) == BUILT_IN
    assert drafted(MODELS.replace(OWNER, OWNER + ", on_delete=fields.SET_NULL")) == BUILT_IN
    assert drafted(MODELS.replace(OWNER, OWNER + ", db_constraint=False")) == BUILT_IN
    assert drafted(MODELS.replace(NOTE, NOTE.replace(")", ", validators=[len])"))) == NEITHER
    assert drafted(MODELS.replace('default="a"', "default=str")) == NEITHER
    assert drafted(MODELS.replace('default="a"', 'default="b"')) == AERICH


def another_model() -> None:
    """A foreign key names another model: Aerich prints a line, the built-in tool nothing."""
    text = MODELS + THIRD.format('table = "third"')
    project(text)
    changed = text.replace("models.Owner", "models.Third")
    assert drafted(changed) == NEITHER
    models(changed)
    tags = NOTE + '    thirds = fields.ManyToManyField("models.Third", related_name="orders_of"{})\n'
    project(text.replace(NOTE, tags.format("")))
    assert drafted(text.replace(NOTE, tags.format(', through="linked"'))) == BUILT_IN
    project(text)
    models(changed)
    assert "Aerich does not handle 'python_type' changes for fk_fields(models.Order.owner)" in by_aerich()


def named_key() -> None:
    """A foreign key with source_field: the built-in tool sees a change each time, Aerich sees none."""
    text = MODELS.replace(OWNER, OWNER + ", source_field='owner_no'")
    project(text)
    assert drafted(text) == BUILT_IN
    tortoise("makemigrations")
    (file,) = Path("steps").glob("0002_*.py")
    assert "ops.AlterField(" in file.read_text() and "source_field='owner_no'" in file.read_text()
    tortoise("migrate", "models", "0001_initial")
    assert columns_of("orders") == {"id", "note", "owner_no"}
    tortoise("migrate")
    assert columns_of("orders") == {"id", "note", "owner_no", "owner_id"}  # the SQL of the second file
    assert "Created" in tortoise("makemigrations")
    project(
        MODELS.replace(OWNER, OWNER + ", source_field='owner_id'")
    )  # the name that Tortoise gives by itself
    assert "No changes detected" in tortoise("makemigrations")


def already_written() -> None:
    """Aerich compares with the newest file, applied or not; --empty stores the models, too."""
    project()
    try:
        aerich("heads")
    except OperationalError as error:
        assert "no such table: aerich" in str(error)
    else:
        raise AssertionError("asked a table that is missing")
    aerich("upgrade")
    models(MODELS.replace(NOTE, NOTE + "    size = fields.IntField(null=True)\n"))
    aerich("migrate", "--offline", "--name", "size")
    assert "No changes detected" in aerich("migrate", "--offline")
    assert "_size.py" in aerich("heads")

    # What is applied: `history` of Aerich and `heads` of the built-in tool only list files.
    assert "_size.py" in aerich("history")
    assert "0001_initial" in tortoise("heads")
    assert "(no applied migrations)" in tortoise("history")
    tortoise("migrate", "models", "0001_initial", "--fake")
    assert "0001_initial" in tortoise("history")


def left_alone() -> None:
    """An app without the key "migrations": the built-in tool leaves its tables alone if it is named."""
    project()
    Path("old_tables.py").write_text(HEAD + THIRD.format('table = "old_third"'))
    apps = ", 'old': {'models': ['old_tables'], 'default_connection': 'default'}"
    models(MODELS + THIRD.format('table = "third"'), apps=apps)
    tortoise("makemigrations", "models")
    tortoise("migrate")
    assert "third" in tables()
    assert "old_third" not in tables()
    assert "No changes detected" in tortoise("makemigrations", "models")

    models(MODELS.replace("models.Owner", "old.Third"), apps=apps)
    try:
        tortoise("makemigrations", "models")
    except ConfigurationError as error:
        assert "No app with name 'old' registered." in str(error)
    else:
        raise AssertionError("a foreign key to the other app")


stage = 0
home, path, arguments = Path.cwd(), list(sys.path), sys.argv
try:
    for part in (cloned, kept_tables, unseen, another_model, named_key, already_written, left_alone):
        part()
finally:
    os.chdir(home)
    sys.path[:], sys.argv = path, arguments
