# snippet: needs="sqlite|postgres|mysql"
"""Make a copy of production anonymous, by the declaration of personal-data.md. The proofs are below.

In your project: DATABASE_URL=postgres://…/shop_staging python anonymise_copy.py
The proofs, by hand, on an empty database: DATABASE_URL=postgres://… python examples/anonymise_copy.py
"""

import asyncio
import importlib
import sys
from pathlib import Path
from typing import Any

from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.queryset import QuerySet

sys.path.insert(0, str(Path(__file__).resolve().parent))
proofs: Any = importlib.import_module("personal_data")
personal: Any = proofs.personal  # the blocks of the page; in your project, import your own module

ENDING = "_staging"
NAME = {
    "postgres": "SELECT current_database() AS name",
    "mysql": "SELECT DATABASE() AS name",
    "sqlite": "SELECT replace(file, '.sqlite3', '') AS name FROM pragma_database_list WHERE name = 'main'",
}
TABLES = {
    "postgres": (
        "SELECT relname AS name FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
        " WHERE relkind IN ('r', 'p', 'm', 'f') AND nspname !~ '^(pg_|information_schema$)'"
    ),
    "mysql": "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()",
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'",
}
WITHOUT_PERSONS = {"aerich", "tortoise_migrations"}  # no models


async def asked(queries: dict[str, str]) -> list[str]:
    """What the server says, not what the URL says."""
    connection = get_connection("default")
    rows = await connection.execute_query_dict(queries[connection.capabilities.dialect])
    return [row["name"] for row in rows]


async def anonymise(size: int = 500) -> None:
    """Replace or delete what the declaration calls personal. After an error, call it again."""
    (name,) = await asked(NAME)
    if not name.endswith(ENDING):
        raise SystemExit(f"{name!r} may be production: its name does not end with {ENDING}")
    metas: list[Any] = [model._meta for model in personal.PERSONAL]
    links = {meta.fields_map[name].through for meta in metas for name in meta.m2m_fields}
    tables = {meta.db_table for meta in metas} | links
    unknown = sorted(set(await asked(TABLES)) - tables - WITHOUT_PERSONS)
    if found := personal.forgotten() + unknown:
        raise SystemExit(f"the declaration lacks {found}")
    for model, rule in personal.PERSONAL.items():
        await personal.clean(QuerySet(model).all(), rule, size)
    connection = get_connection("default")
    if connection.capabilities.dialect == "sqlite":  # its files keep old bytes
        await connection.execute_script("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")


async def command(config: dict[str, Any]) -> None:
    """Connect, and make the copy anonymous. In your project: asyncio.run(command(TORTOISE_ORM))."""
    async with TortoiseContext() as context:
        await context.init(config=config)
        await anonymise()


# --- The proofs

import os
from unittest.mock import patch

from tortoise import fields
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

TORTOISE_ORM = {
    "connections": {"default": os.environ["DATABASE_URL"]},
    "apps": {"models": {"models": ["shown"], "default_connection": "default"}},
}
NAMES = [f"person-{number:03}" for number in range(25)]


class Leftover(Model):
    """A table that no rule names."""

    text = fields.TextField()


async def values() -> str:
    """All values of all tables of the database, whether they have a model or not."""
    connection = get_connection("default")
    quote = "`" if connection.capabilities.dialect == "mysql" else '"'
    queries = [f"SELECT * FROM {quote}{table}{quote}" for table in await asked(TABLES)]
    return str([[dict(row) for row in await connection.execute_query_dict(query)] for query in queries])


async def refused() -> str:
    before = await values()
    try:
        await anonymise()
    except SystemExit as error:
        assert await values() == before
        return str(error)
    raise AssertionError("not refused")


async def links() -> Any:
    keys = ("id", "order_id", "order__person_id", "order__total")
    return await personal.Parcel.all().order_by("id").values_list(*keys)


async def originals(names: list[str]) -> int:
    text = await values()
    return sum(name in text for name in names)


async def main() -> None:
    rules = personal.PERSONAL
    async with proofs.connected(*rules, Leftover):
        own = {model._meta.db_table for model in (*rules, Leftover)}
        WITHOUT_PERSONS.update(set(await asked(TABLES)) - own)  # tables of other tests
        for name in NAMES:
            await personal.fill(name)
        await personal.Person.filter(name=NAMES[0]).update(deleted_at=personal.timezone.now())
        await personal.erase((await personal.Person.get(name=NAMES[1])).id)
        NAMES.remove("person-001")
        await Leftover.create(text="person-002")

        (name,) = await asked(NAME)
        assert "may be production" in await refused()
        with patch(f"{__name__}.ENDING", ""), patch.dict(rules):
            assert await refused() == "the declaration lacks ['Leftover: no rule', 'leftover']"
            del rules[personal.Mail]
            assert "Mail: no rule" in await refused()
            rules[personal.Mail] = personal.Rule("person_id", delete=True)
            rules[Leftover] = personal.Rule(delete=True)
            rules[personal.Order] = personal.Rule("person_id", keep="total")
            assert await refused() == "the declaration lacks [\"Order: ['address']\"]"
        assert await originals(NAMES) == len(NAMES) == 24

        before = await links()
        assert len(before) == 25
        everything = {Leftover: personal.Rule(delete=True)}
        with patch(f"{__name__}.ENDING", name[-3:]), patch.dict(rules, everything):
            real, calls = QuerySet.bulk_update, 0

            def third_fails(*arguments: Any, **options: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls == 3:
                    raise ConnectionError
                return real(*arguments, **options)

            with patch.object(QuerySet, "bulk_update", third_fails):
                try:
                    await anonymise(size=10)
                    raise AssertionError
                except ConnectionError:
                    assert await originals(NAMES) == 24  # half done: persons still have their names
                    assert await personal.Parcel.filter(note="").count() == 20  # two batches
            await anonymise(size=10)  # again
        assert await originals([*NAMES, "ring at", "@x.test"]) == 0
        assert await links() == before  # the same keys, foreign keys and totals
        people = await QuerySet(personal.Person).all().values("id", "email", "name", "deleted_at")
        assert {row["email"] for row in people} == {f"{row['id']}@erased.invalid" for row in people}
        assert len(people) == 25
        assert sum(row["deleted_at"] is not None for row in people) == 1  # the hidden row, too
        assert not await personal.Mail.exists()
        try:
            await personal.Person.create(email=people[0]["email"], name="")
            raise AssertionError
        except IntegrityError:
            pass
    try:
        await command(TORTOISE_ORM)
        raise AssertionError
    except SystemExit as error:
        assert "may be production" in str(error.code)


if __name__ == "__main__":
    asyncio.run(main())
