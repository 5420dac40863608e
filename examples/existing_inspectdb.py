# snippet: needs="aerich, tortoise>=1.1.4"
"""`aerich inspectdb`: what its draft lacks and what is wrong in it, on SQLite, PostgreSQL and MariaDB."""

import asyncio
import os
from typing import Any

from aerich import Command
from aerich.exceptions import NotSupportError
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")
KIND = "postgres" if URL.startswith(("postgres", "asyncpg", "psycopg")) else URL.partition(":")[0]
KEY = {
    "sqlite": "id INTEGER PRIMARY KEY",
    "postgres": "id SERIAL PRIMARY KEY",
    "mysql": "id INT AUTO_INCREMENT PRIMARY KEY",
}[KIND]
SMALL = {"sqlite": "INT", "postgres": "SMALLINT", "mysql": "TINYINT"}[KIND]
WHOLE = "INTEGER" if KIND == "sqlite" else "INT"
TABLES = f"""
CREATE TABLE client ({KEY}, name VARCHAR(80) NOT NULL UNIQUE);
CREATE TABLE sales_order (
    {KEY},
    client_id {WHOLE} NOT NULL REFERENCES client (id),
    parent_id {WHOLE} REFERENCES sales_order (id),
    seats {SMALL} NOT NULL,
    discount {WHOLE},
    state VARCHAR(8) NOT NULL DEFAULT 'new'
);
CREATE INDEX ix_state ON sales_order (state);
CREATE INDEX ix_state_seats ON sales_order (state, seats);
CREATE VIEW order_state AS SELECT id, state FROM sales_order;
"""


class Wrong(Model):
    """What the draft says about a number, on SQLite and MariaDB."""

    class Meta:
        table = "sales_order"

    id = fields.IntField(primary_key=True)
    seats = fields.BooleanField()


class Client(Model):
    """With a column that the table lacks."""

    class Meta:
        table = "client"

    id = fields.IntField(primary_key=True)
    note = fields.CharField(max_length=9, null=True, description="a note")


class Plain(Model):
    """The same without a description."""

    class Meta:
        table = "client"

    id = fields.IntField(primary_key=True)
    note = fields.CharField(max_length=9, null=True)


class SalesOrder(Model):
    """The draft has no Meta."""

    id = fields.IntField(primary_key=True)


def drafted(draft: str, model: str) -> list[str]:
    """The lines of the class `model`."""
    return (
        draft.partition(f"class {model}(Model):\n")[2].partition("\n\n")[0].replace("    ", "").splitlines()
    )


async def inspect(*tables: str, types: dict[str, str] | None = None) -> str:
    app = {"models": ["__main__", "aerich.models"], "default_connection": "default"}
    # The connection of the context below is used: an SQLite database in memory has only one.
    command = Command({"connections": {"default": URL}, "apps": {"models": app}}, inspectdb_fields=types)
    return await command.inspectdb(list(tables))


async def columns(context: TortoiseContext, definition: str) -> list[str]:
    """The draft of a table that has only this column and a key."""
    await context.db().execute_script(f"CREATE TABLE one ({KEY}, {definition})")
    try:
        return [line for line in drafted(await inspect("one"), "One") if not line.startswith("id = ")]
    finally:
        await context.db().execute_script("DROP TABLE one")


async def main() -> None:
    async with TortoiseContext() as context:
        config: dict[str, Any] = {
            "connections": {"default": URL},
            "apps": {"models": {"models": ["__main__"], "default_connection": "default"}},
        }
        await context.init(config=config)
        db = context.db()
        await db.execute_script(TABLES)
        if KIND != "sqlite":
            assert "class OrderState(Model)" in await inspect()  # of all tables, and a view
        draft = await inspect("client", "sales_order")
        assert "Meta" not in draft
        assert SalesOrder.describe()["table"] == "salesorder"
        order = drafted(draft, "SalesOrder")
        assert "ForeignKey" not in draft
        assert any(line.startswith("client_id = fields.IntField(") for line in order)
        (discount,) = (line for line in order if line.startswith("discount"))
        assert not [
            line
            for line in order
            if "default=NULL" in line and not line.startswith(("discount", "parent_id"))
        ]
        assert "null=True" not in discount  # though the column may be NULL

        (seats,) = (line for line in order if line.startswith("seats"))
        states = [line for line in order if line.startswith("state")]
        assert seats.startswith("seats = fields." + ("SmallInt" if KIND == "postgres" else "Boolean"))
        assert len(states) == (2 if KIND == "mysql" else 1)  # a column of two indexes
        if KIND == "postgres":
            assert "unique=True" not in draft and "index" not in draft
            keys = [line for line in order if line.startswith("id = ")]
            assert len(keys) == 2  # the table refers to itself
            broken = "id = fields.IntField(default=nextval('sales_order_id_seq')"
            assert broken in keys
            try:
                compile(draft, "models.py", "exec")
            except SyntaxError:
                pass
            else:
                raise AssertionError("the draft is Python")
        else:
            compile(draft, "models.py", "exec")
            assert "unique=True" in draft and "db_index=True" in draft
            version = "sqlite_version()" if KIND == "sqlite" else "VERSION()"
            (server,) = await db.execute_query_dict(f"SELECT {version} AS version")
            assert ("default=NULL" in discount) is ("MariaDB" in server["version"])  # a NameError
            await db.execute_script(
                "INSERT INTO client (id, name) VALUES (1, 'a');"
                "INSERT INTO sales_order (id, client_id, seats) VALUES (1, 1, 5), (2, 1, -5)"
            )
            for row in await Wrong.all():
                assert row.seats is True
                await row.save()
            assert await db.execute_query_dict("SELECT seats FROM sales_order") == [{"seats": 1}] * 2

        if KIND != "sqlite":
            (price,) = await columns(context, "price NUMERIC(10, 2) NOT NULL")
            assert price == "price = fields.DecimalField()"
            try:
                fields.DecimalField()  # type: ignore[call-overload]
            except TypeError as error:
                assert "'max_digits' and 'decimal_places'" in str(error)
            else:
                raise AssertionError("a DecimalField without digits")
            fields.DecimalField(max_digits=10, decimal_places=2)
        if KIND == "postgres":  # not only integers
            assert await columns(context, "code UUID") == ["code = fields.UUIDField()"]
            assert await columns(context, "at TIMESTAMP NOT NULL") == ["at = fields.DatetimeField()"]
        (name,) = await columns(context, "name VARCHAR(9)")
        assert "null=True" in name
        if KIND == "mysql":
            assert await columns(context, "code CHAR(3) NOT NULL") == ["code = fields.UUIDField()"]
            (sold,) = await columns(context, "sold TINYINT")
            version = str((await db.execute_query_dict("SELECT VERSION() AS v"))[0]["v"])
            default = ", default=False" if "MariaDB" in version else ""
            assert sold == f"sold = fields.BooleanField(null=True{default})"

        # What Aerich's first file and generate_schemas() send for a table that exists and lacks the column.
        create = db.schema_generator(db)._get_table_sql(Client, safe=True)["table_creation_string"]
        try:
            await db.execute_script(create)
        except OperationalError as error:
            assert 'column "note" of relation "client" does not exist' in str(error)
            assert KIND == "postgres"  # it sends the description of the column
        else:
            assert KIND != "postgres"

        create = db.schema_generator(db)._get_table_sql(Plain, safe=True)["table_creation_string"]
        await db.execute_script(create)  # no error, on no database
        try:
            read = await Plain.filter(id=1).values_list("note", flat=True)
        except OperationalError as error:
            read = str(error)  # the column is still missing
        if KIND == "sqlite":
            assert read == ["note"]  # WRONG: a name in quotes that is no column is a text
            assert not hasattr(await Plain.get(id=1), "note")
        else:
            assert "note" in read and isinstance(read, str)

        # A type that it does not know: no draft at all, until the type has a field.
        unknown, name = {"sqlite": ("DATETIME", "DATETIME"), "postgres": ("json", "json")}.get(
            KIND, ("MEDIUMTEXT", "mediumtext")
        )
        await db.execute_script(f"CREATE TABLE odd ({KEY}, value {unknown} NOT NULL)")
        try:
            await inspect("client", "odd")
        except NotSupportError as error:
            assert f"Can't translate column.data_type='{name}' to be tortoise field" in str(error)
        else:
            raise AssertionError(f"{unknown} is known")
        assert "class Client" in await inspect("client")  # `--table client`
        assert "value = fields.TextField()" in await inspect("odd", types={name: "TextField"})


asyncio.run(main())
