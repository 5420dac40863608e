"""Judges pay-once: the order is paid once, on SQLite and on PostgreSQL, and nothing else was touched."""

import asyncio
from decimal import Decimal
from typing import Any
from uuid import uuid4

from tortoise.context import TortoiseContext
from tortoise.contrib.test import tortoise_test_context
from tortoise.exceptions import DoesNotExist
from tortoise_dev.evals.work import Grader, Work, load

grader = Grader("tortoise.backends.sqlite.client")
MODELS = ["apps.shop.models"]


async def new_order() -> Any:
    """An open order of 12.50."""
    return await load("apps.shop.models").Order.create(number="A-1", total=Decimal("12.50"))


async def assert_paid_once(order: Any) -> str:
    """Pay ten times at once, and once more afterwards."""
    models, pay_order = load("apps.shop.models"), load("apps.shop.services").pay_order
    calls = (pay_order(order.id) for _ in range(10))
    answers: list[Any] = list(await asyncio.gather(*calls, return_exceptions=True))
    errors = {repr(answer) for answer in answers if isinstance(answer, BaseException)}
    assert not errors, f"calls raised {'; '.join(sorted(errors))}"
    answers.append(await pay_order(order.id))
    assert all(answer.status == "paid" for answer in answers), "a call returned an order that is not paid"
    amounts = await models.Payment.filter(order_id=order.id).values_list("amount", flat=True)
    assert amounts == [Decimal("12.50")], f"{len(amounts)} payments"
    return "11 calls, 1 payment"


@grader.function("Eleven calls, ten of them at once, make one payment and return a paid order on SQLite")
async def once(work: Work) -> str:
    async with tortoise_test_context(MODELS):
        return await assert_paid_once(await new_order())


@grader.function("Eleven calls, ten of them at once, make one payment and return a paid order on PostgreSQL")
async def once_on_postgres(work: Work) -> str:
    async with work.postgres_database() as (url, _), TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": MODELS})
        await context.generate_schemas()
        return await assert_paid_once(await new_order())


@grader.function("A payment that cannot be stored leaves the order open, and it can be paid later")
async def all_or_nothing(work: Work) -> str:
    models, pay_order = load("apps.shop.models"), load("apps.shop.services").pay_order
    async with tortoise_test_context(MODELS):
        order = await new_order()
        try:
            await pay_order(order.id, "a method that is longer than ten characters")
        except Exception as error:
            refused = type(error).__name__
        else:
            raise AssertionError("a method that is too long was accepted")
        await order.refresh_from_db()
        assert (order.status, await models.Payment.all().count()) == ("open", 0)
        await pay_order(order.id)
        assert await models.Payment.all().count() == 1
    return f"{refused}, order still open"


@grader.function("The order's updated_at moves when it is paid")
async def updated_at(work: Work) -> str:
    async with tortoise_test_context(MODELS):
        order = await new_order()
        paid = await load("apps.shop.services").pay_order(order.id)
        stored = await load("apps.shop.models").Order.get(id=order.id)
        assert stored.updated_at > order.updated_at, "updated_at stayed"
        assert paid.status == stored.status == "paid"
    return "updated_at moved"


@grader.function("An order that does not exist raises DoesNotExist")
async def unknown(work: Work) -> str:
    async with tortoise_test_context(MODELS):
        try:
            await load("apps.shop.services").pay_order(uuid4())
        except DoesNotExist:
            return "DoesNotExist"
    raise AssertionError("nothing was raised")


@grader.convention("check.py finds nothing new, in preview neither")
def rules(work: Work) -> str:
    return work.assert_no_new_findings("--preview")


@grader.convention("Only the service and tests were changed: the tables belong to other teams, too")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(r"apps/shop/services/payments\.py", r"tests/.*")


if __name__ == "__main__":
    grader.main()
