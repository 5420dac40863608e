"""Dependencies of endpoints that a client may repeat."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Header, HTTPException, Request, Response
from pydantic import BaseModel

from apps.once.services import Answer, answer_of, answer_once

Key = Annotated[str, Header(alias="Idempotency-Key")]


def current_user(x_user: Annotated[UUID, Header()]) -> UUID:
    """WRONG in production: import your own dependency, which reads the token."""
    return x_user


def needs_key(key: Key = "") -> None:
    """Refuse a request without a key."""
    if not key:
        raise HTTPException(400, "Send an Idempotency-Key")


def same_form(part: str) -> str:
    """Write a UUID of a path in lower case with hyphens. Return other texts unchanged."""
    try:
        return str(UUID(part))
    except ValueError:
        return part


class Once:
    """`once: Annotated[Once, Depends()]` runs the work of an endpoint once for each key of a user."""

    def __init__(
        self, request: Request, user_id: Annotated[UUID, Depends(current_user)], key: Key = ""
    ) -> None:
        path = "/".join(same_form(part) for part in request.url.path.split("/"))
        self.line = f"{request.method} {path}?{request.url.query}\n"
        self.request, self.user_id, self.key = request, user_id, key

    async def run(
        self, work: Callable[[], Awaitable[BaseModel]], body: BaseModel | None = None, status: int = 200
    ) -> Response:
        """Answer with the schema that `work` returns. A request without a key runs `work` each time.

        `body` is the validated input: "5" and "5.00" are the same amount. Without it, the bytes are compared.
        """

        async def answer() -> Answer:
            return Answer(status, (await work()).model_dump_json())

        if self.key:
            content = body.model_dump_json().encode() if body else await self.request.body()
            answered = await answer_once(self.user_id, self.key, self.line.encode() + content, answer)
        else:
            answered = await answer_of(answer)
        return Response(answered.body, answered.status, media_type="application/json")
