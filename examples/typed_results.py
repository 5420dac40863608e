"""Which Python types values(), aggregates and raw SQL return on each database. Pydantic makes them equal.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/typed_results.py
"""

import asyncio
import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BeforeValidator, TypeAdapter, ValidationError
from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.expressions import F, RawSQL
from tortoise.functions import Avg, Coalesce, Count, Max, Min, Sum
from tortoise.models import Model

DRIVER = os.environ["DATABASE_URL"].partition(":")[0]
KIND = "postgres" if DRIVER == "asyncpg" else DRIVER
AT = datetime(2026, 1, 1, tzinfo=UTC)


class Sale(Model):
    class Meta:
        table = "sale"

    id = fields.UUIDField(primary_key=True)
    amount = fields.DecimalField(max_digits=16, decimal_places=2)
    sold_at = fields.DatetimeField()
    open = fields.BooleanField()
    data = fields.JSONField[Any]()
    pieces = fields.IntField()
    many = fields.BigIntField(default=1)
    took = fields.TimeDeltaField()


def aware(value: datetime) -> datetime:
    """MariaDB stores times of UTC without an offset, if `timezone` is UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def microseconds(value: Any) -> Any:
    return timedelta(microseconds=int(value)) if isinstance(value, int | Decimal) else value


Aware = Annotated[datetime, AfterValidator(aware)]
Json = Annotated[dict[str, Any], BeforeValidator(loaded)]
JsonList = Annotated[list[Any], BeforeValidator(loaded)]
Delta = Annotated[timedelta, BeforeValidator(microseconds)]


@dataclass(frozen=True)
class Row:
    id: UUID
    amount: Decimal
    sold_at: Aware
    open: bool
    data: Json
    pieces: int
    many: int
    took: Delta


@dataclass(frozen=True)
class Wrong:
    took: timedelta  # without `microseconds`


def types(row: dict[str, Any]) -> dict[str, type]:
    """The UUIDs of asyncpg are a class of their own, which extends UUID."""
    return {name: UUID if isinstance(value, UUID) else type(value) for name, value in row.items()}


MODEL = {
    "id": UUID,
    "amount": Decimal,
    "sold_at": datetime,
    "open": bool,
    "data": dict,
    "pieces": int,
    "many": int,
    "took": timedelta,
}
RAW: dict[str, dict[str, type]] = {
    "sqlite": MODEL | {"id": str, "amount": str, "sold_at": str, "open": int, "data": str, "took": int},
    "postgres": MODEL | {"data": str, "took": int},
    "psycopg": MODEL | {"took": int},
    "mysql": MODEL | {"id": str, "open": int, "data": str, "took": int},
}
EXPRESSIONS: dict[str, dict[str, type]] = {
    "sqlite": {"twice": float, "or_zero": float, "text": str, "when": str},
    "postgres": {"twice": Decimal, "or_zero": Decimal, "text": Decimal, "when": datetime},
}
SUMS: dict[str, dict[str, type]] = {
    "sqlite": {"total": float, "mean": float, "last": str, "pieces": int, "many": int},
    "postgres": {"total": Decimal, "mean": Decimal, "last": datetime, "pieces": int, "many": Decimal},
    "mysql": {"total": Decimal, "mean": Decimal, "last": datetime, "pieces": Decimal, "many": Decimal},
}
for of in (EXPRESSIONS, SUMS):
    of["psycopg"] = of["postgres"]
    of.setdefault("mysql", of["postgres"])


async def main() -> None:
    async with TortoiseContext() as context:
        models = {"models": ["__main__"]}
        await context.init(db_url=os.environ["DATABASE_URL"], modules=models, use_tz=True)
        await context.generate_schemas(safe=False)
        connection = get_connection("default")
        for number, amount in enumerate(("1.50", "1.55"), start=1):
            await Sale.create(
                id=UUID(int=number),
                amount=Decimal(amount),
                sold_at=AT,
                open=True,
                data={"a": [1]},
                pieces=2 + number,
                took=timedelta(hours=1),
            )

        # values(): the fields convert the values, on each database alike.
        (row, _) = await Sale.all().order_by("id").values()
        assert types(row) == MODEL
        assert row["sold_at"] == AT
        expected = Row(**row)

        # Aggregates of a field have the type of the field: a mean loses its fraction.
        one = await Sale.annotate(
            total=Sum("amount"), mean=Avg("amount"), last=Max("sold_at"), pieces_mean=Avg("pieces")
        ).values("total", "mean", "last", "pieces_mean")
        assert types(one[0]) == {"total": Decimal, "mean": Decimal, "last": datetime, "pieces_mean": int}
        assert one[0]["pieces_mean"] == 3  # WRONG: the mean of 3 and 4 is 3.5
        assert one[0]["mean"] == Decimal("1.52")  # WRONG: the mean of 1.50 and 1.55 is 1.525
        means = Sale.annotate(mean=RawSQL("AVG(amount)"), pieces_mean=RawSQL("AVG(pieces)"))
        (one_row,) = await means.values("mean", "pieces_mean")
        assert {name: float(value) for name, value in one_row.items()} == {"mean": 1.525, "pieces_mean": 3.5}
        lasting = "took_total", "took_mean"
        totals = Sale.annotate(took_total=Sum("took"), took_mean=Avg("took"))
        if KIND == "sqlite":
            (one_row,) = await totals.values(*lasting)
            assert [one_row[name] for name in lasting] == [timedelta(hours=2), timedelta(hours=1)]
        else:
            for name in lasting:  # the driver's Decimal is no number of microseconds for timedelta()
                try:
                    await totals.values(name)
                    raise AssertionError("no error")
                except TypeError as error:
                    assert "unsupported type for timedelta" in str(error)
        (one_row,) = await Sale.annotate(took_total=RawSQL("SUM(took)")).values("took_total")
        assert TypeAdapter(Delta).validate_python(one_row["took_total"]) == timedelta(hours=2)
        (one_row,) = await Sale.annotate(computed=Avg(F("pieces") * 1.0)).values("computed")
        assert one_row["computed"] == 3  # WRONG, too
        edges = Sale.annotate(least=Min("took"), most=Max("amount"), rows=Count("id"))
        (one_row,) = await edges.values("least", "most", "rows")
        assert one_row == {"least": timedelta(hours=1), "most": Decimal("1.55"), "rows": 2}

        # Expressions: no field converts them.
        computed = Sale.annotate(
            twice=F("amount") * 2,
            or_zero=Coalesce("amount", 0),
            text=RawSQL("amount"),
            when=RawSQL("sold_at"),
        )
        (row, _) = await computed.order_by("id").values("twice", "or_zero", "text", "when")
        assert types(row) == EXPRESSIONS[KIND]
        if KIND == "mysql":
            assert row["when"].tzinfo is None
        await Sale.filter(id=UUID(int=1)).update(amount=Decimal(100))
        (twice,) = await computed.filter(id=UUID(int=1)).values_list("twice", flat=True)
        assert type(twice) is (int if KIND == "sqlite" else Decimal)  # 200, a whole number
        await Sale.filter(id=UUID(int=1)).update(amount=Decimal("1.50"))

        # Raw SQL.
        rows = await connection.execute_query_dict("SELECT * FROM sale ORDER BY id")
        assert types(rows[0]) == RAW[KIND]
        if KIND == "mysql":
            assert rows[0]["sold_at"].tzinfo is None
        assert rows[0]["took"] == 3_600_000_000  # microseconds
        (sums,) = await connection.execute_query_dict(
            "SELECT SUM(amount) AS total, AVG(amount) AS mean, MAX(sold_at) AS last, SUM(pieces) AS pieces,"
            " SUM(many) AS many FROM sale"
        )
        assert types(sums) == SUMS[KIND]

        # SQLite stores a decimal as a text: MAX() of SQL finds the last text, and SUM() can be an int.
        await Sale.filter(id=UUID(int=1)).update(amount=10)
        await Sale.filter(id=UUID(int=2)).update(amount=9)
        (edges_of_sql,) = await connection.execute_query_dict(
            "SELECT MAX(amount) AS most, SUM(amount) AS total FROM sale"
        )
        assert edges_of_sql["most"] == ("9" if KIND == "sqlite" else Decimal(10))
        assert types(edges_of_sql)["total"] is (int if KIND == "sqlite" else Decimal)
        # The sum of texts is a float, which loses a cent of a large total.
        # The sum of whole cents is right up to 2**53.
        await Sale.filter(id=UUID(int=1)).update(amount=Decimal("40000000000000.01"))
        await Sale.filter(id=UUID(int=2)).update(amount=Decimal("40000000000000.00"))
        sql = "SELECT SUM(amount) AS total, SUM(ROUND(amount * 100)) AS cents FROM sale"
        (large,) = await connection.execute_query_dict(sql)
        assert (round(Decimal(large["total"]), 2) == Decimal("80000000000000.01")) is (KIND != "sqlite")
        assert large["cents"] == 8_000_000_000_000_001
        await Sale.filter(id=UUID(int=1)).update(amount=Decimal("90071992547409.92"))
        await Sale.filter(id=UUID(int=2)).update(amount=Decimal("0.01"))
        (larger,) = await connection.execute_query_dict(sql)
        assert (larger["cents"] == 2**53 + 1) is (KIND != "sqlite")
        await Sale.filter(id=UUID(int=1)).update(amount=Decimal("1.50"))
        await Sale.filter(id=UUID(int=2)).update(amount=Decimal("1.55"))

        # Pydantic gives both the types of the dataclass.
        first, second = TypeAdapter(list[Row]).validate_python(rows)
        assert first == expected
        assert types(vars(second)) == MODEL
        assert second.sold_at == AT
        (wrong, _) = TypeAdapter(list[Wrong]).validate_python(rows)
        assert wrong.took == timedelta(seconds=3_600_000_000)  # WRONG: Pydantic reads seconds
        assert (
            TypeAdapter(JsonList).validate_python("[1]") == TypeAdapter(JsonList).validate_python([1]) == [1]
        )
        try:
            TypeAdapter(Json).validate_python([1])
            raise AssertionError("no error")
        except ValidationError as error:
            assert "valid dictionary" in str(error)
        try:
            TypeAdapter(list[Row]).validate_python([{"id": UUID(int=1)}])
            raise AssertionError("no error")
        except ValidationError as error:
            assert error.error_count() == 7


asyncio.run(main())
