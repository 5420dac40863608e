"""The checker accepts the code of references/unique-values.md, and reports it without its `lock_timeout`.

Otherwise an assistant that obeys the checker splits the file, and old code can write a duplicate in between.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tortoise_dev.pages.reading import read_page

PAGE = Path(__file__).resolve().parents[2] / "references" / "unique-values.md"
BLOCKS = [block.source for block in read_page(PAGE, PAGE.name).blocks if block.kind == "python"]
TIMEOUT = "SET LOCAL lock_timeout = '2s';"
URL = 'URL = "postgres://shop@db/shop"\n'

FIRST_OF_AERICH = '''
async def upgrade(db):
    return """CREATE TABLE "customer" ("id" UUID, "email" TEXT); CREATE TABLE "invoice" ("id" UUID);"""


async def downgrade(db):
    return """DROP TABLE "invoice"; DROP TABLE "customer";"""
'''
FIRST_OF_BUILT_IN = """
from tortoise import fields, migrations
from tortoise.migrations import operations as ops

KEY = fields.UUIDField(primary_key=True)


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel("Customer", fields=[("id", KEY)], options={"table": "customer"}),
        ops.CreateModel("Invoice", fields=[("id", KEY)], options={"table": "invoice"}),
    ]
"""


def block_with(text: str) -> str:
    (found,) = [block for block in BLOCKS if text in block]
    return found


def migration(block: str) -> str:
    """The block of an Aerich file, without its test; what it leaves out comes from the first such block."""
    first = block_with("MOVES = {")
    if block == first:
        return block
    head = first[: first.index("MOVES = {")]
    upgrade = re.search(r"async def upgrade.*?(?=\n\n\n)", first, re.DOTALL)
    assert upgrade and "async def downgrade" in block
    return f"{head}{block[: block.index('db = get_connection')]}\n\n{upgrade[0]}\n"


AERICH = {"merged": migration(block_with("MOVES = {")), "marked": migration(block_with("customer_marked"))}


@pytest.mark.parametrize("variant", AERICH)
def test_the_file_of_aerich(users, variant: str) -> None:
    path = "migrations/models/1_20260102_unique.py"
    files = {"config.py": URL, "migrations/models/0_20260101_init.py": FIRST_OF_AERICH}
    users.write(files | {path: AERICH[variant]})
    assert users.found("--select", "TD2", "--preview") == []

    assert AERICH[variant].count(TIMEOUT) == 1
    users.write(files | {path: AERICH[variant].replace(TIMEOUT, "")})
    codes = {code for _, _, code in users.found("--select", "TD2", "--preview")}
    assert codes == {"TD206"} | ({"TD205"} if variant == "marked" else set())


@pytest.mark.parametrize("variant", AERICH)
def test_the_file_of_the_built_in_tool(users, variant: str) -> None:
    """With the page's RunPython, and with RunSQL, of which the checker reads the SQL."""
    path = "migrations/0002_unique.py"
    files = {"config.py": URL, "migrations/0001_initial.py": FIRST_OF_BUILT_IN}
    with_python = f"{AERICH[variant]}\n\n{block_with('class AddUnique')}"
    users.write(files | {path: with_python})
    assert users.found("--select", "TD2", "--preview") == []

    with_sql = with_python.replace(
        "ops.RunPython(forward, backward)", 'ops.RunSQL(LOCK + MERGE, "DROP INDEX uq_customer_key")'
    )
    assert with_sql != with_python
    users.write(files | {path: with_sql})
    assert users.found("--select", "TD2", "--preview") == []
    users.write(files | {path: with_sql.replace(TIMEOUT, "")})
    codes = {code for _, _, code in users.found("--select", "TD2", "--preview")}
    assert codes == {"TD206"} | ({"TD205"} if variant == "marked" else set())
