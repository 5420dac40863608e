# snippet: needs="postgres, fastapi>=0.121"
"""Row level security and the manager together: of_company() sets both, in a FastAPI dependency.

Also: which roles see all rows, and what a backup, a migration and a purge do.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/models_tenants.py
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated, Any
from uuid import UUID

import httpx
from fastapi import Depends, FastAPI, Header
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.transactions import in_transaction

ONE, TWO = UUID(int=1), UUID(int=2)
company: ContextVar[UUID] = ContextVar("company")


class CompanyManager(Manager):
    def get_queryset(self):
        return super().get_queryset().filter(company_id=company.get())


class CompanyNote(Model):
    class Meta:
        table = "company_note"
        manager = CompanyManager()

    id = fields.UUIDField(primary_key=True)
    company_id = fields.UUIDField(default=company.get)
    number = fields.IntField()
    of_all_companies = Manager()


POLICY = """
    ALTER TABLE company_note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_company ON company_note USING (company_id = current_setting('app.company')::uuid);
"""
FORCE = "ALTER TABLE company_note FORCE ROW LEVEL SECURITY"
# The application's role owns the table, as in a project with one role only.
ROLE = """
    CREATE ROLE company_note_app;
    GRANT company_note_app TO CURRENT_USER;
    GRANT USAGE, CREATE ON SCHEMA public TO company_note_app;
    ALTER TABLE company_note OWNER TO company_note_app;
"""


async def ask(connection: BaseDBAsyncClient, sql: str) -> Any:
    """The only value of a query."""
    rows = await connection.execute_query_dict(sql)
    return next(iter(rows[0].values()))


@asynccontextmanager
async def as_role(role: str) -> AsyncIterator[BaseDBAsyncClient]:
    async with in_transaction() as connection:
        await connection.execute_script(f"SET LOCAL ROLE {role}")
        yield connection


@asynccontextmanager
async def of_company(company_id: UUID) -> AsyncIterator[None]:
    if company.get(None):  # otherwise the outer one goes on with the inner company
        raise RuntimeError("of_company() inside of_company()")
    token = company.set(company_id)
    try:
        async with as_role("company_note_app") as connection:
            await connection.execute_query("SELECT set_config('app.company', $1, true)", [str(company_id)])
            yield
    finally:
        company.reset(token)


async def use_company(x_company: Annotated[UUID, Header()]):
    async with of_company(x_company):
        yield


app = FastAPI()


@app.post("/notes", dependencies=[Depends(use_company, scope="function")])
async def add(number: int) -> list[int]:
    """How many notes the company sees then: with the manager, and by the policy alone."""
    await CompanyNote.create(number=number)
    return [await CompanyNote.all().count(), await CompanyNote.of_all_companies.all().count()]


async def add_notes() -> list[list[int]]:
    seen = []
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        for company_id in (ONE, TWO, TWO):
            headers = {"X-Company": str(company_id)}
            seen.append((await client.post("/notes?number=7", headers=headers)).json())
    return seen


async def seen_by(role: str) -> tuple[int, bool]:
    """How many rows the role sees for company ONE, and whether the policy applies to the role."""
    async with as_role(role) as connection:
        await connection.execute_query("SELECT set_config('app.company', $1, true)", [str(ONE)])
        count = await ask(connection, "SELECT COUNT(*) FROM company_note")
        return count, await ask(connection, "SELECT row_security_active('company_note')")


async def fails(role: str, sql: str, message: str) -> None:
    try:
        async with as_role(role) as connection:
            await connection.execute_script(sql)
    except OperationalError as error:
        assert message in str(error), error
    else:
        raise AssertionError(f"no error: {sql}")


async def purge(number: int) -> int:
    """A job over all companies: one transaction for each."""
    removed = 0
    for company_id in (ONE, TWO):
        async with of_company(company_id):
            removed += await CompanyNote.filter(number=number).delete()
    return removed


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(
            db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]}, _enable_global_fallback=True
        )
        await context.generate_schemas()
        db = context.db()
        await db.execute_script(ROLE)
        try:
            await db.execute_script(POLICY)
            # Without FORCE, the owner sees all rows.
            assert await add_notes() == [[1, 1], [1, 2], [2, 3]]
            assert await seen_by("company_note_app") == (3, False)
            await db.execute_script(FORCE)
            assert await seen_by("company_note_app") == (1, True)
            assert await add_notes() == [[2, 2], [3, 3], [4, 4]]
            assert company.get(None) is None

            # Only a superuser may make such roles.
            if await ask(db, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"):
                await db.execute_script(
                    "CREATE ROLE company_note_all BYPASSRLS; CREATE ROLE company_note_root SUPERUSER"
                )
                await db.execute_script("GRANT SELECT ON company_note TO company_note_all")
                try:
                    assert await seen_by("company_note_all") == (6, False)
                    assert await seen_by("company_note_root") == (6, False)
                finally:
                    await db.execute_script("DROP OWNED BY company_note_all")
                    await db.execute_script("DROP ROLE company_note_all; DROP ROLE company_note_root")

            async with as_role("company_note_app") as outer:
                async with of_company(TWO):
                    pass
                assert await ask(outer, "SELECT current_setting('app.company')") == str(TWO)  # it stays
            async with of_company(ONE):
                try:
                    await of_company(TWO).__aenter__()
                except RuntimeError as error:
                    assert "of_company() inside" in str(error)
                else:
                    raise AssertionError("no error")

            # pg_dump turns row_security off: the owner gets an error, and never a part of the rows.
            backup = "SET LOCAL row_security = off; SELECT * FROM company_note"
            await fails("company_note_app", backup, "would be affected by row-level security policy")
            # A migration that changes rows, too, needs a company, or a role that sees all rows. In a
            # connection that had a company before, app.company is an empty text.
            await fails("company_note_app", "UPDATE company_note SET number = 8", "type uuid")
            assert await purge(7) == 6
        finally:
            await db.execute_script("ALTER TABLE company_note OWNER TO CURRENT_USER")
            await db.execute_script("DROP OWNED BY company_note_app; DROP ROLE company_note_app")


asyncio.run(main())
