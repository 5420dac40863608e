"""The checker accepts the code of references/unique-values.md, and reports it without its `lock_timeout`.

Otherwise an assistant that obeys the checker splits the file, and old code can write a duplicate in between.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tortoise_dev.pages.reading import read_page

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "references" / "unique-values.md"
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


def file_in(example: str) -> str:
    """The file that the page prints from this example, for the tables below."""
    (found,) = re.findall(r"(?ms)^FILE = '''(.+?)^'''", (ROOT / "examples" / example).read_text())
    return str(found).replace("client", "customer").replace("MARK", "MERGE")


def built_in() -> str:
    """The block of the built-in tool, whose operations stand in the draft's class."""
    head, _, operations = block_with("ops.RunPython(forward, backward)").partition("operations = ")
    draft = "from tortoise import migrations\n\n\nclass Migration(migrations.Migration):\n    operations = "
    return head + draft + operations


AERICH = {"merged": block_with("MOVES = {"), "marked": file_in("unique_marked.py")}


@pytest.mark.parametrize("variant", AERICH)
def test_the_file_of_aerich(users, variant: str) -> None:
    path = "migrations/models/1_20260102_unique.py"
    files = {"config.py": URL, "migrations/models/0_20260101_init.py": FIRST_OF_AERICH}
    users.write(files | {path: AERICH[variant]})
    assert users.found("--select", "TD2", "--preview") == []

    if variant == "marked":
        return  # its SQL goes through a function
    assert AERICH[variant].count(TIMEOUT) == 1
    users.write(files | {path: AERICH[variant].replace(TIMEOUT, "")})
    assert {code for _, _, code in users.found("--select", "TD2", "--preview")} == {"TD206"}


@pytest.mark.parametrize("variant", AERICH)
def test_the_file_of_the_built_in_tool(users, variant: str) -> None:
    """With the page's RunPython, and with RunSQL, of which the checker reads the SQL."""
    path = "migrations/0002_unique.py"
    files = {"config.py": URL, "migrations/0001_initial.py": FIRST_OF_BUILT_IN}
    with_python = f"{AERICH[variant]}\n\n{built_in()}"
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
