"""Bases and types for the schemas of every sub-application."""

from apps.common.schemas.base import (
    Day,
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
    ZoneName,
)

__all__ = [
    "Day",
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
    "ZoneName",
]
