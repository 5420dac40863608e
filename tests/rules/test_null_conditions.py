"""TD214 beside the library: a reported index compares with NULL, so a unique one lets duplicates in."""

from __future__ import annotations

import pytest
from tortoise import connections, fields
from tortoise.contrib.postgres import indexes as postgres
from tortoise.contrib.test import tortoise_test_context
from tortoise.indexes import Index, PartialIndex
from tortoise.models import Model

CLASSES = [
    PartialIndex,
    *sorted(
        (one for one in vars(postgres).values() if isinstance(one, type) and one is not PartialIndex),
        key=lambda one: one.__name__,
    ),
]
VALUES = [None, 0, 1, "", "None", True]


class Unique(PartialIndex):
    def get_sql(self, schema_generator, model, safe):
        sql = super().get_sql(schema_generator, model, safe)
        return sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)


class IsNull(Unique):
    def get_sql(self, schema_generator, model, safe):
        return super().get_sql(schema_generator, model, safe).replace(" = null", " IS NULL")


class Guest(Model):
    class Meta:
        indexes = (Unique(fields=("email",), name="uq_guest", condition={"left": None}),)

    email = fields.CharField(max_length=9)
    left = fields.IntField(null=True)


class Member(Model):
    class Meta:
        indexes = (IsNull(fields=("email",), name="uq_member", condition={"left": None}),)

    email = fields.CharField(max_length=9)
    left = fields.IntField(null=True)


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_each_class_of_the_library(cls: type[Index], project) -> None:
    name = f"{cls.__module__}.{cls.__name__}"
    lines = [f"import {cls.__module__}"]
    lines += [f'{name}(fields=("a",), condition={{"b": {value!r}}})' for value in VALUES]
    project.write({"app.py": "\n".join(lines)})
    reported = [VALUES[line - 2] for _, line, _ in project.found("--select", "TD214")]
    assert reported == [
        value for value in VALUES if cls(fields=("a",), condition={"b": value}).extra.endswith(" = null")
    ]
    assert reported == [None]


@pytest.mark.asyncio
async def test_what_the_index_refuses() -> None:
    async with tortoise_test_context([__name__]):
        for _ in range(2):
            await Guest.create(email="a")
        await Member.create(email="a")
        with pytest.raises(Exception, match=r"UNIQUE constraint failed: member\.email"):
            await Member.create(email="a")
        rows = await connections.get("default").execute_query_dict("SELECT sql FROM sqlite_master")
        assert [row["sql"] for row in rows if "WHERE left = null" in (row["sql"] or "")]
