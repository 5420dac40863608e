# snippet: needs="tortoise>=1.1.4"
"""What a database makes of values that a column does not take as they are, of an empty row, of two NULLs.

And which database makes an index for a foreign key.
"""

import asyncio
import os
from decimal import Decimal

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Price(Model):
    amount = fields.DecimalField(max_digits=3, decimal_places=2)


class Marker(Model):
    id = fields.IntField(primary_key=True)


class Seat(Model):
    class Meta:
        unique_together = (("row", "number"),)
        constraints = (CheckConstraint(check="number > 0", name="ck_seat_number"),)

    row = fields.IntField(null=True)
    number = fields.IntField()


class Line(Model):
    price: fields.ForeignKeyRelation[Price] = fields.ForeignKeyField("models.Price", related_name="lines")
    rank = fields.IntField(db_index=True)


INDEXES = {
    "sqlite": "SELECT sql AS definition FROM sqlite_master WHERE type = 'index' AND tbl_name = 'line'",
    "postgres": "SELECT indexdef AS definition FROM pg_indexes WHERE tablename = 'line'",
    "mysql": "SELECT column_name AS definition FROM information_schema.statistics"
    " WHERE table_schema = DATABASE() AND table_name = 'line'",
}


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        dialect = context.db().capabilities.dialect

        # The constructor rounds half to even, everywhere. Assigning does not round.
        price = await Price.create(amount="1.025")
        assert price.amount == Decimal("1.02")
        price.amount = Decimal("1.025")
        assert price.amount == Decimal("1.025")

        # Storing rounds as the database does.
        await price.save()
        halves = {"sqlite": "1.02", "postgres": "1.03", "mysql": "1.03"}
        assert (await Price.get()).amount == Decimal(halves[dialect])

        # Digits beyond max_digits.
        try:
            await Price.create(amount=1234)
        except OperationalError:
            assert dialect != "sqlite"
        else:
            assert dialect == "sqlite"
            assert await Price.filter(amount=1234).exists()

        # A generated key as the only column: nothing to insert.
        try:
            await Marker.create()
        except OperationalError as error:
            assert dialect == "mysql"
            assert "Query was empty" in str(error)
        else:
            assert dialect != "mysql"
        assert await Marker.all().count() == 0
        assert await Price.all().count() > 0

        # Two NULLs are not equal, so both rows are unique. generate_schemas() ignores the constraint.
        await Seat.create(row=None, number=-1)
        await Seat.create(row=None, number=-1)
        assert (await Seat.create(row=1, number=-1)).number == -1
        try:
            await Seat.create(row=1, number=-1)
        except IntegrityError as error:
            assert "seat" in str(error), error
        else:
            raise AssertionError("a row of Seat is there twice")

        definitions = str(await context.db().execute_query_dict(INDEXES[dialect]))
        assert ("price_id" in definitions) is (dialect == "mysql")
        assert "rank" in definitions


asyncio.run(main())
