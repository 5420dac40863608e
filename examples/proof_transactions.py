"""Transactions gathered inside a transaction lose finished work; gathered on their own they don't."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Coroutine, Iterable
from typing import Any

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model
from tortoise.transactions import atomic, in_transaction


class Row(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=10)


async def insert(name: str, number: int) -> None:
    async with in_transaction():
        await Row.create(name=f"{name}{number}")
        await asyncio.sleep(0.01)
        if number == 1:
            raise ValueError("only this one fails")


async def gathered(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    await asyncio.gather(*steps)


async def grouped(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(step)


async def kept(name: str) -> list[str]:
    return await Row.filter(name__startswith=name).order_by("name").values_list("name", flat=True)


async def main() -> None:
    async with tortoise_test_context(["__main__"]):
        await asyncio.gather(*(insert("a", number) for number in range(3)), return_exceptions=True)
        assert await kept("a") == ["a0", "a2"]

        async with in_transaction():
            await asyncio.gather(*(insert("b", number) for number in range(3)), return_exceptions=True)
        assert await kept("b") != ["b0", "b2"], "two blocks ended without an error"

        for together in (gathered, grouped):  # nobody fails by himself
            with contextlib.suppress(sqlite3.OperationalError, ExceptionGroup):
                async with in_transaction():
                    await together(insert("d", number + 2) for number in range(3))
                raise AssertionError("savepoints do not get into each other's way")
            assert await kept("d") == []

        async with in_transaction():  # plain queries of one transaction take turns
            await asyncio.gather(*(Row.create(name=f"c{number}") for number in range(3)))
        assert await kept("c") == ["c0", "c1", "c2"]

    try:
        atomic(main)()
    except TypeError:
        pass
    else:
        raise AssertionError("@atomic works without parentheses")


asyncio.run(main())
