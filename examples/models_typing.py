"""What mypy says of model annotations. Bare scalar fields are typed, `name: str = ...` is an error.

A foreign key must be annotated (nullable ones as such), its `_id` is unknown until declared. So are a key
that Tortoise adds by itself, and the way back of a foreign key. The way back of a one-to-one relation never
looks like None, unless the annotation says so."""

import os
import tempfile
from pathlib import Path

from mypy import api

SOURCE = """\
from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING, Any

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from customer import Customer


class Kind(StrEnum):
    BILL = "bill"


class Level(IntEnum):
    FIRST = 1


class Invoice(Model):
    id = fields.IntField(primary_key=True)
    amount = fields.DecimalField(max_digits=12, decimal_places=2)
    due_at = fields.DatetimeField(null=True)
    customer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField("models.Customer", "invoices")
    customer_id: int
    payer: fields.ForeignKeyNullableRelation[Customer] = fields.ForeignKeyField(
        "models.Customer", "paid", null=True
    )
    number = fields.CharField(max_length=9)
    note: fields.BackwardOneToOneRelation[Note]
    drafted: fields.BackwardOneToOneRelation[Note] | None
    text = fields.TextField(null=True)
    kind = fields.CharEnumField(Kind, null=True)
    level = fields.IntEnumField(Level, null=True)
    data: fields.JSONField[dict[str, Any]] = fields.JSONField()
    untyped = fields.JSONField()


class Wrong(Model):
    name: str = fields.CharField(max_length=9)
    bare = fields.ForeignKeyField("models.Customer")
    payer: fields.ForeignKeyRelation[Customer] = fields.ForeignKeyField("models.Customer", null=True)


class Note(Model):
    invoice: fields.OneToOneRelation[Invoice] = fields.OneToOneField("models.Invoice", related_name="note")
    draft: fields.OneToOneRelation[Invoice] = fields.OneToOneField("models.Invoice", related_name="drafted")


invoice = Invoice()
reveal_type(invoice.note)
reveal_type(invoice.drafted)
reveal_type(invoice.amount)
reveal_type(invoice.due_at)
reveal_type(invoice.text)
reveal_type(invoice.kind)
reveal_type(invoice.level)
reveal_type(invoice.data)
reveal_type(invoice.customer.name)
reveal_type(invoice.customer_id)
reveal_type(invoice.payer)
invoice.payer_id
reveal_type(invoice.id)
reveal_type([one.number for one in invoice.customer.invoices])
invoice.customer.id
invoice.customer.paid


async def number_is_stored() -> bool:
    reveal_type(await Invoice.all().values_list("number", flat=True))
    numbers: list[Any] = await Invoice.all().values_list("number", flat=True)
    return numbers == ["1"]


async def wrong_type() -> bool:
    return await Invoice.all().values_list("number", flat=True) == ["1"]
"""

CUSTOMER = """\
from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

if TYPE_CHECKING:
    from invoice import Invoice


class Customer(Model):
    name = fields.CharField(max_length=9)
    invoices: fields.ReverseRelation[Invoice]
"""

EXPECTED = {
    "name: str = fields.CharField": 'expression has type "CharField[str]", variable has type "str"',
    "bare = fields": 'Need type annotation for "bare"',
    "payer: fields.ForeignKeyRelation": 'variable has type "ForeignKeyFieldInstance[Customer]"',
    "reveal_type(invoice.amount)": 'Revealed type is "decimal.Decimal"',
    "reveal_type(invoice.due_at)": 'Revealed type is "datetime.datetime | None"',
    "reveal_type(invoice.text)": 'Revealed type is "str"',  # mypy does not see that it can be None
    "reveal_type(invoice.kind)": 'Revealed type is "invoice.Kind"',  # neither here
    "reveal_type(invoice.level)": 'Revealed type is "invoice.Level"',  # nor here
    "reveal_type(invoice.data)": 'Revealed type is "dict[str, Any]"',
    "untyped = fields": 'Need type annotation for "untyped"',
    "reveal_type(invoice.customer.name)": 'Revealed type is "str"',
    "reveal_type(invoice.customer_id)": 'Revealed type is "int"',
    "reveal_type(invoice.note)": 'Revealed type is "invoice.Note"',
    "reveal_type(invoice.drafted)": 'Revealed type is "invoice.Note | None"',
    "reveal_type(invoice.payer)": 'Revealed type is "customer.Customer | None"',
    "invoice.payer_id": 'has no attribute "payer_id"',
    "reveal_type(invoice.id)": 'Revealed type is "int"',
    "reveal_type([one.number": 'Revealed type is "list[str]"',
    "invoice.customer.id": '"Customer" has no attribute "id"',
    "reveal_type(await Invoice": 'Revealed type is "list[tuple[Any, ...]]"',
    "return await Invoice": "Non-overlapping equality check",
    "invoice.customer.paid": '"Customer" has no attribute "paid"',
}

HOME = Path.cwd()
CACHE = Path(__file__).resolve().parent.parent / ".mypy_cache" / "models_typing"  # seconds saved

with tempfile.TemporaryDirectory() as folder:
    Path(folder, "invoice.py").write_text(SOURCE, encoding="utf-8")
    Path(folder, "customer.py").write_text(CUSTOMER, encoding="utf-8")
    os.chdir(folder)
    try:
        options = ["--config-file=", "--strict-equality", f"--cache-dir={CACHE}"]
        report, problems, _ = api.run([*options, "invoice.py"])
    finally:
        os.chdir(HOME)

lines = SOURCE.splitlines()
said: dict[int, list[str]] = {}
for line in report.splitlines():
    if line.startswith("invoice.py:"):
        _, number, message = line.split(":", 2)
        said.setdefault(int(number), []).append(message)
for start, message in EXPECTED.items():
    number = next(index for index, line in enumerate(lines, 1) if line.strip().startswith(start))
    assert any(message in text for text in said.pop(number, [])), f"{start}: {report}{problems}"
assert not said, f"mypy says more: {said}"
