# snippet: needs="aerich, tortoise>=1.1.8"
"""Two databases: what one `migrate` and one `aerich upgrade` do to them, and to a replica."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

FOLDER = Path(tempfile.mkdtemp())
MODEL = """
from tortoise import fields
from tortoise.models import Model

class {}(Model):
    id = fields.IntField(primary_key=True)
"""
SETTINGS = """
CONNECTIONS = {
    "default": "sqlite://shop.sqlite3", "audit": "sqlite://audit.sqlite3", "replica": "sqlite://replica.sqlite3"
}
BUILT_IN = {
    "connections": CONNECTIONS,
    "apps": {
        "shop": {"models": ["shop.models"], "default_connection": "default", "migrations": "shop.migrations"},
        "audit": {
            "models": ["audit.models"], "default_connection": "audit", "migrations": "audit.migrations"
        },
    },
}
AERICH = {
    "connections": CONNECTIONS,
    "apps": {
        "shop": {"models": ["shop.models", "aerich.models"], "default_connection": "default"},
        "audit": {"models": ["audit.models"], "default_connection": "audit"},
    },
}
"""


def run(*command: str, status: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=FOLDER,
        env=os.environ | {"PYTHONPATH": str(FOLDER)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def tables(name: str) -> set[str]:
    with closing(sqlite3.connect(FOLDER / f"{name}.sqlite3")) as database:
        rows = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {row[0] for row in rows} - {"sqlite_sequence"}


def migrated(name: str, table: str) -> list[str]:
    """The apps whose migrations this database has recorded."""
    with closing(sqlite3.connect(FOLDER / f"{name}.sqlite3")) as database:
        return [row[0] for row in database.execute(f"SELECT app FROM {table} ORDER BY id")]


def remove_databases() -> None:
    for path in FOLDER.glob("*.sqlite3*"):
        path.unlink()


def built_in() -> None:
    tool = ("tortoise", "-c", "settings.BUILT_IN")
    run(*tool, "makemigrations")
    run(*tool, "migrate")  # one command for both databases
    assert tables("shop") == {"customer", "tortoise_migrations"}
    assert tables("audit") == {"event", "tortoise_migrations"}
    assert tables("replica") == set()
    assert migrated("shop", "tortoise_migrations") == ["shop"]
    assert migrated("audit", "tortoise_migrations") == ["audit"]

    # If the migration of the second database fails, the first database keeps its own.
    remove_databases()
    (file,) = (FOLDER / "audit" / "migrations").glob("0001*.py")
    good = file.read_text()
    file.write_text(good.replace("operations = [", "operations = [ops.RunSQL('DELETE FROM missing', ''),"))
    assert "no such table: missing" in run(*tool, "migrate", status=1)
    file.write_text(good)
    assert migrated("shop", "tortoise_migrations") == ["shop"]
    assert "event" not in tables("audit")
    run(*tool, "migrate")  # the next run continues
    assert len(migrated("audit", "tortoise_migrations")) == 1


def foreign_key_into_the_other_database() -> None:
    remove_databases()
    models = FOLDER / "audit" / "models.py"
    key = '    customer = fields.ForeignKeyField("shop.Customer", "events", db_constraint=False)\n'
    models.write_text(models.read_text() + key)
    shutil.rmtree(FOLDER / "audit" / "migrations")
    tool = ("tortoise", "-c", "settings.BUILT_IN")
    run(*tool, "init")
    run(*tool, "makemigrations")
    parent = "Migration audit.0001_initial references nonexistent parent shop.0001_initial"
    assert parent in run(*tool, "migrate", status=1)
    assert "event" not in tables("audit")
    models.write_text(MODEL.format("Event"))


def aerich() -> None:
    remove_databases()
    (FOLDER / "pyproject.toml").write_text(
        '[tool.aerich]\ntortoise_orm = "settings.AERICH"\nlocation = "./aerich_files"\nsrc_folder = "."\n'
    )
    for app in ("shop", "audit"):
        run("aerich", "--app", app, "init-db")
    assert tables("shop") == {"customer", "aerich"}
    assert tables("audit") == {"event"}
    assert not tables("replica")
    assert migrated("shop", "aerich") == ["shop", "audit"]  # of both: in the database of aerich.models

    models = FOLDER / "audit" / "models.py"
    models.write_text(models.read_text() + "    note = fields.TextField(null=True)\n")
    run("aerich", "--app", "audit", "migrate", "--offline", "--name", "note")
    assert "No upgrade items found" in run("aerich", "upgrade")  # of the first app alone
    assert migrated("shop", "aerich") == ["shop", "audit"]
    run("aerich", "--app", "audit", "upgrade")
    assert migrated("shop", "aerich") == ["shop", "audit", "audit"]


for package, name in (("shop", "Customer"), ("audit", "Event")):
    (FOLDER / package).mkdir()
    (FOLDER / package / "__init__.py").touch()
    (FOLDER / package / "models.py").write_text(MODEL.format(name))
(FOLDER / "settings.py").write_text(SETTINGS)
built_in()
foreign_key_into_the_other_database()
aerich()
