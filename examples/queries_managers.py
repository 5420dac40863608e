"""A manager that always fetches a relation: what replaces it, and what fails on PostgreSQL.

Also: which methods of a many-to-many field ignore a manager.
"""

import asyncio
import os

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import NoValuesFetched
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet


class Prefetching(Manager):
    def get_queryset(self) -> QuerySet[Model]:
        return super().get_queryset().prefetch_related("players", "league")


class Joining(Manager):
    def get_queryset(self) -> QuerySet[Model]:
        return super().get_queryset().select_related("league")


class League(Model):
    name = fields.CharField(max_length=9)
    clubs: fields.ReverseRelation["Club"]


class Club(Model):
    prefetching = Prefetching()
    joining = Joining()
    league: fields.ForeignKeyRelation[League] = fields.ForeignKeyField("models.League", "clubs")
    players: fields.ReverseRelation["Player"]


class Player(Model):
    club: fields.ForeignKeyRelation[Club] = fields.ForeignKeyField("models.Club", "players")


class OfOne(Manager):
    def get_queryset(self) -> QuerySet[Model]:
        return super().get_queryset().filter(tenant=1)


class Page(Model):
    class Meta:
        manager = OfOne()

    tenant = fields.IntField()
    labels: fields.ManyToManyRelation["Label"] = fields.ManyToManyField(
        "models.Label", through="page_label", related_name="pages"
    )


class Label(Model):
    class Meta:
        manager = OfOne()

    tenant = fields.IntField()


async def many_to_many() -> None:
    """add(), remove() and clear() of an object change links whose two rows the managers hide."""
    page, label = await Page.create(tenant=2), await Label.create(tenant=2)
    assert not await Page.exists() and not await Label.exists()

    async def links() -> int:
        return len(await get_connection("default").execute_query_dict("SELECT * FROM page_label"))

    await page.labels.add(label)
    assert await links() == 1 and await page.labels.all() == []
    await page.labels.remove(label)
    assert await links() == 0
    await page.labels.add(label)
    await page.labels.clear()
    assert await links() == 0


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        await many_to_many()
        league = await League.create(name="A")
        club = await Club.create(league=league)
        await Player.create(club=club)

        # Two managers of one model, and the default one, which fetches nothing.
        assert (await Club.prefetching.get()).league == (await Club.joining.get()).league == league
        assert len((await Club.prefetching.get()).players) == 1
        assert isinstance((await Club.get()).league, QuerySet)

        # A second call of prefetch_related() replaces the first. A second select_related() adds to the first.
        try:
            len((await Club.prefetching.all().prefetch_related("league").get()).players)
            raise AssertionError("fetched")
        except NoValuesFetched:
            pass
        # FOR UPDATE and a join: PostgreSQL refuses a lock of the optional side.
        try:
            await Club.joining.select_for_update().get()
            assert context.connections.get("default").capabilities.dialect != "postgres"
        except Exception as error:
            assert "FOR UPDATE cannot be applied to the nullable side of an outer join" in str(error)
        if context.connections.get("default").capabilities.dialect != "mysql":  # MariaDB refuses of=
            assert (await Club.joining.select_for_update(of=("club",)).get()).league == league
        assert (await Club.prefetching.select_for_update().get()).league == league


asyncio.run(main())
