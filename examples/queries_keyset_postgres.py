# snippet: needs="postgres"
"""Keyset pages on PostgreSQL: the condition that says nothing new is the one that an index can use.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_keyset_postgres.py
"""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.queryset import QuerySet

ROWS = 20_000
MIDDLE = datetime(2026, 1, 1, tzinfo=UTC) - timedelta(seconds=ROWS // 2)


class KeysetEvent(Model):
    class Meta:
        table = "keyset_event"
        indexes = (Index(fields=("at", "id"), name="ix_keyset_event_at_id"),)

    id = fields.IntField(primary_key=True)
    at = fields.DatetimeField()


async def rows_thrown_away(query: QuerySet[KeysetEvent]) -> int:
    """How many rows PostgreSQL read, and did not want."""
    page = query.order_by("-at", "-id").limit(20).sql(params_inline=True)
    connection = Tortoise.get_connection("default")
    (row,) = await connection.execute_query_dict(f"EXPLAIN (ANALYZE, FORMAT JSON) {page}")
    (explained,) = json.loads(row["QUERY PLAN"])
    plan = explained["Plan"]
    removed = 0
    while plan:
        removed += plan.get("Rows Removed by Filter", 0)
        plan = plan.get("Plans", [None])[0]
    return removed


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        await context.connections.get("default").execute_script(
            "INSERT INTO keyset_event (at) SELECT '2026-01-01 00:00+00'::timestamptz - n * INTERVAL '1 s'"
            f" FROM generate_series(1, {ROWS}) n;"
            " ANALYZE keyset_event"
        )
        either = KeysetEvent.filter(Q(at__lt=MIDDLE) | Q(at=MIDDLE, id__lt=1))
        assert await rows_thrown_away(either) >= ROWS // 2 - 1
        assert await rows_thrown_away(either.filter(at__lte=MIDDLE)) <= 1


asyncio.run(main())
