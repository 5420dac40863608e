"""What subclasses of a model share, what they lose, and what a relation on a base does to them."""

import asyncio
import sys
import types

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.fields.base import Field
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.utils import get_schema_sql


class Above(Manager):
    """Rows above a limit."""

    def __init__(self, limit: int = 0) -> None:
        super().__init__()
        self.limit = limit

    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(size__gt=self.limit)


class Root(Model):
    class Meta:
        abstract = True
        manager = Above(limit=100)

    size = fields.IntField(default=1)
    big = Above(limit=100)


class First(Root):
    class Meta:
        abstract = True

    size = fields.IntField(default=2)


class Second(Root):
    class Meta:
        abstract = True


class Both(First, Second):
    pass


class Other(Root):
    pass


class Owner(Model):
    name = fields.CharField(max_length=9, default="Ann")


class Owned(Model):
    class Meta:
        abstract = True

    owner: fields.ForeignKeyRelation[Owner] = fields.ForeignKeyField("models.Owner")
    wheels = fields.IntField(default=4)


class Car(Owned):
    pass


class Bike(Owned):
    class Meta:
        table = "bikes"


async def main() -> None:
    async with tortoise_test_context(["__main__"]) as context:
        # A diamond: Python would take First's field, Tortoise takes Root's, by way of Second.
        assert [base.__name__ for base in Both.__mro__[1:4]] == ["First", "Second", "Root"]
        assert Both().size == 1

        # The inherited manager was made anew: Above(), not Above(limit=100).
        assert Root.big.limit == 100
        assert Other.big.limit == 0
        await Other.create(size=50)
        assert await Other.big.all().count() == 1
        assert await Other.all().count() == 1  # Meta.manager is not inherited at all

        # A relation without related_name is called after the table, and an "s".
        owner = await Owner.create()
        await Car.create(owner=owner)
        await Bike.create(owner=owner)
        assert await owner.cars.all().count() == 1  # type: ignore[attr-defined]
        assert await owner.bikess.all().count() == 1  # type: ignore[attr-defined]

        # One field object for all concrete subclasses. An abstract subclass, as Second, gets a copy.
        assert Other._meta.fields_map["size"] is Root._meta.fields_map["size"]
        assert Both._meta.fields_map["size"] is not Root._meta.fields_map["size"]
        assert get_schema_sql(context.db(), safe=False).count('"wheels" INT NOT NULL') == 2
        Car._meta.fields_map["wheels"].null = True
        assert get_schema_sql(context.db(), safe=False).count('"wheels" INT NOT NULL') == 0

    # Two foreign keys to one model get the same default name, also in a single subclass.
    await breaks_with_two_keys()

    for number, relation in enumerate(
        (
            fields.ForeignKeyField("models.Owner", related_name="things"),
            fields.ManyToManyField("models.Owner"),
            fields.ManyToManyField("models.Owner", related_name=False),
        )
    ):
        await breaks_at_second_subclass(f"family_{number}", relation)


async def breaks_with_two_keys() -> None:
    name = "two_keys"
    for options, works in (({}, False), ({"related_name": False}, True)):
        module = sys.modules[name] = types.ModuleType(name)
        first, second = [fields.ForeignKeyField("models.Owner", **options) for _ in range(2)]
        parts = {"__module__": name}
        owner = type(Model)("Owner", (Model,), {**parts, "name": fields.CharField(max_length=9)})
        thing = type(Model)("Thing", (Model,), {**parts, "made_by": first, "changed_by": second})
        vars(module).update(Owner=owner, Thing=thing)
        try:
            async with tortoise_test_context([name]):
                assert works
        except ConfigurationError as error:
            assert 'backward relation "things" duplicates' in str(error) and not works


async def breaks_at_second_subclass(name: str, relation: Field) -> None:
    module = sys.modules[name] = types.ModuleType(name)
    make, abstract = type(Model), type("Meta", (), {"abstract": True})
    parts = {"__module__": name}
    base = make("Base", (Model,), {**parts, "Meta": abstract, "owner": relation})
    owner = make("Owner", (Model,), {**parts, "name": fields.CharField(max_length=9)})
    one, two = make("One", (base,), {**parts}), make("Two", (base,), {**parts})
    vars(module).update(Owner=owner, One=one)
    async with tortoise_test_context([name]):
        pass

    module.Two = two  # type: ignore[attr-defined]
    try:
        async with tortoise_test_context([name]):
            pass
    except ConfigurationError as error:
        assert "duplicates in model Owner" in str(error)
    else:
        raise AssertionError(f"{relation} on a base works")


asyncio.run(main())
