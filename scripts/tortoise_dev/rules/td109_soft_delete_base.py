"""# TD109 soft-delete-on-base

## What it does
The abstract base of all models has a field for soft deletion (`deleted_at`, `is_deleted` …).

That base is `BaseModel`, or what every concrete model of two or more extends. A base with the purpose in its
name (`BaseSoftDelete`) is not reported, because models choose it.

## Why is this bad
Every query must leave deleted rows out, and their unique values stay taken.

## Fix safety
Not fixed by `--fix`: columns move.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..analysis.modules import Class
from ..analysis.project import Project
from .base import Context, Hit, Rule

BAD = """\
# file: apps/common/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    deleted_at = fields.DatetimeField(null=True)
"""

GOOD = """\
# file: apps/common/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)


class BaseSoftDelete(BaseModel):
    class Meta:
        abstract = True

    deleted_at = fields.DatetimeField(null=True)
"""

_FIELD = re.compile(r"(is_|soft_)?deleted(_at|_on|_time)?|delete(d)?_(at|time|date)|is_delete")
_OPT_IN = re.compile(r"(?i)delet|trash|remov|archiv")


def check(context: Context) -> Iterator[Hit]:
    """At the field."""
    for cls in context.own:
        if not context.models.is_abstract(cls) or _OPT_IN.search(cls.name):
            continue
        for name, call in context.models.fields(cls):
            if _FIELD.fullmatch(name) and _is_shared(context, cls):
                statement = context.module.parents.get(call)
                yield Hit(
                    statement or call,
                    f"{name} on {cls.name} gives every table soft deletion: make it an opt-in BaseSoftDelete",
                )


def _is_shared(context: Context, cls: Class) -> bool:
    if cls.name == "BaseModel":
        return True
    concrete = context.project.once(_concrete)
    return len(concrete) > 1 and all(cls in context.models.ancestors(one) for one in concrete)


def _concrete(project: Project) -> list[Class]:
    return [one for one in project.all_models if project.models.is_abstract(one) is False]


RULE = Rule("TD109", "soft-delete-on-base", check)
