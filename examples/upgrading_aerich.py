# snippet: needs="aerich, sqlite|postgres"
"""The first commands of Aerich 0.10 on what Tortoise 0.20.1 and 0.25.1 with Aerich 0.8.0 and 0.9.1 have left.

Files and recorded state are those of the old versions, word for word (the lines of the state are broken). On
PostgreSQL in schemas of its own.
"""

import asyncio
import contextvars
import importlib
import json
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from importlib.metadata import requires
from pathlib import Path
from typing import Any

from aerich.cli import cli
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner
from tortoise.backends.base.executor import EXECUTOR_CACHE

SERVER = os.environ.get("DATABASE_URL", "")
POSTGRES = SERVER.startswith("postgres")
MODELS = """
from tortoise import fields
from tortoise.models import Model


class Tag(Model):
    name = fields.CharField(primary_key=True, max_length=9)


class Note(Model):
    meta = fields.JSONField(default=dict)
    rank = fields.IntField({rank})
    at = fields.DatetimeField(auto_now=True)
    tags = fields.ManyToManyField("models.Tag")
{more}

TORTOISE_ORM = {{
    "connections": {{"default": ""}},
    "apps": {{"models": {{"models": ["{module}", "aerich.models"], "default_connection": "default"}}}},
}}
"""
JOB = """

class Job(Model):
    tries = fields.IntField(default=7, db_default=8)
"""
SECTION = """[tool.aerich]
tortoise_orm = "{module}.TORTOISE_ORM"
location = "./migrations"
src_folder = "./."
"""

# `aerich init-db` of 0.8.0 on Tortoise 0.20.1: no unique index on note_tag.
INIT = '''from tortoise import BaseDBAsyncClient


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
        CREATE TABLE IF NOT EXISTS "note" (
    "id" {serial},
    "meta" {json} NOT NULL,
    "rank" INT NOT NULL  DEFAULT 7,
    "at" {time} NOT NULL  DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE IF NOT EXISTS "tag" (
    "name" VARCHAR(9) NOT NULL  PRIMARY KEY
);
CREATE TABLE IF NOT EXISTS "aerich" (
    "id" {serial},
    "version" VARCHAR(255) NOT NULL,
    "app" VARCHAR(100) NOT NULL,
    "content" {json} NOT NULL
);
CREATE TABLE IF NOT EXISTS "note_tag" (
    "note_id" INT NOT NULL REFERENCES "note" ("id") ON DELETE CASCADE,
    "tag_id" VARCHAR(9) NOT NULL REFERENCES "tag" ("name") ON DELETE CASCADE
);"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
        """
'''
TYPES = {"serial": "INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL", "json": "JSON", "time": "TIMESTAMP"}
if POSTGRES:
    TYPES = {"serial": "SERIAL NOT NULL PRIMARY KEY", "json": "JSONB", "time": "TIMESTAMPTZ"}

# A data migration, written into what `aerich migrate --empty` of 0.9.1 made.
DATA = """from tortoise import BaseDBAsyncClient

from {module} import Tag


async def upgrade(db: BaseDBAsyncClient) -> str:
    await Tag.get_or_create(name="new", using_db=db)
    return "SELECT 1"


async def downgrade(db: BaseDBAsyncClient) -> str:
    await Tag.filter(name="new").using_db(db).delete()
    return "SELECT 1"
"""

# What 0.9.1 on 0.25.1 recorded with it, in the table aerich. It was the same on SQLite and on PostgreSQL.
STATE = """
{"models.Note": {"name": "models.Note", "app": "models", "table": "note", "abstract": false, "description":
null, "docstring": null, "unique_together": [], "indexes": [], "pk_field": {"name": "id", "field_type":
"IntField", "db_column": "id", "python_type": "int", "generated": true, "nullable": false, "unique": true,
"indexed": true, "default": null, "description": null, "docstring": null, "constraints": {"ge": -2147483648,
"le": 2147483647}, "db_field_types": {"": "INT"}}, "data_fields": [{"name": "meta", "field_type":
"JSONField", "db_column": "meta", "python_type": "Union[dict, list]", "generated": false, "nullable": false,
"unique": false, "indexed": false, "default": "<function builtins.dict>", "description": null, "docstring":
null, "constraints": {}, "db_field_types": {"": "JSON", "mssql": "NVARCHAR(MAX)", "oracle": "NCLOB",
"postgres": "JSONB"}}, {"name": "rank", "field_type": "IntField", "db_column": "rank", "python_type": "int",
"generated": false, "nullable": false, "unique": false, "indexed": false, "default": 7, "description": null,
"docstring": null, "constraints": {"ge": -2147483648, "le": 2147483647}, "db_field_types": {"": "INT"}},
{"name": "at", "field_type": "DatetimeField", "db_column": "at", "python_type": "datetime.datetime",
"generated": false, "nullable": false, "unique": false, "indexed": false, "default": null, "description":
null, "docstring": null, "constraints": {"readOnly": true}, "db_field_types": {"": "TIMESTAMP", "mssql":
"DATETIME2", "mysql": "DATETIME(6)", "oracle": "TIMESTAMP WITH TIME ZONE", "postgres": "TIMESTAMPTZ"},
"auto_now_add": true, "auto_now": true}], "fk_fields": [], "backward_fk_fields": [], "o2o_fields": [],
"backward_o2o_fields": [], "m2m_fields": [{"name": "tags", "field_type": "ManyToManyFieldInstance",
"python_type": "models.Tag", "generated": false, "nullable": false, "unique": true, "indexed": true,
"default": null, "description": null, "docstring": null, "constraints": {}, "db_constraint": true,
"model_name": "models.Tag", "related_name": "notes", "forward_key": "tag_id", "backward_key": "note_id",
"through": "note_tag", "on_delete": "CASCADE", "_generated": false}], "managed": null}, "models.Tag":
{"name": "models.Tag", "app": "models", "table": "tag", "abstract": false, "description": null, "docstring":
null, "unique_together": [], "indexes": [], "pk_field": {"name": "name", "field_type": "CharField",
"db_column": "name", "python_type": "str", "generated": false, "nullable": false, "unique": true, "indexed":
true, "default": null, "description": null, "docstring": null, "constraints": {"max_length": 9},
"db_field_types": {"": "VARCHAR(9)", "oracle": "NVARCHAR2(9)"}}, "data_fields": [], "fk_fields": [],
"backward_fk_fields": [], "o2o_fields": [], "backward_o2o_fields": [], "m2m_fields": [{"name": "notes",
"field_type": "ManyToManyFieldInstance", "python_type": "models.Note", "generated": false, "nullable":
false, "unique": true, "indexed": true, "default": null, "description": null, "docstring": null,
"constraints": {}, "db_constraint": true, "model_name": "models.Note", "related_name": "tags",
"forward_key": "note_id", "backward_key": "tag_id", "through": "note_tag", "on_delete": "CASCADE",
"_generated": true}], "managed": null}, "models.Aerich": {"name": "models.Aerich", "app": "models", "table":
"aerich", "abstract": false, "description": null, "docstring": null, "unique_together": [], "indexes": [],
"pk_field": {"name": "id", "field_type": "IntField", "db_column": "id", "python_type": "int", "generated":
true, "nullable": false, "unique": true, "indexed": true, "default": null, "description": null, "docstring":
null, "constraints": {"ge": -2147483648, "le": 2147483647}, "db_field_types": {"": "INT"}}, "data_fields":
[{"name": "version", "field_type": "CharField", "db_column": "version", "python_type": "str", "generated":
false, "nullable": false, "unique": false, "indexed": false, "default": null, "description": null,
"docstring": null, "constraints": {"max_length": 255}, "db_field_types": {"": "VARCHAR(255)", "oracle":
"NVARCHAR2(255)"}}, {"name": "app", "field_type": "CharField", "db_column": "app", "python_type": "str",
"generated": false, "nullable": false, "unique": false, "indexed": false, "default": null, "description":
null, "docstring": null, "constraints": {"max_length": 100}, "db_field_types": {"": "VARCHAR(100)",
"oracle": "NVARCHAR2(100)"}}, {"name": "content", "field_type": "JSONField", "db_column": "content",
"python_type": "Union[dict, list]", "generated": false, "nullable": false, "unique": false, "indexed":
false, "default": null, "description": null, "docstring": null, "constraints": {}, "db_field_types": {"":
"JSON", "mssql": "NVARCHAR(MAX)", "oracle": "NCLOB", "postgres": "JSONB"}}], "fk_fields": [],
"backward_fk_fields": [], "o2o_fields": [], "backward_o2o_fields": [], "m2m_fields": [], "managed": null}}
"""
EMPTY = 'return """\n        """'
module = schema = ""


def sql(statement: str) -> list[tuple[Any, ...]]:
    """Rows of a statement, sent to the database that the configuration names."""

    async def send() -> list[tuple[Any, ...]]:
        import asyncpg

        connection = await asyncpg.connect(SERVER, server_settings={"search_path": schema})
        try:
            return [tuple(row) for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    if POSTGRES:
        return asyncio.run(send())
    with closing(sqlite3.connect(f"{schema}.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return rows


def aerich(*command: str) -> str:
    """What `aerich COMMAND` prints; raises what it fails with."""
    importlib.invalidate_caches()
    EXECUTOR_CACHE.clear()
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    sys.argv = ["aerich", *command]
    result = contextvars.Context().run(asyncio.run, CliRunner().invoke(cli, list(command)))
    if result.exception:
        raise result.exception
    return result.output


def fails(*command: str) -> str:
    try:
        aerich(*command)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    raise AssertionError(f"{command} has gone well")


def models(name: str, rank: str = "default=7", more: str = "") -> None:
    """Write the models to a module of their own; pyproject.toml names it."""
    global module
    module = name
    Path(f"{module}.py").write_text(MODELS.format(rank=rank, module=module, more=more))
    Path("pyproject.toml").write_text(SECTION.format(module=module))
    importlib.invalidate_caches()
    use(schema)


def use(name: str) -> None:
    """Let the configuration name this database from here on."""
    global schema
    schema = name
    url = f"{SERVER}?schema={name}" if POSTGRES else f"sqlite://{name}.sqlite3"
    importlib.import_module(module).TORTOISE_ORM["connections"]["default"] = url


def state_of_0_20() -> str:
    """What 0.8.0 on 0.20.1 recorded of the same models: it differs from STATE in these points alone."""
    state = json.loads(STATE)
    for model in state.values():
        del model["managed"]
        for field in (model["pk_field"], *model["data_fields"], *model["m2m_fields"]):
            if field["field_type"] == "CharField":
                del field["db_field_types"]["oracle"]
            if field["field_type"] == "ManyToManyFieldInstance":
                field["unique"] = field["indexed"] = False
        if model["pk_field"]["field_type"] == "IntField":
            model["pk_field"]["constraints"]["ge"] = 1
    return json.dumps(state)


def empty_database(name: str) -> None:
    use(name)
    if POSTGRES:
        sql(f"CREATE SCHEMA {name}")


def old_database(name: str, state: str = STATE) -> None:
    """Tables, rows and record as the old versions left them."""
    empty_database(name)
    assert aerich("upgrade").count("Success") == 2  # the old files are good for a new environment
    sql(f"UPDATE aerich SET content = '{state}' WHERE version LIKE '1_%'")


def old_project(name: str) -> None:
    """Files and database of a project that is about to be upgraded."""
    os.chdir(tempfile.mkdtemp())
    sys.path[0] = str(Path.cwd())
    models(f"{name}_models")
    files = Path("migrations/models")
    files.mkdir(parents=True)
    (files / "0_20261124145851_init.py").write_text(INIT.format(**TYPES))
    (files / "1_20261124145853_data.py").write_text(DATA.format(module=module))
    old_database(name)


def file(number: int) -> Path:
    (found,) = Path("migrations/models").glob(f"{number}_*.py")
    return found


def upgrade_of(number: int) -> str:
    return file(number).read_text().partition("async def downgrade")[0]


def tags() -> list[tuple[Any, ...]]:
    return sql("SELECT name FROM tag")


def fix_migrations() -> None:
    """It calls upgrade() and downgrade() of each old file, on this database."""
    old_project("fixing")
    assert tags() == [("new",)]
    assert "Updated 2 migration files" in aerich("fix-migrations")
    assert tags() == [], "downgrade() was not called"
    assert "get_or_create" not in upgrade_of(1)  # and the code is gone


def migrate_that_finds_no_change() -> None:
    """It, too, calls both of the newest file, if that is old: here on a database of the new version."""
    old_project("unchanged")
    empty_database("unchanged_ci")
    aerich("upgrade")
    assert tags() == [("new",)]
    assert "Filled `MODELS_STATE`" in aerich("migrate")
    assert tags() == [], "downgrade() of the newest file was not called"


def migrate_that_finds_changes() -> None:
    """JSONField and auto_now= pass for changed: an ALTER for nothing on PostgreSQL, an error on SQLite."""
    old_project("drafted")
    if not POSTGRES:
        assert "NotSupportError: Modify column is unsupported in SQLite" in fails("migrate")
        return
    aerich("migrate", "--name", "upgrade")
    assert 'ALTER TABLE "note" ALTER COLUMN "meta" TYPE JSONB USING "meta"::JSONB;' in upgrade_of(2)
    assert 'ALTER TABLE "note" ALTER COLUMN "at" TYPE TIMESTAMPTZ USING "at"::TIMESTAMPTZ;' in upgrade_of(2)
    assert upgrade_of(2).count("ALTER TABLE") == 2
    sql("CREATE VIEW metas AS SELECT meta FROM note")
    assert "cannot alter type of a column used by a view" in fails("upgrade")


def an_empty_file() -> None:
    """It records the models as they are, and alters nothing."""
    old_project("ahead")
    for name in ("behind", "faked"):
        old_database(name)
        sql("DELETE FROM aerich WHERE version LIKE '1_%'")
        sql("DELETE FROM tag")

    use("ahead")
    assert "No available heads" in aerich("heads")
    assert "run `aerich fix-migrations`" in aerich("migrate", "--empty", "--name", "upgrade")  # don't
    if POSTGRES:
        empty_database("stuck")
        assert "'NoneType' object has no attribute 'decode'" in fails("upgrade")  # by the empty string
        use("ahead")
    file(2).write_text(file(2).read_text().replace(EMPTY, 'return "SELECT 1"', 1))

    assert aerich("upgrade").count("Success") == 1
    assert "No changes detected" in aerich("migrate")
    use("behind")
    assert aerich("upgrade").count("Success") == 2
    assert "No changes detected" in aerich("migrate")
    empty_database("new")
    assert aerich("upgrade").count("Success") == 3
    assert "No changes detected" in aerich("migrate")
    for name in ("ahead", "behind", "new"):
        use(name)
        assert tags() == [("new",)]

    use("faked")
    assert aerich("heads").split() == [file(1).name, file(2).name]
    assert aerich("upgrade", "--fake").count("FAKED") == 2
    assert "No changes detected" in aerich("migrate")
    assert tags() == [], "a faked file was applied"


def straight_from_0_20() -> None:
    """Without 0.25 in between: the same file, on what 0.8.0 has recorded."""
    old_project("straight")
    old_database("jumped", state_of_0_20())
    if POSTGRES:
        aerich("migrate", "--name", "upgrade")
        assert upgrade_of(2).count("ALTER TABLE") == 2  # for nothing
        file(2).unlink()
    else:
        assert "NotSupportError" in fails("migrate")
    aerich("migrate", "--empty", "--name", "upgrade")
    file(2).write_text(file(2).read_text().replace(EMPTY, 'return "SELECT 1"', 1))
    assert "Success upgrading to 2_" in aerich("upgrade")
    assert "No changes detected" in aerich("migrate")
    assert tags() == [("new",)]


def afterwards() -> None:
    """What the tables lack, and Aerich does not add. Goes on in the project above."""
    use("ahead")
    sql("INSERT INTO note (meta) VALUES ('{}')")
    for _ in "12":
        sql("INSERT INTO note_tag VALUES (1, 'new')")
    assert sql("SELECT count(*) FROM note_tag") == [(2,)]  # a table of 0.20: no unique index
    sql("DELETE FROM note_tag")
    sql("CREATE UNIQUE INDEX by_hand ON note_tag (note_id, tag_id)")
    assert "No changes detected" in aerich("migrate")
    if POSTGRES:
        models("of_the_database", rank="default=7, db_default=8", more=JOB)
        aerich("migrate")
        assert 'ALTER TABLE "note" ALTER COLUMN "rank" TYPE INT USING "rank"::INT;' in upgrade_of(3)
        assert '"tries" INT NOT NULL DEFAULT 8' in upgrade_of(3) and upgrade_of(3).count("DEFAULT") == 1
        file(3).unlink()
        models("of_the_model", rank="default=9")
        aerich("migrate")
        assert 'ALTER TABLE "note" ALTER COLUMN "rank" SET DEFAULT 9' in upgrade_of(3)


(needed,) = (line for line in requires("aerich") or () if line.startswith("tortoise-orm"))
assert "!=1.0.0" in needed

home, path, arguments = Path.cwd(), sys.path[0], sys.argv
try:
    fix_migrations()
    migrate_that_finds_no_change()
    migrate_that_finds_changes()
    an_empty_file()
    afterwards()
    straight_from_0_20()
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
