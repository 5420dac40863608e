"""A path that comes back to its own table: an error that outlives the query, or wrong rows.

On a server, by hand, on an empty database: DATABASE_URL=postgres://… python examples/queries_own_table.py
"""

import asyncio
import os

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.expressions import Subquery
from tortoise.functions import Count
from tortoise.models import Model


class Customer(Model):
    class Meta:
        table = "own_customer"

    name = fields.CharField(max_length=9)


class Invoice(Model):
    class Meta:
        table = "own_invoice"

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField("models.Customer", "invoices")
    number = fields.CharField(max_length=9)


class Node(Model):
    name = fields.CharField(max_length=9)
    parent: fields.ForeignKeyNullableRelation["Node"] = fields.ForeignKeyField(
        "models.Node", "children", null=True
    )


class Tag(Model):
    name = fields.CharField(max_length=9)


class Post(Model):
    title = fields.CharField(max_length=9)
    tags: fields.ManyToManyRelation[Tag] = fields.ManyToManyField("models.Tag", related_name="posts")


class Person(Model):
    name = fields.CharField(max_length=9)
    friends: fields.ManyToManyRelation["Person"] = fields.ManyToManyField(
        "models.Person", related_name="friend_of"
    )


async def fails(query) -> bool:
    try:
        await query
    except OperationalError:
        return True
    return False


async def foreign_key(product: str) -> None:
    """Over a foreign key and back: the query fails, and the model keeps the alias of the query."""
    acme = await Customer.create(name="Acme")
    one, two = [await Invoice.create(customer=acme, number=number) for number in "12"]
    same = Subquery(Invoice.filter(number="2").values("customer_id"))
    assert await Invoice.filter(customer_id__in=same).order_by("number") == [one, two]
    assert not await fails(Invoice.filter(number="9").update(number="8"))

    assert await fails(Invoice.filter(customer__invoices__number="2"))
    assert await fails(one.save()) is (product == "sqlite")
    assert await fails(Invoice.filter(number="9").update(number="8")) is (product == "sqlite")
    assert await fails(Invoice.filter(number="9").delete()) is (product in ("sqlite", "mariadb"))
    assert not await fails(Invoice.create(customer=acme, number="3"))
    assert await Invoice.all().count() == 3


async def tree() -> None:
    """Two steps up are right, two steps down are counted or filtered wrong."""
    root = await Node.create(name="root")
    child = await Node.create(name="child", parent=root)
    leaf = await Node.create(name="leaf", parent=child)
    assert await Node.filter(parent__parent__name="root") == [leaf]
    assert await Node.exclude(parent__name="root") == [leaf]  # without the root, which has no parent
    assert await Node.filter(parent__name__not="root").order_by("id") == [root, leaf]
    assert await Node.filter(children__name="leaf") == [child]
    assert await Node.filter(id__not_in=Subquery(Node.all().values("parent_id"))) == []  # one key is NULL
    some = Subquery(Node.filter(id__not=leaf.id).values("parent_id"))
    assert await Node.filter(parent_id__not_in=some) == [root]  # WRONG: only the NULL, without leaf
    keys = Node.filter(parent_id__isnull=False).values("parent_id")
    assert await Node.filter(id__not_in=Subquery(keys)) == [leaf]
    counted = await Node.annotate(n=Count("children__children")).order_by("id").values_list("n", flat=True)
    assert counted == [1, 1, 0]  # right is 1, 0, 0
    parents = Subquery(Node.filter(children__name="leaf").values("id"))
    assert await Node.filter(children__id__in=parents) == [root]
    assert await fails(Node.filter(children__children__name="leaf"))


async def many_to_many() -> None:
    """Over a link table and back: each row meets itself only."""
    x, y = [await Post.create(title=title) for title in "xy"]
    tag = await Tag.create(name="a")
    await x.tags.add(tag)
    await y.tags.add(tag)
    assert await Post.filter(tags__posts__title="y") == [y]  # right is x and y
    tags = Subquery(Tag.filter(posts__title="y").values("id"))
    assert await Post.filter(tags__id__in=tags).order_by("title") == [x, y]

    ann, bob, cem = [await Person.create(name=name) for name in ("Ann", "Bob", "Cem")]
    await ann.friends.add(bob)
    await bob.friends.add(cem)
    assert await Person.filter(friends__friends__name="Cem") == [bob]  # right is Ann
    friends = Subquery(Person.filter(friends__name="Cem").values("id"))
    assert await Person.filter(friends__id__in=friends) == [ann]
    both = Person.annotate(out=Count("friends", distinct=True), back=Count("friend_of", distinct=True))
    assert await both.order_by("id").values_list("out", "back") == [
        (1, 1),
        (1, 1),
        (0, 0),
    ]  # not (1, 0), …


async def main() -> None:
    async with TortoiseContext() as context:
        url = os.environ.get("DATABASE_URL", "sqlite://:memory:")
        await context.init(db_url=url, modules={"models": ["__main__"]})
        await context.generate_schemas()
        await many_to_many()
        await tree()
        product = context.db().capabilities.dialect
        if product == "mysql" and "MariaDB" in str(await context.db().execute_query_dict("SELECT VERSION()")):
            product = "mariadb"
        await foreign_key(product)


asyncio.run(main())
