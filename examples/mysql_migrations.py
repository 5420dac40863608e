# snippet: needs="mysql, tortoise>=1.1.8"
"""Migrations on MySQL and MariaDB: what a failure leaves behind, what is rolled back, what old rows get.

By hand: DATABASE_URL=mysql://user:password@host/database python examples/mysql_migrations.py
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

URL = os.environ["DATABASE_URL"]
APP = Path(tempfile.mkdtemp())
FILES = {
    "settings.py": """
import os

TORTOISE_ORM = {
    "connections": {"default": os.environ["DATABASE_URL"]},
    "apps": {"models": {"models": ["shop"], "default_connection": "default", "migrations": "migrations"}},
}
""",
    "shop.py": """
from tortoise import fields
from tortoise.models import Model


class Price(Model):
    id = fields.IntField(primary_key=True)
    cents = fields.IntField()
""",
}
HEAD = """
from tortoise import migrations
from tortoise.migrations import operations as ops

async def write(apps, schema_editor):
    await WRITE
    raise ValueError("undo it")

async def add(apps, schema_editor):
    await apps.get_model('models.Price').create(cents=2)

class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = OPERATIONS
"""
BY_MODEL = "apps.get_model('models.Price').create(cents=1)"
BY_EDITOR = "schema_editor.client.execute_query('INSERT INTO price (cents) VALUES (1)')"
TWO_COLUMNS = """[
    ops.RunPython(add),
    ops.RunSQL("ALTER TABLE price ADD one INT"),
    ops.RunSQL("UPDATE nowhere SET two = 2"),
]"""


class Nothing(Model):
    """Tortoise wants a model."""

    id = fields.IntField(primary_key=True)


async def rows(statement: str) -> list[dict[str, Any]]:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        return await context.connections.get("default").execute_query_dict(statement)


def tortoise(*command: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "tortoise", "-c", "settings.TORTOISE_ORM", *command)
    environment = os.environ | {"PYTHONPATH": str(APP)}
    return subprocess.run(command, cwd=APP, env=environment, capture_output=True, text=True, check=False)


def migrate(write: str = "None", operations: str = "[ops.RunPython(write)]") -> str:
    """Run a migration that fails; what it said."""
    text = HEAD.replace("WRITE", write).replace("OPERATIONS", operations)
    (APP / "migrations" / "0002_fails.py").write_text(text)
    done = tortoise("migrate")
    assert done.returncode == 1, done
    return done.stderr + done.stdout


for name, text in FILES.items():
    (APP / name).write_text(text)
(APP / "migrations").mkdir()
(APP / "migrations" / "__init__.py").touch()
assert tortoise("makemigrations", "models", "--name", "initial").returncode == 0
done = tortoise("migrate")
assert done.returncode == 0, done

assert "undo it" in migrate(BY_MODEL)
assert asyncio.run(rows("SELECT cents FROM price")) == []
assert "undo it" in migrate(BY_EDITOR)
assert asyncio.run(rows("SELECT cents FROM price")) == [{"cents": 1}]  # not undone

assert "nowhere" in migrate(operations=TWO_COLUMNS)
# The column is there, and so is the row of the function that had succeeded.
assert asyncio.run(rows("SELECT one FROM price WHERE cents = 2")) == [{"one": None}]
assert asyncio.run(rows("SELECT name FROM tortoise_migrations")) == [{"name": "0001_initial"}]
assert "Duplicate column" in migrate(operations=TWO_COLUMNS)  # the next run calls the function again
assert asyncio.run(rows("SELECT cents FROM price WHERE cents = 2")) == [{"cents": 2}] * 2
asyncio.run(rows("DELETE FROM price WHERE cents = 2"))


def applied(name: str, after: str, *operations: str) -> str:
    """Run a migration; what it said if it failed."""
    text = HEAD.replace("WRITE", "None").replace("OPERATIONS", f"[{', '.join(operations)}]")
    text = text.replace("0001_initial", after).replace("import migrations", "import fields, migrations", 1)
    (APP / "migrations" / f"{name}.py").write_text(text)
    done = tortoise("migrate")
    return (done.stderr + done.stdout) * done.returncode


def add(name: str, field: str) -> str:
    return f'ops.AddField("Price", "{name}", fields.{field})'


# A new NOT NULL column without DEFAULT: no error, and old rows get 0 or an empty text.
rank, note = add("rank", "IntField(default=7)"), add("note", 'TextField(default="x")')
exact = "ops.RunSQL('ALTER TABLE price MODIFY code VARCHAR(9) COLLATE utf8mb4_bin NOT NULL')"
code, day = add("code", 'CharField(9, db_default="x")'), add("sold", "DateField(default='2026-01-01')")
assert not applied("0002_fails", "0001_initial", rank, note, day, code, exact)
values = asyncio.run(rows("SELECT `rank`, note, CAST(sold AS CHAR) AS sold FROM price"))
assert values == [{"rank": 0, "note": "", "sold": "0000-00-00"}]


def collation() -> str:
    (column,) = asyncio.run(rows("SHOW FULL COLUMNS FROM price LIKE 'code'"))
    return str(column["Collation"])


assert collation() == "utf8mb4_bin"

# SQL as db_default=: the column is added before its DEFAULT, so old rows do not get the DEFAULT.
stock = add("stock", 'IntField(db_default=fields.SqlDefault("7"))')
at = add("at", "DatetimeField(db_default=fields.Now())")
longer = 'ops.AlterField("Price", "code", fields.CharField(19, db_default="x"))'
assert not applied("0003_sql", "0002_fails", stock, at, add("size", "IntField(db_default=7)"), longer)
assert collation() != "utf8mb4_bin"  # the AlterField has brought the old collation back
(old,) = asyncio.run(rows("SELECT stock, CAST(at AS CHAR) AS at, size FROM price"))
assert (old["stock"], old["at"][:10], old["size"]) == (0, "0000-00-00", 7)

# The way that works with each field: NULL, fill, NOT NULL.
nullable, fill = add("day", "DatetimeField(null=True)"), "ops.RunSQL(\"UPDATE price SET day = '2026-01-01'\")"
require = 'ops.AlterField("Price", "day", fields.DatetimeField(db_default=fields.Now()))'
story, tell = add("story", "TextField(null=True)"), "ops.RunSQL(\"UPDATE price SET story = 'x'\")"
demand = 'ops.AlterField("Price", "story", fields.TextField())'
assert not applied("0004_filled", "0003_sql", nullable, fill, require, story, tell, demand)
(old,) = asyncio.run(rows("SELECT CAST(day AS CHAR) AS day, story FROM price"))
assert (old["day"][:10], old["story"]) == ("2026-01-01", "x")
null = "SELECT is_nullable AS n FROM information_schema.columns WHERE table_schema = DATABASE() "
null += "AND table_name = 'price' AND column_name IN ('day', 'story')"
assert asyncio.run(rows(null)) == [{"n": "NO"}] * 2

# A DEFAULT of a text: MySQL takes only an expression in parentheses.
text = "ops.RunSQL(\"ALTER TABLE price ADD a TEXT NOT NULL DEFAULT ('x')\")"
# AlterField with another on_delete= sends no SQL, and db_constraint=False makes the foreign key all the same.
key = 'fields.ForeignKeyField("models.Price", "{}", null=True{})'
make = 'ops.CreateModel("{0}", [("id", fields.IntField(primary_key=True)), ("price", {1})], options={2})'
options = '{{"table": "{}", "app": "models", "pk_attr": "id"}}'
pet = make.format("Pet", key.format("pets", ""), options.format("pet"))
restrict = f'ops.AlterField("Pet", "price", {key.format("pets", ", on_delete=fields.RESTRICT")})'
toy = make.format("Toy", key.format("toys", ", db_constraint=False"), options.format("toy"))
assert not applied("0005_text", "0004_filled", text, pet, restrict, toy)
assert asyncio.run(rows("SELECT a FROM price")) == [{"a": "x"}]
rules = "SELECT delete_rule AS rule FROM information_schema.referential_constraints "
rules += "WHERE constraint_schema = DATABASE() AND table_name IN ('pet', 'toy')"
assert asyncio.run(rows(rules)) == [{"rule": "CASCADE"}] * 2


async def while_a_transaction_reads(*arguments: str) -> str:
    """What the migration said: it waits for the end of a transaction that has read the table."""
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        async with in_transaction() as connection:
            await connection.execute_query("SELECT * FROM price")
            return await asyncio.to_thread(applied, *arguments)


# ALTER TABLE waits for a lock, by default for a day: a timeout of the session ends the wait.
wait = 'ops.RunSQL("SET SESSION lock_wait_timeout = 1")', add("waited", "IntField(null=True)")
assert "1205" in asyncio.run(while_a_transaction_reads("0005_wait", "0005_text", *wait))
assert not applied("0005_wait", "0005_text", *wait)  # nothing was half done

is_mariadb = "MariaDB" in asyncio.run(rows("SELECT VERSION() AS v"))[0]["v"]
for name, field in (("b", 'TextField(db_default="x")'), ("c", "JSONField(db_default={})")):
    failed = applied("0006_text", "0005_text", add(name, field))
    assert not failed if is_mariadb else "1101" in failed, failed
    if is_mariadb:
        break
