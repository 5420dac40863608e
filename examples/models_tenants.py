# snippet: needs="postgres, fastapi>=0.121"
"""Row level security and the manager together: of_tenant() sets both, in a FastAPI dependency.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/models_tenants.py
"""

import asyncio
import os
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI, Header
from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.transactions import in_transaction

tenant: ContextVar[int] = ContextVar("tenant")


class TenantManager(Manager):
    def get_queryset(self):
        return super().get_queryset().filter(tenant_id=tenant.get())


class TenantNote(Model):
    class Meta:
        table = "tenant_note"
        manager = TenantManager()

    tenant_id = fields.IntField(default=tenant.get)
    number = fields.IntField()
    of_all_tenants = Manager()


# The migration of the model has made tenant_id, so no ADD.
POLICY = """
    ALTER TABLE tenant_note ALTER tenant_id SET DEFAULT current_setting('app.tenant')::int;
    ALTER TABLE tenant_note ENABLE ROW LEVEL SECURITY;
    CREATE POLICY of_tenant ON tenant_note USING (tenant_id = current_setting('app.tenant')::int);
"""


@asynccontextmanager
async def of_tenant(number: int):
    token = tenant.set(number)
    try:
        async with in_transaction() as connection:
            # The policy does not apply to the owner of the table.
            await connection.execute_script("SET LOCAL ROLE tenant_note_app")
            await connection.execute_query("SELECT set_config('app.tenant', $1, true)", [str(number)])
            yield
    finally:
        tenant.reset(token)


async def use_tenant(x_tenant: Annotated[int, Header()]):
    async with of_tenant(x_tenant):
        yield


app = FastAPI()


@app.post("/notes", dependencies=[Depends(use_tenant, scope="function")])
async def add(number: int) -> list[int]:
    """How many notes the tenant sees then: with the manager, and by the policy alone."""
    await TenantNote.create(number=number)
    return [await TenantNote.all().count(), await TenantNote.of_all_tenants.all().count()]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(
            db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]}, _enable_global_fallback=True
        )
        await context.generate_schemas()
        db = context.db()
        await db.execute_script(POLICY)
        await db.execute_script("CREATE ROLE tenant_note_app; GRANT tenant_note_app TO CURRENT_USER")
        try:
            await db.execute_script("GRANT ALL ON tenant_note, tenant_note_id_seq TO tenant_note_app")
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                seen = []
                for number in (1, 2, 2):
                    answer = await client.post("/notes?number=7", headers={"X-Tenant": str(number)})
                    seen.append(answer.json())
            assert seen == [[1, 1], [1, 1], [2, 2]]
            assert tenant.get(None) is None
            rows = await db.execute_query_dict("SELECT tenant_id FROM tenant_note ORDER BY id")
            assert [row["tenant_id"] for row in rows] == [1, 2, 2]
        finally:
            await db.execute_script("DROP OWNED BY tenant_note_app; DROP ROLE tenant_note_app")


asyncio.run(main())
