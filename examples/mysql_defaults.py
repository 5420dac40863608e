# snippet: needs="mysql, tortoise>=1.1.7"
"""MariaDB accepts a default of a text column, MySQL does not. A table needs a column beside its key.

MariaDB ignores spaces at the end of a text. With utf8mb4_general_ci it takes all emoji as equal, with
utf8mb4_uca1400_ai_ci it does not.

What `INSERT IGNORE` changes or drops, an ordinary INSERT refuses.

By hand: DATABASE_URL=mysql://user:password@host/database python examples/mysql_defaults.py
"""

import asyncio
import os
from datetime import UTC, datetime

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.utils import get_schema_sql


class Ticket(Model):
    id = fields.IntField(primary_key=True)


class Seat(Model):
    id = fields.IntField(primary_key=True)
    ticket = fields.ForeignKeyField("models.Ticket")
    number = fields.IntField()


class Note(Model):
    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=9)


class Letter(Model):
    id = fields.IntField(primary_key=True)
    text = fields.TextField(db_default="")
    seen = fields.DatetimeField(db_default="2000-01-01 00:00:00")  # MariaDB refuses a DEFAULT with a zone


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        client = context.connections.get("default")
        is_mariadb = "MariaDB" in (await client.execute_query_dict("SELECT VERSION() AS v"))[0]["v"]
        try:
            await context.generate_schemas()
            letter = await Letter.create()
            await letter.refresh_from_db()
            assert (letter.text, letter.seen) == ("", datetime(2000, 1, 1, tzinfo=UTC))
            assert is_mariadb
        except OperationalError as error:
            assert "1101" in str(error) and not is_mariadb  # MySQL: can't have a default value
        if is_mariadb:  # its collation pads texts with spaces
            assert await client.execute_query_dict("SELECT 'a' = 'a ' AS same") == [{"same": 1}]
            faces = "SELECT '😀' = '🍎' COLLATE {} AS same"
            (general,) = await client.execute_query_dict(faces.format("utf8mb4_general_ci"))
            (newer,) = await client.execute_query_dict(faces.format("utf8mb4_uca1400_ai_ci"))  # from 10.10 on
            assert (general["same"], newer["same"]) == (1, 0)
            sql = "SELECT 'a' = 'a ' COLLATE {} AS same"
            (bare,) = await client.execute_query_dict(sql.format("utf8mb4_bin"))
            (exact,) = await client.execute_query_dict(sql.format("utf8mb4_nopad_bin"))
            assert (bare["same"], exact["same"]) == (1, 0)
            ticket = await Ticket.create(id=0)
            assert ticket.id == 0 and not await Ticket.exists(id=0) and await Ticket.exists(id=1)
            assert await Ticket.filter(id__gt=0).delete() == 1
            zero = await Note.create(id=0, text="a")
            zero.text = "b"
            await zero.save()  # no row has the key 0
            assert (await Note.get()).text == "a"
            await Ticket.create(id=1)
            rows = [Seat(ticket_id=404, number=1), Seat(ticket_id=1, number=10**12)]
            assert Seat.bulk_create(rows, ignore_conflicts=True).sql().startswith("INSERT IGNORE")
            await Seat.bulk_create(rows, ignore_conflicts=True)
            (stored,) = await Seat.all()
            assert (stored.ticket_id, stored.number) == (1, 2**31 - 1)  # type: ignore[attr-defined]
        mistakes = ({"ticket_id": 404, "number": 1}, "1452"), ({"ticket_id": 1, "number": 10**12}, "1264")
        for values, number in mistakes if is_mariadb else ():  # on MySQL the last table is missing now
            try:
                await Seat.create(**values)
            except (IntegrityError, OperationalError) as error:
                assert number in str(error)
            else:
                raise AssertionError(values)
        if not is_mariadb:
            (exact,) = await client.execute_query_dict("SELECT 'a' = 'a ' COLLATE utf8mb4_0900_bin AS same")
            assert exact["same"] == 0
        (name,) = await client.execute_query_dict("SELECT DATABASE() AS name")
        await client.execute_script(f"ALTER DATABASE `{name['name']}` COLLATE utf8mb4_bin")
        await client.execute_script("DROP TABLE IF EXISTS seat, ticket, letter")
        for statement in get_schema_sql(client, safe=True).split(";"):
            if statement.strip() and "`letter`" not in statement:  # MySQL refuses this table, as above
                await client.execute_script(statement)
        (made,) = await client.execute_query_dict("SHOW CREATE TABLE ticket")
        assert "utf8mb4_bin" not in made["Create Table"]  # the collation of the database has no effect
        try:
            await Ticket.create()
        except OperationalError as error:
            assert "1065" in str(error)
        else:
            raise AssertionError("created")


asyncio.run(main())
