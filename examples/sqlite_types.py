# snippet: needs="sqlite|postgres|mariadb"
"""SQL with a wrong type, and with a text that is too long. SQLite stores both, the others refuse both.

A number that is too large, a text with an accent, a write that takes too long.

SQL with `$2` before `$1`: older Python on SQLite swaps the values.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/sqlite_types.py
"""

import asyncio
import os
import sys

from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.context import TortoiseContext
from tortoise.exceptions import ValidationError
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Article(Model):
    id = fields.IntField(primary_key=True)
    stock = fields.IntField()
    code = fields.CharField(max_length=3)


# What PostgreSQL and MariaDB say.
TOO_LONG = ("value too long", "Data too long")
NO_NUMBER = ("invalid input syntax for type integer", "Incorrect integer value")


async def takes(db: BaseDBAsyncClient, sql: str, refusals: tuple[str, ...]) -> bool:
    """Whether the database stores the row."""
    try:
        await db.execute_query(sql)
    except Exception as error:  # psycopg's is a class of its own
        assert any(text in str(error) for text in refusals), error
        return False
    return True


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas()
        db = context.db()
        sqlite = db.capabilities.dialect == "sqlite"
        assert await takes(db, "INSERT INTO article (stock, code) VALUES (1, 'abc')", ())
        assert await takes(db, "INSERT INTO article (stock, code) VALUES (2, 'abcd')", TOO_LONG) is sqlite
        assert await takes(db, "INSERT INTO article (stock, code) VALUES ('many', 'a')", NO_NUMBER) is sqlite

        # Tortoise reads the wrong values without an error.
        right, wrong = [(1, "abc")], [(2, "abcd"), ("many", "a")]
        assert await Article.all().order_by("id").values_list("stock", "code") == (
            right + wrong if sqlite else right
        )
        assert await Article.filter(stock__gt=100).count() == int(
            sqlite
        )  # to SQLite, a text is greater than numbers

        try:
            await Article.create(stock=2**40, code="big")
        except Exception as error:  # psycopg's is a class of its own
            assert not sqlite, error
        assert await Article.filter(code="big").exists() is sqlite

        await Article.create(stock=3, code="é")
        for found in (Article.filter(code__icontains="É"), Article.filter(code__iexact="É")):
            assert await found.exists() is not sqlite

        # A write that takes longer than its time limit. examples/mysql_sessions.py has MariaDB's.
        numbers = "WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 4000000)"
        slow = f"({numbers} SELECT max(n) FROM r)"
        if db.capabilities.dialect != "mysql":
            try:
                async with asyncio.timeout(0.02):
                    await db.execute_query(f"UPDATE article SET stock = {slow} WHERE code = 'abc'")
            except TimeoutError:
                await asyncio.sleep(0.5)
            else:
                raise AssertionError("it was quick")
            assert (await Article.get(code="abc")).stock == (4_000_000 if sqlite else 1)
            try:
                async with asyncio.timeout(0.02), in_transaction() as connection:
                    await connection.execute_query(f"UPDATE article SET stock = {slow} + 1")
            except TimeoutError:
                await asyncio.sleep(0.5)
            assert (await Article.get(code="abc")).stock != 4_000_001

        # SQLite gives the first name the first value. From Python 3.14 on, a list for names is an error.
        if sqlite:
            try:
                (named,) = await db.execute_query_dict("SELECT $2 AS b, $1 AS a", [1, 2])
            except Exception as error:
                assert sys.version_info >= (3, 14), error
            else:
                assert sys.version_info < (3, 14) and dict(named) == {"b": 1, "a": 2}

        # Tortoise itself refuses both.
        for values in ({"stock": "many", "code": "a"}, {"stock": 1, "code": "abcd"}):
            article = await Article.get(code="abc")
            for name, value in values.items():
                setattr(article, name, value)
            found = Article.filter(code="abc")
            for write in (Article.create(**values), found.update(**values), article.save()):
                try:
                    await write
                except (ValueError, ValidationError) as error:
                    print(error)
                else:
                    raise AssertionError("stored")


asyncio.run(main())
