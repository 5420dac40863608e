# snippet: needs="sqlite, aerich, tortoise>=1.1.8"
"""A trigger in a migration on SQLite. Of the built-in tool, only a file with `atomic = False` takes it, and a
later file that changes a column deletes it. Aerich's empty file takes it as it is.
"""

import asyncio
import contextvars
import importlib
import os
import re
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from aerich import Command
from tortoise.cli.cli import run_cli_async
from tortoise.exceptions import OperationalError

CONFIG = """
from tortoise import fields
from tortoise.models import Model


class Page(Model):
    title = fields.CharField(max_length=80)
    note = fields.CharField(max_length=8, default="")


APP = {"models": ["shop"], "migrations": "steps", "default_connection": "default"}
TORTOISE_ORM = {"connections": {"default": "sqlite://db.sqlite3"}, "apps": {"models": APP}}
AERICH = {
    "connections": {"default": "sqlite://aerich.sqlite3"},
    "apps": {"models": {"models": ["shop", "aerich.models"], "default_connection": "default"}},
}
"""
TRIGGER = """
CREATE TABLE heard (title TEXT);
CREATE TRIGGER page_insert AFTER INSERT ON page BEGIN
  INSERT INTO heard VALUES (new.title);
END;
"""
FILE = f'''
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    atomic = ATOMIC
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunSQL("""{TRIGGER}""")]
'''
LATER = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0002_search")]
    operations = [ops.AlterField("Page", "note", fields.CharField(max_length=9, default=""))]
"""


def tortoise(*command: str) -> None:
    """Run it as a new process would: no Tortoise started anywhere."""
    for loaded in [name for name in sys.modules if name.startswith("steps")]:
        del sys.modules[loaded]
    status = contextvars.Context().run(asyncio.run, run_cli_async(["-c", "shop.TORTOISE_ORM", *command]))
    assert status == 0


os.chdir(tempfile.mkdtemp())
sys.path.insert(0, str(Path.cwd()))
sys.dont_write_bytecode = True
Path("shop.py").write_text(CONFIG)
tortoise("makemigrations")
Path("steps/0002_search.py").write_text(FILE.replace("ATOMIC", "True"))
try:
    tortoise("migrate")
except OperationalError as error:
    assert "incomplete input" in str(error)
else:
    raise AssertionError("the trigger was made in spite of its semicolons")

Path("steps/0002_search.py").write_text(FILE.replace("ATOMIC", "False"))
tortoise("migrate")
with closing(sqlite3.connect("db.sqlite3")) as database:
    database.execute("INSERT INTO page (title, note) VALUES ('Refunds', '')")
    assert database.execute("SELECT title FROM heard").fetchall() == [("Refunds",)]

Path("steps/0003_later.py").write_text(LATER)
tortoise("migrate")
with closing(sqlite3.connect("db.sqlite3")) as database:
    database.execute("INSERT INTO page (title, note) VALUES ('Lost', '')")
    assert database.execute("SELECT title FROM heard").fetchall() == [], "the trigger is gone"


async def aerich() -> None:
    async with Command(importlib.import_module("shop").AERICH, "models", "./migrations") as command:
        await command.init_db(safe=True)
        file = Path("migrations/models", await command.migrate("search", empty=True))
        text = file.read_text(encoding="utf-8")  # noqa: ASYNC240
        assert text.count('return """') == 2
        text = re.sub(r'return """\s*"""', f'return """{TRIGGER}"""', text, count=1)
        file.write_text(text, encoding="utf-8")  # noqa: ASYNC240
        await command.upgrade()


contextvars.Context().run(asyncio.run, aerich())
with closing(sqlite3.connect("aerich.sqlite3")) as database:
    database.execute("INSERT INTO page (title, note) VALUES ('Aerich', '')")
    assert database.execute("SELECT title FROM heard").fetchall() == [("Aerich",)]
