"""The answer to a request, stored with the key of the request."""

from tortoise import fields
from tortoise.indexes import Index

from apps.common.models import BaseModel


class BaseIdempotencyKey(BaseModel):
    """A key and its answer. The answer is stored before the commit: no other transaction sees status 0."""

    class Meta:
        abstract = True

    user_id = fields.UUIDField()  # a key belongs to a user: nobody gets another user's answer
    key = fields.CharField(max_length=64)  # SHA-256: MariaDB takes the keys "a" and "A" for one
    request = fields.CharField(max_length=64)  # SHA-256 of method, path and input
    status = fields.SmallIntField(default=0)
    body = fields.TextField(default="")  # a JSONField of PostgreSQL and MySQL changes the order of the names


class IdempotencyKey(BaseIdempotencyKey):
    """The table."""

    class Meta:
        table = "idempotency_key"
        table_description = "Answers to requests with an Idempotency-Key"
        ordering = ("created_at", "id")
        unique_together = (("user_id", "key"),)
        indexes = (Index(fields=("created_at",), name="ix_idempotency_key_created"),)
