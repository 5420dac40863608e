# snippet: needs="tortoise>=1.1.8"
"""What TD209 and TD210 warn of in built-in migrations: databases with the same files that differ."""

import asyncio
import importlib
import io
import sqlite3
import sys
import tempfile
import warnings
from contextlib import closing, redirect_stdout
from pathlib import Path

from tortoise.cli.cli import run_cli_async

HEAD = "from tortoise import fields, migrations\nfrom tortoise.migrations import operations as ops\n"
MIGRATION = (
    HEAD + "\n\nclass Migration(migrations.Migration):\n    dependencies = {}\n    operations = [{}]\n"
)
CREATE = (
    'ops.CreateModel("Bill", [("id", fields.IntField(primary_key=True)), ("code", fields.CharField({}))])'
)
LENGTH = 'ops.AlterField("Bill", "code", fields.CharField({}))'
FIRST = [("models", "0001_initial")]

sys.path.insert(0, tempfile.mkdtemp())
warnings.filterwarnings("ignore", "Module .* has no models")


class Shop:
    """A package of migrations, and a database of its own."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.root = Path(sys.path[0], name)
        (self.root / "steps").mkdir(parents=True)
        for package in (self.root, self.root / "steps"):
            (package / "__init__.py").touch()
        (self.root / "models.py").touch()
        app = {"models": [f"{name}.models"], "default_connection": "default", "migrations": f"{name}.steps"}
        config = {
            "connections": {"default": f"sqlite://{(self.root / 'db').as_posix()}"},
            "apps": {"models": app},
        }
        (self.root / "conf.py").write_text(f"CONFIG = {config}")

    def has(self, name: str, after: list[tuple[str, str]], operation: str) -> None:
        (self.root / "steps" / f"{name}.py").write_text(MIGRATION.format(after, operation))

    def migrate(self) -> str:
        """Migrate, and return the length of the column."""
        importlib.invalidate_caches()
        with redirect_stdout(io.StringIO()):
            assert asyncio.run(run_cli_async(["-c", f"{self.name}.conf.CONFIG", "migrate"])) == 0
        with closing(sqlite3.connect(self.root / "db")) as database:
            return database.execute(
                "SELECT type FROM pragma_table_info('bill') WHERE name = 'code'"
            ).fetchone()[0]


def branch(shop: Shop, length: int) -> None:
    shop.has(f"0002_to_{length}", FIRST, LENGTH.format(length))


new, old, joined, edited = Shop("new"), Shop("old"), Shop("joined"), Shop("edited")
for shop in (new, old, joined, edited):
    shop.has("0001_initial", [], CREATE.format(9))

# TD209: a new database gets both files in the order of their names.
branch(new, 20)
branch(new, 30)
assert new.migrate() == "VARCHAR(30)"

# One that had the second file already gets the first one last. Nobody hears of it: the exit status is 0.
branch(old, 30)
assert old.migrate() == "VARCHAR(30)"
branch(old, 20)
assert old.migrate() == "VARCHAR(20)"

# Where one depends on the other there is one order alone.
branch(joined, 30)
assert joined.migrate() == "VARCHAR(30)"
joined.has("0003_to_20", [("models", "0002_to_30")], LENGTH.format(20))
assert joined.migrate() == "VARCHAR(20)"

# TD210: a file that was edited after it was applied is not run again, and a new database gets the new text.
assert edited.migrate() == "VARCHAR(9)"
edited.has("0001_initial", [], CREATE.format(12))
assert edited.migrate() == "VARCHAR(9)"
fresh = Shop("fresh")
fresh.has("0001_initial", [], CREATE.format(12))
assert fresh.migrate() == "VARCHAR(12)"
