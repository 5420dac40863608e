"""What the checker says of a mistake in a project that the scaffold has written.

Its tests name URLs of MySQL. Its code and its requirements name PostgreSQL and SQLite, and those count.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.commands import check

SERVICE = "apps/sales/services/mistakes.py"
LIMIT = """\
from apps.sales.models import Product


async def cheapen() -> None:
    await Product.all().order_by("-price").limit(10).update(price=0)
"""
SWALLOWED = """\
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from apps.sales.models import Product


async def add(names: list[str]) -> None:
    async with in_transaction():
        for name in names:
            try:
                await Product.create(name=name, price=1, stock=0)
            except IntegrityError:
                pass
"""
LOST = """\
from tortoise.transactions import in_transaction

from apps.sales.models import Product


async def sell(name: str) -> None:
    async with in_transaction():
        product = await Product.get(name=name)
        product.stock -= 1
        await product.save()
"""
FIRST = '''\
async def upgrade(db):
    return """CREATE TABLE "product" ("id" UUID NOT NULL PRIMARY KEY, "name" VARCHAR(100) NOT NULL);"""


async def downgrade(db):
    return """DROP TABLE "product";"""
'''
SECOND = '''\
RUN_IN_TRANSACTION = False


async def upgrade(db):
    return """{sql}"""


async def downgrade(db):
    return """{back}"""
'''
INDEX = SECOND.format(sql='CREATE INDEX "ix" ON "product" ("name");', back='DROP INDEX "ix";')
COLUMN = SECOND.format(
    sql='ALTER TABLE "product" ADD "source" VARCHAR(20) NOT NULL;',
    back='ALTER TABLE "product" DROP COLUMN "source";',
)
OF_MYSQL = SECOND.format(
    sql="CREATE TABLE `tag` (`id` INT NOT NULL PRIMARY KEY AUTO_INCREMENT) CHARACTER SET utf8mb4;",
    back="DROP TABLE `tag`;",
)


@pytest.mark.parametrize(
    ("code", "file", "text"),
    [
        ("TD112", SERVICE, LIMIT),
        ("TD127", SERVICE, SWALLOWED),
        ("TD132", SERVICE, LOST),
        ("TD203", "migrations/models/1_20260102_column.py", COLUMN),
        ("TD206", "migrations/models/1_20260102_index.py", INDEX),
        ("TD208", "migrations/models/1_20260102_tag.py", OF_MYSQL),
    ],
)
def test_a_mistake_is_reported(
    code: str, file: str, text: str, project, capsys: pytest.CaptureFixture[str]
) -> None:
    project.new()
    assert "mysql://" in project.text("tests/test_database.py")
    project.add_app("sales")
    project.add("sales", "Product", "name:char:100:unique", "price:decimal:12:2", "stock:int")
    project.write({"migrations/models/0_20260101_init.py": FIRST})
    assert _found(project.folder, code, capsys) == []
    project.write({file: text})
    found = _found(project.folder, code, capsys)
    assert [line.partition(":")[0].rpartition("/")[2] for line in found] == [Path(file).name], found


def _found(folder: Path, code: str, capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines that report this rule."""
    check.main(["--preview", "--select", code, str(folder)])
    return [line for line in capsys.readouterr().out.splitlines() if f" {code} " in line]
