"""The database that a chain starts with.

A template is made once per run (schema and data set, by Tortoise itself); each chain gets a copy of it.
SQLite copies the template's bytes: into memory, or into a file where the chain has more than one event loop
or process. A server copies it into a new database: servers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ... import compat
from ..protocol import Models

if TYPE_CHECKING:
    from tortoise.context import TortoiseContext

# A database that lives for one block needs no journal on disk.
_FAST = "journal_mode=MEMORY&synchronous=OFF"

# A data set that sets keys itself leaves PostgreSQL's sequences behind, alone among the databases: the first
# row that a block creates would collide.
_ADVANCE_SEQUENCES = """
DO $$
DECLARE
    key record;
    sequence text;
BEGIN
    FOR key IN
        SELECT attrelid::regclass AS "table", attname AS "column"
        FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
        WHERE attnum > 0 AND (attidentity <> '' OR atthasdef) AND relkind IN ('r', 'p')
            AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
    LOOP
        sequence := pg_get_serial_sequence(key."table"::text, key."column");
        IF sequence IS NOT NULL THEN
            EXECUTE format(
                'SELECT setval(%L, max(%I)) FROM %s, %s AS s HAVING max(%I) >= max(s.last_value)',
                sequence, key."column", key."table", sequence, key."column"
            );
        END IF;
    END LOOP;
END $$
"""


async def make_template(target: str, models: Models, load: Callable[[], Any] | None) -> None:
    """Fill the template ``target``, an empty database's URL or the path of a SQLite file to be: the models'
    tables and the data set.

    Raises whatever importing the models, creating the tables or the set-up function raises.
    """
    from tortoise.context import TortoiseContext

    is_server = "://" in target
    async with TortoiseContext() as context:
        await context.init(db_url=target if is_server else "sqlite://:memory:", modules={**models})
        await context.generate_schemas()
        if load is not None:
            await load()
        connection: Any = context.connections.get("default")
        if connection.capabilities.dialect == "postgres":
            await connection.execute_script(_ADVANCE_SEQUENCES)
        if not is_server:
            Path(target).write_bytes(await compat.sqlite_bytes(connection))  # noqa: ASYNC240


async def open_url(models: Models, url: str) -> TortoiseContext:
    """Make a URL's database the running context's; Tortoise connects when the first statement is sent."""
    from tortoise.context import TortoiseContext

    context = TortoiseContext()
    context.__enter__()
    await context.init(db_url=url, modules={**models})
    return context


async def open_sqlite(models: Models, template: bytes | None, file: Path | None) -> TortoiseContext:
    """Open a copy of the SQLite template in the running context, or an empty database for None.

    With ``file`` the database is that file, so that other event loops and processes can open it.
    """
    if file is not None:
        if template is not None and not file.exists():  # noqa: ASYNC240
            file.write_bytes(template)  # noqa: ASYNC240
        return await open_url(models, f"sqlite://{file.as_posix()}?{_FAST}")
    context = await open_url(models, "sqlite://:memory:")
    if template is not None:
        await compat.fill_sqlite(context.connections.get("default"), template)
    return context
