"""What a review must find: code that loses rows or values without an error, and that breaks no rule TD1xx.

On a server, by hand, on an empty database: DATABASE_URL=postgres://… python examples/review_losses.py
"""

import asyncio
import os

from pydantic import BaseModel
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction


class LiveManager(Manager):
    """Hides deleted members."""

    def get_queryset(self) -> QuerySet["Member"]:
        return super().get_queryset().filter(deleted=False)


class Member(Model):
    class Meta:
        table = "member"
        manager = LiveManager()

    everyone = Manager()

    id = fields.IntField(primary_key=True)
    email = fields.CharField(max_length=20, unique=True)
    name = fields.CharField(max_length=20, null=True)
    note = fields.CharField(max_length=20, null=True)
    failures = fields.IntField(default=0)
    deleted = fields.BooleanField(default=False)
    joined_at = fields.DatetimeField(auto_now=True)


class MemberPatch(BaseModel):
    """What a client may change."""

    name: str | None = None
    note: str | None = None


class WrongPasswordError(Exception):
    """The password is wrong."""


async def sign_in(member_id: int) -> None:
    """Count a failure, and refuse."""
    async with in_transaction():
        await Member.get(id=member_id).select_for_update()
        await Member.filter(id=member_id).update(failures=1)
        raise WrongPasswordError


async def fail(member_id: int) -> None:
    """Count one more failure."""
    member = await Member.get(id=member_id)
    member.failures += 1
    await member.save(update_fields=["failures"])


async def delete_of(name: str | None) -> int:
    """Delete the members of a name."""
    members = Member.all()
    if name:
        members = members.filter(name=name)
    return await members.delete()


async def main() -> None:
    """Lose rows and values."""
    config = {
        "connections": {"default": os.environ.get("DATABASE_URL", "sqlite://:memory:")},
        "apps": {"models": {"models": [__name__]}},
    }
    async with TortoiseContext() as context:
        await context.init(config=config)
        await context.generate_schemas()
        ann = await Member.create(email="ann@x.test", name="Ann", note="VIP")

        # PATCH with all fields of the schema: a field that the client did not send becomes None
        sent = MemberPatch.model_validate({"name": "Anna"})
        await ann.update_from_dict(sent.model_dump(exclude_unset=True)).save()
        assert (await Member.get(id=ann.id)).note == "VIP"
        await ann.update_from_dict(sent.model_dump()).save()  # WRONG
        assert (await Member.get(id=ann.id)).note is None

        # A changed field that `update_fields` or the fields of bulk_update() lack: not stored
        ann.name, ann.note = "Annie", "new"
        await ann.save(update_fields=["name"])
        await Member.bulk_update([ann], fields=["name"])
        assert await Member.filter(id=ann.id).values_list("name", "note") == [("Annie", None)]

        # A write before an exception in the same transaction: undone
        try:
            await sign_in(ann.id)
        except WrongPasswordError:
            assert (await Member.get(id=ann.id)).failures == 0

        # Two tasks in one transaction read the same number: one of the two failures is lost
        async with in_transaction():
            await asyncio.gather(fail(ann.id), fail(ann.id))
        assert (await Member.get(id=ann.id)).failures == 1

        # auto_now: the next save() changes the time, also if the code gives one
        ann = await Member.get(id=ann.id)
        joined_at = ann.joined_at
        await asyncio.sleep(0.01)
        await ann.save()
        assert (await Member.get(id=ann.id)).joined_at > joined_at

        # exclude() leaves out a row with NULL in the column
        assert ann.note is None
        assert await Member.exclude(note="VIP").count() == 0
        assert await Member.filter(note__not="VIP").count() == 1

        # ignore_conflicts: a row whose unique value is taken is left out
        again = [Member(email="ann@x.test", name="Other"), Member(email="bob@x.test", name="Bob")]
        await Member.bulk_create(again, ignore_conflicts=True)
        assert await Member.all().order_by("id").values_list("name", flat=True) == ["Annie", "Bob"]

        # in_bulk() by a field that is not unique keeps one row
        await Member.create(email="bob2@x.test", name="Bob")
        assert len(await Member.in_bulk(["Bob"], "name")) == 1
        assert await Member.filter(name="Bob").count() == 2

        # delete() of a query ignores that rows are only marked as deleted
        await Member.filter(name="Annie").delete()
        assert not await Member.everyone.filter(name="Annie").exists()

        # A filter that is left out: every row goes
        assert await delete_of(None) == 2
        assert not await Member.everyone.all().exists()


asyncio.run(main())
