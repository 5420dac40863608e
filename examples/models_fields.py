# snippet: needs="sqlite|postgres|mariadb"
"""What lookups and fields do on each database: parts of a time, patterns, bytes, comments, a CHECK.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/models_fields.py
"""

import asyncio
import os
import sqlite3
from datetime import UTC, datetime
from enum import StrEnum

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.contrib.pydantic import pydantic_model_creator
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.filters import get_filters_for_field
from tortoise.models import Model
from tortoise.validators import RegexValidator

MODULES = {"models": ["__main__"]}
URL = os.environ["DATABASE_URL"]
if URL.startswith("sqlite"):  # before the functions are installed, posix_regex raises
    URL += f"{'&' if '?' in URL else '?'}install_regexp_functions=True"


class Kind(StrEnum):
    RED = "red"
    BLUE = "blue"


class Sample(Model):
    name = fields.CharField(max_length=9, null=True)
    content = fields.BinaryField(null=True)
    at = fields.DatetimeField(null=True)


class Part(Model):
    class Meta:
        table_description = "What we build from"

    code = fields.CharField(
        max_length=9, description="Code of the maker", validators=[RegexValidator(r"[A-Z]+\Z", 0)]
    )
    kind = fields.CharEnumField(Kind, max_length=9)
    size = fields.CharEnumField(Kind, max_length=9, description="")


class Photo(Model):
    name = fields.CharField(max_length=9)


class Remark(Model):
    """Of exactly one of three rows: the CHECK below says so."""

    photo: fields.ForeignKeyNullableRelation[Photo] = fields.ForeignKeyField(
        "models.Photo", related_name=False, null=True, on_delete=fields.CASCADE
    )
    text: fields.ForeignKeyNullableRelation[Photo] = fields.ForeignKeyField(
        "models.Photo", related_name=False, null=True, on_delete=fields.CASCADE
    )
    film: fields.ForeignKeyNullableRelation[Photo] = fields.ForeignKeyField(
        "models.Photo", related_name=False, null=True, on_delete=fields.CASCADE
    )
    frame: fields.ForeignKeyNullableRelation[Photo] = fields.ForeignKeyField(
        "models.Photo", related_name=False, null=True, on_delete=fields.SET_NULL
    )


CHECK = {
    "postgres": "num_nonnulls(photo_id, text_id, film_id) = 1",
    "mysql": "(photo_id IS NOT NULL) + (text_id IS NOT NULL) + (film_id IS NOT NULL) = 1",
    "sqlite": "(photo_id IS NOT NULL) + (text_id IS NOT NULL) + (film_id IS NOT NULL) = 1",
}
# How many rows each filter finds: on SQLite, MariaDB, PostgreSQL. None: the lookup raises.
FOUND: dict[str, tuple[object, int | None, int | None, int | None]] = {
    "name__contains": ("inv", 1, 1, 0),
    "name__iexact": ("ÉTÉ", 0, 1, 1),
    "name__isnull": (True, 1, 1, 1),
    "name__not_isnull": (False, 1, 1, 1),
    "name__not": ("INV-1", 2, 2, 2),
    "name__not_in": (["INV-1"], 2, 2, 2),
    "name__search": ("zzz", 3, None, 0),  # SQLite: no condition at all. MariaDB: no FULLTEXT index
    "at__second": (28, None, 1, 0),
    "at__microsecond": (28_500_000, None, 0, 1),
    "at__week": (1, None, 0, 1),
    "content": (b"%PDF-1.7", 1, 1, 1),
    "content__in": ([b"%PDF-1.7"], 1, 1, 1),
    "content__startswith": (b"%PDF", 0, 0, 0),
    "content__contains": (b"PDF", 0, 0, 0),
}


LOOKUPS = """not in not_in isnull not_isnull gt gte lt lte range contains startswith endswith iexact icontains
istartswith iendswith search posix_regex iposix_regex year quarter month week day hour minute second
microsecond"""
COMMENTS = {
    "postgres": """SELECT attname AS name, col_description(attrelid, attnum) AS text
        FROM pg_attribute WHERE attrelid = 'part'::regclass AND attnum > 0
        UNION SELECT 'part', obj_description('part'::regclass)""",
    "mysql": """SELECT column_name AS name, NULLIF(column_comment, '') AS text FROM information_schema.columns
        WHERE table_name = 'part' AND table_schema = DATABASE()
        UNION SELECT table_name, table_comment FROM information_schema.tables
        WHERE table_name = 'part' AND table_schema = DATABASE()""",
}


async def comments(client: BaseDBAsyncClient) -> dict[str, str | None]:
    rows = await client.execute_query_dict(COMMENTS[client.capabilities.dialect])
    return {row["name"]: row["text"] for row in rows}


async def find(number: int) -> None:
    late = datetime(2024, 12, 30, 10, 20, 28, 500_000, tzinfo=UTC)  # a Monday of the week 2025-W01
    await Sample.create(name="INV-1", content=b"%PDF-1.7", at=late)
    await Sample.create(name="été")
    await Sample.create()
    for lookup, (value, *expected) in FOUND.items():
        found: int | None
        try:
            found = await Sample.filter(**{lookup: value}).count()
        except (NotImplementedError, OperationalError):
            found = None
        assert found == expected[number], f"{lookup}: {found}"


async def main() -> None:
    known = get_filters_for_field("x", fields.CharField(max_length=9), None)
    assert {name.removeprefix("x__") for name in known} - {"x"} == set(LOOKUPS.split())

    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules=MODULES)
        await context.generate_schemas(safe=False)
        client = context.db()
        schema = str(pydantic_model_creator(Part).model_json_schema()["properties"]["code"])
        assert "maxLength" in schema
        assert "[A-Z]" not in schema
        dialect = client.capabilities.dialect
        await find(("sqlite", "mysql", "postgres").index(dialect))

        assert await Sample.filter(name__posix_regex="^inv").count() == (1 if dialect == "mysql" else 0)
        if dialect != "mysql":
            assert await Sample.filter(name__iposix_regex="^inv").count() == 1

        if dialect != "sqlite":
            said = await comments(client)
            assert said["part"] == "What we build from"
            assert said["code"] == "Code of the maker"
            assert "RED: red" in str(said["kind"])  # nobody asked for it
            assert not said["size"]

        if dialect == "postgres":
            try:
                await client.execute_script("CREATE TABLE entry (mood mood)")
            except Exception as error:  # psycopg raises an error of its own
                assert 'type "mood" does not exist' in str(error)
            else:
                raise AssertionError("a column of an unknown type was made")

        statement = f"ALTER TABLE remark ADD CONSTRAINT one_target CHECK ({CHECK[dialect]})"
        if dialect == "sqlite" and sqlite3.sqlite_version_info < (3, 53):
            try:
                await client.execute_script(statement)
            except OperationalError as error:
                assert 'near "CONSTRAINT": syntax error' in str(error)
            else:
                raise AssertionError("SQLite has added a CHECK")
            return
        await client.execute_script(statement)
        photo = await Photo.create(name="a")
        await Remark.create(film=photo)
        for targets in ((), ("photo", "text"), ("photo", "text", "film")):
            try:
                await Remark.create(**dict.fromkeys(targets, photo))
            except (IntegrityError, OperationalError):  # MariaDB raises OperationalError
                pass
            else:
                raise AssertionError(f"stored with {targets}")
        await photo.delete()  # CASCADE: the CHECK does not stop it
        assert not await Remark.exists()

        frame = await Photo.create(name="b")
        await Remark.create(film=await Photo.create(name="c"), frame=frame)
        try:  # SET_NULL: MariaDB refuses the CHECK, and PostgreSQL refuses to delete the photo
            await client.execute_script(
                "ALTER TABLE remark ADD CONSTRAINT framed CHECK (frame_id IS NOT NULL)"
            )
            await frame.delete()
        except (IntegrityError, OperationalError):
            assert await Remark.exists(frame_id=frame.id)
        else:
            raise AssertionError("the photo of a remark was deleted")


asyncio.run(main())
