"""Bases and types of the schemas of every sub-application."""

from apps.common.schemas.base import Email, InSchema, Money, OutSchema, Page

__all__ = ["Email", "InSchema", "Money", "OutSchema", "Page"]
