# snippet: needs="sqlite|postgres|mysql"
"""Mails 30, 7 and 1 days before a contract ends: a variant of references/jobs.md, and its proofs.

Copy what stands above `# --- The proofs`. Let `Notice` extend BaseJob. Call `enqueue()` in `remind()`, and
let `content()` return None if not `is_current()`. The end is a unique column, so that an extended contract
gets new mails.
"""

from datetime import date, timedelta

from tortoise import fields
from tortoise.models import Model

DAYS = (30, 7, 1)  # before the end, the greatest number first


class Contract(Model):
    id = fields.IntField(primary_key=True)
    ends_on = fields.DateField(db_index=True)


class Notice(Model):
    """One mail. A contract that is extended has another end, so it gets new rows."""

    class Meta:
        unique_together = (("contract_id", "ends_on", "days"),)

    contract: fields.ForeignKeyRelation[Contract] = fields.ForeignKeyField("models.Contract", "notices")
    contract_id: int
    ends_on = fields.DateField()  # as it was when the row was added
    days = fields.SmallIntField()


async def enqueue(today: date) -> None:
    """Add rows that are due. If two workers add the same one, the unique columns keep the first."""
    for days, following in zip(DAYS, (*DAYS[1:], 0), strict=True):
        # Up to the next mail only: a contract that ends in 5 days gets the mail of 7 days, not that of 30.
        window = {
            "ends_on__gt": today + timedelta(days=following),
            "ends_on__lte": today + timedelta(days=days),
        }
        known = set(await Notice.filter(**window, days=days).values_list("contract_id", "ends_on"))
        due = await Contract.filter(**window).values_list("id", "ends_on")
        new = [Notice(contract_id=pk, ends_on=end, days=days) for pk, end in due if (pk, end) not in known]
        await Notice.bulk_create(new, ignore_conflicts=True)


async def is_current(notice: Notice) -> bool:
    """Whether the contract still ends on the day that the mail tells."""
    return await Contract.exists(id=notice.contract_id, ends_on=notice.ends_on)


# --- The proofs

import asyncio
import os

from tortoise.context import TortoiseContext

START = date(2026, 1, 1)


async def mails(today: date) -> list[tuple[int, int]]:
    await enqueue(today)
    return list(await Notice.all().order_by("id").values_list("contract_id", "days"))


async def main() -> None:
    module = "__main__"
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": [module]})
        await context.generate_schemas()
        long = await Contract.create(ends_on=START + timedelta(days=40))
        short = await Contract.create(ends_on=START + timedelta(days=5))
        only_short = [(short.id, 7)]
        assert await mails(START) == only_short  # not the mail of 30 days
        assert await mails(START + timedelta(days=3)) == only_short
        assert await mails(START + timedelta(days=4)) == [*only_short, (short.id, 1)]
        assert await mails(START + timedelta(days=9)) == [
            *only_short,
            (short.id, 1),
        ]  # 31 days before the end
        first = [*only_short, (short.id, 1), (long.id, 30)]
        for day in (10, 10, 32):
            assert await mails(START + timedelta(days=day)) == first

        # The contract is extended: the old mail does not leave, and the new end has mails of its own.
        notice = await Notice.get(contract=long)
        assert await is_current(notice)
        await Contract.filter(id=long.id).update(ends_on=START + timedelta(days=70))
        assert not await is_current(notice)
        assert await mails(START + timedelta(days=33)) == first
        again = [*first, (long.id, 30)]
        assert await mails(START + timedelta(days=40)) == again
        assert await mails(START + timedelta(days=69)) == [*again, (long.id, 1)]  # the worker stood still
        assert await mails(START + timedelta(days=70)) == [*again, (long.id, 1)]  # it has ended

        # Two workers add the same rows.
        await Notice.all().delete()
        await Contract.all().update(ends_on=START + timedelta(days=1))
        runs = await asyncio.gather(enqueue(START), enqueue(START), return_exceptions=True)
        failed = [run for run in runs if run]
        assert len(failed) < 2 and all("1213" in str(run) for run in failed)  # a rare deadlock of MariaDB
        assert sorted(await Notice.all().values_list("contract_id", "days")) == [(long.id, 1), (short.id, 1)]


if __name__ == "__main__":
    asyncio.run(main())
