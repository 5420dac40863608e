"""A project on Aerich: apply the files of all its apps, one run at a time: `python migrate.py`.

`aerich upgrade` takes no lock, and applies the files of one app. Here it is all files of one app, then those
of the next: apps that others refer to come first in the configuration, and the first file of each later app
has its own tables alone (`init-db` writes everybody's: cut them out). `lock.py` is a copy of
examples/billing/migrate.py, whose `locked()` refuses a driver that it has no lock for. Exit status 0: the
database is up to date; 1: it is not, and the log says why.
"""

import asyncio

from aerich import Command
from config.tortoise import TORTOISE_ORM
from lock import locked
from tortoise.context import TortoiseContext

LOCATION = "./migrations"  # as in [tool.aerich]


async def main() -> None:
    """Migrate under the lock, app by app. Raises whatever a migration raises."""
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        async with locked(context.connections.get("default")):
            for app in TORTOISE_ORM["apps"]:
                async with TortoiseContext(), Command(TORTOISE_ORM, app=app, location=LOCATION) as command:
                    for file in await command.upgrade():
                        print(f"applied: {app} {file}", flush=True)
    print("The database is up to date.", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
