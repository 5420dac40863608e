"""Apply the files of all apps, one run at a time: `python migrate.py`.

`aerich upgrade` takes no lock, and applies the files of one app. This program takes the lock and goes through
all apps: all files of one, then all files of the next. So an app that others refer to comes first in the
configuration, and the first file of each later app holds that app's own tables only. `locked()` refuses a
driver that it has no lock for. Exit status 0: the database is up to date. 1: it is not, and the log says why.
"""

import asyncio
import sys
from pathlib import Path

from aerich import Command
from tortoise.context import TortoiseContext

from config.tortoise import TORTOISE_ORM
from lock import locked

LOCATION = "./migrations"  # as in [tool.aerich]


async def main() -> None:
    """Take the lock, migrate each app. Without the lock, or if a migration raises, the exit status is 1."""
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        async with locked(context.connections.get("default")):
            for app in TORTOISE_ORM["apps"]:
                async with TortoiseContext(), Command(TORTOISE_ORM, app=app, location=LOCATION) as command:
                    for file in await command.upgrade():
                        print(f"applied: {app} {file}", flush=True)
    print("The database is up to date.", flush=True)


if __name__ == "__main__":
    if not any(Path(LOCATION).glob("*/*.py")):  # Aerich would apply nothing, without an error
        sys.exit(f"No migration file is in {LOCATION}. Is LOCATION right, and are the files in the image?")
    asyncio.run(main())
