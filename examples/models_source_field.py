"""`source_field`: queries know the attribute; refresh_from_db(), dict() and bulk_update() of 1.1.9 do not.

An Index names the attribute, too: SQLite takes it for a text.
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.expressions import Case, When
from tortoise.indexes import Index
from tortoise.models import Model

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Person(Model):
    id = fields.IntField(primary_key=True)
    given_name = fields.CharField(max_length=20, source_field="given")


class Pet(Model):
    holder: fields.ForeignKeyRelation[Person] = fields.ForeignKeyField(
        "models.Person", "pets", source_field="held_by"
    )


class Moved(Model):
    """The table has an old column, whose name is the new attribute."""

    id = fields.IntField(primary_key=True)
    mail = fields.CharField(max_length=20, source_field="address")
    legacy = fields.CharField(max_length=20, source_field="mail")


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        person = await Person.create(given_name="Ann")
        await Person.filter(given_name="Ann").update(given_name="Bea")

        await person.refresh_from_db()
        assert person.given_name == "Ann"  # stale, and an attribute that no field has:
        assert person.given is None  # type: ignore[attr-defined]
        assert dict(person)["given"] is None  # of such an object, no error either
        await person.refresh_from_db(fields=["given_name"])  # named, it works
        assert person.given_name == "Bea"

        try:
            dict(await Person.get())
        except AttributeError as error:
            assert "has no attribute 'given'" in str(error)
        else:
            raise AssertionError("dict(row) worked")
        assert await Person.all().values("given_name") == [{"given_name": "Bea"}]

        person.given_name = "Cid"
        try:
            await Person.bulk_update([person], fields=["given_name"])
        except OperationalError as error:
            assert "given_name" in str(error), "there is no such column"
        else:
            raise AssertionError("bulk_update() worked")
        # The way back of a foreign key: a filter by a field of the other model works, by the key it fails.
        pet = await Pet.create(holder=person)
        assert await Person.filter(pets__id=pet.id) == [person]
        assert await Person.filter(pets__id__isnull=True) == []
        for condition in ({"pets": pet.id}, {"pets__isnull": True}):
            try:
                await Person.filter(**condition)
            except OperationalError as error:
                assert "holder_id" in str(error), "there is no such column"
            else:
                raise AssertionError(f"{condition} worked")

        moved = await Moved.create(mail="new", legacy="old")
        moved.mail = "newer"
        await Moved.bulk_update([moved], fields=["mail"])
        assert await Moved.all().values_list("mail", "legacy") == [("new", "newer")]  # the other column

        names = Case(When(id=person.id, then="Cid"), default="")
        await Person.filter(id__in=[person.id]).update(given_name=names)
        assert (await Person.get()).given_name == "Cid"

        if context.db().capabilities.dialect != "mysql":  # there an index is a part of CREATE TABLE
            index = Index(fields=["given_name"], name="ix_given")
            create = index.get_sql(context.db().schema_generator(context.db()), Person, safe=False)
            assert '("given_name")' in create  # the attribute, not the column
            try:
                await context.db().execute_script(create)
            except Exception as error:  # psycopg has an error of its own
                assert 'column "given_name" does not exist' in str(error)
            else:
                assert context.db().capabilities.dialect == "sqlite"  # an index of a constant text


asyncio.run(main())
