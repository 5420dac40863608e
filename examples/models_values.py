# snippet: needs="tortoise>=1.1.4"
"""What a database makes of values that a column does not take as they are, of an empty row, of two NULLs.

And which database makes an index for a foreign key, how Tortoise makes one, and a foreign key without a
constraint. MariaDB counts the rows that an UPDATE changes, so force_update=True finds no row if all values
stay the same.
"""

import asyncio
import os
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import FieldError, IntegrityError, OperationalError, ValidationError
from tortoise.expressions import Case, F, When
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.utils import get_schema_sql
from tortoise.validators import MinValueValidator

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Price(Model):
    amount = fields.DecimalField(max_digits=3, decimal_places=2)


class Fee(Model):
    amount = fields.DecimalField(max_digits=5, decimal_places=2, unique=True)


class Marker(Model):
    id = fields.IntField(primary_key=True)


class Seat(Model):
    class Meta:
        unique_together = (("row", "number"),)
        constraints = (CheckConstraint(check="number > 0", name="ck_seat_number"),)

    row = fields.IntField(null=True)
    number = fields.IntField()


class Page(Model):
    """Its number is validated, and its text is JSON."""

    number = fields.IntField(default=0, validators=[MinValueValidator(0)])
    kind = fields.CharField(max_length=9, default="plain", db_default="plain")
    size = fields.CharField(max_length=9, db_default="small")
    data = fields.JSONField(null=True)


class Line(Model):
    price: fields.ForeignKeyRelation[Price] = fields.ForeignKeyField("models.Price", related_name="lines")
    old_price: fields.ForeignKeyRelation[Price] = fields.ForeignKeyField(
        "models.Price", related_name="old_lines", source_field="was", db_index=True
    )
    rank = fields.IntField(db_index=True)


class Quote(Model):
    price: fields.ForeignKeyNullableRelation[Price] = fields.ForeignKeyField(
        "models.Price", related_name="quotes", db_constraint=False, null=True
    )
    number = fields.IntField(default=0)


class Stamp(Model):
    key = fields.UUIDField(null=True)
    day = fields.DateField(null=True)


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

        # Storing rounds as the database does. SQLite keeps all digits, so a filter by 1.02 finds nothing.
        await price.save()
        halves = {"sqlite": "1.02", "postgres": "1.03", "mysql": "1.03"}
        assert (await Price.get()).amount == Decimal(halves[dialect])
        assert await Price.filter(amount=Decimal(halves[dialect])).exists() is (dialect != "sqlite")
        assert await Price.filter(amount=Decimal("1.025")).exists() is (dialect == "sqlite")
        await Price.all().update(amount=Decimal("1.045"))
        assert await Price.filter(amount=Decimal("1.045")).exists() is (dialect == "sqlite")

        # Digits beyond max_digits.
        try:
            await Price.create(amount=1234)
        except OperationalError:
            assert dialect != "sqlite"
        else:
            assert dialect == "sqlite"
            assert await Price.filter(amount=1234).exists()

        # With both defaults, a new object has the value. With `db_default=` alone, it has a placeholder.
        assert Page().kind == "plain" and Page().size != "small"

        # Numbers out of the column's range. SQLite takes up to 64 bits.
        for number, stored in ((2**31, dialect == "sqlite"), (2**63, False)):
            try:
                await Page.create(number=number)
            except (OperationalError, OverflowError):
                assert not stored
            else:
                assert stored
        await Page.all().delete()

        # A validator looks at values, also in bulk calls, and not at expressions.
        page = await Page.create(number=1)
        page.number = -1
        for write in (Page.bulk_update([page], ["number"]), Page.bulk_create([Page(number=-1)]), page.save()):
            try:
                await write
            except ValidationError:
                assert (await Page.get()).number == 1
            else:
                raise AssertionError("a negative number was stored")
        await Page.all().update(number=F("number") - 2)
        assert (await Page.get()).number == -1
        await Page.all().update(number=Case(When(number__lt=0, then=F("number") - 2), default=F("number")))
        assert (await Page.get()).number == -3

        # A row that is there, and values that stay the same: MariaDB counts no changed row.
        page = await Page.create(number=5)
        try:
            await page.save(force_update=True)
        except IntegrityError as error:
            assert dialect == "mysql"
            assert "Can't update object that doesn't exist" in str(error)
        else:
            assert dialect != "mysql"

        # JSON: text is parsed, and what JSON has no form for is refused.
        assert (await Page.create(data='{"a": 1}')).data == {"a": 1}
        assert (await Page.create(data="1")).data == 1
        page.data = "plain text"  # an assignment checks and parses nothing, save() does
        try:
            await page.save()
        except FieldError as error:
            assert "is invalid json value" in str(error)
        else:
            raise AssertionError("stored")
        page.data = '{"a": 1}'
        await page.save()
        assert page.data == '{"a": 1}'
        assert (await Page.get(id=page.id)).data == {"a": 1}
        for data in ("plain text", [Decimal(1)], [UUID(int=1)], [datetime(2026, 1, 1)]):
            try:
                await Page.create(data=data)
            except (FieldError, TypeError) as error:
                assert isinstance(error, FieldError) is (data == "plain text")
            else:
                raise AssertionError("stored")

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

        # Without a constraint, the database keeps a key of a row that is gone, and takes one of no row.
        price = await Price.create(amount=1)
        await Quote.create(price=price)
        await Quote.create(price_id=price.pk + 99)
        await price.delete()
        kept, never = await Quote.all().order_by("id")
        assert (kept.price_id, never.price_id) == (price.pk, price.pk + 99)
        for quote in (kept, never):
            assert await quote.price is None
        quote = await Quote.get(id=kept.id).prefetch_related("price")
        assert quote.price is None and quote.price_id is None
        await quote.save()
        assert (await Quote.get(id=kept.id)).price_id is None

        await Quote.filter(id=kept.id).update(price_id=price.pk)
        quote = await Quote.get(id=kept.id)
        await quote.fetch_related("price")
        await quote.save()
        assert await Quote.exists(id=kept.id, price_id=None)

        # A Prefetch whose filter finds no row does the same, also with to_attr.
        quote = await Quote.create(price=await Price.create(amount=1))
        other = Prefetch("price", queryset=Price.filter(amount=2), to_attr="two")
        await (await Quote.get(id=quote.id).prefetch_related(other)).save()
        assert (await Quote.get(id=quote.id)).price_id is None

        # select_related() keeps the key, and update_fields leaves it out.
        gone = await Quote.create(price_id=price.pk)
        joined = await Quote.get(id=gone.id).select_related("price")
        assert joined.price is None and joined.price_id == price.pk
        await joined.save()
        fetched = await Quote.get(id=gone.id).prefetch_related("price")
        await fetched.save(update_fields=["number"])
        assert (await Quote.get(id=gone.id)).price_id == price.pk

        # An object without a key is no error.
        linked = await Quote.create(price=await Price.create(amount=1))
        linked.price = Price(amount=1)
        await linked.save()
        assert (await Quote.get(id=linked.id)).price_id is None
        assert linked in await Quote.filter(price=Price(amount=1))
        await Quote.filter(id=gone.id).update(price=Price(amount=1))
        assert (await Quote.get(id=gone.id)).price_id is None

        # A UUID as text: SQLite compares all characters. MariaDB ignores the case.
        key = UUID("aaaaaaaa-0000-4000-8000-000000000001")
        await Stamp.create(key=key)
        assert await Stamp.filter(key=str(key)).exists()
        assert await Stamp.filter(key=key.hex).exists() is (dialect == "postgres")
        assert await Stamp.filter(key=str(key).upper()).exists() is (dialect != "sqlite")
        assert await Stamp.filter(key=UUID(str(key).upper())).exists()
        await Stamp.filter(key=key).delete()

        # A fraction is cut off, also in a filter.
        await Quote.filter(number__not=0).delete()
        await Quote.create(number="5")
        for number in (5.7, Decimal("5.7")):
            await Quote.filter(number__not=0).update(number=number)
            assert (await Quote.get(number__not=0)).number == 5
            assert await Quote.filter(number=number).count() == 1
        assert await Quote.filter(number__not=0, number__lt=5.5).count() == 0
        await Quote.filter(number=5).delete()

        # update() and save() take any text for a UUID. Off PostgreSQL, no query reads the row then.
        bad = await Stamp.create()
        bad.key = "no"
        for write in (Stamp.all().update(key="no"), bad.save()):
            try:
                await write
                assert dialect != "postgres"
            except OperationalError:
                assert dialect == "postgres"
        try:
            assert (await Stamp.all())[0].key is None and dialect == "postgres"
        except ValueError as error:
            assert dialect != "postgres" and str(error) == "badly formed hexadecimal UUID string"
        await Stamp.all().delete()

        # A time in a DateField: SQLite keeps the time, so no date is equal to it. With psycopg and on
        # MariaDB, the stored date is not equal to the time, so get_or_create() inserts each time.
        late = datetime(2026, 3, 1, 22, tzinfo=UTC)
        for _ in range(2):
            await Stamp.get_or_create(day=late)
        assert await Stamp.filter(day=date(2026, 3, 1)).exists() is (dialect != "sqlite")
        is_equal = dialect == "sqlite" or "asyncpg" in type(context.db()).__module__
        assert await Stamp.filter(day__isnull=False).count() == (1 if is_equal else 2)

        # A unique decimal: SQLite compares the texts 80.5 and 80.50.
        fee, other = await Fee.create(amount="80.50"), await Fee.create(amount=1)
        try:
            await Fee.filter(id=other.id).update(amount=Decimal("80.5"))
            assert dialect == "sqlite" and await Fee.filter(amount=fee.amount).count() == 2
        except IntegrityError:
            assert dialect != "sqlite"

        # Only an assignment of a related object is checked, and names that the model lacks are ignored.
        try:
            never.price = bad  # type: ignore[assignment]
            raise AssertionError("an object of another class was taken")
        except ValidationError as error:
            assert "Invalid type for relationship field" in str(error)
        same, _ = await Price.update_or_create(defaults={"amount": 1, "nonsense": 1}, id=price.pk)
        assert not hasattr(same.update_from_dict({"nonsense": 1}), "nonsense")

        definitions = str(await context.db().execute_query_dict(INDEXES[dialect]))
        assert ("price_id" in definitions) is (dialect == "mysql")
        assert "idx_line_was" in get_schema_sql(context.db(), safe=False)  # db_index=True
        quotes = await context.db().execute_query_dict(INDEXES[dialect].replace("'line'", "'quote'"))
        assert "price_id" not in str(quotes)  # db_constraint=False
        assert "was" in definitions
        assert "rank" in definitions


asyncio.run(main())
