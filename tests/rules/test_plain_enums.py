"""TD128 beside the library: what its page says of a plain Enum."""

from __future__ import annotations

from enum import Enum, IntEnum, StrEnum

import pytest
from tortoise import connections, fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model


class Plain(Enum):
    RED = "red"


class Text(StrEnum):
    RED = "red"


class Number(Enum):
    ONE = 1


class Int(IntEnum):
    ONE = 1


class Paint(Model):
    plain = fields.CharEnumField(Plain, null=True)
    text = fields.CharEnumField(Text, null=True)
    number = fields.IntEnumField(Number, null=True)  # type: ignore[type-var]
    int = fields.IntEnumField(Int, null=True)


@pytest.mark.asyncio
async def test_what_a_plain_enum_breaks() -> None:
    async with tortoise_test_context([__name__]):
        paint = await Paint.create(plain=Plain.RED, text=Text.RED, int=Int.ONE)
        assert paint.text == "red"
        assert paint.plain != "red"
        assert await Paint.filter(text__contains=Text.RED).exists()
        assert not await Paint.filter(plain__contains=Plain.RED).exists()
        with pytest.raises(Exception, match="type 'Number' is not supported"):
            await Paint.create(number=Number.ONE)
        await connections.get("default").execute_query("UPDATE paint SET plain = 'Plain.RED'")
        with pytest.raises(ValueError, match="is not a valid Plain"):
            await Paint.get(id=paint.id)
