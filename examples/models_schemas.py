# snippet: needs="postgres, aerich, tortoise>=1.1.8"
"""`Meta.schema` on PostgreSQL: what both migration tools make of it.

Built-in migrations create the schema of a new model. When no model uses a schema any more, the next draft
deletes the schema with DROP SCHEMA … CASCADE. So each table in the schema is deleted, also a table that
Tortoise does not know. A downgrade to before CreateSchema does the same. No draft moves a table from one
schema to another, so the second part writes ALTER TABLE … SET SCHEMA by hand.

Aerich creates a schema in its first migration only. Its later SQL names a table without the schema. It does
not notice that `Meta.schema` has changed.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/models_schemas.py
"""

import asyncio
import contextvars
import importlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import asyncpg
from aerich import Command
from aerich.migrate import Migrate
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async

URL = os.environ["DATABASE_URL"]
STAGE = """
from tortoise import fields
from tortoise.models import Model


class {name}(Model):
    class Meta:
        table = "{table}"
        {meta}

    note = fields.CharField(max_length=9)
    {more}

TORTOISE_ORM = {{
    "connections": {{"default": "{url}"}},
    "apps": {{
        "shop": {{"models": ["{stage}"], "default_connection": "default", "migrations": "shop_steps"}}
    }},
}}
"""
MORE = 'more = fields.IntField(null=True, db_index=True, description="More")'
STAGES = {
    "bare": ("event", "pass", ""),
    "audited": ("event", 'schema = "audit"', ""),
    "longer": ("event", 'schema = "audit"', MORE),
    "elsewhere": ("event", 'schema = "elsewhere"', ""),
    "before": ("other_event", "pass", ""),
}


def sql(statement: str) -> list[tuple[Any, ...]]:
    """The rows of a statement, over a connection of its own."""

    async def send() -> list[tuple[Any, ...]]:
        connection = await asyncpg.connect(URL)
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return as_process(send())


def as_process(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it as a new process would: no Tortoise started anywhere."""
    EXECUTOR_CACHE.clear()
    for operators in vars(Migrate).values():
        if isinstance(operators, list):  # of class Migrate: they outlive a command
            operators.clear()
    return contextvars.Context().run(asyncio.run, coroutine)


def tables() -> set[str]:
    """The tables of this program, as schema.table."""
    found = "SELECT schemaname || '.' || tablename FROM pg_tables"
    return {name for (name,) in sql(f"{found} WHERE tablename IN ('event', 'foreign_table')")}


def tortoise(stage: str, *arguments: str) -> str:
    """`python -m tortoise …` with the models of a stage."""

    async def command() -> None:
        assert await run_cli_async(["-c", f"{stage}.TORTOISE_ORM", *arguments]) == 0

    importlib.invalidate_caches()
    for loaded in [module for module in sys.modules if module.startswith("shop_steps")]:
        del sys.modules[loaded]
    with redirect_stdout(io.StringIO()) as printed:
        as_process(command())
    return printed.getvalue()


def draft(stage: str, name: str) -> Path:
    """The file that makemigrations writes for the models of a stage."""
    tortoise(stage, "makemigrations", "--name", name)
    (file,) = Path("shop_steps").glob(f"*_{name}.py")
    return file


def rewritten(file: Path, old: str, new: str) -> None:
    """Replace a line of a draft by hand."""
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def lost() -> None:
    """The draft for a model that leaves the schema deletes the schema with everything in it."""
    assert "CreateSchema(schema_name='audit')" in draft("audited", "initial").read_text(encoding="utf-8")
    tortoise("audited", "migrate")
    sql("INSERT INTO audit.event (note) VALUES ('kept?')")
    sql("CREATE TABLE audit.foreign_table (id INT)")
    assert tables() == {"audit.event", "audit.foreign_table"}

    left = draft("bare", "left").read_text(encoding="utf-8")
    assert "DropSchema(schema_name='audit')" in left
    assert "AlterModelOptions" in left
    assert 'DROP SCHEMA IF EXISTS "audit" CASCADE' in tortoise("bare", "sqlmigrate", "shop", "0002_left")
    tortoise("bare", "migrate")
    assert tables() == set(), "the rows are lost, and Tortoise's table is nowhere"


def moved() -> None:
    """The draft creates the schema and leaves the table where it was. One line by hand moves the table."""
    draft("bare", "initial")
    tortoise("bare", "migrate")
    sql("INSERT INTO event (note) VALUES ('kept')")
    file = draft("audited", "moved")
    assert "SET SCHEMA" not in file.read_text(encoding="utf-8")
    created = "        ops.CreateSchema(schema_name='audit'),\n"
    move = 'ops.RunSQL("ALTER TABLE event SET SCHEMA audit", "ALTER TABLE audit.event SET SCHEMA public"),'
    rewritten(file, created, f"{created}        {move}\n")
    tortoise("audited", "migrate")
    assert sql("SELECT note FROM audit.event") == [("kept",)]
    assert "No changes detected" in tortoise("audited", "makemigrations")

    # And back, in place of DropSchema.
    file = draft("bare", "back")
    back = 'ops.RunSQL("ALTER TABLE audit.event SET SCHEMA public", "ALTER TABLE event SET SCHEMA audit"),'
    rewritten(file, "ops.DropSchema(schema_name='audit'),", back)
    tortoise("bare", "migrate")
    assert sql("SELECT note FROM public.event") == [("kept",)]
    sql("CREATE TABLE audit.foreign_table (id INT)")
    tortoise("bare", "downgrade", "shop")  # without a target: back to the beginning
    assert tables() == set(), "the downgrade drops the schema, and the table that is not Tortoise's"


def aerich() -> None:
    """Only the first migration knows the schema."""
    as_process(first("audited", "./one"))
    assert tables() == {"audit.event"}
    assert as_process(drafted("elsewhere", "./one")) == "", "no changes"

    (file,) = as_process(drafted("longer", "./one"))
    assert 'relation "event" does not exist' in fails(upgraded("longer", "./one"))
    rewritten(file, 'ALTER TABLE "event" ADD', 'ALTER TABLE "audit"."event" ADD')
    rewritten(file, 'COMMENT ON COLUMN event."more"', 'COMMENT ON COLUMN audit.event."more"')
    rewritten(file, 'ON "event" ("more")', 'ON "audit"."event" ("more")')
    as_process(upgraded("longer", "./one"))
    assert sql("SELECT more FROM audit.event") == []
    assert sql("SELECT 1 FROM pg_indexes WHERE schemaname = 'audit' AND indexdef LIKE '%(more)'")

    # The first model with a schema, in a later migration: nobody creates the schema.
    sql("DROP SCHEMA audit CASCADE")
    sql("DROP TABLE aerich")
    as_process(first("before", "./two"))
    (file,) = as_process(drafted("audited", "./two"))
    assert 'CREATE TABLE IF NOT EXISTS "audit"."event"' in file.read_text(encoding="utf-8")
    assert 'schema "audit" does not exist' in fails(upgraded("audited", "./two"))

    # An empty file with SQL by hand moves a table with its rows.
    sql("DROP TABLE other_event, aerich")
    as_process(first("bare", "./three"))
    sql("INSERT INTO event (note) VALUES ('carried')")
    (file,) = as_process(drafted("audited", "./three", empty=True))
    move = "CREATE SCHEMA audit; ALTER TABLE event SET SCHEMA audit"
    text = file.read_text(encoding="utf-8")
    file.write_text(re.sub(r'return """\s*"""', f'return "{move}"', text, count=1), encoding="utf-8")
    as_process(upgraded("audited", "./three"))
    assert sql("SELECT note FROM audit.event") == [("carried",)]
    assert as_process(drafted("audited", "./three")) == "", "no changes"


async def first(stage: str, folder: str) -> None:
    async with Command(config(stage), "shop", folder) as command:
        await command.init_db(safe=True)


async def drafted(stage: str, folder: str, *, empty: bool = False) -> Any:
    """The files of the new draft."""
    async with Command(config(stage), "shop", folder) as command:
        name = await command.migrate("more", empty=empty)
    return name and [Path(folder, "shop", name)]


async def upgraded(stage: str, folder: str) -> None:
    async with Command(config(stage), "shop", folder) as command:
        await command.upgrade()


def fails(coroutine: Coroutine[Any, Any, Any]) -> str:
    try:
        as_process(coroutine)
    except Exception as error:
        return str(error)
    raise AssertionError("it has gone well")


def config(stage: str) -> dict[str, Any]:
    app = {"models": [stage, "aerich.models"], "default_connection": "default"}
    return {"connections": {"default": URL}, "apps": {"shop": app}}


home = Path.cwd()
for part in (lost, moved, aerich):
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.path.insert(0, folder)
        try:
            Path("shop_steps").mkdir()
            Path("shop_steps/__init__.py").touch()
            for stage, (table, meta, more) in STAGES.items():
                name = "Event" if table == "event" else "OtherEvent"
                text = STAGE.format(name=name, table=table, meta=meta, more=more, url=URL, stage=stage)
                Path(f"{stage}.py").write_text(text, encoding="utf-8")
            part()
        finally:
            sys.path.remove(folder)
            os.chdir(home)
            sql("DROP SCHEMA IF EXISTS audit CASCADE")
            sql("DROP TABLE IF EXISTS event, other_event, aerich, tortoise_migrations")
