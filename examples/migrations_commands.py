# snippet: needs="tortoise>=1.1.8"
"""What `python -m tortoise` does and doesn't: targets, dry runs, labels, branches, data, failures."""

import asyncio
import importlib
import io
import itertools
import sqlite3
import sys
import tempfile
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path

from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.migrations import operations as ops

HEAD = """
from tortoise import fields, migrations
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.migrations import operations as ops
from tortoise.models import Model
"""
PLAN = """
class Plan(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=9, default="x")
"""
CREATE = """ops.CreateModel("Plan", [
    ("id", fields.IntField(primary_key=True)), ("name", fields.CharField(max_length=9, default="x")),
], options={"table": "plan", "app": "models", "pk_attr": "id"})"""
numbers = itertools.count(1)
sys.path.insert(0, tempfile.mkdtemp())


class Shop:
    """A project: models, migrations, a database, and the command line over them."""

    def __init__(self, *, package: bool = True) -> None:
        self.name = f"plans{next(numbers)}"
        self.root = Path(sys.path[0], self.name)
        self.steps = self.root / "steps"
        self.root.mkdir()
        (self.root / "__init__.py").touch()
        if package:
            self.steps.mkdir()
            (self.steps / "__init__.py").touch()
        self.url = f"sqlite://{self.root}/db.sqlite3"
        self.models()

    def models(self, *fields: str, steps: str = "") -> None:
        """The model as it is now, each time in a module of its own."""
        self.stage = f"stage{next(numbers)}"
        app = {
            "models": [f"{self.name}.{self.stage}"],
            "default_connection": "default",
            "migrations": steps or f"{self.name}.steps",
        }
        config = {"connections": {"default": self.url}, "apps": {"models": app}}
        lines = "".join(f"    {field}\n" for field in fields)
        (self.root / f"{self.stage}.py").write_text(HEAD + PLAN + lines + f"\nCONFIG = {config}\n")

    def write(self, name: str, operations: str, after: str = "", before: str = "") -> None:
        """A migration by hand."""
        text = f"{before}\nclass Migration(migrations.Migration):\n    operations = [{operations}]\n"
        if after:
            text += f'    dependencies = [("models", "{after}")]\n'
        (self.steps / f"{name}.py").write_text(HEAD + text)

    def run(self, *command: str) -> str:
        """What `python -m tortoise COMMAND` prints."""
        importlib.invalidate_caches()
        for loaded in [module for module in sys.modules if module.startswith(f"{self.name}.")]:
            del sys.modules[loaded]
        EXECUTOR_CACHE.clear()  # each command is a process of its own
        printed = io.StringIO()
        with redirect_stdout(printed), redirect_stderr(printed):
            status = asyncio.run(run_cli_async(["-c", f"{self.name}.{self.stage}.CONFIG", *command]))
        if status:
            raise RuntimeError(printed.getvalue())
        return printed.getvalue()

    def fails(self, *command: str) -> str:
        try:
            self.run(*command)
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        raise AssertionError(f"{command} has gone well")

    def sql(self, statement: str) -> list[tuple]:
        with closing(sqlite3.connect(self.root / "db.sqlite3")) as database:
            rows = database.execute(statement).fetchall()
            database.commit()
            return rows

    def columns(self) -> list[str]:
        return [row[1] for row in self.sql("PRAGMA table_info(plan)")]


def semicolons() -> None:
    """On SQLite `migrate` cuts its SQL at each semicolon, also within the comment of a table or a column."""
    for column, docstring, error in (
        ("", '    """A plan; a price."""\n', 'near "a": syntax error'),
        ('tier = fields.IntField(description="a; b")', "", "incomplete input"),
    ):
        shop = Shop()
        shop.models(column)
        file = shop.root / f"{shop.stage}.py"
        file.write_text(file.read_text().replace("class Plan(Model):\n", f"class Plan(Model):\n{docstring}"))
        shop.run("makemigrations")
        assert error in shop.fails("migrate")


def targets() -> None:
    """A migrations package needs a parent; names in full; `migrate` goes back too, `upgrade` doesn't."""
    shop = Shop(package=False)
    shop.models(steps=f"{shop.name}.nowhere.steps")
    assert "Cannot import parent module" in shop.fails("makemigrations")
    shop.models()
    shop.run("makemigrations")  # makes the package where its parent is there
    shop.models("tier = fields.IntField(null=True)")
    shop.run("makemigrations", "-n", "tier")
    assert "Unknown migration target models.0002" in shop.fails("migrate", "models", "0002")
    assert 'ADD COLUMN "tier"' in shop.run("sqlmigrate", "models", "0002")
    shop.run("migrate")
    assert "Backward migrations are not allowed" in shop.fails("upgrade", "models", "0001_initial")
    assert "tier" in shop.columns()
    shop.run("migrate", "models", "0001_initial")
    assert "tier" not in shop.columns()


def says_ok() -> None:
    """A dry run sends nothing, and finds no mistake."""
    shop = Shop()
    shop.write("0001_initial", CREATE)
    shop.write("0002_broken", 'ops.RunSQL("SELECT nonsense")', after="0001_initial")
    assert "Applying models.0002_broken... OK" in shop.run("migrate", "--dry-run")
    assert "no such column: nonsense" in shop.fails("migrate")


def branches() -> None:
    """Two branches, two files 0002: both apply, in the order of their names, and the next one joins them."""
    shop = Shop()
    shop.run("makemigrations")
    first, second = "a = fields.IntField(null=True)", "b = fields.IntField(null=True)"
    shop.models(second)
    shop.run("makemigrations", "-n", "b")
    theirs = (shop.steps / "0002_b.py").rename(shop.root / "0002_b.py")
    shop.models(first)
    shop.run("makemigrations", "-n", "a")
    theirs.rename(shop.steps / "0002_b.py")

    shop.models(first, second)
    assert "No changes detected" in shop.run("makemigrations")
    heads = shop.run("heads")
    assert "0002_a" in heads
    assert "0002_b" in heads
    shop.run("migrate")
    assert shop.columns() == ["id", "name", "a", "b"]
    shop.run("makemigrations", "models", "--empty", "--name", "merge")
    merge = (shop.steps / "0003_merge.py").read_text()
    assert "[('models', '0002_a'), ('models', '0002_b')]" in merge
    assert "No migrations to apply" in shop.run("migrate", "models", "0002_a")  # 0002_b does not depend on it
    assert shop.columns() == ["id", "name", "a", "b"]


def squashing() -> None:
    """`replaces` is read by nobody: a squashed file is recorded, with --fake, where the old ones were run."""
    shop = Shop()
    shop.run("makemigrations")
    shop.models("a = fields.IntField(null=True)")
    shop.run("makemigrations", "-n", "a")
    shop.run("migrate")
    replaces = CREATE + "]\n    replaces = [('models', '0001_initial'), ('models', '0002_a')"
    shop.write("0001_replaces", replaces)
    assert 'table "plan" already exists' in shop.fails("migrate", "models", "0001_replaces")

    for file in shop.steps.glob("0*.py"):
        file.unlink()
    shop.run("makemigrations", "--name", "squashed")
    assert [file.name for file in shop.steps.glob("0*.py")] == ["0001_squashed.py"]
    shop.run("migrate", "models", "0001_squashed", "--fake")
    assert "No migrations to apply" in shop.run("migrate")
    assert "No changes detected" in shop.run("makemigrations")

    # The constraints of a new model are not made, so those of a squashed file are not either.
    check = "from tortoise.migrations.constraints import CheckConstraint"
    for name in ("constraint", "squashed"):
        shop.models()
        file = shop.root / f"{shop.stage}.py"
        meta = '    class Meta:\n        constraints = (CheckConstraint(check="id > 0", name="ck_id"),)\n\n'
        file.write_text(f"{check}\n{file.read_text()}".replace("(Model):\n", f"(Model):\n{meta}", 1))
        shop.run("makemigrations", "--name", name)
        (written,) = shop.steps.glob(f"*_{name}.py")
        assert ("AddConstraint" in written.read_text()) is (name == "constraint")
        if name == "constraint":
            for old in shop.steps.glob("0*.py"):
                old.unlink()
    assert "ck_id" not in shop.run("sqlmigrate", "models", "0001_squashed")


def another_type() -> None:
    """Another type in Python is refused, and the operation that the message names does not exist."""
    shop = Shop()
    shop.models("n = fields.CharField(max_length=9, null=True)")
    shop.run("makemigrations")
    shop.models("n = fields.IntField(null=True)")
    shop.run("makemigrations", "-n", "number")
    assert "Automatic field type altering is not supported yet (field 'n')" in shop.fails("migrate")
    assert not hasattr(ops, "AlterFieldManual")
    shop = Shop()  # another column of the same type in Python
    shop.models("n = fields.IntField(null=True)")
    shop.run("makemigrations")
    shop.models("n = fields.BigIntField(null=True)")
    shop.run("makemigrations", "-n", "big")
    shop.run("migrate")


def data() -> None:
    """Without a reverse there is no way back; an error undoes the file's schema changes too."""
    shop = Shop()
    before = "async def add(apps, schema_editor):\n    await apps.get_model('models.Plan').create(name='a')\n"
    shop.write("0001_initial", CREATE)
    shop.write("0002_add", "ops.RunPython(add)", after="0001_initial", before=before)
    shop.run("migrate")
    assert "is not reversible" in shop.fails("downgrade", "models", "0001_initial")
    operations = "ops.AddField('Plan', 'tier', fields.IntField(null=True)), ops.RunPython(add)"
    shop.write("0003_add", operations, after="0002_add", before=before + "    raise RuntimeError('no')\n")
    assert "RuntimeError: no" in shop.fails("migrate")
    assert shop.columns() == ["id", "name"]
    assert shop.sql("SELECT count(*) FROM plan") == [(1,)]

    # The models of a migration have no methods and no manager of their own: a hidden row is found.
    file = shop.root / f"{shop.stage}.py"
    manager = "from tortoise.manager import Manager\nclass Hides(Manager):\n    def get_queryset(self):\n"
    manager += "        return super().get_queryset().filter(name='z')\n\n"
    meta = (
        "(Model):\n    class Meta:\n        manager = Hides()\n\n    def priced(self):\n        return 1\n\n"
    )
    file.write_text(file.read_text().replace("class Plan(Model):\n", f"{manager}class Plan{meta}"))
    look = """async def add(apps, schema_editor):
    Plan = apps.get_model('models.Plan')
    assert await Plan.all().update(name="y") == 1 and not hasattr(Plan, "priced")
"""
    shop.write(
        "0003_add", "ops.RunPython(add)", after="0002_add", before=look + "    raise RuntimeError('no')\n"
    )
    failed = shop.fails("migrate")
    assert "RuntimeError: no" in failed
    assert shop.sql("SELECT name FROM plan") == [("a",)]  # found, and the update was undone
    shop.write("0003_add", 'ops.RunSQL([("UPDATE plan SET name = ?", ["z"])])', after="0002_add")
    shop.run("migrate")
    assert shop.sql("SELECT name FROM plan") == [("z",)]


def faking() -> None:
    """Without a target: whatever is pending is recorded."""
    shop = Shop()
    shop.write("0001_initial", CREATE)
    shop.write("0002_add", "ops.AddField('Plan', 'tier', fields.IntField(null=True))", after="0001_initial")
    shop.run("migrate", "--fake")
    assert shop.columns() == []
    assert "No migrations to apply" in shop.run("migrate")

    # Tables that were there before the first file: with a target the rest is still applied.
    shop = Shop()
    shop.sql("CREATE TABLE plan (id INTEGER PRIMARY KEY, name VARCHAR(9))")
    shop.write("0001_initial", CREATE)
    shop.write("0002_add", "ops.AddField('Plan', 'tier', fields.IntField(null=True))", after="0001_initial")
    shop.run("migrate", "models", "0001_initial", "--fake")
    shop.run("migrate")
    assert shop.columns() == ["id", "name", "tier"]


def remembered() -> None:
    """The INSERT of a table is remembered by its name: a later migration's create() loses the new column."""
    add = "async def add(apps, schema_editor):\n    {first}\n"
    add += "    await apps.get_model('models.Plan').create({values})\n"
    column = "ops.AddField('Plan', 'price', fields.IntField(db_default=0)), ops.RunPython(add)"
    for first, price in (("pass", 0), ("EXECUTOR_CACHE.clear()", 50)):
        shop = Shop()
        before = add.format(first="pass", values="name='free'")
        shop.write("0001_initial", f"{CREATE}, ops.RunPython(add)", before=before)
        before = add.format(first=first, values="name='pro', price=50")
        shop.write("0002_price", column, after="0001_initial", before=before)
        shop.run("migrate")
        assert shop.sql("SELECT name, price FROM plan") == [("free", 0), ("pro", price)]


def no_check() -> None:
    """Whether a migration is missing is told by what makemigrations prints; and it writes the file."""
    assert "unrecognized arguments: --check" in Shop().fails("makemigrations", "--check")
    shop = Shop()
    shop.run("makemigrations")
    shop.models("tier = fields.IntField(null=True)")
    assert "No changes detected" not in shop.run("makemigrations")
    assert "Applying models.0002_auto_" in shop.run("migrate")
    assert "tier" in shop.columns()


def labels() -> None:
    """Two labels, a foreign key from the first to the second: the dependency is written by hand."""
    shop = Shop()
    apps = {}
    for label, model in (("aaa", "Bill"), ("bbb", "Plan")):
        field = 'fields.ForeignKeyField("bbb.Plan")' if label == "aaa" else "fields.CharField(9)"
        (shop.root / f"{label}.py").write_text(f"{HEAD}\nclass {model}(Model):\n    field = {field}\n")
        package = {"default_connection": "default", "migrations": f"{shop.name}.steps_{label}"}
        apps[label] = package | {"models": [f"{shop.name}.{label}"]}
    config = {"connections": {"default": shop.url}, "apps": apps}
    (shop.root / f"{shop.stage}.py").write_text(f"CONFIG = {config}")

    def depend(step: str, before: str, after: str) -> None:
        file = shop.root / "steps_aaa" / f"{step}.py"
        text = file.read_text()
        assert before in text
        file.write_text(text.replace(before, after))

    assert "No app with name 'bbb' registered" in shop.fails("makemigrations", "aaa")
    shop.run("makemigrations")
    assert "uninitialized relations" in shop.fails("migrate")
    for order in (("bbb", "aaa"), ("aaa", "bbb")):  # who is referred to first, and last
        config["apps"] = {label: apps[label] for label in order}
        (shop.root / f"{shop.stage}.py").write_text(f"CONFIG = {config}")
        assert "uninitialized relations" in shop.fails("makemigrations"), order  # the drift check
    assert "uninitialized relations" in shop.fails("sqlmigrate", "aaa", "0001")
    initial = "    initial = True\n"
    depend("0001_initial", initial, initial + '    dependencies = [("bbb", "0001_initial")]\n')
    shop.run("migrate")
    assert "No changes detected" in shop.run("makemigrations")
    assert "nonexistent parent bbb.0001_initial" in shop.fails("sqlmigrate", "aaa", "0001")

    # --empty wants the labels, and writes a file for each.
    assert "No app with name 'bbb' registered" in shop.fails("makemigrations", "aaa", "--empty")
    shop.run("makemigrations", "aaa", "bbb", "--empty", "--name", "data")
    assert len(list(shop.root.glob("steps_*/0002_data.py"))) == 2

    # Later files know those that were there, not those of the same run.
    with (shop.root / "aaa.py").open("a") as file:
        file.write('    other = fields.ForeignKeyField("bbb.Other", null=True)\n')
    with (shop.root / "bbb.py").open("a") as file:
        file.write("\nclass Other(Model):\n    field = fields.CharField(9)\n")
    shop.run("makemigrations", "--name", "other")
    assert "KeyError: 'other_id'" in shop.fails("migrate")
    depend("0003_other", "('bbb', '0002_data')", "('bbb', '0003_other')")
    shop.run("migrate")


def no_lambda() -> None:
    shop = Shop()
    shop.models('code = fields.CharField(max_length=9, default=lambda: "x")')
    assert "Cannot serialize lambda; use a module-level function instead." in shop.fails("makemigrations")


def not_in_their_place() -> None:
    """A file that adds a field a second time, and one that changes a model before a file makes the model."""
    shop = Shop()
    shop.write("0001_initial", CREATE)
    shop.write("0002_name", "ops.AddField('Plan', 'name', fields.IntField(null=True))", after="0001_initial")
    assert "Field name already present on model models.Plan" in shop.fails("migrate")

    shop = Shop()
    shop.write("0001_tier", "ops.AddField('Plan', 'tier', fields.IntField(null=True))")
    shop.write("0002_plan", CREATE)
    assert shop.fails("migrate") == "IncompatibleStateError: "


PARTS = (
    semicolons,
    targets,
    says_ok,
    branches,
    squashing,
    another_type,
    data,
    faking,
    remembered,
    no_check,
    labels,
    no_lambda,
    not_in_their_place,
)
for part in PARTS:
    part()
