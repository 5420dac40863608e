# snippet: needs="postgres"
"""A key that the program writes does not move PostgreSQL's sequence. After an import setval() moves it."""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

SET_SEQUENCE = "SELECT setval(pg_get_serial_sequence('seat', 'id'), (SELECT max(id) FROM seat))"


class Seat(Model):
    row = fields.IntField()


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
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


asyncio.run(main())
