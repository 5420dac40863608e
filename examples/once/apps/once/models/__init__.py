"""The stored answers."""

from apps.once.models.idempotency_key import BaseIdempotencyKey, IdempotencyKey

__all__ = ["BaseIdempotencyKey", "IdempotencyKey"]
