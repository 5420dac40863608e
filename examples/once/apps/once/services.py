"""Do the work of a request once for each key, and store the answer in the same transaction."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from tortoise import timezone
from tortoise.exceptions import IntegrityError
from tortoise.transactions import atomic, in_transaction

from apps.once.models import IdempotencyKey


class Answer(NamedTuple):
    """What the client gets."""

    status: int
    body: str  # JSON


Work = Callable[[], Awaitable[Answer]]


class RefusedError(Exception):
    """The state does not allow this: 409."""


def problem(status: int, detail: str) -> Answer:
    """An answer in the form of FastAPI's HTTPException."""
    return Answer(status, json.dumps({"detail": detail}))


async def answer_of(work: Work) -> Answer:
    """Do `work` in a transaction. A refusal undoes its changes, and is the answer."""
    try:
        async with in_transaction():  # below answer_once() a savepoint: a refusal keeps the key
            return await work()
    except RefusedError as error:
        return problem(409, str(error))


@atomic()
async def answer_once(user_id: UUID, key: str, request: bytes, work: Work) -> Answer:
    """Do `work` once for this key. Later, return its stored answer."""
    key_hash, request_hash = sha256(key.encode()).hexdigest(), sha256(request).hexdigest()
    try:
        async with in_transaction():  # a second request with this key waits here for the first one
            row = await IdempotencyKey.create(user_id=user_id, key=key_hash, request=request_hash)
    except IntegrityError:
        stored = await IdempotencyKey.get(user_id=user_id, key=key_hash)
        if stored.request != request_hash:
            return problem(422, "This Idempotency-Key belongs to another request")
        return Answer(stored.status, stored.body)
    answer = await answer_of(work)
    row.status, row.body = answer
    await row.save(update_fields=["status", "body", "updated_at"])
    return answer


async def delete_old_keys(days: int = 7) -> int:
    """Delete the keys that clients no longer repeat, and return how many."""
    return await IdempotencyKey.filter(created_at__lt=timezone.now() - timedelta(days=days)).delete()
