"""Apply the files of all apps, one run at a time: `python migrate.py`.

`aerich upgrade` takes no lock, and applies the files of one app. This program takes the lock and goes through
all apps: all files of one, then all files of the next. So an app that others refer to comes first in the
configuration, and the first file of each later app holds that app's own tables only. `locked()` refuses a
driver that it has no lock for. Exit status 0: the database is up to date. 1: it is not, and the log says why.

A long transaction of the running application makes ALTER TABLE wait, and then all queries on the table wait,
too. So on PostgreSQL a file waits only briefly, and is tried again later, also after a deadlock. This needs a
transaction, which is undone: a file with RUN_IN_TRANSACTION = False is applied as it is.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

from aerich import Command
from tortoise.backends.base.client import BaseDBAsyncClient, TransactionalDBClient
from tortoise.context import TortoiseContext

from config.tortoise import TORTOISE_ORM
from lock import locked

LOCATION = "./migrations"  # as in [tool.aerich]
LOCK_TIMEOUT = "2s"  # PostgreSQL: while a file waits for the lock of a table, all queries on the table wait
AGAIN = {"55P03", "40P01"}  # errors of PostgreSQL: no lock after that time, deadlock
TRIES, PAUSE = 60, 5.0  # how often such a file is tried, and the seconds between


class Upgrade(Command):
    """On PostgreSQL, a file in a transaction fails if it waits longer than LOCK_TIMEOUT for a lock."""

    files: list[str]  # that it began to apply
    is_undone = False  # was the last one in a transaction, so that nothing is left of it after an error?

    async def _upgrade(self, conn: BaseDBAsyncClient, version_file: str, *args: Any, **options: Any) -> None:
        self.files.append(version_file)
        self.is_undone = isinstance(conn, TransactionalDBClient)
        if self.is_undone and conn.capabilities.dialect == "postgres":
            await conn.execute_script(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")  # a file may set another
        await super()._upgrade(conn, version_file, *args, **options)


async def upgrade(app: str) -> None:
    """Apply the files of an app. After an error of AGAIN, wait for PAUSE seconds, and try the file again."""
    async with TortoiseContext(), Upgrade(TORTOISE_ORM, app=app, location=LOCATION) as command:
        for tries_left in reversed(range(TRIES)):
            command.files = []
            try:
                await command.upgrade()
            except Exception as error:
                tell(app, command.files[:-1])
                if getattr(error, "sqlstate", "") not in AGAIN or not (command.is_undone and tries_left):
                    raise
                print(f"{command.files[-1]}: {error}; trying again in {PAUSE:.0f} seconds.", flush=True)
                await asyncio.sleep(PAUSE)
            else:
                tell(app, command.files)
                return


def tell(app: str, files: list[str]) -> None:
    """Print which files were applied."""
    for file in files:
        print(f"applied: {app} {file}", flush=True)


async def main() -> None:
    """Take the lock, migrate each app. Without the lock, or if a migration raises, the exit status is 1."""
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        async with locked(context.connections.get("default")):
            for app in TORTOISE_ORM["apps"]:
                await upgrade(app)
    print("The database is up to date.", flush=True)


if __name__ == "__main__":
    if not any(Path(LOCATION).glob("*/*.py")):  # Aerich would apply nothing, without an error
        sys.exit(f"No migration file is in {LOCATION}. Is LOCATION right, and are the files in the image?")
    asyncio.run(main())
