# snippet: needs="sqlite, aerich, tortoise>=1.1.8"
"""A new project whose first migration Aerich wrote for PostgreSQL: SQLite refuses it.

`aerich init-migrations` connects to no server: nothing listens on the port of the URL.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

SCAFFOLD = Path(__file__).resolve().parents[1] / "scripts" / "scaffold.py"
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


python(str(SCAFFOLD), "project", "shop", folder=FOLDER)
shop = FOLDER / "shop"
python(str(SCAFFOLD), "model", "billing", "Invoice", "number:char:32:unique", folder=shop)
python("-c", AERICH, "init-migrations", folder=shop, **POSTGRES)
refused = python("migrate.py", folder=shop, status=1, ENVIRONMENT="development")  # on a SQLite file
assert 'near "COMMENT": syntax error' in refused
