"""Models in two files that refer to each other: imports at run time go in a circle, imports for types do not.

Only type checkers run what stands below `if TYPE_CHECKING:`. Tortoise finds a class by a text such as
"models.Customer". Before Python 3.14, a class body evaluates its annotations, unless the file begins with the
`annotations` of `__future__`.
"""

import asyncio
import importlib
import os
import sys
import tempfile
from pathlib import Path

from tortoise.context import TortoiseContext

FUTURE = "from __future__ import annotations\n"
CUSTOMER = """
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from {package}.invoice import Invoice


class Customer(Model):
    class Meta:
        table = "imports_customer"

    name = fields.CharField(max_length=9)
    invoices: fields.ReverseRelation[Invoice]
"""
INVOICE = """
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from {package}.customer import Customer


class Invoice(Model):
    class Meta:
        table = "imports_invoice"

    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField("models.Customer", "invoices")
"""
BOTH = "from {package}.customer import Customer\nfrom {package}.invoice import Invoice\n"


def written(folder: Path, package: str, customer: str, invoice: str) -> str:
    """A package of models, and its name."""
    (folder / package).mkdir()
    for name, text in {"__init__": BOTH, "customer": customer, "invoice": invoice}.items():
        (folder / package / f"{name}.py").write_text(text.replace("{package}", package))
    return package


def at_run_time(text: str) -> str:
    """The same file, whose import of the other model runs."""
    return text.replace("if TYPE_CHECKING:\n    from", "from")


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        package = written(
            Path(folder), "in_a_circle", *(at_run_time(FUTURE + one) for one in (CUSTOMER, INVOICE))
        )
        try:
            importlib.import_module(package)
            raise AssertionError("no error")
        except ImportError as error:
            assert "partially initialized module" in str(error) and "circular import" in str(error)

        package = written(Path(folder), "without_future", CUSTOMER, INVOICE)
        try:
            importlib.import_module(package)
            assert sys.version_info >= (3, 14)
        except NameError as error:
            assert "name 'Invoice' is not defined" in str(error) and sys.version_info < (3, 14)

        package = written(Path(folder), "for_types_only", FUTURE + CUSTOMER, FUTURE + INVOICE)
        models = importlib.import_module(package)
        async with TortoiseContext() as context:
            await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": [package]})
            await context.generate_schemas()
            customer = await models.Customer.create(name="Acme")
            invoice = await models.Invoice.create(customer=customer)
            assert await customer.invoices.all() == [invoice]


asyncio.run(main())
