"""What SQLAlchemy, Prisma and Rails do otherwise, as Tortoise does it: each row of the page's tables."""

import asyncio
import os

import tortoise
from tortoise import fields
from tortoise.backends.base.config_generator import expand_db_url
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import (
    ConfigurationError,
    DoesNotExist,
    IntegrityError,
    MultipleObjectsReturned,
    NoValuesFetched,
    ValidationError,
)
from tortoise.expressions import F, Q
from tortoise.functions import Count
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.signals import post_save, pre_save
from tortoise.transactions import in_transaction
from tortoise.validators import MinLengthValidator, MinValueValidator

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Customer(Model):
    class Meta:
        table = "known_customer"

    name = fields.CharField(max_length=9, validators=[MinLengthValidator(2)])
    email = fields.CharField(max_length=19, unique=True)
    stock = fields.IntField(default=0, validators=[MinValueValidator(0)])
    invoices: fields.ReverseRelation["Invoice"]


class Invoice(Model):
    class Meta:
        table = "known_invoice"

    number = fields.CharField(max_length=9)
    amount = fields.IntField()
    paid = fields.BooleanField(default=False)
    note = fields.TextField(null=True)
    updated_at = fields.DatetimeField(auto_now=True)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="invoices"
    )
    tags: fields.ManyToManyRelation["Tag"] = fields.ManyToManyField(
        "models.Tag", through="invoice_tag", related_name="invoices"
    )


class Tag(Model):
    name = fields.CharField(max_length=9)


before: list[str] = []
after: list[str] = []


@pre_save(Invoice)
async def prepare(sender: type[Invoice], instance: Invoice, using_db: object, update_fields: object) -> None:
    before.append(instance.number)


@post_save(Invoice)
async def remember(
    sender: type[Invoice], instance: Invoice, created: bool, using_db: object, update_fields: object
) -> None:
    after.append(instance.number)


def unpaid() -> QuerySet[Invoice]:
    return Invoice.filter(paid=False)


async def reads() -> None:
    invoice = (await Invoice.all().select_related("customer").order_by("id"))[0]
    assert invoice.customer.name == "Acme"
    customers = await Customer.all().prefetch_related("invoices").order_by("id")
    assert [len(customer.invoices) for customer in customers] == [3, 1]
    try:
        len((await Customer.get(name="Acme")).invoices)
    except NoValuesFetched:
        pass
    else:
        raise AssertionError("a relation was loaded by itself")
    counted = Customer.annotate(n=Count("invoices")).order_by("id")
    assert await counted.values_list("n", flat=True) == [3, 1]
    assert await Customer.all().order_by("id").values("name") == [{"name": "Acme"}, {"name": "Globex"}]
    assert await Customer.get_or_none(email="nobody") is None
    try:
        await Customer.get(email="nobody")
    except DoesNotExist:
        pass
    else:
        raise AssertionError("found")
    try:
        await Invoice.get_or_none(note=None)
    except MultipleObjectsReturned:
        assert (await Invoice.filter(note=None).order_by("id").first()).number == "1"
        assert await Invoice.filter(number="nothing").first() is None
    else:
        raise AssertionError("one of several rows")
    first = await Customer.all().order_by("name").first()
    assert first and first.name == "Acme"
    assert await Invoice.filter(Q(paid=True) | Q(amount__lt=9)).count() == 2
    assert await Invoice.filter(paid=True, amount__gt=2).count() == 1
    assert len(await Customer.filter(invoices__paid=False)) == 3
    assert len(await Customer.filter(invoices__paid=False).distinct()) == 2
    page = await Invoice.all().order_by("id").offset(2).limit(1)
    last = page[0].id
    assert [row.number for row in page] == ["3"]
    assert [row.number for row in await Invoice.filter(id__gt=last).order_by("id").limit(10)] == ["4"]
    assert await Invoice.all().order_by("id").values_list("number", flat=True) == ["1", "2", "3", "4"]
    assert await unpaid().filter(amount__gt=1).count() == 2
    assert await Invoice.exclude(note="x").count() == 1  # not the rows whose note is NULL
    assert await Invoice.filter(note__not="x").count() == 3


async def writes() -> None:
    row, created = await Customer.update_or_create(email="a@x.test", defaults={"name": "Acme Ltd"})
    assert not created and row.name == "Acme Ltd"
    row, created = await Customer.get_or_create(email="a@x.test", defaults={"name": "Acme"})
    assert not created and row.name == "Acme Ltd"
    old = (await Invoice.get(number="1")).updated_at
    before.clear()
    after.clear()
    assert await Invoice.filter(number="1").update(note="y") == 1
    # Tortoise 1.1.0 lets MySQL and MariaDB set the column (ON UPDATE), later releases do not.
    is_set = get_connection("default").capabilities.dialect == "mysql" and tortoise.__version__ == "1.1.0"
    assert ((await Invoice.get(number="1")).updated_at != old) is is_set
    assert before == after == []
    invoice = await Invoice.get(number="1")
    await invoice.save(update_fields=["note"])
    assert before == after == ["1"]
    row.name = "A"
    try:
        await row.save(update_fields=["name"])
    except ValidationError:
        await row.refresh_from_db()
        assert row.name == "Acme Ltd"
    else:
        raise AssertionError("no validator ran")
    for write in (
        Customer.filter(id=row.id).update(name="A"),
        Customer.bulk_create([Customer(name="A", email="")]),
    ):
        try:
            await write
        except ValidationError:
            pass
        else:
            raise AssertionError("no validator ran")
    assert Customer(name="New") == Customer(name="Other")  # both have no key
    is_mysql = get_connection("default").capabilities.dialect == "mysql"
    assert await Invoice.filter(number="1").update(note="y") == (0 if is_mysql else 1)
    await Customer.filter(id=row.id).update(stock=F("stock") + 1)
    assert (await Customer.get(id=row.id)).stock == 1

    same = [Customer(name="Again", email="a@x.test"), Customer(name="Hooli", email="h@x.test")]
    try:
        async with in_transaction():
            await Customer.bulk_create(same)
    except IntegrityError:
        await Customer.bulk_create(same, ignore_conflicts=True)
    else:
        raise AssertionError("an e-mail twice")
    assert await Customer.all().order_by("name").values_list("name", flat=True) == [
        "Acme Ltd",
        "Globex",
        "Hooli",
    ]

    try:
        async with in_transaction():
            hooli = await Customer.get(name="Hooli")
            child = await Invoice.create(number="5", amount=5, customer=hooli)
            await child.tags.add(await Tag.create(name="new"))
            assert await Invoice.filter(tags__name="new").get() == child
            raise RuntimeError
    except RuntimeError:
        assert not await Invoice.exists(number="5") and not await Tag.exists(name="new")


async def cascades() -> None:
    """Without on_delete=, a foreign key has CASCADE."""
    assert await Invoice.all().count() == 4
    await (await Customer.get(name="Acme Ltd")).delete()
    assert await Invoice.all().count() == 1


async def replace_tags(invoice_id: int, tags: list[Tag], both_have_read: asyncio.Barrier) -> None:
    async with in_transaction():
        invoice = await Invoice.get(id=invoice_id)  # WRONG: without a lock
        gone = [tag for tag in await invoice.tags.all() if tag not in tags]
        await both_have_read.wait()
        await invoice.tags.remove(*gone)
        await invoice.tags.add(*tags)


async def tags_of_two_calls() -> None:
    """Two calls that replace the tags at once store the tags of both."""
    old, new, other = [await Tag.create(name=name) for name in ("old", "new", "other")]
    invoice = await Invoice.get(number="1")
    await invoice.tags.add(old)
    both_have_read = asyncio.Barrier(2)
    await asyncio.gather(*(replace_tags(invoice.id, [tag], both_have_read) for tag in (new, other)))
    assert await invoice.tags.all().order_by("id") == [new, other]


def addresses() -> None:
    try:
        expand_db_url("postgresql+asyncpg://u@h/d")
    except ConfigurationError as error:
        assert "Unknown DB scheme" in str(error)
    else:
        raise AssertionError("a URL as SQLAlchemy writes it")
    assert expand_db_url("postgres://u@h/d")["credentials"]["host"] == "h"


async def main() -> None:
    addresses()
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        acme = await Customer.create(name="Acme", email="a@x.test")
        globex = await Customer.create(name="Globex", email="g@x.test")
        for number, amount, paid, note, customer in (
            ("1", 1, False, None, acme),
            ("2", 20, False, "x", acme),
            ("3", 30, True, "z", acme),
            ("4", 40, False, None, globex),
        ):
            await Invoice.create(number=number, amount=amount, paid=paid, note=note, customer=customer)
        await reads()
        await writes()
        await Customer.filter(id=globex.id).update(stock=F("stock") - 5)
        assert (await Customer.get(id=globex.id)).stock < 0  # the validator does not see the result of an F
        assert not hasattr(Customer(naem="x"), "naem")  # an unknown keyword
        if context.db().capabilities.dialect == "postgres":
            await tags_of_two_calls()
        await cascades()


asyncio.run(main())
