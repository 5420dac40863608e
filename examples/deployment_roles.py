# snippet: needs="postgres"
"""The role of the application changes rows only, also in later tables. The owner may do everything.

All of it happens in a transaction that is rolled back: roles belong to the whole server.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/deployment_roles.py
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.models import Model
from tortoise.transactions import in_transaction

PAGES = Path(__file__).parents[1] / "references"
PAGE = PAGES / "tenant-tests.md"
(FILE,) = re.findall(r'title="docker/role.sql".*?\n(.*?)```', PAGE.read_text(encoding="utf-8"), re.DOTALL)
SQL = re.compile(r'```sql norun="the proof runs it"\n(CREATE ROLE billing_migration.*?)```', re.DOTALL)
(GRANTS,) = SQL.findall((PAGES / "deployment-kubernetes.md").read_text(encoding="utf-8"))
OF_THE_APPLICATION = ["lock_timeout=2s", "statement_timeout=5s", "idle_in_transaction_session_timeout=10s"]
OWNED = "CREATE TABLE later (id SERIAL PRIMARY KEY, number INT)"
CHANGES_OF_ROWS = [
    "SELECT * FROM {0}",
    "UPDATE {0} SET number = number",
    "DELETE FROM {0}",
    "INSERT INTO {0} (number) VALUES (1)",  # takes the id from a sequence
]
CHANGES_OF_TABLES = [
    "CREATE TABLE new (id INT)",
    "DROP TABLE {0}",
    "TRUNCATE {0}",
    "ALTER TABLE {0} ADD new INT",
]


class Today(Model):
    id = fields.IntField(primary_key=True)
    number = fields.IntField()


@asynccontextmanager
async def undone() -> AsyncIterator[BaseDBAsyncClient]:
    with suppress(EOFError):
        async with in_transaction() as connection:
            yield connection
            raise EOFError("undo it")


async def is_refused(statement: str) -> bool:
    try:
        async with undone() as savepoint:
            await savepoint.execute_script(statement)
    except Exception as error:
        assert "permission denied" in str(error) or "must be " in str(error), error
        return True
    return False


async def refused(table: str) -> list[str]:
    statements = CHANGES_OF_ROWS + CHANGES_OF_TABLES
    return [statement for statement in statements if await is_refused(statement.format(table))]


async def needs_the_role(line: str) -> None:
    """Without its own membership, only a superuser may set the default privileges of another role."""
    async with undone() as connection:
        (row,) = await connection.execute_query_dict(
            "SELECT rolsuper FROM pg_roles WHERE rolname = CURRENT_USER"
        )
        head, _, tail = GRANTS.partition(line)
        assert tail
        await connection.execute_script(head)
        (last,) = re.findall(r"ALTER DEFAULT .* ON SEQUENCES .*", tail)
        assert await is_refused(last) != row["rolsuper"]


async def may_create_roles(role: str) -> bool:
    """Whether a role may make another one, if it may create and change tables only."""
    async with undone() as connection:
        await connection.execute_script(
            f"CREATE ROLE {role}; GRANT {role} TO CURRENT_USER; SET LOCAL ROLE {role}"
        )
        return not await is_refused("CREATE ROLE billing_app LOGIN")


async def revokes(role: str) -> bool:
    """Whether REVOKE has an effect if the role does not own the schema. It raises no error."""
    async with undone() as connection:
        await connection.execute_script(
            f"GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE ROLE {role};"
            f"GRANT {role} TO CURRENT_USER; SET LOCAL ROLE {role}; REVOKE CREATE ON SCHEMA public FROM PUBLIC"
        )
        sql = "SELECT has_schema_privilege('public', 'CREATE') AS may_create"
        (row,) = await connection.execute_query_dict(sql)
        return not row["may_create"]
    raise AssertionError


async def limits() -> list[tuple[str, int, list[str] | None]]:
    """The number of connections and the settings of each role."""
    connection = get_connection("default")
    sql = "SELECT * FROM pg_roles WHERE rolname LIKE 'billing\\_%' ORDER BY rolname"
    rows = await connection.execute_query_dict(sql)
    return [(row["rolname"], row["rolconnlimit"], row["rolconfig"]) for row in rows]


async def may_create_tables(role: str, grant: str) -> bool:
    """Whether a role that does not own the schema may create tables after REVOKE."""
    async with undone() as connection:
        await connection.execute_script(
            f"GRANT CREATE ON SCHEMA public TO PUBLIC; CREATE ROLE {role};"
            f"REVOKE CREATE ON SCHEMA public FROM PUBLIC; {grant}; GRANT {role} TO CURRENT_USER;"
            f"SET LOCAL ROLE {role}"
        )
        return not await is_refused("CREATE TABLE public.new (id INT)")
    raise AssertionError


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        assert not await may_create_roles("billing_migration")
        assert not await revokes("billing_migration")
        await needs_the_role("GRANT billing_migration TO CURRENT_USER")
        assert not await may_create_tables("billing_migration", "")
        grant = "GRANT CREATE ON SCHEMA public TO billing_migration"
        assert await may_create_tables("billing_migration", grant)
        for grants in (GRANTS, FILE.replace("shop_app", "billing_app")):
            async with undone() as connection:
                await connection.execute_script(grants)
                if grants == GRANTS:
                    await connection.execute_script(f"SET LOCAL ROLE billing_migration; {OWNED}; RESET ROLE")
                    assert await limits() == [
                        ("billing_app", 75, OF_THE_APPLICATION),
                        ("billing_migration", 5, ["lock_timeout=5s"]),
                    ]
                else:
                    await connection.execute_script(OWNED)
                assert await refused("today") == await refused("later") == []  # the owner may do everything
                await connection.execute_script(
                    "GRANT billing_app TO CURRENT_USER; SET LOCAL ROLE billing_app"
                )
                assert await refused("today") == CHANGES_OF_TABLES
                assert await refused("later") == CHANGES_OF_TABLES


asyncio.run(main())
