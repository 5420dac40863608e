# snippet: needs="postgres"
"""The sequence after an import that writes keys, and the errors of a trigger."""

import asyncio
import os

import asyncpg
import psycopg
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

TRIGGER = """
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'not this row'{}; END $$;
CREATE OR REPLACE TRIGGER refuse BEFORE UPDATE ON seat FOR EACH ROW EXECUTE FUNCTION refuse()
"""
SET_SEQUENCE = "SELECT setval(pg_get_serial_sequence('seat', 'id'), (SELECT max(id) FROM seat))"
URL = os.environ["DATABASE_URL"]


class Seat(Model):
    row = fields.IntField()


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        await Seat.create(id=1, row=1)
        try:
            await Seat.create(row=2)
        except IntegrityError as error:
            assert "duplicate key value" in str(error)
        else:
            raise AssertionError("the sequence knew the key")

        # Refused inserts use up a number each, so set it back to see that setval() counts the rows.
        await context.db().execute_query("ALTER SEQUENCE seat_id_seq RESTART")
        await context.db().execute_query(SET_SEQUENCE)
        assert (await Seat.create(row=2)).id == 2

        expected: tuple[tuple[str, type[Exception]], ...] = (
            ("", psycopg.errors.RaiseException if URL.startswith("psycopg") else asyncpg.RaiseError),
            (" USING ERRCODE = 'check_violation'", IntegrityError),
        )
        for code, error in expected:
            await context.db().execute_script(TRIGGER.format(code))
            try:
                await Seat.filter(id=2).update(row=3)
            except Exception as raised:
                assert type(raised) is error, raised
            else:
                raise AssertionError("the trigger let it pass")


asyncio.run(main())
