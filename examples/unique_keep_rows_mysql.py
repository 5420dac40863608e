# snippet: needs="mysql, aerich, tortoise>=1.1.8"
"""MariaDB: a script has built the unique index of a large table. The migration of both tools finds it.

By hand: DATABASE_URL=mysql://user:password@host/database python examples/unique_keep_rows_mysql.py
"""

import importlib
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
keys: Any = importlib.import_module("large_keys")  # its helpers
MODELS = """
from tortoise import fields
from tortoise.models import Model


class Client(Model):
    class Meta:
        table = "client"

    id = fields.IntField(primary_key=True)
    email = fields.CharField(max_length=254)
"""
UNIQUE = MODELS.replace("max_length=254", "max_length=254, unique=True")
BY_SCRIPT = "ALTER TABLE client ADD UNIQUE INDEX {} (email), LOCK = NONE"


def begin() -> None:
    keys.sql("DROP TABLE IF EXISTS client", "SELECT 1")
    keys.begin(MODELS)


def indexes() -> list[str]:
    return sorted(row["Key_name"] for row in keys.sql("SHOW INDEX FROM client"))


def with_aerich() -> None:
    begin()
    keys.aerich("init-migrations")
    keys.aerich("upgrade")
    (keys.APP / "shop.py").write_text(UNIQUE)
    drafted = "ALTER TABLE `client` ADD UNIQUE INDEX `email` (`email`)"
    assert drafted in keys.aerich_draft("unique")
    (file,) = keys.APP.glob("aerich/models/*_unique.py")
    keys.sql(BY_SCRIPT.format("email"), "SELECT 1")
    statement = drafted.replace("UNIQUE INDEX", "UNIQUE INDEX IF NOT EXISTS")
    file.write_text(file.read_text().replace(drafted, statement))
    keys.aerich("upgrade")
    assert indexes() == ["PRIMARY", "email"]
    assert "No changes detected" in keys.aerich("migrate", "--offline")
    keys.sql("ALTER TABLE client DROP INDEX email", statement, "SELECT 1")  # another database
    assert indexes() == ["PRIMARY", "email"]


def built_in() -> None:
    begin()
    keys.draft("initial")
    keys.tortoise("migrate")
    (keys.APP / "shop.py").write_text(UNIQUE)
    text = keys.draft("unique")
    said = keys.tortoise("sqlmigrate", "models", "0002_unique")
    ((drafted, name),) = re.findall(
        r"(ALTER TABLE `client` ADD UNIQUE KEY `(uidx_client_email_\w+)` \(`email`\));", said
    )
    keys.sql(BY_SCRIPT.format(name), "SELECT 1")
    statement = drafted.replace("UNIQUE KEY", "UNIQUE KEY IF NOT EXISTS")
    (operations,) = re.findall(r"operations = \[(.*)\]", text, re.DOTALL)
    text = text.replace(operations, f"ops.RunSQL({statement!r}), *map(StateOnly, [{operations}])")
    (file,) = keys.APP.glob("migrations/*_unique.py")
    file.write_text(f"from apps.common.operations import StateOnly\n{text}")
    keys.tortoise("migrate")
    assert indexes() == ["PRIMARY", name]
    assert "No changes detected" in keys.tortoise("makemigrations")
    keys.sql(f"ALTER TABLE client DROP INDEX {name}", statement, "SELECT 1")
    assert indexes() == ["PRIMARY", name]


if __name__ == "__main__":
    keys.set_up()
    if "MariaDB" in keys.sql("SELECT VERSION() AS v")[0]["v"]:  # MySQL has no IF NOT EXISTS here
        with_aerich()
        built_in()
