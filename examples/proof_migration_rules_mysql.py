# snippet: needs="mysql"
"""What TD203 and TD205 say of MySQL and MariaDB: an empty value is filled in, and DDL is not undone.

By hand: DATABASE_URL=mysql://user:password@host/empty python examples/proof_migration_rules_mysql.py
"""

import asyncio
import contextvars
import os

from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError

URL = os.environ["DATABASE_URL"]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        connection = context.connections.get("default")
        await connection.execute_script("CREATE TABLE bill (id INT); INSERT INTO bill VALUES (1)")
        try:
            # TD203: no error, and a value that nobody chose.
            await connection.execute_script(
                "ALTER TABLE bill ADD fee INT NOT NULL, ADD note VARCHAR(9) NOT NULL"
            )
            assert await connection.execute_query_dict("SELECT fee, note FROM bill") == [
                {"fee": 0, "note": ""}
            ]

            # TD205: the data step fails, and the schema step before it stays.
            try:
                async with connection._in_transaction() as transaction:
                    await transaction.execute_query("ALTER TABLE bill ADD paid BOOL")
                    await transaction.execute_query("UPDATE bill SET missing = 1")
            except OperationalError as error:
                assert "1054" in str(error)
            else:
                raise AssertionError("no error")
            assert await connection.execute_query_dict("SELECT paid FROM bill") == [{"paid": None}]
        finally:
            await connection.execute_script("DROP TABLE bill")


contextvars.Context().run(asyncio.run, main())
