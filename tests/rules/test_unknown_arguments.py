"""TD113 beside the library: what its page says of names that are no fields."""

from __future__ import annotations

import pytest
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError, ValidationError
from tortoise.models import Model


class Clerk(Model):
    id = fields.IntField(primary_key=True)
    name = fields.TextField(default="-")
    boss: fields.ForeignKeyNullableRelation[Clerk] = fields.ForeignKeyField(
        "models.Clerk", null=True, related_name="staff"
    )


class Country(Model):
    code = fields.CharField(max_length=2, primary_key=True)


@pytest.mark.asyncio
async def test_a_name_that_is_no_field_is_dropped() -> None:
    async with tortoise_test_context([__name__]):
        clerk = await Clerk.create(nmae="Ada")
        assert clerk.name == "-"
        assert clerk.update_from_dict({"nmae": "Ada", "pk": 7}) is clerk
        assert (clerk.pk, clerk.name) == (1, "-")
        made, _ = await Clerk.get_or_create(name="Bob", defaults={"nmae": "Ada"})
        assert (made.pk, made.name) == (2, "Bob")
        with pytest.raises(ConfigurationError, match="backward relations"):
            clerk.update_from_dict({"staff": []})


@pytest.mark.asyncio
async def test_pk_is_dropped_too() -> None:
    async with tortoise_test_context([__name__]):
        assert (await Clerk.create(pk=7)).pk == 1
        assert (await Clerk.create(id=7)).pk == 7
        with pytest.raises(ValidationError, match="code: Value must not be None"):
            await Country.create(pk="de")
        assert (await Country.create(code="de")).pk == "de"


@pytest.mark.asyncio
async def test_what_only_finds_a_row_is_dropped_on_a_new_one() -> None:
    async with tortoise_test_context([__name__]):
        made, _ = await Clerk.get_or_create(pk=7)
        assert made.pk == 1
        made, _ = await Clerk.get_or_create(name__iexact="Ada")
        assert made.name == "-"
        boss = await Clerk.create(name="Bob")
        made, _ = await Clerk.update_or_create(boss__id=boss.pk, defaults={"name": "Eve"})
        assert (made.name, made.boss_id) == ("Eve", None)
