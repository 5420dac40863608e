"""TD136 beside the library: which queries wait on SQLite, because they run outside of the transaction."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model
from tortoise.transactions import in_transaction
from tortoise_dev.rules import td136_query_before_transaction as rule


class OldRow(Model):
    n = fields.IntField(default=0)


async def waits(query: Any) -> bool:
    async with in_transaction():
        try:
            async with asyncio.timeout(0.5):
                await query
        except TimeoutError:
            return True
    return False


@pytest.mark.asyncio
@pytest.mark.parametrize("method", rule._AT_ONCE)
async def test_a_query_that_takes_the_connection_at_once(method: str) -> None:
    async with tortoise_test_context([__name__]):
        await OldRow.create()
        assert await waits(getattr(OldRow, method)())


@pytest.mark.asyncio
@pytest.mark.parametrize("method", rule._LATER)
async def test_a_query_that_takes_the_connection_when_it_runs(method: str) -> None:
    async with tortoise_test_context([__name__]):
        query = getattr(OldRow, method)(n=1)
        await query.count()
        await query.first()
        assert not await waits(query.order_by("n"))
        await query
        assert await waits(query.order_by("n"))
