# snippet: needs="aerich, tortoise>=1.1.4"
"""Aerich 0.10 on SQLite: set-up, what its commands do to tables and files, branches, and the way out."""

import asyncio
import contextvars
import importlib
import io
import itertools
import os
import re
import sqlite3
import sys
import tempfile
from collections.abc import Coroutine
from contextlib import closing, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, TypeVar
from unittest.mock import patch
from uuid import UUID

import aerich as aerich_package
from aerich import Command
from aerich.cli import cli
from aerich.migrate import Migrate
from aerich.models import Aerich
from asyncclick.testing import CliRunner
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
from tortoise.exceptions import ConfigurationError, OperationalError

HEAD = """
from tortoise import fields
from tortoise.indexes import Index
from tortoise.migrations.constraints import CheckConstraint
from tortoise.models import Model
"""
INVOICE = """
class {name}(Model):
    class Meta:
        table = "invoice"
        indexes = {indexes}

    id = fields.IntField(primary_key=True)
    number = fields.CharField(max_length=9)
"""
CONFIG = """
TORTOISE_ORM = {{
    "connections": {{"default": "sqlite://db.sqlite3"}},
    "apps": {{"models": {{"models": ["{module}"], "default_connection": "default"{more}}}}},
}}
"""
SECTION = """[tool.aerich]
tortoise_orm = "{module}.TORTOISE_ORM"
location = "./migrations"
src_folder = "./."
"""
NAMED = '(Index(fields=("number",), name="ix_number"),)'
TOGETHER = NAMED + '\n        unique_together = (("number",),)'
USER = "\nclass User(Model):\n    id = fields.IntField(primary_key=True)\n"
OWNER = 'owner = fields.ForeignKeyField("models.User")'
NOTE = "note = fields.CharField(max_length=9, null=True)"
EMAIL = "email = fields.CharField(max_length=9, null=True)"
TIMEDELTA = "\nfrom datetime import timedelta\n\nclass"
T = TypeVar("T")
stages = itertools.count(1)


def models(*texts: str, more: str = "") -> str:
    """Write the models as they are now, each time to a module of its own; pyproject.toml names it."""
    module = f"stage{next(stages)}"
    Path(f"{module}.py").write_text(HEAD + "".join(texts) + CONFIG.format(module=module, more=more))
    Path("pyproject.toml").write_text(SECTION.format(module=module))
    return module


def invoice(*fields: str, name: str = "Invoice", indexes: str = NAMED) -> str:
    return INVOICE.format(name=name, indexes=indexes) + "".join(f"    {field}\n" for field in fields)


def as_process(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run it as a new process would: no Tortoise started anywhere."""
    return contextvars.Context().run(asyncio.run, coroutine)


def aerich(*command: str, status: int = 0) -> str:
    """What `aerich COMMAND` prints; it must end with `status`."""
    importlib.invalidate_caches()
    for loaded in [name for name in sys.modules if name.startswith("migrations")]:
        del sys.modules[loaded]
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    sys.argv = ["aerich", *command]
    result = as_process(CliRunner().invoke(cli, list(command)))
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert result.exit_code == status, result.output
    return result.output


def sql(statement: str) -> list[tuple]:
    with closing(sqlite3.connect("db.sqlite3")) as database:
        rows = database.execute(statement).fetchall()
        database.commit()
        return rows


def tables() -> set[str]:
    return {name for (name,) in sql("SELECT name FROM sqlite_master WHERE type = 'table'")}


def columns_of(table: str) -> list[str]:
    return [row[1] for row in sql(f"PRAGMA table_info({table})")]


def files() -> list[Path]:
    return sorted(Path("migrations/models").glob("*.py"))


def upgrade_of(file: Path) -> str:
    """Its upgrade(): SQL as text."""
    return file.read_text().split("async def downgrade")[0]


def project() -> None:
    """An empty folder."""
    os.chdir(tempfile.mkdtemp())
    sys.path[0] = str(Path.cwd())


def start(*texts: str) -> str:
    """A project of its own, with its first migration; where there are invoices, with one."""
    project()
    module = models(*texts)
    aerich("init-db")
    return module


def by_hand(name: str, statement: str) -> None:
    """An empty file, which stores the models as they are, and the SQL for them."""
    aerich("migrate", "--offline", "--empty", "--name", name)
    body(f'return "{statement}"')


def body(lines: str) -> None:
    """Of upgrade() in the last file, which is empty."""
    files()[-1].write_text(files()[-1].read_text().replace('return """\n        """', lines, 1))


def set_up() -> None:
    project()
    module = models(invoice())

    async def upgrade() -> None:
        async with Command(importlib.import_module(module).TORTOISE_ORM) as command:
            await command.upgrade()

    Path("migrations/models").mkdir(parents=True)
    Path("migrations/models/0_20260101000000_init.py").touch()
    importlib.invalidate_caches()
    try:
        as_process(upgrade())
    except ConfigurationError as error:
        assert "default_connection for the model <class 'aerich.models.Aerich'> cannot be None" in str(error)
    else:
        raise AssertionError("a script got along without aerich.models")

    start(invoice())
    assert {"invoice", "aerich"} <= tables()  # "aerich.models" was added, there is but one app
    assert "is already initialized. Delete migrations/models and try again." in aerich("init-db")
    assert "already initialized" in aerich("init-migrations")  # and exit status 0
    inited = aerich("init", "-t", Path("pyproject.toml").read_text().split('"')[1])
    assert "already inited" in inited
    assert "it's recommended to use native migrations" in inited

    Path("db.sqlite3").unlink()  # a new environment: the files are all that it needs
    aerich("upgrade")
    assert "invoice" in tables()
    Path("db.sqlite3").unlink()  # init-db applies them as well
    assert "Success" in aerich("init-db")
    assert "invoice" in tables()
    assert len(files()) == 1

    # Of two apps Aerich doesn't choose one for its table.
    module = models(invoice())
    more = '\nTORTOISE_ORM["apps"]["others"] = {"models": [], "default_connection": "default"}\n'
    Path(f"{module}.py").write_text(Path(f"{module}.py").read_text() + more)
    assert "You have to add 'aerich.models'" in aerich("upgrade", status=2)

    # A [tool.tortoise] that is there already, and a comment somewhere: the keys land in the table above.
    module = models(invoice())
    section = f'# why\n[tool.uv]\n[tool.tortoise]\ntortoise_orm = "{module}.TORTOISE_ORM"\n\n[tool.ruff]\n'
    Path("pyproject.toml").write_text(section)
    aerich("init", "-t", f"{module}.TORTOISE_ORM")
    assert "[tool.uv]\nsrc_folder" in Path("pyproject.toml").read_text()
    assert "run `aerich init` again when upgrading to aerich 0.6.0+." in aerich("upgrade", status=2)
    Path("pyproject.toml").unlink()
    assert "You need to run `aerich init` first to create the config file." in aerich("upgrade", status=2)

    # `src_folder` is what init writes, `src` what is read.
    Path("src/conf").mkdir(parents=True)
    Path("src/conf/__init__.py").write_text(Path(f"{module}.py").read_text())
    for key, status in (("src_folder", 1), ("src", 0)):
        section = SECTION.format(module="conf").replace('src_folder = "./."', f'{key} = "./src"')
        Path("pyproject.toml").write_text(section)
        aerich("history", status=status)


def failing_import() -> None:
    """A configuration whose own import fails: the message hides the ModuleNotFoundError."""
    project()
    Path("settings").mkdir()
    Path("settings/database.py").write_text("import a_package_that_is_not_installed\nTORTOISE_ORM = {}\n")
    Path("pyproject.toml").write_text(SECTION.format(module="settings.database"))
    told = aerich("init-db", status=2)
    assert '"database.TORTOISE_ORM" from module' in told


def constraints() -> None:
    """Nothing in the file, nothing in the table."""
    start(invoice(indexes=NAMED + '\n        constraints = (CheckConstraint(check="id > 0", name="ck_id"),)'))
    assert "ck_id" not in upgrade_of(files()[0]).split("MODELS_STATE")[0]
    assert "ck_id" not in "".join(row[0] or "" for row in sql("SELECT sql FROM sqlite_master"))


def downgrade() -> None:
    start(invoice())
    for number, field in enumerate(("a", "b"), start=1):
        models(invoice(*(f"{name} = fields.IntField(null=True)" for name in "ab"[:number])))
        aerich("migrate", "--name", field)
        aerich("upgrade")
    aerich("downgrade", "-v", "1", "--yes")  # 2 and 1
    assert columns_of("invoice") == ["id", "number"]
    assert "No downgrade items found" in aerich("downgrade", "--yes")  # and exit status 0
    by_hand("data", "SELECT 1")
    aerich("upgrade")
    printed = aerich("downgrade", "--yes")
    assert "No downgrade items found" in printed  # its downgrade() returns no SQL
    files()[-1].unlink()
    sql("DELETE FROM aerich WHERE version LIKE '%data.py'")
    assert "invoice" in tables()
    assert "Aborted" in aerich("downgrade", status=1)  # nobody answers the prompt


def data() -> None:
    """There is no RunPython: upgrade() runs Python itself, and returns SQL that does nothing."""
    start(invoice())
    sql("INSERT INTO invoice (number) VALUES ('a')")
    aerich("migrate", "--name", "upper", "--empty")
    body(
        'await db.execute_query("UPDATE invoice SET number = number || upper(number)")\n    return "SELECT 1"'
    )
    aerich("upgrade")
    assert sql("SELECT number FROM invoice") == [("aA",)]

    # A file that lacks MODELS_STATE, as old ones do, is called again, and what it returned takes its place.
    files()[-1].write_text(files()[-1].read_text().partition("MODELS_STATE")[0])
    assert "Updated 1 migration file" in aerich("fix-migrations")
    assert sql("SELECT number FROM invoice") == [("aAAA",)]
    assert "execute_query" not in files()[-1].read_text()


def not_null() -> None:
    start(invoice())
    sql("INSERT INTO invoice (number) VALUES ('a')")
    models(invoice("tier = fields.IntField(default=7)"))
    aerich("migrate", "--name", "tier")
    aerich("upgrade")
    assert sql("SELECT tier FROM invoice") == [(7,)]
    models(invoice("tier = fields.IntField(default=7)", "rank = fields.IntField(db_default=7)"))
    aerich("migrate", "--name", "rank")
    try:
        aerich("upgrade")
    except OperationalError as error:
        assert "NOT NULL" in str(error)
    else:
        raise AssertionError("db_default= has been enough")

    # No DEFAULT for a text, JSON or UUID field, and none for a function.
    for field in (
        'TextField(default="x")',
        "JSONField(default={})",
        f"UUIDField(default={str(UUID(int=1))!r})",
        'CharField(max_length=9, default=lambda: "x")',
        "DatetimeField(auto_now_add=True)",
    ):
        start(invoice())
        sql("INSERT INTO invoice (number) VALUES ('a')")
        models(invoice(f"new = fields.{field}"))
        aerich("migrate", "--name", "new")
        added = upgrade_of(files()[-1])
        assert "NOT NULL" in added, added
        assert "DEFAULT" not in added.replace("DEFAULT NULL", ""), added
        try:
            aerich("upgrade")
        except OperationalError as error:
            assert "Cannot add a NOT NULL column" in str(error)
        else:
            raise AssertionError(f"{field} has a DEFAULT")


def renamed_class() -> None:
    """Meta as it was stored: a tuple has become a list, so it "changed", so the table goes."""
    for indexes, kept in (('(("number",),)', False), (NAMED, True)):
        start(invoice(indexes=indexes))
        sql("INSERT INTO invoice (number) VALUES ('a')")
        models(invoice(name="Bill", indexes=indexes))
        aerich("migrate", "--name", "bill")
        aerich("upgrade")
        assert ("invoice" in tables()) is kept
        assert len(files()) == 1 + (not kept)


def forgotten() -> None:
    """No file was written, so the state is still the old class's: whatever comes next drops the table."""
    for stored in (False, True):
        start(invoice())
        models(invoice(name="Bill"))
        assert "No changes detected" in aerich("migrate")
        if stored:
            by_hand("bill", "SELECT 1")
            aerich("upgrade")
        models(invoice(NOTE, name="Bill"))
        said = aerich("migrate", "--name", "note")
        assert ("Rename model class name with attribute changed" in said) is not stored
        aerich("upgrade")
        assert ("invoice" in tables()) is stored

    # If the next change is one of another model, its file stores the new name.
    start(invoice(), USER)
    models(invoice(name="Bill"), USER)
    aerich("migrate", "--offline")
    for fields in (f"    {NOTE}\n", f"    {NOTE}\n    {EMAIL.replace('9', '8')}\n"):
        models(invoice(name="Bill"), USER + fields)
        aerich("migrate", "--offline", "--name", "user")
        added = upgrade_of(files()[-1])
        assert 'ALTER TABLE "user" ADD' in added and "DROP TABLE" not in added


def dropped() -> None:
    """Renames that are drafted as CREATE and DROP at once, and what to do about all of them."""
    docstring = "class Bill(Model):", 'class Bill(Model):\n    """What is owed."""\n'
    changes = {
        "with a field": (invoice(), invoice(NOTE, name="Bill"), "ALTER TABLE invoice ADD note VARCHAR(9)"),
        "with a docstring": (invoice(), invoice(name="Bill").replace(*docstring), "SELECT 1"),
        "in Meta": (invoice(indexes=TOGETHER), invoice(name="Bill", indexes=TOGETHER), "SELECT 1"),
        "and the table": (
            invoice(),
            invoice(name="Bill").replace('"invoice"', '"bill"'),
            "ALTER TABLE invoice RENAME TO bill",
        ),
    }
    for change, (before, after, statement) in changes.items():
        start(before)
        sql("INSERT INTO invoice (number) VALUES ('a')")
        models(after)
        warned = "Please check" in aerich("migrate", "--name", "bill")
        assert warned is (change != "and the table")
        assert 'DROP TABLE IF EXISTS "invoice"' in upgrade_of(files().pop()), change
        files()[-1].unlink()
        by_hand("bill", statement)
        aerich("upgrade")
        assert "No changes detected" in aerich("migrate"), change
        assert sql("SELECT number FROM " + ("invoice" if warned else "bill")) == [("a",)]

    # A class that a ManyToManyField names: its rows and the links would go. forward_key= keeps the column.
    tags = """
class {0}(Model):
    class Meta:
        table = "tag"

    id = fields.IntField(primary_key=True)


class Item(Model):
    id = fields.IntField(primary_key=True)
    tags = fields.ManyToManyField("models.{0}"{1})
"""
    start(tags.format("Tag", ""))
    models(tags.format("Label", ""))
    aerich("migrate", "--offline", "--name", "label")
    draft = upgrade_of(files().pop())
    assert 'DROP TABLE IF EXISTS "item_tag"' in draft and 'DROP TABLE IF EXISTS "tag"' in draft
    files()[-1].unlink()
    models(tags.format("Label", ', forward_key="tag_id"'))
    assert "No changes detected" in aerich("migrate", "--offline")

    start(invoice())  # the table alone
    models(invoice().replace('"invoice"', '"bill"'))
    aerich("migrate", "--name", "bill")
    assert 'ALTER TABLE "invoice" RENAME TO "bill"' in upgrade_of(files()[-1])


def columns() -> None:
    """A column that is renamed and altered is another one; so is an attribute whose column stays."""
    longer = "mail = fields.CharField(max_length=80, null=True)"
    start(invoice(EMAIL))
    sql("INSERT INTO invoice (number, email) VALUES ('a', 'b')")
    models(invoice(longer))
    aerich("migrate", "--name", "mail")
    drafted = upgrade_of(files()[-1])
    assert 'ADD "mail"' in drafted and 'DROP COLUMN "email"' in drafted
    files()[-1].unlink()
    by_hand("mail", "ALTER TABLE invoice RENAME COLUMN email TO mail")  # SQLite ignores the length
    aerich("upgrade")
    assert sql("SELECT mail FROM invoice") == [("b",)]
    assert "No changes detected" in aerich("migrate")

    models(invoice(longer.replace("mail", "address", 1).replace(")", ', source_field="mail")')))
    aerich("migrate", "--name", "address")
    try:
        aerich("upgrade")
    except OperationalError as error:
        assert "duplicate column name: mail" in str(error)
    else:
        raise AssertionError("one column twice")
    files()[-1].unlink()
    by_hand("address", "SELECT 1")
    aerich("upgrade")
    assert "No changes detected" in aerich("migrate")


def pending() -> None:
    """An empty file stores the models as they are: what was changed in them before will not be drafted."""
    start(invoice())
    models(invoice(NOTE))
    by_hand("data", "SELECT 1")
    aerich("upgrade")
    assert "No changes detected" in aerich("migrate")
    upgraded = columns_of("invoice")
    assert "note" not in upgraded


def second(*texts: str, built_in: bool = False, users: str = USER) -> str:
    """Two apps: `models` has users, `second` what is given."""
    module = models(*texts)
    Path(f"users_{module}.py").write_text(HEAD + users)
    apps = {"models": [f"users_{module}"], "second": [module]}
    if not built_in:
        apps["models"].append("aerich.models")
    keys = {app: {"models": names, "migrations": f"steps_{app}"} for app, names in apps.items()}
    with Path(f"{module}.py").open("a") as file:
        file.write(f'TORTOISE_ORM["apps"] = {keys}\n')
    return module


def tables_of_others() -> None:
    """The first file of each app makes the tables of all: a renamed one comes back in a new database."""
    project()
    second(invoice(OWNER))
    aerich("init-db")
    aerich("--app", "second", "init-db")
    second(invoice(OWNER), users=USER.replace(":\n", ':\n    class Meta:\n        table = "person"\n\n', 1))
    aerich("migrate", "--offline", "--name", "person")
    (initial,) = Path("migrations/second").glob("0_*.py")
    for cut in (False, True):
        if cut:
            text = initial.read_text()
            (create,) = re.findall(r'CREATE TABLE IF NOT EXISTS "user" \([^;]*;\n', text)
            initial.write_text(text.replace(create, ""))
        Path("db.sqlite3").unlink()
        for app in ("models", "second"):  # as with_aerich/migrate.py does
            aerich("--app", app, "upgrade")
        assert {"person", "invoice"} <= tables()
        assert ("user" in tables()) is not cut
    for app in ("models", "second"):
        assert "No changes detected" in aerich("--app", app, "migrate")


def several_apps() -> None:
    """Each command is about one app, the first unless `--app` says another."""
    project()
    owner = OWNER
    second(invoice(owner))
    aerich("init-db")
    aerich("--app", "second", "init-db")
    second(invoice(owner, NOTE))
    assert "No changes detected" in aerich("migrate")
    assert "No such option" in aerich("migrate", "--app", "second", status=2)
    assert "Success creating" in aerich("--app", "second", "migrate", "--name", "note")
    assert "No upgrade items found" in aerich("upgrade")
    assert "1_" in aerich("--app", "second", "heads")
    aerich("--app", "second", "upgrade")

    # A new model that refers to the other app's, or to itself, is not drafted.
    for relation in (owner, 'parent = fields.ForeignKeyField("second.Bill", null=True)'):
        second(
            invoice(owner, NOTE), invoice(relation, name="Bill", indexes="()").replace('"invoice"', '"bill"')
        )
        try:
            aerich("--app", "second", "migrate", "--name", "bill")
        except ConfigurationError as error:
            assert "Can't create schema due to cyclic fk references" in str(error)
        else:
            raise AssertionError("a relation across apps has been drafted")

    # Nor is a foreign key across apps that a model gets or loses: SQL by hand.
    other = owner.replace("owner", "payer").replace(")", ", related_name=False, null=True)")
    for keys in ((owner, other), ()):
        second(invoice(*keys, NOTE))
        try:
            aerich("--app", "second", "migrate", "--name", "key")
        except KeyError as error:
            assert str(error) == "'models.User'"
        else:
            raise AssertionError("a foreign key across apps has been drafted")
    second(invoice(owner, other, NOTE))
    aerich("--app", "second", "migrate", "--offline", "--empty", "--name", "key")
    file = max(Path("migrations/second").glob("2_*.py"))
    statement = 'ALTER TABLE invoice ADD payer_id INT REFERENCES "user" (id)'
    file.write_text(file.read_text().replace('return """\n        """', f"return '{statement}'", 1))
    aerich("--app", "second", "upgrade")
    assert "payer_id" in columns_of("invoice")
    assert "No changes detected" in aerich("--app", "second", "migrate")

    # The way out, without a dependency: the app referred to comes first, or neither is of use any more.
    for app in ("models", "second"):
        Path(f"steps_{app}").mkdir()
        Path(f"steps_{app}/__init__.py").touch()
    module = second(invoice(owner, NOTE), built_in=True)
    tortoise(module, "makemigrations")
    tortoise(module, "migrate", "second", "0001_initial", "--fake")
    try:
        tortoise(module, "migrate", "models", "0001_initial", "--fake")
    except RuntimeError as error:
        assert "uninitialized relations" in str(error)
    else:
        raise AssertionError("recorded in any order")
    sql("DELETE FROM tortoise_migrations")
    for app in ("models", "second"):
        tortoise(module, "migrate", app, "0001_initial", "--fake")
    assert "No migrations to apply" in tortoise(module, "migrate")

    # With it the other one is recorded too, and first.
    sql("DELETE FROM tortoise_migrations")
    initial = Path("steps_second/0001_initial.py")
    needed = '    initial = True\n    dependencies = [("models", "0001_initial")]\n'
    initial.write_text(initial.read_text().replace("    initial = True\n", needed))
    tortoise(module, "migrate", "second", "0001_initial", "--fake")
    recorded = sql("SELECT app, name FROM tortoise_migrations ORDER BY id")
    assert recorded == [("models", "0001_initial"), ("second", "0001_initial")]
    assert "No migrations to apply" in tortoise(module, "migrate")


def successor() -> None:
    """On the table of its predecessor: nothing to create, and with the old class goes the table."""
    start(invoice())
    sql("INSERT INTO invoice (number) VALUES ('a')")
    models(invoice(), invoice(name="Invoice2"))
    aerich("migrate", "--name", "successor")
    aerich("upgrade")
    models(invoice(name="Invoice2"))
    aerich("migrate", "--name", "old")
    assert 'DROP TABLE IF EXISTS "invoice"' in upgrade_of(files()[-1])


def unknown_to_it() -> None:
    """Data migrations as operations, and locks."""
    sources = [path.read_text() for path in Path(aerich_package.__file__).parent.rglob("*.py")]
    assert not [word for word in ("RunPython", "advisory") for source in sources if word in source]


def questions() -> None:
    """Whether add + drop is a rename is asked, unless --no-input says yes; which also deletes files."""
    start(invoice("email = fields.CharField(max_length=9, null=True)"))
    models(invoice("phone = fields.CharField(max_length=9, null=True)"))
    assert "Aborted" in aerich("migrate", "--name", "phone", status=1)
    aerich("migrate", "--name", "phone", "--no-input")
    assert 'RENAME COLUMN "email" TO "phone"' in upgrade_of(files()[-1])
    aerich("migrate", "--name", "again", "--no-input")
    (second,) = files()[1:]
    assert "again" in second.name  # the unapplied file has gone

    # With --offline it deletes nothing. Without a terminal, this is the way to draft a rename.
    models(invoice("mobile = fields.CharField(max_length=9, null=True)"))
    assert "Aborted" in aerich("migrate", "--offline", "--name", "mobile", status=1)
    aerich("migrate", "--offline", "--name", "mobile", "--no-input")
    assert files()[1] == second
    assert 'RENAME COLUMN "phone" TO "mobile"' in upgrade_of(files()[2])

    # Two are added: one of them gets the values, and nobody is asked which.
    two = [f"{name} = fields.CharField(max_length=9, null=True)" for name in ("fax", "pager")]
    models(invoice(*two))
    aerich("migrate", "--offline", "--name", "two", "--no-input")
    draft = upgrade_of(files()[3])
    assert draft.count('RENAME COLUMN "mobile" TO') == draft.count("ADD ") == 1

    start(invoice(EMAIL))  # of another type: no rename, also with --no-input
    models(invoice("phone = fields.IntField(null=True)"))
    aerich("migrate", "--offline", "--name", "phone", "--no-input")
    assert 'DROP COLUMN "email"' in upgrade_of(files()[-1])

    start(invoice())
    models(invoice(NOTE))
    aerich("migrate", "--name", "note")
    models(invoice(NOTE, EMAIL))
    assert "Do you want to remove it?" in aerich("migrate", "--name", "email", status=1)
    aerich("migrate", "--offline", "--name", "email")  # compares with the last file
    assert 'ADD "email"' in upgrade_of(files()[2]) and "note" not in upgrade_of(files()[2])


def not_handled() -> None:
    """A foreign key to another model, without a constraint, with another on_delete: a line, and no file."""
    club = USER.replace("User", "Club")
    start(invoice(OWNER), USER, club)
    for changed, told in (
        (OWNER.replace("User", "Club"), "Aerich does not handle 'python_type' changes for fk_fields"),
        (OWNER.replace(")", ", db_constraint=False)"), "Aerich does not handle 'db_constraint' changes"),
        (
            OWNER.replace(")", ", on_delete=fields.RESTRICT)"),
            "Ignore 'on_delete' changes 'CASCADE' -> 'RESTRICT'",
        ),
    ):
        models(invoice(changed), USER, club)
        printed = aerich("migrate", "--offline", "--name", "owner")
        assert told in printed and "No changes detected" in printed
        assert len(files()) == 1


def link_table() -> None:
    """A link table of a later file has no unique index: one link is stored twice, and the row comes twice."""
    start(invoice(), USER)
    assert "CREATE UNIQUE INDEX" not in upgrade_of(files()[0])  # no relation yet
    module = models(invoice('readers = fields.ManyToManyField("models.User")'), USER)
    aerich("migrate", "--offline", "--name", "readers")
    later = upgrade_of(files()[-1])
    assert 'CREATE TABLE "invoice_user"' in later
    assert "UNIQUE" not in later
    aerich("upgrade")
    sql("INSERT INTO invoice (id, number) VALUES (1, 'a')")
    sql("INSERT INTO user (id) VALUES (2)")
    for _ in range(2):  # as two add() at once do
        sql("INSERT INTO invoice_user (invoice_id, user_id) VALUES (1, 2)")

    async def readers() -> list[int]:
        async with TortoiseContext() as context:
            await context.init(importlib.import_module(module).TORTOISE_ORM)
            return await importlib.import_module(module).Invoice.all().values_list("readers__id", flat=True)

    importlib.invalidate_caches()
    assert as_process(readers()) == [2, 2]
    project()  # in the first file, the table has the index
    models(invoice('readers = fields.ManyToManyField("models.User")'), USER)
    aerich("init-migrations")
    assert 'CREATE UNIQUE INDEX IF NOT EXISTS "uidx_invoice_use_' in upgrade_of(files()[0])

    # Of several new relations, a draft can lack a table.
    club, both = USER.replace("User", "Club"), ""
    for name in ("User", "Club"):
        both += f'    {name} = fields.ManyToManyField("models.{name}", related_name="NEW")\n'
    start(USER, club)
    models(USER, club, *(USER.replace("User", name) + both.replace("NEW", name) for name in ("A", "B")))
    aerich("migrate", "--offline", "--name", "tags")
    made = upgrade_of(files()[-1])
    assert all(f'CREATE TABLE "{table}"' in made for table in ("a_user", "b_user", "a_club"))
    assert "b_club" not in made
    assert "No changes detected" in aerich("migrate", "--offline")


def odd_defaults() -> None:
    """What Aerich writes as the DEFAULT of a TimeDeltaField is a text; a quotation mark ends the text."""
    start(invoice())
    sql("INSERT INTO invoice (number) VALUES ('a')")
    module = models(
        invoice("took = fields.TimeDeltaField(default=timedelta(seconds=1))").replace("\nclass", TIMEDELTA, 1)
    )
    aerich("migrate", "--offline", "--name", "took")
    assert "DEFAULT '0:00:01'" in upgrade_of(files()[-1])
    aerich("upgrade")

    async def read() -> None:
        async with TortoiseContext() as context:
            await context.init(importlib.import_module(module).TORTOISE_ORM)
            await importlib.import_module(module).Invoice.all()

    importlib.invalidate_caches()
    try:
        as_process(read())
    except TypeError as error:
        assert "unsupported type for timedelta" in str(error)
    else:
        raise AssertionError("the old row can be read")
    start(invoice())
    models(invoice('name = fields.CharField(max_length=9, default="x\'y")'))
    aerich("migrate", "--offline", "--name", "name")
    try:
        aerich("upgrade")
    except OperationalError as error:
        assert "syntax error" in str(error)
    else:
        raise AssertionError("a quotation mark is right")


def failing() -> None:
    """RUN_IN_TRANSACTION = True, and yet on SQLite what stands before the failure stays."""
    start(invoice())
    aerich("migrate", "--name", "broken", "--empty")
    body('return "CREATE TABLE half (id INT); SELECT nonsense"')
    try:
        aerich("upgrade")
    except OperationalError:
        assert "half" in tables()
    else:
        raise AssertionError("broken SQL has been applied")


def killed() -> None:
    """Killed before the file is recorded: on SQLite its changes stay, and the next run applies it again."""
    start(invoice())
    aerich("migrate", "--name", "whole", "--empty")
    body('return "CREATE TABLE whole (id INT)"')
    assert "RUN_IN_TRANSACTION = True" in files()[-1].read_text()
    with patch.object(Aerich, "create", side_effect=InterruptedError):
        try:
            aerich("upgrade")
        except InterruptedError:
            assert "whole" in tables()
        else:
            raise AssertionError("not killed")
    try:
        aerich("upgrade")
    except OperationalError as error:
        assert "table whole already exists" in str(error)
    else:
        raise AssertionError("applied only once")


def branches() -> None:
    """Two files of one number: both are applied; the state in the last one lacks what the other added."""
    start(invoice())
    first, second = "a = fields.IntField(null=True)", "b = fields.IntField(null=True)"
    models(invoice(first))
    aerich("migrate", "--name", "a")
    theirs = files()[-1].read_text()
    files()[-1].unlink()
    models(invoice(second))
    aerich("migrate", "--name", "b")
    Path("migrations/models/1_20000101000000_a.py").write_text(theirs)

    models(invoice(first, second))
    aerich("upgrade")
    aerich("migrate", "--name", "spurious")
    assert 'ADD "a"' in upgrade_of(files()[-1])
    try:
        aerich("upgrade")
    except OperationalError as error:
        assert "duplicate column name: a" in str(error)
    else:
        raise AssertionError("one column twice")

    # Mended: an empty migration stores the state of the models as they are.
    files()[-1].unlink()
    by_hand("merge", "SELECT 1")
    aerich("upgrade")
    assert "No changes detected" in aerich("migrate", "--name", "nothing")


def index_names() -> None:
    """A renamed table keeps the name of its index, and a later file does not drop it. So make it again."""
    for follows in (False, True):
        start(invoice())
        models(
            invoice().replace("Invoice", "Bill").replace("invoice", "bill").replace("ix_number", "ix_bill")
        )
        again = "; DROP INDEX ix_number; CREATE INDEX ix_bill ON bill (number)" if follows else ""
        by_hand("bill", f"ALTER TABLE invoice RENAME TO bill{again}")
        aerich("upgrade")
        models(invoice(indexes="()").replace("Invoice", "Bill").replace("invoice", "bill"))
        aerich("migrate", "--offline", "--name", "no_index")
        assert 'DROP INDEX IF EXISTS "ix_bill"' in upgrade_of(files()[-1])
        aerich("upgrade")
        left = sql("SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = 'bill'")
        assert left == ([] if follows else [("ix_number",)])


def without_state() -> None:
    """A file without MODELS_STATE: --offline refuses it. Once it is applied, a column gets no SQL."""
    first, second = "a = fields.IntField(null=True)", "b = fields.IntField(null=True)"
    start(invoice())
    models(invoice(first))
    aerich("migrate", "--offline", "--name", "a")
    files()[-1].write_text(files()[-1].read_text().partition("MODELS_STATE = ")[0])
    models(invoice(first, second))
    try:
        aerich("migrate", "--offline", "--name", "b")
    except RuntimeError as error:
        assert "Old format of migration file detected, run `aerich fix-migrations`" in str(error)
    else:
        raise AssertionError("a draft without a state")
    aerich("upgrade")
    assert "No changes detected" in aerich("migrate", "--name", "b")
    assert "b" not in columns_of("invoice")


def inspected() -> None:
    """inspectdb is a starting point: it knows no relation."""
    customer = "\nclass Customer(Model):\n    id = fields.IntField(primary_key=True)\n"
    module = start(customer, invoice('customer = fields.ForeignKeyField("models.Customer")'))

    async def inspect() -> str:
        async with Command(importlib.import_module(module).TORTOISE_ORM) as command:
            await command.init()
            return await command.inspectdb(["invoice"])

    printed = as_process(inspect())
    assert "customer_id" in printed
    assert "ForeignKey" not in printed


def tortoise(module: str, *command: str) -> str:
    importlib.invalidate_caches()
    for loaded in [name for name in sys.modules if name.startswith("steps")]:
        del sys.modules[loaded]
    with redirect_stdout(io.StringIO()) as printed:
        assert as_process(run_cli_async(["-c", f"{module}.TORTOISE_ORM", *command])) == 0
    return printed.getvalue()


def moving_out() -> None:
    """Everything applied → the "migrations" key names a new package → record, don't run."""
    start(invoice())
    sql("INSERT INTO invoice (number) VALUES ('a')")
    assert "No upgrade items found" in aerich("upgrade")
    with redirect_stderr(io.StringIO()) as printed:
        assert as_process(run_cli_async(["heads"])) == 2
        assert as_process(run_cli_async(["inspectdb"])) == 2
    assert "or pyproject.toml [tool.tortoise]" in printed.getvalue()  # [tool.aerich] is not read
    assert "invalid choice: 'inspectdb'" in printed.getvalue()  # only Aerich has it

    Path("steps").mkdir()
    Path("steps/__init__.py").touch()
    built_in = ', "migrations": "steps"'
    module = models(invoice(), more=built_in)
    tortoise(module, "makemigrations")
    try:  # a deployment that nobody has prepared: nothing has changed
        tortoise(module, "migrate")
    except OperationalError as error:
        assert 'table "invoice" already exists' in str(error)
    else:
        raise AssertionError("one table twice")
    tortoise(module, "migrate", "models", "0001_initial", "--fake")
    assert "No migrations to apply" in tortoise(module, "migrate")
    assert sql("SELECT number FROM invoice") == [("a",)]
    assert "No changes detected" in tortoise(module, "makemigrations")
    still_there = aerich("upgrade")  # by the release before this one
    assert "No upgrade items found" in still_there

    # Without a target it records all there is. With one, later: it takes the later ones back from the record.
    module = models(invoice(NOTE), more=built_in)
    tortoise(module, "makemigrations", "--name", "note")
    tortoise(module, "migrate", "--fake")
    assert "note" not in columns_of("invoice")
    assert "ROLLBACK" in tortoise(module, "migrate", "models", "0001_initial", "--fake")
    tortoise(module, "migrate")
    assert "note" in columns_of("invoice")

    # Left in the configuration, Aerich's own model becomes one of the project's.
    kept = Path(f"{module}.py").read_text().replace(f'["{module}"]', f'["{module}", "aerich.models"]')
    Path("kept.py").write_text(kept)
    importlib.invalidate_caches()
    tortoise("kept", "makemigrations", "--name", "kept")
    (left,) = Path("steps").glob("*_kept.py")
    assert "name='Aerich'" in left.read_text()
    left.unlink()

    # From here on Aerich drafts again what the others have applied.
    module = models(invoice(NOTE, "b = fields.IntField(null=True)"), more=built_in)
    importlib.invalidate_caches()
    tortoise(module, "makemigrations", "--name", "b")
    tortoise(module, "migrate")
    aerich("migrate", "--name", "again")
    assert 'ADD "b"' in upgrade_of(files()[-1])

    # Aerich's files in that package stop it, whatever they say.
    Path("steps", files()[0].name).write_text(files()[0].read_text())
    importlib.invalidate_caches()
    try:
        tortoise(module, "migrate")
    except ValueError as error:
        assert "has no Migration class" in str(error)
    else:
        raise AssertionError("both kinds in one package")


PARTS = (set_up, constraints, downgrade, data, not_null, renamed_class, forgotten, dropped, columns, pending)
PARTS += (tables_of_others, several_apps, successor, unknown_to_it, questions, failing, killed, branches)
PARTS += (inspected, moving_out, failing_import, not_handled, link_table, odd_defaults, index_names)
PARTS += (without_state,)
home, path, arguments = Path.cwd(), sys.path[0], sys.argv
try:
    for part in PARTS:
        part()
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
