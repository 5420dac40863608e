"""# TD004 member-order

## What it does
Members stand in the order `Meta`, nested classes, fields, then dunder, class, static and `_private` methods,
then public methods and properties. Inside a group, any order is right.

Annotations, managers and constants count as fields.

## Why is this bad
A reader finds the columns first.

## Fix safety
`--fix` moves whole members with their comments and decorators, and keeps the order within each group, so that
columns keep theirs. It leaves a class alone where a member uses a name that another one binds and their order
would change, where two members share a line, or where the body holds statements such as `if`.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..analysis.models import Rank, members_of
from .base import Context, Hit, Rule
from .fixes import Fix
from .reorder import can_sort

BAD = """\
# file: apps/billing/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    def age(self, now):
        return now - self.created_at

    created_at = fields.DatetimeField(auto_now_add=True)
"""

GOOD = """\
# file: apps/billing/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    created_at = fields.DatetimeField(auto_now_add=True)

    def age(self, now):
        return now - self.created_at
"""


def check(context: Context) -> Iterator[Hit]:
    """At each member that comes after one of a later group. Meta is TD003's business."""
    for cls in context.own:
        highest, before = Rank.META, ""
        fixable: bool | None = None
        for member in members_of(cls.node):
            if member.rank is None or member.rank is Rank.META:
                continue
            if member.rank < highest:
                if fixable is None:
                    fixable = can_sort(context.module, cls.node)
                yield Hit(
                    member.node,
                    f"{member.rank.title} {member.name} of {cls.name} comes after {highest.title} {before}",
                    Fix(order="sort") if fixable else None,
                )
            elif member.rank > highest:
                highest, before = member.rank, member.name


RULE = Rule("TD004", "member-order", check, fixable=True)
