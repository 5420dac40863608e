"""# TD100 unused-noqa

## What it does
A `# noqa: TD…` comment that suppresses nothing. Only the codes of this checker that run are judged.

## Why is this bad
The comment would hide a later finding on that line.

## Fix safety
`--fix` removes the code, and the whole comment if nothing else is in it.
"""

from __future__ import annotations

from .base import Rule

BAD = """\
# file: apps/common/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):  # noqa: TD003
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
"""

GOOD = BAD.replace("  # noqa: TD003", "")


RULE = Rule("TD100", "unused-noqa", fixable=True, home=__name__)
"""The engine reports it, once all the other rules have run."""
