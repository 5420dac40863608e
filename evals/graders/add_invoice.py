"""Judges add-invoice: the model works, the migration makes its table, and the file follows the rules."""

import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import IntegrityError
from tortoise_dev.evals.work import Grader, Work, load

grader = Grader("tortoise.cli.cli", "tortoise.backends.sqlite.client")
MODELS = ["apps.shop.models"]
NOW = datetime(2026, 2, 1, 12, tzinfo=UTC)


@grader.function(
    "An invoice keeps number, amount, due date and customer; customer.invoices has it; it is unpaid"
)
async def stored(work: Work) -> str:
    models = load("apps.shop.models")
    async with tortoise_test_context(MODELS):
        customer = await models.Customer.create(name="A", email="a@a.test")
        await models.Invoice.create(number="I-1", amount=Decimal("12.50"), customer=customer)
        await models.Invoice.create(number="I-2", amount=Decimal("0.01"), customer=customer, due_at=NOW)
        first, second = await customer.invoices.all().order_by("number")
        assert (first.amount, first.paid, first.due_at) == (Decimal("12.50"), False, None)
        assert (second.amount, second.due_at) == (Decimal("0.01"), NOW)
        try:
            await models.Invoice.create(number="I-1", amount=1, customer=customer)
        except IntegrityError:
            return "2 invoices, the third is refused"
    raise AssertionError("a number was accepted twice")


@grader.function("A customer that has invoices cannot be deleted")
async def kept(work: Work) -> str:
    models = load("apps.shop.models")
    async with tortoise_test_context(MODELS):
        customer = await models.Customer.create(name="A", email="a@a.test")
        await models.Invoice.create(number="I-1", amount=1, customer=customer)
        try:
            await customer.delete()
        except IntegrityError:
            return "IntegrityError"
    raise AssertionError("the customer is gone")


@grader.function("is_overdue(now) is true for unpaid invoices that were due before now, without a database")
def overdue(work: Work) -> str:
    model = load("apps.shop.models").Invoice
    day = timedelta(days=1)
    cases = (
        (model(number="1", amount=1, paid=False, due_at=NOW - day), True),
        (model(number="2", amount=1, paid=True, due_at=NOW - day), False),
        (model(number="3", amount=1, paid=False, due_at=NOW + day), False),
        (model(number="4", amount=1, paid=False, due_at=None), False),
    )
    for invoice, expected in cases:
        assert invoice.is_overdue(NOW) is expected, f"invoice {invoice.number}: {not expected}"
    return f"{len(cases)} cases"


@grader.function("The migrations make the table, and makemigrations finds no change")
def migrated(work: Work) -> str:
    work.python("-m", "tortoise", "migrate", DATABASE_URL="sqlite://new.sqlite3")
    with closing(sqlite3.connect(work.folder / "new.sqlite3")) as database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert "invoice" in tables or "invoices" in tables, f"tables {sorted(tables)}"
    work.python("-m", "tortoise", "makemigrations")
    added = [path for path in work.changed() if re.fullmatch(r"migrations/\d.*\.py", path)]
    assert len(added) == 1, f"migration files besides the first one: {added}"
    return f"tables {sorted(tables)}"


@grader.convention("check.py finds nothing, in preview neither")
def rules(work: Work) -> str:
    return work.assert_no_findings("--preview")


@grader.convention(
    "models/invoice.py has BaseInvoice, without a table, and Invoice; the package exports both"
)
def interface(work: Work) -> str:
    module, package = load("apps.shop.models.invoice"), load("apps.shop.models")
    assert module.BaseInvoice._meta.abstract and not module.Invoice._meta.abstract
    assert issubclass(module.Invoice, module.BaseInvoice)
    assert (package.BaseInvoice, package.Invoice) == (module.BaseInvoice, module.Invoice)
    return "BaseInvoice, Invoice"


@grader.convention("The table has an index for the foreign key")
def index(work: Work) -> str:
    model = load("apps.shop.models").Invoice
    found = [
        tuple(index.fields) if hasattr(index, "fields") else tuple(index) for index in model._meta.indexes
    ]
    indexed = model._meta.fields_map["customer"].index or any(
        fields[0] in ("customer", "customer_id") for fields in found
    )
    assert indexed, f"indexes {found}"
    return f"indexes {found}"


@grader.convention("Only models, one new migration and tests were written")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(
        r"apps/shop/models/(__init__|customer|invoice)\.py", r"migrations/0002.*\.py", r"tests/.*"
    )


if __name__ == "__main__":
    grader.main()
