"""A model is replaced by its successor: a table of its own, names of its own, the base they share.

Two models on one table work where something else makes the table. Nothing of Tortoise makes it.
"""

import asyncio
import os
import sys
import types
from decimal import Decimal
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import ConfigurationError
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Customer(Model):
    name = fields.CharField(max_length=20)


class BaseInvoice(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    number = fields.CharField(max_length=20, unique=True)
    amount = fields.DecimalField(max_digits=12, decimal_places=2)
    updated_at = fields.DatetimeField(auto_now=True)

    def with_tax(self) -> Decimal:
        return self.amount * 2


class Invoice(BaseInvoice):
    class Meta:
        table = "invoice"

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="invoices"
    )
    customer_id: int


class Invoice2(BaseInvoice):
    """The successor: it has a currency, and the customer may be gone."""

    class Meta:
        table = "invoice2"

    currency = fields.CharField(max_length=3, default="EUR")
    customer: fields.ForeignKeyNullableRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", related_name="invoices2", null=True, on_delete=fields.SET_NULL
    )


def letter(invoice: BaseInvoice) -> str:
    """A service that takes the base takes both."""
    return f"{invoice.number}: {invoice.with_tax():.2f}"


async def copy() -> int:
    """Old rows that the new table lacks; may run again, keys and times stay."""
    async with in_transaction() as connection:
        count, _ = await connection.execute_query("""
            INSERT INTO invoice2 (id, number, amount, currency, updated_at, customer_id)
            SELECT id, number, amount, 'EUR', updated_at, customer_id FROM invoice
            WHERE id NOT IN (SELECT id FROM invoice2)
        """)
        return count


async def main() -> None:
    async with tortoise_test_context(["__main__"]):
        ann = await Customer.create(name="Ann")
        for number in ("A-1", "A-2"):
            await Invoice.create(number=number, amount="10", customer=ann)

        assert (await copy(), await copy()) == (2, 0)
        old, new = await Invoice.get(number="A-1"), await Invoice2.get(number="A-1")
        assert letter(old) == letter(new) == "A-1: 20.00"
        assert (old.id, old.updated_at) == (new.id, new.updated_at)
        await Invoice2.all().delete()
        values = {name: getattr(old, name) for name in Invoice._meta.db_fields}
        await Invoice2.bulk_create([Invoice2(**values)])
        again = await Invoice2.get(number="A-1")
        assert (again.id, again.updated_at > old.updated_at) == (old.id, True)  # the time of the copy
        await Invoice2.all().delete()
        assert await copy() == 2
        assert isinstance(new, BaseInvoice)
        assert not isinstance(new, Invoice)

        customer = await Customer.get().prefetch_related("invoices", "invoices2")
        assert len(customer.invoices) == len(customer.invoices2) == 2  # type: ignore[attr-defined]


async def same_related_name() -> None:
    """What a successor with the old related name gets."""
    taken = fields.ForeignKeyField("models.Customer", related_name="invoices")
    module = sys.modules["successors"] = types.ModuleType("successors")
    members = {"__module__": "successors", "customer": taken}
    vars(module).update(
        Customer=Customer, Invoice=Invoice, Invoice3=type(Model)("Invoice3", (BaseInvoice,), members)
    )
    try:
        async with tortoise_test_context(["successors"]):
            pass
    except ConfigurationError as error:
        assert 'backward relation "invoices" duplicates in model Customer' in str(error)
    else:
        raise AssertionError("two relations of one name")


def bill(name: str) -> Any:
    """A model on the table `bill`."""
    meta = type("Meta", (), {"table": "bill"})
    return type(Model)(name, (Model,), {"__module__": "bills", "Meta": meta, "total": fields.IntField()})


async def one_table() -> None:
    """Old and new class on one table."""
    module = sys.modules["bills"] = types.ModuleType("bills")
    old, new = bill("Bill"), bill("Bill2")
    vars(module).update(Bill=old, Bill2=new)
    async with TortoiseContext() as context:
        url = os.environ.get("DATABASE_URL", "sqlite://:memory:")
        await context.init(db_url=url, modules={"models": ["bills"]})
        try:
            await context.generate_schemas()
        except ConfigurationError as error:
            assert "Can't create schema due to cyclic fk references" in str(error)
        else:
            raise AssertionError("one table for two models was created")

        await context.db().execute_script("CREATE TABLE bill (id INTEGER PRIMARY KEY, total INTEGER)")
        await old.create(id=1, total=5)
        row = await new.get(id=1)
        assert row.total == 5
        row.total = 6
        await row.save()
        assert (await old.get(id=1)).total == 6


asyncio.run(main())
asyncio.run(same_related_name())
asyncio.run(one_table())
