"""What a decimal column stores: NaN (PostgreSQL and SQLite), a difference with and without Round (SQLite).

And a sum beyond `max_digits`.

By hand: DATABASE_URL=sqlite://:memory: python examples/decimals_stored.py
"""

import asyncio
import os
from decimal import Decimal

from pydantic import BaseModel, ValidationError
from pypika_tortoise.terms import CustomFunction
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.expressions import F, Function
from tortoise.models import Model
from tortoise.transactions import in_transaction

NAN = Decimal("NaN")
NO_NAN = "amount > 0 AND amount <> 'NaN'"
LIMITS = "amount BETWEEN 0.01 AND 9999999999.99"
BARE = "amount BETWEEN 0.01 AND 5000"
CAST = BARE.replace("amount", "CAST(amount AS DECIMAL(12, 2))")


class Price(Model):
    id = fields.IntField(primary_key=True)
    amount = fields.DecimalField(max_digits=12, decimal_places=2)


class Round(Function):
    database_func = CustomFunction("ROUND", ["number", "places"])


class PriceIn(BaseModel):
    amount: Decimal


async def refused(amount: str | int) -> str:
    """What the database says against a row with this amount; nothing if it takes the row."""
    try:
        await Price.create(id=2, amount=Decimal(amount))
    except (IntegrityError, OperationalError) as error:
        return str(error)
    await Price.filter(id=2).delete()
    return ""


async def too_large() -> str:
    """Add one cent to the largest amount. Return the error, or the stored amount."""
    await Price.filter(id=1).update(amount=Decimal("9999999999.99"))
    try:
        await Price.filter(id=1).update(amount=Round(F("amount") + Decimal("0.01"), 2))
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return str((await Price.get(id=1)).amount)


async def test_too_large(db: BaseDBAsyncClient) -> None:
    is_psycopg = type(db).__module__.startswith("tortoise.backends.psycopg")
    said = {
        "sqlite": "10000000000.00",
        "postgres": ("NumericValueOutOfRange" if is_psycopg else "OperationalError")
        + ": numeric field overflow",
        "mysql": 'OperationalError: (1264, "Out of range',
    }
    assert (await too_large()).startswith(said[db.capabilities.dialect])
    if db.capabilities.dialect == "mysql":
        async with in_transaction() as connection:  # the same session for all queries
            await connection.execute_query("SET SESSION sql_mode = ''")
            assert await too_large() == "9999999999.99"  # WRONG
            await connection.execute_query("SET SESSION sql_mode = DEFAULT")


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        db = context.db()
        dialect = db.capabilities.dialect
        text = "VARCHAR(40)" if dialect == "sqlite" else "DECIMAL(12, 2)"  # as Tortoise makes the column
        create = f"CREATE TABLE price (id INT PRIMARY KEY, amount {text} CHECK ({{}}))"
        for check, refuses in (("amount > 0", False), (NO_NAN, True), (LIMITS, True)):
            await db.execute_script("DROP TABLE IF EXISTS price")
            await db.execute_script(create.format(check))
            if dialect == "mysql" and check == NO_NAN:
                assert "Truncated incorrect" in await refused("1"), "MariaDB compares 'NaN' as a number"
                continue
            await Price.create(id=1, amount=1)
            try:
                await Price.filter(id=1).update(amount=NAN)
            except IntegrityError:
                assert refuses and dialect != "mysql"
            except OperationalError as error:
                assert dialect == "mysql" and "Unknown column 'NaN'" in str(error)
            else:
                assert not refuses and (await Price.get(id=1)).amount.is_nan()
                found = await Price.filter(amount__gt=10**9).count()
                assert found == (1 if dialect == "postgres" else 0)  # NaN is greater than all numbers
        for amount in ("0.01", "5", "60", "9999999999.99"):
            await Price.filter(id=1).update(amount=Decimal(amount))
        assert await refused("0") and await refused("-1")
        for check, refuses in ((CAST, False), (BARE, dialect == "sqlite")):
            await db.execute_script("DROP TABLE price")
            await db.execute_script(create.format(check))
            await Price.create(id=1, amount=5)
            assert bool(await refused(600)) is refuses  # WRONG on SQLite: as text, 600 is greater than 5000
            assert await refused("6000") and await refused("0") and await refused("NaN")
        rest = Price.filter(id=1, amount__gte=Decimal("0.10"))
        for computed in (F("amount") - Decimal("5.40"), Round(F("amount") - Decimal("5.40"), 2)):
            await Price.filter(id=1).update(amount=Decimal("5.50"))
            await Price.filter(id=1).update(amount=computed)
            assert (await Price.get(id=1)).amount == Decimal("0.10")
            is_wrong = dialect == "sqlite" and not isinstance(computed, Round)
            assert await rest.exists() is not is_wrong  # WRONG on SQLite: it stores 0.0999999999999996
        await Price.filter(id=1).update(amount=Decimal("0.10"))
        await Price.filter(id=1).update(amount=Round(F("amount") + Decimal("0.20"), 2))
        assert await Price.filter(amount=Decimal("0.30")).exists()
        await db.execute_script("DROP TABLE price")
        await db.execute_script(create.format("amount > 0"))
        await Price.create(id=1, amount=1)
        await test_too_large(db)
        await db.execute_script("DROP TABLE price")
    try:
        PriceIn(amount=NAN)
    except ValidationError as error:
        assert "finite number" in str(error)
    else:
        raise AssertionError("Pydantic takes NaN")


asyncio.run(main())
