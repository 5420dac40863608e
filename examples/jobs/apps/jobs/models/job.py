"""A row is one call of another system."""

from __future__ import annotations

from enum import StrEnum

from tortoise import fields

from apps.common.models import BaseModel


class JobStatus(StrEnum):
    """The values of `status`."""

    WAITING = "waiting"  # a worker will call, or is calling
    DONE = "done"
    NOT_NEEDED = "not_needed"  # `content()` returned None before the call
    GIVEN_UP = "given_up"  # a person asks the other system, then calls `settle()`


class BaseJob(BaseModel):
    """What each model of jobs needs. Its id is the idempotency key."""

    class Meta:
        abstract = True

    status = fields.CharEnumField(JobStatus, max_length=32, default=JobStatus.WAITING)
    next_attempt_at = fields.DatetimeField()  # or the end of the claim
    claims = fields.IntField(default=0)
    failures = fields.IntField(default=0)
    perhaps_done_at = fields.DatetimeField(null=True)  # set before the call: the worker can die
    last_error = fields.TextField(null=True)

    async def content(self) -> dict[str, str] | None:
        """What `send()` gets, the same in each attempt. None: the call is no longer needed."""
        raise NotImplementedError
