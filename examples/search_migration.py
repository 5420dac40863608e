# snippet: needs="sqlite, tortoise>=1.1.8"
"""A trigger in a built-in migration on SQLite: only a file with `atomic = False` takes it."""

import asyncio
import contextvars
import os
import sqlite3
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from tortoise.cli.cli import run_cli_async
from tortoise.exceptions import OperationalError

CONFIG = """
from tortoise import fields
from tortoise.models import Model


class Page(Model):
    title = fields.CharField(max_length=80)


APP = {"models": ["shop"], "migrations": "steps", "default_connection": "default"}
TORTOISE_ORM = {"connections": {"default": "sqlite://db.sqlite3"}, "apps": {"models": APP}}
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
    database.execute("INSERT INTO page (title) VALUES ('Refunds')")
    assert database.execute("SELECT title FROM heard").fetchall() == [("Refunds",)]
