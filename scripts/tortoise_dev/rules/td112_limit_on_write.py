"""# TD112 limit-on-write

## What it does
`delete()` or `update()` on a query with `limit`, `offset`, a slice, `first`, `last`, `earliest` or `latest`.

MySQL obeys the limit. In a project with a driver or a URL of MySQL, outside of its tests, only offsets and
slices are reported.

## Why is this bad
PostgreSQL and SQLite ignore the limit and change every row that matches the filter. Read the ids
first, and add `id__in` to the filter. Keep the filter, because other requests may have changed the rows.

## Fix safety
Not fixed by `--fix`: only you know which rows are meant.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .base import Context, Hit, Rule
from .databases import speaks
from .example_models import INVOICE
from .queries import calls, steps

BAD = (
    INVOICE
    + """\
# file: apps/billing/services.py
from apps.billing.models import Invoice


async def drop_oldest():
    await Invoice.filter(paid=True).order_by("number").limit(1).delete()
"""
)

GOOD = (
    BAD[: BAD.index("async def drop_oldest")]
    + """\
async def drop_oldest():
    oldest = await Invoice.filter(paid=True).order_by("number").limit(1).values_list("id", flat=True)
    await Invoice.filter(id__in=oldest).delete()
"""
)

_ONE_ROW = frozenset({"first", "last", "earliest", "latest"})
_SKIPS = frozenset({"offset", "[…]"})


def check(context: Context) -> Iterator[Hit]:
    """At the call that writes."""
    for call in calls(context, "delete", "update"):
        match call.func:
            case ast.Attribute(value=query, attr="delete" | "update" as write):
                value = context.inference.of(query)
                if value is None or value.kind != "query" or value.gives not in ("one", "many"):
                    continue
                lost = next((name for name, _ in steps(context, query) if _is_lost(context, name)), None)
                if lost is not None:
                    yield Hit(
                        call,
                        f"{write}() ignores {lost} and {write}s every row that matches: read the ids first, "
                        "and add id__in to the filter",
                    )


def _is_lost(context: Context, name: str) -> bool:
    if name in _SKIPS:
        return True
    return (name == "limit" or name in _ONE_ROW) and "mysql" not in speaks(context)


RULE = Rule("TD112", "limit-on-write", check)
