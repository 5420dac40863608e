"""TD137 beside the library: with `order_by()` a total for each row, with `group_by()` one for each group."""

from __future__ import annotations

import pytest
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.functions import Avg, Count, Max, Min, Sum
from tortoise.models import Model
from tortoise_dev.rules import td137_total_per_row as rule

AGGREGATES = {"Sum": Sum, "Avg": Avg, "Min": Min, "Max": Max, "Count": Count}


class PaidRow(Model):
    country = fields.CharField(max_length=2)
    amount = fields.IntField()


def test_the_rule_knows_these_aggregates() -> None:
    assert {f"tortoise.functions.{name}" for name in AGGREGATES} == rule._AGGREGATES


@pytest.mark.asyncio
@pytest.mark.parametrize("name", AGGREGATES)
async def test_totals(name: str) -> None:
    async with tortoise_test_context([__name__]):
        for country, amount in (("at", 1), ("at", 2), ("be", 5)):
            await PaidRow.create(country=country, amount=amount)
        totals = PaidRow.annotate(total=AGGREGATES[name]("amount"))
        for order in ("country", "-total"):
            ordered = totals.order_by(order)
            assert len(await ordered.values("country", "total")) == 3
            assert len(await ordered.values_list("total", flat=True)) == 3
        assert len(await totals.filter(amount__gt=0).values("total")) == 1
        assert len(await totals.order_by("country").group_by("country").values("country", "total")) == 2
