"""Judges list-orders: the same rows by a fixed number of queries."""

import logging
from decimal import Decimal
from typing import Any
from uuid import UUID

from tortoise.contrib.test import tortoise_test_context
from tortoise_dev.evals.work import Grader, Work, load

grader = Grader("tortoise.backends.sqlite.client")
MODELS = ["apps.shop.models"]
QUERIES = 6
"""One for the orders, one for each of five relations: nobody needs more."""


async def fill(count: int) -> list[dict[str, Any]]:
    """Make this many orders, and return the rows that the list must have."""
    models = load("apps.shop.models")
    names = {"zinc": 1, "amber": 3, "mint": 2}  # in order neither as they are made nor by their keys
    tags = [await models.Tag.create(id=UUID(int=key), name=name) for name, key in names.items()]
    rows = []
    for number in reversed(range(count)):
        customer = await models.Customer.create(name=f"Customer {number % 3}")
        order = await models.Order.create(number=f"A-{number:03}", customer=customer)
        chosen = tags[: number % 4]
        if chosen:
            await order.tags.add(*chosen)
        for quantity in range(number % 3):
            await models.Line.create(order=order, quantity=quantity + 1)
        for part in range(number % 4):
            await models.Payment.create(order=order, amount=Decimal("10.10") + part)
        rows.append(
            {
                "number": order.number,
                "customer": customer.name,
                "tags": sorted(tag.name for tag in chosen),
                "pieces": sum(range(number % 3 + 1)),
                "lines": number % 3,
                "paid": sum(Decimal("10.10") + part for part in range(number % 4)),
            }
        )
    return rows[::-1]


async def queries_for(count: int) -> tuple[int, bool]:
    """How many statements the list of so many orders sends, and whether its rows are right."""
    sent: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: sent.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("tortoise.db_client")
    async with tortoise_test_context(MODELS):
        expected = await fill(count)
        logger.addHandler(handler)
        logger.setLevel(logging.DEBUG)
        try:
            found = await load("apps.shop.services").list_orders()
        finally:
            logger.removeHandler(handler)
            logger.setLevel(logging.WARNING)
    return len(sent), found == expected


@grader.function(
    "The rows are those of before, tags in order, sums right where there are several lines and payments"
)
async def same_rows(work: Work) -> str:
    async with tortoise_test_context(MODELS):
        expected = await fill(12)
        found = await load("apps.shop.services").list_orders()
    assert len(found) == len(expected), f"{len(found)} rows, not {len(expected)}"
    for one, other in zip(found, expected, strict=True):
        assert one == other, f"{one}, not {other}"
    return "12 rows"


@grader.function("limit and offset choose the same rows as before")
async def same_page(work: Work) -> str:
    list_orders = load("apps.shop.services").list_orders
    async with tortoise_test_context(MODELS):
        expected = await fill(12)
        assert await list_orders(limit=4, offset=3) == expected[3:7]
        assert await list_orders(limit=50, offset=10) == expected[10:]
        assert await list_orders(offset=50) == []
    return "3 pages"


@grader.function(f"Thirty orders take as many queries as three, at most {QUERIES}")
async def few_queries(work: Work) -> str:
    (few, _), (many, _) = await queries_for(3), await queries_for(30)
    assert few == many, f"{few} queries for 3 orders, {many} for 30"
    assert 1 <= many <= QUERIES, f"{many} queries"
    return f"{many} queries"


@grader.convention("check.py --preview finds nothing in the service, the old findings included")
def rules(work: Work) -> str:
    return work.assert_no_findings("--preview")


@grader.convention("Only the service and tests were changed")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(r"apps/shop/services/orders\.py", r"tests/.*")


if __name__ == "__main__":
    grader.main()
