# snippet: needs="postgres"
"""iexact and istartswith on PostgreSQL: a plain index does not help, one on what Tortoise sends helps both.

A unique index on Upper() helps iexact.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_indexes_postgres.py
"""

import asyncio
import json
import os
from typing import Any

import pytest
from tortoise import Tortoise, fields
from tortoise.backends.base.schema_generator import BaseSchemaGenerator
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.functions import Upper
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

# For a migration: RunSQL with this, and DROP INDEX as its reverse.
INDEX = """
CREATE INDEX ix_indexed_row_upper_name
ON indexed_row (UPPER(CAST(name AS VARCHAR)) varchar_pattern_ops)
"""


class IndexedRow(Model):
    class Meta:
        table = "indexed_row"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20, db_index=True)


class UniqueIndex(Index):
    def get_sql(self, schema_generator: BaseSchemaGenerator, model: type[Model], safe: bool) -> str:
        sql = super().get_sql(schema_generator, model, safe)
        return sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)


class Coupon(Model):
    class Meta:
        table = "coupon"
        indexes = (UniqueIndex(Upper("code"), name="uq_coupon_code"),)

    id = fields.IntField(primary_key=True)
    code = fields.CharField(max_length=20)


async def indexes_used(query: QuerySet[Any]) -> set[str]:
    """The names of the indexes in PostgreSQL's plan."""
    connection = Tortoise.get_connection("default")
    (row,) = await connection.execute_query_dict(f"EXPLAIN (FORMAT JSON) {query.sql(params_inline=True)}")
    explained = row["QUERY PLAN"]
    found = json.loads(explained) if isinstance(explained, str) else explained  # psycopg has read it already
    names, plans = set(), [one["Plan"] for one in found]
    while plans:
        plan = plans.pop()
        names |= {plan["Index Name"]} if "Index Name" in plan else set()
        plans += plan.get("Plans", [])
    return names


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        connection = context.connections.get("default")
        await connection.execute_script(
            "INSERT INTO indexed_row (name) SELECT 'Name ' || n FROM generate_series(1, 20000) n;"
            " ANALYZE indexed_row"
        )
        same = IndexedRow.filter(name__iexact="name 77")
        starts = IndexedRow.filter(name__istartswith="name 777")
        assert len(await indexes_used(IndexedRow.filter(name="Name 77"))) == 1  # the plain index
        assert await indexes_used(same) == await indexes_used(starts) == set()

        await connection.execute_script(f"{INDEX}; ANALYZE indexed_row")
        assert await indexes_used(same) == {"ix_indexed_row_upper_name"}
        assert await indexes_used(starts) == {"ix_indexed_row_upper_name"}
        assert (await same.count(), await starts.count()) == (1, 11)

        await connection.execute_script(
            "INSERT INTO coupon (code) SELECT 'Code ' || n FROM generate_series(1, 20000) n; ANALYZE coupon"
        )
        coupon = Coupon.filter(code__iexact="code 77")
        assert await indexes_used(coupon) == {"uq_coupon_code"}
        assert await coupon.count() == 1
        with pytest.raises(IntegrityError, match="uq_coupon_code"):
            await Coupon.create(code="CODE 77")

    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        await connection.execute_script(
            "CREATE EXTENSION IF NOT EXISTS pg_trgm;"
            " CREATE INDEX ix_trgm ON indexed_row USING gin (name gin_trgm_ops)"
        )
        for condition, uses in {
            "'name 77' <% name": True,
            "word_similarity('name 77', name) > 0.6": False,
        }.items():
            async with in_transaction() as transaction:
                await transaction.execute_query("SET LOCAL enable_seqscan = off")
                plan = await transaction.execute_query_dict(
                    f"EXPLAIN SELECT id FROM indexed_row WHERE {condition}"
                )
                assert ("ix_trgm" in str(plan)) == uses, plan


asyncio.run(main())
