"""Where authentication goes: a dependency of the routers. The probes stay open, and a deleted user is out."""

import asyncio
from typing import Annotated
from uuid import UUID

import httpx
from apps.billing.routers import router as billing
from apps.users.models import User
from apps.users.routers import router as users
from apps.users.services import deactivate_user, register_user
from config import fixtures
from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from tortoise.contrib.test import tortoise_test_context

MODELS = ["apps.billing.models", "apps.users.models"]
SESSIONS: dict[str, UUID] = {}  # in your project: check a signed token, or read a table of sessions


async def current_user(sent: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> User:
    """The user of the token. `User.get_or_none` leaves out deleted users."""
    user_id = SESSIONS.get(sent.credentials)
    user = await User.get_or_none(id=user_id) if user_id else None
    if user is None:
        raise HTTPException(401)
    return user


app = FastAPI()
app.include_router(billing, dependencies=[Depends(current_user)])
app.include_router(users, dependencies=[Depends(current_user)])


@app.get("/health")
async def health() -> str:
    return "ok"


def as_user(token: str | None) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test", headers=headers)


async def main() -> None:
    async with tortoise_test_context(MODELS):
        await fixtures.load()
        ada = await register_user(email="ada@example.test", full_name="Ada")
        bob = await register_user(email="bob@example.test", full_name="Bob")
        SESSIONS.update(ada=ada.id, bob=bob.id)

        assert (await as_user("ada").get("/invoices")).status_code == 200
        assert (await as_user("nobody").get("/invoices")).status_code == 401
        assert (await as_user(None).get("/invoices")).status_code in (401, 403)  # by FastAPI's release
        assert (await as_user(None).delete(f"/users/{bob.id}")).status_code in (401, 403)
        assert (await as_user(None).get("/health")).status_code == 200

        await deactivate_user(ada.id)
        assert (await as_user("ada").get("/invoices")).status_code == 401
        assert (await as_user("bob").get("/invoices")).status_code == 200


asyncio.run(main())
