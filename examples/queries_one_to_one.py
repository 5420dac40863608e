"""One-to-one: select_related() goes forward and backward in one query. Backward there may be None.

And which filters take an object: a one-to-one field and a many-to-many relation do, the ways back do not.
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Account(Model):
    class Meta:
        table = "account"
        ordering = ("name",)

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=10)


class Profile(Model):
    class Meta:
        table = "profile"

    id = fields.UUIDField(primary_key=True)
    text = fields.CharField(max_length=10)
    account: fields.OneToOneRelation[Account] = fields.OneToOneField("models.Account", related_name="profile")


class Tag(Model):
    class Meta:
        table = "tag"

    id = fields.UUIDField(primary_key=True)
    accounts: fields.ManyToManyRelation[Account] = fields.ManyToManyField(
        "models.Account", related_name="tags"
    )


class Shelf(Model):
    class Meta:
        table = "shelf"

    size = fields.IntField(default=1)


class Book(Model):
    class Meta:
        table = "book"

    shelf: fields.ForeignKeyRelation[Shelf] = fields.ForeignKeyField("models.Shelf", related_name="books")


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        ann, bob = await Account.create(name="ann"), await Account.create(name="bob")
        profile = await Profile.create(account=ann, text="hello")

        fetched = await Profile.all().select_related("account").get(id=profile.id)
        assert fetched.account.name == "ann"

        accounts = await Account.all().select_related("profile")
        assert accounts == [ann, bob]
        assert accounts[0].profile.text == "hello"
        assert accounts[1].profile is None

        tag = await Tag.create()
        await tag.accounts.add(ann)
        assert await Profile.filter(account=ann) == [profile]
        assert await Account.filter(profile=profile.id) == [ann]
        assert await Account.filter(tags=tag) == [ann]
        assert await Tag.filter(accounts__in=[ann]) == [tag]
        try:
            assert await Account.filter(profile=profile) == []
        except OperationalError as error:
            assert "invalid UUID" in str(error)  # PostgreSQL
        book = await Book.create(shelf=await Shelf.create())
        for wrong in ({"model": Shelf, "books": book}, {"model": Book, "shelf_id__in": [book]}):
            model = wrong.pop("model")
            try:
                await model.filter(**wrong)
            except TypeError as error:
                assert "int() argument must be" in str(error)
            else:
                raise AssertionError("an object was taken for an integer")


asyncio.run(main())
