"""One-to-one: select_related() goes forward and backward in one query. Backward there may be None."""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
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


asyncio.run(main())
