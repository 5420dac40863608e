# snippet: needs="tortoise>=1.1.8"
"""A data migration is tested like this: stop before it, insert old rows with SQL, apply, look; and back."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.migrations.api import migrate

PROJECT = Path(tempfile.mkdtemp())
sys.path.insert(0, str(PROJECT))

FILES = {
    "people/__init__.py": "",
    "people/models.py": """\
from tortoise import fields
from tortoise.models import Model


class Person(Model):
    email = fields.CharField(max_length=50)
""",
    "people/migrations/__init__.py": "",
    "people/migrations/0001_initial.py": """\
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    initial = True
    operations = [
        ops.CreateModel(
            name="Person",
            fields=[
                ("id", fields.IntField(generated=True, primary_key=True)),
                ("email", fields.CharField(max_length=50)),
            ],
            options={"table": "person", "app": "models", "pk_attr": "id"},
        )
    ]
""",
    "people/migrations/0002_lower_case.py": """\
from tortoise import migrations
from tortoise.migrations import operations as ops


async def lower(apps, schema_editor):
    Person = apps.get_model("models.Person")
    for person in await Person.all():
        await Person.filter(id=person.id).update(email=person.email.lower())


async def keep(apps, schema_editor):
    pass


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]
    operations = [ops.RunPython(lower, reverse_code=keep)]
""",
}
for name, text in FILES.items():
    path = PROJECT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)

CONFIG = {
    "connections": {"default": f"sqlite://{PROJECT.as_posix()}/db.sqlite3"},
    "apps": {
        "models": {
            "models": ["people.models"],
            "default_connection": "default",
            "migrations": "people.migrations",
        }
    },
}


async def emails() -> list[str]:
    rows = await get_connection("default").execute_query_dict("SELECT email FROM person ORDER BY id")
    return [row["email"] for row in rows]


async def main() -> None:
    async with TortoiseContext():
        await migrate(config=CONFIG, target="models.0001_initial")
        # SQL: today's models may not fit the tables of that day.
        insert = "INSERT INTO person (email) VALUES (?)"
        await get_connection("default").execute_many(insert, [["Ada@Example.Test"], ["bob@example.test"]])

        await migrate(config=CONFIG)
        assert await emails() == ["ada@example.test", "bob@example.test"]
        await migrate(config=CONFIG, target="models.0001_initial", direction="backward")
        await migrate(config=CONFIG)
        assert await emails() == ["ada@example.test", "bob@example.test"]


asyncio.run(main())
