"""Pages of the tickets of filtered-lists.md: equal times, a row that moves, the newest comments with authors.

By hand, in examples/billing: DATABASE_URL=sqlite://:memory: python ../newest_child_pages.py
"""

import asyncio
import os
import re
import sys
import types
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from uuid import UUID

from tortoise import fields
from tortoise.context import TortoiseContext
from tortoise.expressions import RawSQL
from tortoise.models import Model

PAGE = Path(__file__).resolve().parents[1] / "references" / "filtered-lists.md"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
COMPANY = UUID(int=7)


def program() -> Any:
    """The blocks of the page, as a module."""
    text = PAGE.read_text(encoding="utf-8")
    module = types.ModuleType("newest_child_pages")
    sys.modules[module.__name__] = module
    for head in ("prelude", "name=tickets", "continues=tickets name=page"):
        (block,) = re.findall(rf"^```python {head}\n(.*?)^```", text, re.M | re.S)
        exec(compile(block, str(PAGE), "exec"), module.__dict__)
    return module


page = program()


class Author(Model):
    name = fields.TextField()


class Note(Model):
    ticket_id = fields.UUIDField()
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="notes")
    at = fields.DatetimeField()


async def seen(**asked: Any) -> tuple[list[tuple[Any, ...]], str | None]:
    """The tickets of a page by number, with what stands beside them, and the cursor of the next page."""
    rows, after = await page.page_of(COMPANY, page.TicketQuery(**asked))
    return [(ticket.id.int, *values) for ticket, *values in rows], after


async def pages() -> None:
    for key in (1, 2, 3, 4, 5):
        await page.Ticket.create(id=UUID(int=key), company_id=COMPANY, status="open")
    for key, minute in ((2, 5), (2, 0), (1, 1)):  # ticket 2: the second comment has an older time
        await page.add_comment(UUID(int=key), str(minute), NOON + timedelta(minutes=minute))
    first, after = await seen(limit=1)
    assert first == [(2, 2, "5")]
    in_new_york = (NOON + timedelta(minutes=9)).astimezone(timezone(timedelta(hours=-4)))
    await page.add_comment(UUID(int=3), "9", in_new_york)
    rest, after = await seen(after=after, limit=2)
    assert rest == [(1, 1, "1"), (5, 0, None)]  # WRONG: without ticket 3
    assert await seen(after=after) == ([(4, 0, None)], None)  # 5 and 4 have the same time
    await page.delete_comment(await page.Comment.get(text="5"))
    assert (await seen())[0] == [(3, 1, "9"), (1, 1, "1"), (2, 1, "0"), (5, 0, None), (4, 0, None)]
    assert await seen(status="done") == ([], None)


async def old_tickets() -> None:
    """What fills the new column: each ticket once, by key."""
    await page.Ticket.all().update(commented_at=page.NEVER)
    await page.fill_newest(size=2)
    empty = page.Ticket.filter(commented_at=page.NEVER)
    assert await empty.order_by("id").values_list("id", flat=True) == [UUID(int=4), UUID(int=5)]
    assert await page.Ticket.exists(id=UUID(int=3), commented_at=NOON + timedelta(minutes=9))


async def newest_with_author() -> None:
    """Two queries: the keys of the newest rows, then these rows with what they refer to."""
    ann, bob = await Author.create(name="Ann"), await Author.create(name="Bob")
    for ticket, author, minute in ((1, ann, 1), (1, bob, 2), (2, ann, 3)):
        await Note.create(ticket_id=UUID(int=ticket), author=author, at=NOON + timedelta(minutes=minute))
    newest = RawSQL("(SELECT id FROM note WHERE ticket_id = ticket.id ORDER BY at DESC, id DESC LIMIT 1)")
    keys = await page.Ticket.annotate(newest=newest).values_list("newest", flat=True)
    notes = await Note.filter(id__in=[key for key in keys if key]).select_related("author")
    assert {note.ticket_id.int: note.author.name for note in notes} == {1: "Bob", 2: "Ann"}


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(
            db_url=os.environ["DATABASE_URL"],
            modules={"models": ["apps.billing.models", "newest_child_pages", "__main__"]},
        )
        await context.generate_schemas()
        await pages()
        await old_tickets()
        await newest_with_author()


asyncio.run(main())
