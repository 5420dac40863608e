"""Transactions gathered inside a transaction lose finished work or keep failed work, unlike on their own."""

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


async def insert(name: str, number: int, pause: float = 0.01) -> None:
    async with in_transaction():
        await Row.create(name=f"{name}{number}")
        await asyncio.sleep(pause)
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

        # The first savepoint holds the second one: rolled back late, it takes finished work along.
        async with in_transaction():
            both = (insert("b", 1, pause=0.05), insert("b", 2))
            failed, ended = await asyncio.gather(*both, return_exceptions=True)
        assert isinstance(failed, ValueError) and ended is None, "the second one ended without an error"
        assert await kept("b") == []
        await insert("b", 2)
        assert await kept("b") == ["b2"]

        # Or its savepoint is gone when it fails: then what has failed is stored.
        async with in_transaction():
            both = (insert("e", number) for number in range(2))
            ended, _ = await asyncio.gather(*both, return_exceptions=True)
        assert ended is None
        assert await kept("e") == ["e0", "e1"]

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
