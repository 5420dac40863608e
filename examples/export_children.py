# snippet: needs="sqlite|postgres|mariadb"
"""With two indexes, the database reads only the rows of a part of references/imports.md.

If one query joins the children and limits the lines, MariaDB reads all later rows for each part.

By hand: DATABASE_URL=sqlite://:memory: python examples/export_children.py
"""

import asyncio
import os
from datetime import UTC, datetime, timedelta
from typing import Any

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.expressions import Q
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.transactions import in_transaction

TOTAL, SIZE = 4_000, 50
START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
MIDDLE = TOTAL // 2
COUNTERS = {
    "postgres": "SELECT SUM(seq_tup_read + COALESCE(idx_tup_fetch, 0)) AS total"
    " FROM pg_stat_xact_user_tables",
    "mysql": "SELECT SUM(variable_value) AS total FROM information_schema.session_status"
    " WHERE variable_name LIKE 'HANDLER_READ%'",
}


class Invoice(Model):
    class Meta:
        table = "exported_invoice"
        indexes = (Index(fields=("issued_at", "id"), name="ix_exported_invoice"),)

    id = fields.IntField(primary_key=True)
    issued_at = fields.DatetimeField()


class Payment(Model):
    class Meta:
        table = "exported_payment"
        indexes = (Index(fields=("invoice_id",), name="ix_exported_payment"),)

    id = fields.IntField(primary_key=True)
    amount = fields.IntField()
    invoice: fields.ForeignKeyRelation[Invoice] = fields.ForeignKeyField("models.Invoice", "payments")


def after_the_middle() -> Any:
    start = START + timedelta(days=MIDDLE)
    after = Q(issued_at__gt=start) | Q(issued_at=start, id__gt=MIDDLE)
    return Invoice.filter(after, issued_at__gte=start, issued_at__lt=END)


async def as_on_the_page() -> None:
    keys = await after_the_middle().order_by("issued_at", "id").limit(SIZE).values_list("issued_at", "id")
    part = Invoice.filter(id__in=[key for _, key in keys]).order_by("issued_at", "id", "payments__id")
    assert len(await part.values_list("issued_at", "id", "payments__amount")) == 2 * SIZE


async def in_one_query() -> None:
    lines = after_the_middle().order_by("issued_at", "id", "payments__id").limit(2 * SIZE)
    assert len(await lines.values_list("issued_at", "id", "payments__amount")) == 2 * SIZE


async def rows_read(db: BaseDBAsyncClient, read: Any) -> int:
    """In a transaction: one session of the server counts."""
    sql, totals = COUNTERS[db.capabilities.dialect], []
    for run in (None, None, read):
        if run is not None:
            await run()
        totals.append(int((await db.execute_query_dict(sql))[0]["total"]))
    first, second, third = totals
    return third - second - (second - first)  # without what counting itself reads


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        days = range(1, TOTAL + 1)
        await Invoice.bulk_create(Invoice(id=day, issued_at=START + timedelta(days=day)) for day in days)
        await Payment.bulk_create(Payment(amount=1, invoice_id=day) for day in days for _ in range(2))
        db = context.db()
        if db.capabilities.dialect == "sqlite":
            await as_on_the_page()
            plan = str([dict(row) for row in await after_the_middle().order_by("issued_at", "id").explain()])
            assert "ix_exported_invoice (issued_at>?" in plan and "TEMP B-TREE" not in plan
            return
        is_mariadb = db.capabilities.dialect == "mysql"
        for table in ("exported_invoice", "exported_payment"):
            await db.execute_script(f"ANALYZE {'TABLE ' * is_mariadb}{table}")
        async with in_transaction() as db:
            if not is_mariadb:  # it scans small tables, and these two are small
                await db.execute_query("SET LOCAL enable_seqscan = off")
            assert await rows_read(db, as_on_the_page) < 10 * SIZE
            assert (await rows_read(db, in_one_query) > TOTAL) is is_mariadb


asyncio.run(main())
