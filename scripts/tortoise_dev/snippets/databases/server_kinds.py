"""PostgreSQL, MariaDB and MySQL: how each makes, copies, locks and drops databases."""

from __future__ import annotations

import re
import secrets

from .drivers import Session
from .server import Server

_COMMENTS = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_QUERY = re.compile(
    _COMMENTS + r"\(*(SELECT|INSERT|UPDATE|DELETE|MERGE|VALUES|WITH)\b", re.IGNORECASE | re.DOTALL
)


class Postgres(Server):
    """PostgreSQL 13 or later. pg_locks shows the locks of all databases, whichever one a run's URL names."""

    names_statement = r"SELECT datname FROM pg_database WHERE datname LIKE 'tortoise\_dev\_%'"
    room_statement = (
        r"SELECT (SELECT sum(setting::int * CASE name WHEN 'max_connections' THEN 1 ELSE -1 END)"
        r" FROM pg_settings WHERE name = 'max_connections' OR name LIKE '%reserved\_connections')"
        " - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')"
    )
    key = 0x746F7264
    strategy = ""

    async def lock(self, session: Session) -> None:
        ((version,),) = await session.rows("SELECT current_setting('server_version_num')")
        if int(version) >= 150_000:
            self.strategy = " STRATEGY file_copy"
        await session.rows(f"SELECT pg_advisory_lock({self.key}, {int(self.run, 16)})")

    async def is_alive(self, run: str) -> bool:
        held = await self.rows(
            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted"
            f" AND classid = {self.key} AND objid = {int(run, 16)} AND objsubid = 2"
        )
        return bool(held)

    def create_statement(self, name: str) -> str:
        return f"CREATE DATABASE {name} TEMPLATE template0"

    def drop_statement(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"

    def prepare_statement(self, statement: str) -> str | None:
        is_query = _QUERY.match(statement)
        return f"PREPARE s{secrets.token_hex(4)} AS {statement}" if is_query else None

    async def copy(self, name: str) -> None:
        await self.rows(f"CREATE DATABASE {name} TEMPLATE {self.template}{self.strategy}")


class MySQL(Server):
    """MariaDB and MySQL have no template databases: tables are created again and filled by the server."""

    names_statement = (
        r"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'tortoise\_dev\_%'"
    )
    room_statement = "SELECT @@max_connections - COUNT(*) FROM information_schema.processlist"
    outside = Server.outside | {"SCHEMA"}
    script: list[str] | None = None

    async def lock(self, session: Session) -> None:
        await session.rows(f"SELECT GET_LOCK('tortoise_dev_{self.run}', 0)")

    async def is_alive(self, run: str) -> bool:
        return await self.rows(f"SELECT IS_FREE_LOCK('tortoise_dev_{run}')") != [(1,)]

    def create_statement(self, name: str) -> str:
        return f"CREATE DATABASE {name} CHARACTER SET utf8mb4"

    def drop_statement(self, name: str) -> str:
        return f"DROP DATABASE IF EXISTS {name}"

    def prepare_statement(self, statement: str) -> str | None:
        quoted = statement.replace("\\", "\\\\").replace("'", "''")
        return f"PREPARE explained FROM '{quoted}'"

    async def copy(self, name: str) -> None:
        async with self.session() as session:
            if self.script is None:
                self.script = await self.read_template(session)
            for statement in (self.create_statement(name), f"USE {name}", *self.script):
                await session.rows(statement)

    async def read_template(self, session: Session) -> list[str]:
        """The statements that make a copy of the template's tables in the current database."""
        of_template = f"WHERE table_schema = '{self.template}'"
        tables = await session.rows(f"SELECT table_name FROM information_schema.tables {of_template}")
        script = []
        for (table,) in tables:
            created = await session.rows(f"SHOW CREATE TABLE {self.template}.`{table}`")
            script.append(created[0][1])
            columns = await session.rows(
                f"SELECT column_name FROM information_schema.columns {of_template} AND table_name = '{table}'"
                " AND COALESCE(generation_expression, '') = ''"
            )
            if await session.rows(f"SELECT 1 FROM {self.template}.`{table}` LIMIT 1"):
                names = ", ".join(f"`{column}`" for (column,) in columns)
                script.append(
                    f"INSERT INTO `{table}` ({names}) SELECT {names} FROM {self.template}.`{table}`"
                )
        return script


KINDS: dict[str, type[Server]] = {"postgres": Postgres, "mysql": MySQL}
