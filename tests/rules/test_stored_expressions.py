"""TD131 beside the library: on each kind of field, what it reports never reaches the database as SQL."""

from __future__ import annotations

import logging
from enum import IntEnum, StrEnum
from itertools import product
from pathlib import Path

import pytest
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.expressions import Case, F, RawSQL, Subquery, When
from tortoise.functions import Upper
from tortoise.models import Model


class Text(StrEnum):
    RED = "red"


class Number(IntEnum):
    ONE = 1


class Kinds(Model):
    id = fields.IntField(primary_key=True)
    big = fields.BigIntField(null=True)
    binary = fields.BinaryField(null=True)
    boolean = fields.BooleanField(null=True)
    char = fields.CharField(max_length=99, null=True)
    char_enum = fields.CharEnumField(Text, max_length=99, null=True)
    date = fields.DateField(null=True)
    datetime = fields.DatetimeField(null=True)
    decimal = fields.DecimalField(9, 2, null=True)
    float = fields.FloatField(null=True)
    int = fields.IntField(null=True)
    int_enum = fields.IntEnumField(Number, null=True)
    json = fields.JSONField(null=True)
    small = fields.SmallIntField(null=True)
    text = fields.TextField(null=True)
    time = fields.TimeField(null=True)
    timedelta = fields.TimeDeltaField(null=True)
    uuid = fields.UUIDField(null=True)
    other: fields.ForeignKeyNullableRelation[Kinds] = fields.ForeignKeyField("models.Kinds", null=True)


NAMES = (
    "big binary boolean char char_enum date datetime decimal float int int_enum json small text time".split()
)
NAMES += ["timedelta", "uuid", "other_id"]
EXPRESSIONS = {
    "RawSQL('1 + 41')": lambda: RawSQL("1 + 41"),
    "Subquery(Kinds.filter(id=1).values('id'))": lambda: Subquery(Kinds.filter(id=1).values("id")),
    "F('id')": lambda: F("id"),
    "Upper('char')": lambda: Upper("char"),
    "Case(When(id=1, then='1'), default='2')": lambda: Case(When(id=1, then="1"), default="2"),
}
SENT = ("1 + 41", "1+41", "SELECT", '"id"', "UPPER(", "CASE WHEN")
"""What stands in the SQL where an expression of these is run."""
WAYS = {
    "update": "await Kinds.filter(id=7).update({name}={expression})",
    "create": "await Kinds.create({name}={expression})",
    "row": "row.{name} = {expression}",
}
USES = list(product(WAYS, NAMES, EXPRESSIONS))
MODELS = """\
from tortoise import fields
from tortoise.models import Model

class Kinds(Model):
"""


def _reported(project) -> set[tuple[str, str, str]]:
    source = Path(__file__).read_text(encoding="utf-8")
    body = source[source.index("    id = fields.IntField") : source.index("NAMES = ")]
    body = body.replace("(Text, ", "(str, ").replace("(Number, ", "(int, ")
    lines = [WAYS[way].format(name=name, expression=expression) for way, name, expression in USES]
    head = """\
from app.models import Kinds
from tortoise.expressions import Case, F, RawSQL, Subquery, When
from tortoise.functions import Upper

async def f():
    row = await Kinds.get(id=1)
"""
    project.write(
        {"app/models.py": MODELS + body, "app/service.py": head + "".join(f"    {one}\n" for one in lines)}
    )
    first = head.count("\n") + 1
    return {USES[line - first] for _, line, _ in project.found("--select", "TD131")}


async def _is_run(way: str, name: str, expression: str, caplog: pytest.LogCaptureFixture) -> bool:
    """Does the expression reach the database as SQL, and not as a value?"""
    row = await Kinds.create(id=7)
    caplog.clear()
    try:
        value = EXPRESSIONS[expression]()
        if way == "update":
            await Kinds.filter(id=7).update(**{name: value})
        elif way == "create":
            await Kinds.create(**{name: value})
        else:
            setattr(row, name, value)
            await row.save(update_fields=[name])
    except Exception:  # the point is what was sent
        pass
    statements = [str(one.args[0]) for one in caplog.records if one.args]
    await Kinds.all().delete()
    return any(_value_part(one, name) for one in statements)


def _value_part(sql: str, name: str) -> bool:
    """Does the value of the column stand in the SQL itself?"""
    if sql.startswith("UPDATE"):
        return "=?" not in sql.partition(" SET ")[2].partition(" WHERE ")[0]
    return sql.startswith("INSERT") and any(one in sql.partition(" VALUES ")[2] for one in SENT)


@pytest.mark.asyncio
async def test_what_is_reported_is_not_run(project, caplog: pytest.LogCaptureFixture) -> None:
    reported = _reported(project)
    caplog.set_level(logging.DEBUG, logger="tortoise.db_client")
    async with tortoise_test_context([__name__]):
        run = {use for use in USES if await _is_run(*use, caplog)}
    assert not reported & run
    never = ("RawSQL", "Subquery")
    assert reported == {
        use for use in USES if use not in run and (use[0] == "create" or use[2].startswith(never))
    }
