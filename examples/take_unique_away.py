# snippet: needs="mysql, tortoise>=1.1.8"
"""The built-in tool takes `unique=True` away: on MariaDB it looks for the index under a wrong name.

There it also fails to remove a CHECK, to change CharField to TextField, and to drop a foreign key's column.
It rounds the stored values of a DecimalField that gets fewer places.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/take_unique_away.py
"""

import asyncio
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

from tortoise import fields, migrations
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import CheckConstraint
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model

sys.path.insert(0, str(Path(__file__).resolve().parent / "billing"))
own: Any = importlib.import_module("apps.common.operations")

FREE = ops.AlterField("Price", "sku", fields.CharField(9, null=True))
INDEXES = "SHOW INDEX FROM price WHERE Column_name = 'sku'"


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


class Cost(Model):
    """The model of old code."""

    id = fields.IntField(primary_key=True)
    code = fields.TextField()
    parent: fields.ForeignKeyRelation["Cost"] = fields.ForeignKeyField("models.Cost", "children")


async def migrate(*files: list[Any]) -> None:
    """Apply the operations of the last file, after those of the files before it."""
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        state = State(models={}, apps=StateApps(default_connections={"models": "default"}))
        for number, operations in enumerate(files, start=1):
            file = type("File", (migrations.Migration,), {"operations": operations, "atomic": False})
            editor = MigrationExecutor(connection, {})._schema_editor(atomic=False)
            editor.client = connection
            is_last = number == len(files)
            await file("file", "models").apply(
                state, dry_run=not is_last, schema_editor=editor if is_last else None
            )


async def rows(statement: str) -> list[dict[str, Any]]:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        return await context.connections.get("default").execute_query_dict(statement)


async def main() -> None:
    columns = [
        ("id", fields.IntField(primary_key=True)),
        ("sku", fields.CharField(9, null=True, unique=True)),
    ]
    first = [ops.CreateModel("Price", columns, options={"table": "price"})]
    await migrate(first)
    assert [row["Key_name"] for row in await rows(INDEXES)] == ["sku"]
    is_mariadb = "MariaDB" in (await rows("SELECT VERSION() AS v"))[0]["v"]
    try:
        await migrate(first, [FREE])
    except OperationalError as error:
        assert is_mariadb
        said = re.sub("(?<=uid_price_sku_)[0-9a-f]+", "XXXXXX", str(error)).replace('"', "'")
        assert said == "(1091, 'Can't DROP INDEX `uid_price_sku_XXXXXX`; check that it exists')"
        [wrong] = re.findall("uid_price_sku_[0-9a-f]+", str(error))
        assert [row["Key_name"] for row in await rows(INDEXES)] == ["sku"]  # still unique
        await migrate(first, [ops.RunSQL(f"ALTER TABLE price RENAME INDEX sku TO {wrong}"), FREE])
    else:
        assert not is_mariadb
    assert await rows(INDEXES) == []  # no longer unique
    if is_mariadb:
        await more()


async def refused(*files: list[Any]) -> str:
    """What MariaDB says to the last file."""
    try:
        await migrate(*files)
    except OperationalError as error:
        return str(error)
    raise AssertionError("it has gone well")


async def more() -> None:
    """A CHECK, another type, the column of a foreign key: the SQL by hand, the operation in StateOnly."""
    columns = [
        ("id", fields.IntField(primary_key=True)),
        ("code", fields.CharField(9)),
        ("parent", fields.ForeignKeyField("models.Cost", "children")),
    ]
    files: list[list[Any]] = [[ops.CreateModel("Cost", columns, options={"table": "cost"})]]
    await migrate(*files)
    files.append([ops.AddConstraint("Cost", CheckConstraint(check="code <> ''", name="ck_code"))])
    await migrate(*files)

    remove = ops.RemoveConstraint("Cost", "ck_code")
    assert "1064" in await refused(*files, [remove])  # DROP CHECK
    files.append([ops.RunSQL("ALTER TABLE cost DROP CONSTRAINT ck_code"), own.StateOnly(remove)])
    await migrate(*files)

    longer = ops.AlterField("Cost", "code", fields.TextField())
    kind = "SELECT data_type AS kind FROM information_schema.columns WHERE table_schema = DATABASE() "
    kind += "AND table_name = 'cost' AND column_name = 'code'"
    for _ in range(2):
        assert "1064" in await refused(*files, [longer])  # each time
        assert await rows(kind) == [{"kind": "longtext"}]  # although the column is changed
    files.append([ops.RunSQL("ALTER TABLE cost MODIFY code LONGTEXT NOT NULL"), own.StateOnly(longer)])
    await migrate(*files)

    # Fewer decimal_places round the stored values, without an error.
    files.append([ops.AddField("Cost", "rate", fields.DecimalField(8, 4, null=True))])
    await migrate(*files)
    files.append([ops.RunSQL("INSERT INTO cost (id, code, parent_id, rate) VALUES (9, 'x', 9, 1.2345)")])
    await migrate(*files)
    files.append([ops.AlterField("Cost", "rate", fields.DecimalField(8, 2, null=True))])
    await migrate(*files)
    assert [str(row["rate"]) for row in await rows("SELECT rate FROM cost")] == ["1.23"]
    files.append([ops.RunSQL("DELETE FROM cost")])
    await migrate(*files)

    # New code does not know the foreign key, and old code saves a row with NULL in it.
    nullable = ops.AlterField("Cost", "parent", fields.ForeignKeyField("models.Cost", "children", null=True))
    files.append([nullable, own.ForgetField("Cost", "parent")])
    await migrate(*files)
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.connections.get("default").execute_script("INSERT INTO cost (code) VALUES ('new')")
        old = await Cost.get()
        old.code = "old"
        await old.save()
        assert await Cost.filter(code="old", parent_id=None).count() == 1
    drop = ops.RunSQL("ALTER TABLE cost DROP COLUMN parent_id")
    assert "1553" in await refused(*files, [drop])
    name = "SELECT constraint_name AS name FROM information_schema.referential_constraints "
    name += "WHERE constraint_schema = DATABASE() AND table_name = 'cost'"
    ((key,),) = [row.values() for row in await rows(name)]
    await migrate(*files, [ops.RunSQL(f"ALTER TABLE cost DROP FOREIGN KEY {key}"), drop])


asyncio.run(main())
