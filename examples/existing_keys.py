"""Tables with a composite key or without a key: what a model may do with them."""

import asyncio
import os

from tortoise import fields
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext
from tortoise.exceptions import (
    IncompleteInstanceError,
    IntegrityError,
    MultipleObjectsReturned,
    OperationalError,
)
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")
TABLES = """
CREATE TABLE membership (club_no INT, person_no INT, role VARCHAR(9), PRIMARY KEY (club_no, person_no));
INSERT INTO membership VALUES (1, 1, 'chair'), (1, 2, 'member');
CREATE TABLE visit (place VARCHAR(9), seen INT);
INSERT INTO visit VALUES ('here', 1), ('there', 2);
CREATE TABLE onlykey (id INT PRIMARY KEY);
"""


class Membership(Model):
    """One column of the key stands for all of it."""

    class Meta:
        table = "membership"

    club_no = fields.IntField(primary_key=True)
    person_no = fields.IntField()
    role = fields.CharField(max_length=9)


class NumberedMembership(Model):
    """After a column with a number was added."""

    class Meta:
        table = "membership"
        unique_together = (("club_no", "person_no"),)

    id = fields.BigIntField(primary_key=True)
    club_no = fields.IntField()
    person_no = fields.IntField()
    role = fields.CharField(max_length=9)


class Visit(Model):
    """Without a key: Tortoise adds `id`."""

    class Meta:
        table = "visit"

    place = fields.CharField(max_length=9)
    seen = fields.IntField()


class NamedVisit(Model):
    """A column without equal values is the key."""

    class Meta:
        table = "visit"

    place = fields.CharField(max_length=9, primary_key=True)
    seen = fields.IntField()


class OnlyKey(Model):
    """No other column than a generated key."""

    id = fields.IntField(primary_key=True)


async def only_a_key(context: TortoiseContext) -> None:
    """create() stores nothing: without an error on SQLite and PostgreSQL."""
    try:
        await OnlyKey.create()
    except OperationalError as error:
        assert "Query was empty" in str(error) and context.db().capabilities.dialect == "mysql"
    else:
        assert context.db().capabilities.dialect != "mysql"
    assert await OnlyKey.all().count() == 0


async def composite() -> None:
    row = await Membership.get(club_no=1, person_no=2)
    try:
        await row.save()  # sets person_no in every row of the club
    except IntegrityError:
        pass
    else:
        raise AssertionError("the same key twice")
    await row.save(update_fields=["role"])
    assert [row["role"] for row in await Membership.all().values("role")] == ["member", "member"]
    row.role = "guest"
    await Membership.bulk_update([row], fields=["role"])
    assert await Membership.filter(role="guest").count() == 2
    try:
        await row.refresh_from_db()
    except MultipleObjectsReturned:
        pass
    else:
        raise AssertionError("which of the rows?")
    await Membership.all().update(role="member")
    assert [row["role"] for row in await Membership.all().values("role")] == ["member", "member"]


async def numbered(context: TortoiseContext) -> None:
    dialect = context.db().capabilities.dialect
    if dialect == "sqlite":  # has no such ALTER TABLE
        return
    number = "id BIGSERIAL UNIQUE" if dialect == "postgres" else "id BIGINT AUTO_INCREMENT UNIQUE"
    await context.db().execute_script(f"ALTER TABLE membership ADD COLUMN {number}")
    row = await NumberedMembership.get(club_no=1, person_no=2)
    row.role = "cashier"
    await row.save()
    assert await NumberedMembership.filter(role="cashier").count() == 1
    await row.delete()
    assert await NumberedMembership.all().count() == 1
    assert (await NumberedMembership.create(club_no=2, person_no=1, role="new")).id
    assert await NumberedMembership.filter(role="new").count() == 1


async def without_key(context: TortoiseContext) -> None:
    assert await Visit.filter(place="here").values("seen") == [{"seen": 1}]
    assert await Visit.all().count() == 2
    if context.db().capabilities.dialect == "sqlite":  # it reads the missing column as the text 'id'
        rows = await Visit.all()
        assert len(rows) == 2
        assert not hasattr(rows[0], "id")
        await rows[0].delete()
        assert await Visit.all().count() == 2
        try:
            await rows[0].save()
        except IncompleteInstanceError:
            pass
        else:
            raise AssertionError("saved a row without a key")
    else:
        try:
            await Visit.all()
        except OperationalError as error:
            assert "id" in str(error)
        else:
            raise AssertionError("read a column that is missing")
    EXECUTOR_CACHE.clear()
    visit = await NamedVisit.get(place="there")
    visit.seen = 3
    await visit.save()
    assert [row["seen"] for row in await NamedVisit.all().order_by("seen").values("seen")] == [1, 3]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.db().execute_script(TABLES)
        await composite()
        EXECUTOR_CACHE.clear()  # it has the statements of the first model of each table
        await numbered(context)
        await without_key(context)
        await only_a_key(context)


asyncio.run(main())
