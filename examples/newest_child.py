# snippet: needs="postgres|mysql"
"""Two transactions at once on the tickets of filtered-lists.md, and what is lost without the first UPDATE.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/newest_child.py
"""

import asyncio
import os
import re
import sys
import types
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tortoise import fields, timezone
from tortoise.context import TortoiseContext
from tortoise.expressions import Case, F, RawSQL, When
from tortoise.functions import Coalesce
from tortoise.indexes import Index
from tortoise.models import Model
from tortoise.transactions import atomic, in_transaction

Call = Callable[[], Awaitable[Any]]
PAGE = Path(__file__).resolve().parents[1] / "references" / "filtered-lists.md"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
TICKET = UUID(int=1)
LOCK_OF_DELETE = "    await Ticket.filter(id=comment.ticket_id).update(commented_at=NEVER)\n"
LOCK_OF_SET = "    await tickets.update(commented_at=NEVER)\n"


class BaseModel(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)


def program() -> Any:
    """The models and the writes of the page, as a module."""
    module = types.ModuleType("newest_child_page")
    sys.modules["newest_child_page"] = module
    module.__dict__.update(
        {
            name.__name__: name
            for name in (atomic, datetime, BaseModel, Case, Coalesce, F, Index, RawSQL, UUID, When)
        },
        fields=fields,
        timezone=timezone,
        UTC=UTC,
    )
    exec(compile(BLOCK, str(PAGE), "exec"), module.__dict__)
    return module


(BLOCK,) = re.findall(r"^```python name=tickets\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.M | re.S)
page = program()


def without(line: str) -> dict[str, Any]:
    """The functions of the page without one of their lines."""
    assert BLOCK.count(line) == 1
    changed = dict(page.__dict__)
    functions = BLOCK[BLOCK.index("@atomic()") :].replace(line, "")
    exec(compile(functions, str(PAGE), "exec"), changed)
    return changed


@asynccontextmanager
async def connected() -> AsyncIterator[TortoiseContext]:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["newest_child_page"]})
        yield context


@asynccontextmanager
async def overlap(second: Call) -> AsyncIterator[Call]:
    """A transaction. What it yields begins the second call, which waits for a lock or ends."""
    is_open, may_begin = asyncio.Event(), asyncio.Event()

    async def begin() -> None:
        async with connected():
            await page.Ticket.exists()
            is_open.set()
            await may_begin.wait()
            await second()

    async def go() -> None:
        may_begin.set()
        await asyncio.wait([task], timeout=0.5)

    task = asyncio.create_task(begin())
    await is_open.wait()
    async with in_transaction():
        yield go
    await task


async def minute_after(first: Call, second: Call) -> int:
    """The minute in the ticket, if the second call begins before the first one commits."""
    await page.Comment.all().delete()
    await page.Ticket.filter(id=TICKET).update(commented_at=page.NEVER)
    await add(1)
    await add(5)
    async with overlap(second) as go:
        await first()
        await go()
    kept = (await page.Ticket.get(id=TICKET)).commented_at
    return int(kept.minute)


async def add(minute: int) -> None:
    await page.add_comment(TICKET, str(minute), NOON + timedelta(minutes=minute))


async def add_if_newer(minute: int) -> None:
    """As add(), but the UPDATE changes no row if the time is older. So nothing waits for it."""
    at = NOON + timedelta(minutes=minute)
    async with in_transaction():
        await page.Ticket.filter(id=TICKET, commented_at__lt=at).update(commented_at=at)
        await page.Comment.create(ticket_id=TICKET, text=str(minute), created_at=at)


async def delete(minute: int, program: dict[str, Any] = page.__dict__) -> None:
    await program["delete_comment"](await page.Comment.get(text=str(minute)))


async def two_deletes(program: dict[str, Any], lock: bool) -> None:
    """The second call deletes a comment, while the first has deleted another one, and sets the time then."""
    comment = await page.Comment.get(text="5")
    async with overlap(lambda: delete(1, program)) as go:
        if lock:
            await page.Ticket.filter(id=TICKET).update(commented_at=page.NEVER)
        await comment.delete()
        await go()
        await program["set_newest"]([TICKET])


async def main() -> None:
    async with connected() as context:
        await context.generate_schemas()
        await page.Ticket.create(id=TICKET, company_id=TICKET, status="open")
        is_postgres = context.connections.get("default").capabilities.dialect == "postgres"

        assert await minute_after(lambda: add(9), lambda: add(8)) == 9
        assert await minute_after(lambda: add(8), lambda: add(9)) == 9
        assert await minute_after(lambda: delete(5), lambda: add(4)) == 4
        assert await minute_after(lambda: add(4), lambda: delete(5)) == 4
        assert await minute_after(lambda: add(9), lambda: page.set_newest([TICKET])) == 9

        # WRONG: on PostgreSQL, the time of the comment of minute 4 is lost
        kept = await minute_after(lambda: add_if_newer(4), lambda: delete(5))
        assert kept == (1 if is_postgres else 4)
        # WRONG: on PostgreSQL, the time of the comment of minute 9 is lost
        unlocked = without(LOCK_OF_SET)
        kept = await minute_after(lambda: add(9), lambda: unlocked["set_newest"]([TICKET]))
        assert kept == (5 if is_postgres else 9)

        assert await minute_after(lambda: add(2), lambda: add(3)) == 5
        await two_deletes(page.__dict__, lock=True)
        assert (await page.Ticket.get(id=TICKET)).commented_at.minute == 3
        # WRONG: on MariaDB, the second deletion ends in a deadlock
        assert await minute_after(lambda: add(2), lambda: add(3)) == 5
        unlocked = without(LOCK_OF_DELETE)
        with nullcontext() if is_postgres else pytest.raises(Exception, match=r"1213|1305"):
            await two_deletes(unlocked, lock=False)


asyncio.run(main())
