"""Bases and types for the schemas of every sub-application."""

from apps.common.schemas.base import (
    Email,
    InSchema,
    Limit,
    Money,
    Offset,
    OutSchema,
    Page,
    StoredJson,
    Text,
    UtcTime,
)

__all__ = [
    "Email",
    "InSchema",
    "Limit",
    "Money",
    "Offset",
    "OutSchema",
    "Page",
    "StoredJson",
    "Text",
    "UtcTime",
]
