# snippet: needs="postgres"
"""Pages on PostgreSQL: the condition that an index can use, and how many rows a count of children groups.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_keyset_postgres.py
"""

import asyncio
import json
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from tortoise import Tortoise, fields
from tortoise.context import TortoiseContext
from tortoise.expressions import Q
from tortoise.functions import Count, Max
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


class KeysetNote(Model):
    class Meta:
        table = "keyset_note"
        indexes = (Index(fields=("event_id",), name="ix_keyset_note_event_id"),)

    id = fields.IntField(primary_key=True)
    event = fields.ForeignKeyField("models.KeysetEvent", related_name="notes")


async def nodes(query: QuerySet[KeysetEvent]) -> list[dict[str, Any]]:
    """The steps of the plan of a page, the outermost first."""
    page = query.limit(20).sql(params_inline=True)
    connection = Tortoise.get_connection("default")
    (row,) = await connection.execute_query_dict(f"EXPLAIN (ANALYZE, FORMAT JSON) {page}")
    (explained,) = json.loads(row["QUERY PLAN"])
    plan, found = explained["Plan"], []
    while plan:
        found.append(plan)
        plan = plan.get("Plans", [None])[0]
    return found


async def rows_thrown_away(query: QuerySet[KeysetEvent]) -> int:
    """How many rows PostgreSQL read, and did not want."""
    return sum(step.get("Rows Removed by Filter", 0) for step in await nodes(query.order_by("-at", "-id")))


async def groups_made(column: str) -> int:
    """How many groups PostgreSQL makes for one page of events with the number and the newest of the notes."""
    steps = await nodes(KeysetEvent.annotate(n=Count("notes"), newest=Max("notes__id")).order_by(column))
    (groups,) = (step for step in steps if step["Node Type"] == "Aggregate")
    return int(groups["Actual Rows"])


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        await context.connections.get("default").execute_script(
            "INSERT INTO keyset_event (at) SELECT '2026-01-01 00:00+00'::timestamptz - n * INTERVAL '1 s'"
            f" FROM generate_series(1, {ROWS}) n;"
            " INSERT INTO keyset_note (event_id) SELECT id FROM keyset_event;"
            " ANALYZE keyset_event, keyset_note"
        )
        either = KeysetEvent.filter(Q(at__lt=MIDDLE) | Q(at=MIDDLE, id__lt=1))
        assert await rows_thrown_away(either) >= ROWS // 2 - 1
        assert await rows_thrown_away(either.filter(at__lte=MIDDLE)) <= 1
        await KeysetEvent.all().update(at=MIDDLE)
        deep = KeysetEvent.filter(Q(at__lt=MIDDLE) | Q(at=MIDDLE, id__lt=ROWS // 2), at__lte=MIDDLE)
        assert await rows_thrown_away(deep) >= ROWS // 2  # those of the same time before the cursor
        assert await groups_made("-at") == ROWS
        assert await groups_made("-newest") == ROWS
        assert await groups_made("id") <= 20


asyncio.run(main())
