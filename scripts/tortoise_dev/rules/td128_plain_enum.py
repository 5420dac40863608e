"""# TD128 plain-enum

## What it does
A `CharEnumField` whose `Enum` is not a `str`, or an `IntEnumField` whose `Enum` is not an `int`.

## Why is this bad
Such an `IntEnumField` cannot be saved. Aerich's default of such a `CharEnumField` cannot be read.
Aerich writes this default as `DEFAULT 'Colour.RED'`. A comparison with a string
(`row.colour == "red"`) is always false, and `colour__contains=Colour.RED` finds nothing.

## Fix safety
Not fixed by `--fix`: make it a `StrEnum` or an `IntEnum`. The values in the database stay as they are.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis import tortoise_api
from ..analysis.modules import Class, External
from ..analysis.syntax import argument
from .base import Context, Hit, Rule

BAD = """\
# file: apps/common/models/base.py
from enum import Enum

from tortoise import fields
from tortoise.models import Model


class Colour(Enum):
    RED = "red"


class BaseModel(Model):
    class Meta:
        abstract = True

    colour = fields.CharEnumField(Colour, default=Colour.RED)
"""

GOOD = BAD.replace("import Enum", "import StrEnum").replace("(Enum)", "(StrEnum)")

_FIELDS = {"CharEnumField": "StrEnum", "IntEnumField": "IntEnum"}
_PLAIN = frozenset({"enum.Enum", "enum.Flag"})


def check(context: Context) -> Iterator[Hit]:
    """At the enum that the field is given."""
    for call, name in context.tortoise_calls:
        field = tortoise_api.short(name)
        if field not in _FIELDS or not tortoise_api.is_field(name):
            continue
        given = argument(call, "enum_type", 0)
        enum = _plain_enum(context, given) if given is not None else None
        if enum is None or given is None:
            continue
        wanted = _FIELDS[field]
        if field == "IntEnumField":
            breaks = "saving a member of it fails"
        elif argument(call, "default", 99) is not None:
            breaks = f"Aerich writes its default as '{enum.name}.…', and no comparison with a string is true"
        else:
            breaks = "no comparison with a string is true"
        yield Hit(given, f"{enum.name} is a plain Enum: {breaks}. Make it a {wanted}")


def _plain_enum(context: Context, node: ast.expr) -> Class | None:
    """The enum that an expression names, if it certainly has no other base than Enum."""
    entities = context.module.meanings(node)
    if len(entities) != 1 or not isinstance(entities[0], Class):
        return None
    enum = entities[0]
    classes = [enum]
    for one in context.models.ancestors(enum):
        if isinstance(one, Class):
            classes.append(one)
        elif one.name not in _PLAIN:
            return None
    if not any(isinstance(one, External) for one in context.models.ancestors(enum)):
        return None
    for cls in classes:
        known = [base for base in cls.node.bases if len(cls.module.meanings(base, cls.scope)) == 1]
        if len(known) != len(cls.node.bases) or cls.node.keywords or not _keeps_members(cls):
            return None
    return enum


def _keeps_members(cls: Class) -> bool:
    """Do all decorators of an enum leave it as it is?"""
    found = [cls.module.meanings(one, cls.scope) for one in cls.node.decorator_list]
    return all(
        len(one) == 1 and isinstance(one[0], External) and one[0].name == "enum.unique" for one in found
    )


RULE = Rule("TD128", "plain-enum", check)
