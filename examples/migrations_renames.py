# snippet: needs="tortoise>=1.1.8"
"""Renames with the built-in migrations: what is detected, and operations for what is not.

The operations are those of the running example.
"""

import asyncio
import importlib
import io
import itertools
import sqlite3
import sys
import tempfile
from contextlib import closing, redirect_stdout
from pathlib import Path

from tortoise.cli.cli import run_cli_async
from tortoise.exceptions import ConfigurationError, OperationalError

sys.path.insert(0, str(Path(__file__).parent / "billing"))  # for the operations

HEAD = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.models import Model
from apps.common.operations import ForgetField, RenameAttribute, RenameClass, RenameForeignKey, StateOnly
"""
MODELS = """
class Customer(Model):
    id = fields.IntField(primary_key=True)
    {email}

class Base{base}(Model):
    class Meta:
        abstract = True

class {invoice}({parent}):
    class Meta:
        table = "{table}"
        table_description = "Claims"

    {customer} = fields.ForeignKeyField("models.Customer", related_name="invoices"{column})

class Payment(Model):
    id = fields.IntField(primary_key=True)
    invoice = fields.ForeignKeyField("models.{invoice}", related_name="payments")
"""
AS_BEFORE = {
    "email": "email = fields.CharField(max_length=50, null=True)",
    "base": "Invoice",
    "parent": "BaseInvoice",
    "invoice": "Invoice",
    "table": "invoice",
    "customer": "customer",
    "column": "",
}
STEP = """
async def check(apps, schema_editor):
    {check}

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [{operations}, ops.RunPython(check, ops.RunPython.noop)]
"""
numbers = itertools.count(1)
sys.path.insert(0, tempfile.mkdtemp())


class Shop:
    """A project with one migration, applied, and a row in each table."""

    def __init__(self, **changed: str) -> None:
        self.name = f"shop{next(numbers)}"
        self.root = Path(sys.path[0], self.name)
        self.steps = self.root / "steps"
        self.steps.mkdir(parents=True)
        for package in (self.root, self.steps):
            (package / "__init__.py").touch()
        self.models(**changed)
        self.run("makemigrations")
        self.run("migrate")
        self.sql("INSERT INTO customer (email) VALUES ('a@x.test')")
        self.sql("INSERT INTO invoice (customer_id) VALUES (1)")
        self.sql("INSERT INTO payment (invoice_id) VALUES (1)")

    def models(self, *, more: str = "", **changed: str) -> None:
        """The models as they are now, each time in a module of their own."""
        self.stage = f"stage{next(numbers)}"
        app = {
            "models": [f"{self.name}.{self.stage}"],
            "default_connection": "default",
            "migrations": f"{self.name}.steps",
        }
        config = {"connections": {"default": f"sqlite://{self.root}/db.sqlite3"}, "apps": {"models": app}}
        text = HEAD + MODELS.format(**AS_BEFORE | changed) + f"{more}\nCONFIG = {config}\n"
        (self.root / f"{self.stage}.py").write_text(text)

    def run(self, *command: str) -> str:
        """What `python -m tortoise COMMAND` prints."""
        importlib.invalidate_caches()
        with redirect_stdout(io.StringIO()) as printed:
            assert asyncio.run(run_cli_async(["-c", f"{self.name}.{self.stage}.CONFIG", *command])) == 0
        return printed.getvalue()

    def made(self) -> str:
        """The migration that makemigrations writes for the models as they are now."""
        self.run("makemigrations", "-n", "made")
        return next(self.steps.glob("*_made.py")).read_text()

    def step(self, operations: str, check: str = "pass") -> None:
        """A migration by hand, applied, found complete, undone and applied again."""
        (self.steps / "0002_step.py").write_text(HEAD + STEP.format(operations=operations, check=check))
        self.run("migrate")
        assert "No changes detected" in self.run("makemigrations")
        self.run("downgrade", "models", "0001_initial")
        self.run("migrate")

    def sql(self, statement: str) -> list[tuple]:
        with closing(sqlite3.connect(self.root / "db.sqlite3")) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
            return rows


def duplicate(shop: Shop, command: str) -> None:
    """The command fails because old and new model own the same backward relation."""
    try:
        shop.run(command)
    except ConfigurationError as error:
        assert 'backward relation "invoices" duplicates in model Customer' in str(error)
    else:
        raise AssertionError(f"{command} has gone well")


PHONE = "phone = fields.CharField(max_length=50, null=True)"
LONGER = "contact = fields.CharField(max_length=60, null=True)"
KEPT = 'contact = fields.CharField(max_length=50, null=True, source_field="email")'

# One column removed, another of its kind added: a rename. Nobody is asked, addresses become phone numbers.
shop = Shop()
shop.models(email=PHONE)
assert "RenameField" in shop.made()
shop.run("migrate")
assert shop.sql("SELECT phone FROM customer") == [("a@x.test",)]

# Two of one type at once: the tool sorts the names, and each field gets the values of the other.
place = """
class Place(Model):
    {0} = fields.CharField(max_length=9, null=True)
    {1} = fields.CharField(max_length=9, null=True)
"""
shop = Shop(more=place.format("city", "name"))
shop.sql("INSERT INTO place (city, name) VALUES ('Oslo', 'Fjord Inn')")
shop.models(more=place.format("town", "title"))
shop.run("makemigrations", "-n", "both")
shop.run("migrate")
assert shop.sql("SELECT town, title FROM place") == [("Fjord Inn", "Oslo")]

# One removed and one renamed: the wrong one is dropped.
shop = Shop(more=place.format("city", "name"))
shop.sql("INSERT INTO place (city, name) VALUES ('Oslo', 'Fjord Inn')")
shop.models(
    more=place.replace("{0} =", "title =").replace(
        "    {1} = fields.CharField(max_length=9, null=True)\n", ""
    )
)
shop.run("makemigrations", "-n", "one")
shop.run("migrate")
assert shop.sql("SELECT title FROM place") == [("Oslo",)]  # title was name

# Renamed and made longer: add and remove, the addresses are lost.
shop = Shop()
shop.models(email=LONGER)
made = shop.made()
assert "AddField" in made
assert "RemoveField" in made

# A foreign key: add and remove, which doesn't even run.
shop = Shop()
shop.models(customer="buyer")
made = shop.made()
assert "AddField" in made
assert "RemoveField" in made
duplicate(shop, "migrate")

# Only `related_name=` prevents it. Otherwise a column that allows NULL loses its values.
link = (
    "class Visit(Model):\n    {0} = fields.ForeignKeyField('models.Customer', null=True, related_name={1})\n"
)
for before, after in (("False", "False"), ("'visits'", "'guests'")):
    shop = Shop(more=link.format("guest", before))
    shop.sql("INSERT INTO visit (guest_id) VALUES (1)")
    shop.models(more=link.format("buyer", after))
    shop.run("makemigrations", "-n", "lost")
    shop.run("migrate")
    assert shop.sql("SELECT buyer_id FROM visit") == [(None,)]

# A foreign key whose column has another name: never "No changes detected", even where nothing was renamed.
shop = Shop(customer="buyer", column=', source_field="customer_id"')
assert "AlterField" in shop.made()

# A class with a foreign key that extends Model itself: RenameModel is right, and doesn't run.
shop = Shop(parent="Model")
shop.models(parent="Model", invoice="Bill")
assert "RenameModel" in shop.made()
duplicate(shop, "migrate")
duplicate(shop, "makemigrations")  # as long as that file is there

# A class that is removed and another of its kind that is added: the new one gets the rows of the old one.
kind = "class {0}(Model):\n    text = fields.CharField(max_length=9, default='x')\n"
shop = Shop(more=kind.format("Secret"))
shop.sql("INSERT INTO secret (text) VALUES ('a')")
shop.models(more=kind.format("Notice"))
assert "RenameModel" in shop.made()
shop.run("migrate")
assert shop.sql("SELECT text FROM notice") == [("a",)]

# Without related_name= it runs, and renames a table that Meta.table names.
guest = """
class {0}(Model):
    class Meta:
        table = "guest"

    id = fields.IntField(primary_key=True)
    friend = fields.ForeignKeyField("models.{0}", null=True)
"""
shop = Shop(more=guest.format("Guest"))
shop.models(more=guest.format("Visitor"))
assert "RenameModel" in shop.made()
shop.run("migrate")
assert shop.sql("SELECT name FROM sqlite_master WHERE name IN ('guest', 'visitor')") == [("visitor",)]

# A class with a base is never recognised, the base renamed or not: a new model, and the old one goes.
for base in ("Invoice", "Bill"):
    shop = Shop()
    shop.models(base=base, parent=f"Base{base}", invoice="Bill")
    made = shop.made()
    assert "CreateModel" in made
    assert "DeleteModel" in made
    duplicate(shop, "migrate")  # related_name= prevents it

# Without them nothing does, not even a foreign key: the rows are gone, exit status 0.
alone = "class Base{0}(Model):\n    class Meta:\n        abstract = True\n\n"
alone += "class {0}(Base{0}):\n    text = fields.CharField(max_length=9, default='x')\n"
owned = alone + "    owner = fields.ForeignKeyField('models.Customer', null=True)\n"
for model in (alone, owned):
    shop = Shop()
    shop.models(more=model.format("Note"))
    shop.run("makemigrations")
    shop.run("migrate")
    shop.sql("INSERT INTO note (text) VALUES ('a')")
    shop.models(more=model.format("Memo"))
    shop.run("makemigrations", "-n", "memo")
    shop.run("migrate")
    assert shop.sql("SELECT count(*) FROM memo") == [(0,)]
    assert shop.sql("SELECT count(*) FROM sqlite_master WHERE name = 'note'") == [(0,)]

# source_field says that the column stays: RenameField renames it, and the next migration wants it back.
shop = Shop()
shop.models(email=KEPT)
assert "RenameField" in shop.made()
shop.run("migrate")
assert shop.sql("SELECT contact FROM customer") == [("a@x.test",)]
assert "Created" in shop.run("makemigrations")

# A table: not detected.
shop = Shop()
shop.models(table="bill")
assert "No changes detected" in shop.run("makemigrations")

# What works.
shop = Shop()
shop.models(base="Bill", parent="BaseBill", invoice="Bill")
shop.step(
    'RenameClass("Invoice", "Bill")',
    'assert await apps.get_model("models.Bill").filter(payments__id=1, customer__id=1).count() == 1',
)
assert shop.sql("SELECT count(*) FROM invoice") == [(1,)]

# A class that a ManyToManyField names: without forward_key= Tortoise looks for another column.
tags = """
class {0}(Model):
    class Meta:
        table = "tag"

    name = fields.CharField(max_length=9, default="x")

class Item(Model):
    tags = fields.ManyToManyField("models.{0}"{1})
"""
for key in ("", ', forward_key="tag_id"'):
    shop = Shop(more=tags.format("Tag", ""))
    shop.models(more=tags.format("Label", key))
    (shop.steps / "0002_step.py").write_text(
        HEAD + STEP.format(operations='RenameClass("Tag", "Label")', check="pass")
    )
    shop.run("migrate")
    if key:
        assert "No changes detected" in shop.run("makemigrations")
    else:
        assert "forward_key='label_id'" in shop.made()
assert [row[1] for row in shop.sql("PRAGMA table_info(item_tag)")] == ["item_id", "tag_id"]

# A class without Meta.table: with the operation, the new class names the old table.
shop = Shop(more=alone.format("Note"))
shop.sql("INSERT INTO note (text) VALUES ('a')")
shop.models(more=alone.format("Memo") + "    class Meta:\n        table = 'note'\n")
shop.step(
    'RenameClass("Note", "Memo")',
    'assert await apps.get_model("models.Memo").all().count() == 1',
)
assert shop.sql("SELECT text FROM note") == [("a",)]

shop = Shop()
shop.models(customer="buyer")
shop.step('RenameForeignKey("Invoice", "customer", "buyer")')
assert shop.sql("SELECT buyer_id FROM invoice") == [(1,)]

# An index in Meta that names the column: the next file replaces it.
key = """
class Visit(Model):
    class Meta:
        indexes = (Index(fields=("{0}_id",), name="ix_visit_{0}"),)

    {0} = fields.ForeignKeyField("models.Customer", related_name="visits")
"""
shop = Shop(more="from tortoise.indexes import Index\n" + key.format("guest"))
shop.models(more="from tortoise.indexes import Index\n" + key.format("buyer"))
operation = 'RenameForeignKey("Visit", "guest", "buyer")'
(shop.steps / "0002_step.py").write_text(HEAD + STEP.format(operations=operation, check="pass"))
made = shop.made()
assert "RemoveIndex" in made
assert "AddIndex" in made
shop.run("migrate")
indexes = "SELECT name FROM sqlite_master WHERE tbl_name = 'visit' AND name LIKE 'ix%'"
assert shop.sql(indexes) == [("ix_visit_buyer",)]
assert "No changes detected" in shop.run("makemigrations")

shop = Shop()
shop.models(email=KEPT)
shop.step(
    'RenameAttribute("Customer", "email", "contact", column="email")',
    'assert await apps.get_model("models.Customer").filter(contact="a@x.test").count() == 1',
)
assert shop.sql("SELECT email FROM customer") == [("a@x.test",)]

# unique_together that names the attribute, and an Index, in place of which the field gets `db_index=True`.
PLACE = """
class Place(Model):
    class Meta:
        {options}

    name = fields.CharField(max_length=9)
    {code}
"""
CODE = "code = fields.CharField(max_length=9)"
SIGN = 'sign = fields.CharField(max_length=9, source_field="code")'
INDEXED = 'sign = fields.CharField(max_length=9, source_field="code", db_index=True)'
INDEX = 'indexes = (Index(fields=("{0}",), name="ix_place"),)'
TOGETHER = 'unique_together = (("{0}", "name"),)'
IMPORTS = "from tortoise.indexes import Index\nfrom tortoise.migrations.constraints import UniqueConstraint\n"
REPLACES = {
    INDEX: [
        'ops.RemoveIndex("Place", "ix_place")',
        f'ops.AlterField("Place", "sign", {INDEXED.removeprefix("sign = ")})',
    ],
    TOGETHER: [
        'ops.RemoveConstraint("Place", None, ["code", "name"])',
        'ops.AddConstraint("Place", UniqueConstraint(("sign", "name")))',
    ],
}
SQL = "SELECT group_concat(sql) FROM sqlite_master WHERE tbl_name = 'place'"


def renamed(options: str, *, wrong: bool = False) -> tuple[Shop, Path]:
    """A shop whose attribute `code` is renamed, and the file that makemigrations writes then."""
    shop = Shop()
    shop.models(more=IMPORTS + PLACE.format(options=options.format("code"), code=CODE))
    shop.run("makemigrations", "-n", "place")
    shop.run("migrate")
    kept = PLACE.format(options=options.format("sign"), code=SIGN)
    without_index = PLACE.format(options="pass", code=INDEXED)
    shop.models(more=IMPORTS + (without_index if options is INDEX and not wrong else kept))
    rename = STEP.format(operations='RenameAttribute("Place", "code", "sign", column="code")', check="pass")
    (shop.steps / "0003_step.py").write_text(HEAD + rename.replace("0001_initial", "0002_place"))
    made = shop.made()
    for operation in REPLACES[options]:
        assert wrong or operation.partition("(")[0] in made
    assert made.count("ops.") == len(REPLACES[options])
    (file,) = shop.steps.glob("*_made.py")
    return shop, file


for options, operations in REPLACES.items():
    shop, file = renamed(options)
    wrapped = STEP.format(operations=", ".join(f"StateOnly({one})" for one in operations), check="pass")
    file.write_text(HEAD + IMPORTS + wrapped.replace("0001_initial", "0003_step"))
    shop.run("migrate")
    assert "No changes detected" in shop.run("makemigrations")
    shop.run("downgrade", "models", "0002_place")
    shop.run("migrate")
    kept = 'ON "place" ("code")' if options is INDEX else 'UNIQUE ("code", "name")'
    assert kept in shop.sql(SQL)[0][0]

# unique_together of a renamed foreign key: the constraint has followed its column.
pair = """
class Seat(Model):
    class Meta:
        unique_together = (("{0}", "row"),)

    row = fields.IntField(default=1)
    {0} = fields.ForeignKeyField("models.Customer", related_name="seats")
"""
for wrap in ("{}", "StateOnly({})"):
    shop = Shop(more=pair.format("guest"))
    shop.models(more=IMPORTS + pair.format("buyer"))
    rename = STEP.format(operations='RenameForeignKey("Seat", "guest", "buyer")', check="pass")
    (shop.steps / "0002_step.py").write_text(HEAD + rename)
    assert "RemoveConstraint" in shop.made()
    two = (
        'ops.RemoveConstraint("Seat", None, ["guest", "row"])',
        'ops.AddConstraint("Seat", UniqueConstraint(("buyer", "row")))',
    )
    text = STEP.format(operations=", ".join(wrap.format(one) for one in two), check="pass")
    (file,) = shop.steps.glob("*_made.py")
    file.write_text(HEAD + IMPORTS + text.replace("0001_initial", "0002_step"))
    if wrap == "{}":
        try:
            shop.run("migrate")
            raise AssertionError("it has gone well")
        except OperationalError as error:
            assert "no such index" in str(error)
    else:
        shop.run("migrate")
        assert "No changes detected" in shop.run("makemigrations")
        made = "SELECT group_concat(sql) FROM sqlite_master WHERE tbl_name = 'seat'"
        assert 'UNIQUE ("buyer_id", "row")' in shop.sql(made)[0][0]

shop, _ = renamed(INDEX, wrong=True)
shop.run("migrate")
assert 'CREATE INDEX "ix_place" ON "place" ("sign")' in shop.sql(SQL)[0][0]  # no such column: a constant text
shop, _ = renamed(TOGETHER)
try:
    shop.run("migrate")
    raise AssertionError("it has gone well")
except OperationalError as error:
    assert "no such index" in str(error)

shop = Shop()
shop.models(email=KEPT.replace("50", "60"))
shop.step(
    'RenameAttribute("Customer", "email", "contact", column="email"), ops.AlterField('
    '"Customer", "contact", fields.CharField(max_length=60, null=True, source_field="email"))'
)

shop = Shop()
shop.models(email="")
shop.step('ForgetField("Customer", "email")')
assert shop.sql("SELECT email FROM customer") == [("a@x.test",)]

shop = Shop()
shop.models(email=LONGER.replace("60", "50"))
shop.step('ops.RenameField("Customer", "email", "contact")')
assert shop.sql("SELECT contact FROM customer") == [("a@x.test",)]

# A table: the options that the last file had, or they are missed.
RENAME = 'ops.RunSQL("ALTER TABLE invoice RENAME TO bill", "ALTER TABLE bill RENAME TO invoice"),'
RENAME += 'ops.AlterModelOptions("Invoice", {{"table": "bill", "app": "models", "pk_attr": "id"{}}})'
shop = Shop()
shop.models(table="bill")
shop.step(
    RENAME.format(', "table_description": "Claims"'),
    'assert await apps.get_model("models.Invoice").all().count() == 1',
)
assert shop.sql("SELECT count(*) FROM bill") == [(1,)]

# A class whose table was renamed before: the table keeps its newest name.
shop.models(table="bill", base="Bill", parent="BaseBill", invoice="Bill")
last = STEP.format(operations='RenameClass("Invoice", "Bill")', check="pass")
(shop.steps / "0003_step.py").write_text(HEAD + last.replace("0001_initial", "0002_step"))
shop.run("migrate")
assert shop.sql("SELECT id FROM bill") == [(1,)]
assert "No changes detected" in shop.run("makemigrations")
shop.run("downgrade", "models", "0002_step")
assert shop.sql("SELECT id FROM bill") == [(1,)]

shop = Shop()
shop.models(table="bill")
(shop.steps / "0002_step.py").write_text(HEAD + STEP.format(operations=RENAME.format(""), check="pass"))
assert "'table_description': 'Claims'" in shop.made()

# Options that other operations change stay. A copy from the first file forgets a later index.
PAGE = """
from tortoise.indexes import Index

class Page(Model):
    class Meta:
        table = "{table}"
        indexes = ({indexes},)

    name = fields.CharField(max_length=9)
    size = fields.IntField(default=1)
"""
ONE, TWO = (f'Index(fields=("{name}",), name="ix_{name}")' for name in ("name", "size"))
for copied in ("", f', "indexes": [{ONE}]'):
    shop = Shop(more=PAGE.format(table="page", indexes=ONE))
    shop.models(more=PAGE.format(table="page", indexes=f"{ONE}, {TWO}"))
    shop.run("makemigrations", "-n", "second")
    shop.models(more=PAGE.format(table="sheet", indexes=f"{ONE}, {TWO}"))
    options = f'ops.AlterModelOptions("Page", {{"table": "sheet", "app": "models", "pk_attr": "id"{copied}}})'
    rename = 'ops.RunSQL("ALTER TABLE page RENAME TO sheet", "ALTER TABLE sheet RENAME TO page"), ' + options
    step = "from tortoise.indexes import Index\n" + STEP.format(operations=rename, check="pass")
    (shop.steps / "0003_step.py").write_text(HEAD + step.replace("0001_initial", "0002_second"))
    if copied:
        assert "AddIndex" in shop.made()
    else:
        shop.run("migrate")
        assert "No changes detected" in shop.run("makemigrations")

# A many-to-many field: the file of makemigrations fails, RenameAttribute runs no SQL and keeps the links.
POST = """
class Tag(Model):
    name = fields.CharField(max_length=9, null=True)

class Post(Model):
    name = fields.CharField(max_length=9, null=True)
    {field} = fields.ManyToManyField("models.Tag", related_name="{related}")
"""
for field, related in (("labels", "posts"), ("labels", "labelled")):
    for by_hand in (False, True):
        shop = Shop()
        shop.models(more=POST.format(field="tags", related="posts"))
        assert "post_tag" in shop.made()
        shop.run("migrate")
        shop.sql("INSERT INTO tag (name) VALUES ('a')")
        shop.sql("INSERT INTO post (name) VALUES ('b')")
        shop.sql("INSERT INTO post_tag (post_id, tag_id) VALUES (1, 1)")
        shop.models(more=POST.format(field=field, related=related))
        if not by_hand:
            shop.run("makemigrations", "-n", "again")
            try:
                shop.run("migrate")
                raise AssertionError("it has gone well")
            except OperationalError as error:
                assert "no such column" in str(error) or "already exists" in str(error)
        elif related == "posts":
            rename = STEP.format(
                check="pass", operations='RenameAttribute("Post", "tags", "labels", column="tags")'
            )
            (shop.steps / "0003_step.py").write_text(HEAD + rename.replace("0001_initial", "0002_made"))
            shop.run("migrate")
            assert "No changes detected" in shop.run("makemigrations")
            shop.run("downgrade", "models", "0002_made")
            shop.run("migrate")
        assert shop.sql("SELECT * FROM post_tag") == [(1, 1)]

# A forgotten `ordering` raises no error at the start, in INSERT and COUNT; reading rows does.
READ = """
async def main():
    from tortoise import Tortoise
    await Tortoise.init(config=CONFIG)
    try:
        await Place.create(town="Oslo")
        assert await Place.all().count() == 1
        await Place.first()
    finally:
        await Tortoise.close_connections()
"""
ordered = place.replace("(Model):\n", '(Model):\n    class Meta:\n        ordering = ("name",)\n\n', 1)
shop = Shop(more=ordered.format("town", "country") + READ)
try:
    asyncio.run(importlib.import_module(f"{shop.name}.{shop.stage}").main())
    raise AssertionError("it has gone well")
except ConfigurationError as error:
    assert "Unknown fields name in default ordering for model Place" in str(error)
