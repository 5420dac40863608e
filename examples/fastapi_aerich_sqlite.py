# snippet: needs="sqlite, aerich, tortoise>=1.1.8"
"""A new project whose first migration Aerich wrote for PostgreSQL: SQLite refuses it.

draft_both.py writes the file again, with the SQL of both products. PostgreSQL has the same SQL in both files.

`aerich init-migrations` and draft_both.py connect to no server: nothing listens on the port of the URL.
"""

import asyncio
import os
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parent
SCAFFOLD = EXAMPLES.parent / "scripts" / "scaffold.py"
AERICH = "import sys; from aerich.cli import main; sys.argv[0] = 'aerich'; main()"
FOLDER = Path(tempfile.mkdtemp())
POSTGRES = {"DATABASE_URL": "postgres://app@127.0.0.1:1/shop"}


def python(*arguments: str, folder: Path, status: int = 0, **variables: str) -> str:
    """What `python ARGUMENTS` prints in a folder, with these environment variables."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment | variables, capture_output=True, text=True
    )
    assert done.returncode == status, done.stderr
    return done.stdout + done.stderr


def sql_of(file: Path) -> str:
    """What the file's upgrade() returns for PostgreSQL."""
    sql = asyncio.run(runpy.run_path(str(file))["upgrade"](None))
    return str(sql)


python(str(SCAFFOLD), "project", "shop", folder=FOLDER)
shop = FOLDER / "shop"
python(str(SCAFFOLD), "model", "billing", "Invoice", "number:char:32:unique", folder=shop)
python("-c", AERICH, "init-migrations", folder=shop, **POSTGRES)
refused = python("migrate.py", folder=shop, status=1, ENVIRONMENT="development")  # on a SQLite file
assert 'near "COMMENT": syntax error' in refused

# Write the applied file again, under the same name.
(applied,) = (shop / "migrations" / "models").glob("0_*.py")
before = sql_of(applied)
applied.unlink()
shutil.copy(EXAMPLES / "with_aerich" / "draft_both.py", shop)
python("draft_both.py", folder=shop, **POSTGRES)
(drafted,) = applied.parent.glob("0_*.py")
drafted.rename(applied)
assert sql_of(applied) == before
(shop / "db.sqlite3").unlink()
assert "The database is up to date." in python("migrate.py", folder=shop, ENVIRONMENT="development")
