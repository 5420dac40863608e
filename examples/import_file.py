# snippet: needs="sqlite|postgres|mysql"
"""Import a file all or nothing: on MariaDB, too, and through a staging table. The proofs are below.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/import_file.py
"""

import asyncio
import csv
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.expressions import F, Subquery
from tortoise.models import Model
from tortoise.transactions import in_transaction

KEY = 20_260_401  # the number of this import's lock
SECONDS = 60  # how long a second import waits for the first


class Product(Model):
    class Meta:
        table = "import_product"

    id = fields.IntField(primary_key=True)
    sku = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=100, unique=True)
    price = fields.DecimalField(max_digits=12, decimal_places=2)


class ProductLine(Model):
    """The staging table: the lines of a file. Between two imports, its rows mean nothing."""

    class Meta:
        table = "import_product_line"

    sku = fields.CharField(max_length=64, primary_key=True)
    name = fields.CharField(max_length=100)
    price = fields.DecimalField(max_digits=12, decimal_places=2)


class Line(BaseModel):
    """What a line of the file must be."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    sku: str = Field(min_length=1, max_length=64)
    name: str = Field(min_length=1, max_length=100)
    price: str = Field(pattern=r"^[0-9]{1,10}(\.[0-9]{1,2})?$")


def whole(file: Iterable[str]) -> Iterator[str]:
    """The lines; the last one must have a line end, because `1` can be what is left of `100`."""
    for line in file:
        if not line.endswith(("\n", "\r")):
            raise ValueError("the last line has no line end: it may be cut off")
        yield line


def read(path: Path) -> Iterator[Line]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(whole(file), strict=True)
        for row in reader:
            try:
                yield Line.model_validate(row)
            except ValidationError as error:
                raise ValueError(f"{path.name}, line {reader.line_num}: {error}") from error


@asynccontextmanager
async def turn() -> AsyncIterator[BaseDBAsyncClient]:
    """A transaction that waits until the transaction of another import has ended.

    On MariaDB and MySQL, GET_LOCK belongs to a session. So turn() takes another connection
    of the pool, and gives the lock back after the commit.
    """
    dialect = get_connection("default").capabilities.dialect
    if dialect != "mysql":
        async with in_transaction() as connection:
            if dialect == "postgres":
                await connection.execute_query(f"SET LOCAL lock_timeout = '{SECONDS}s'")
                await connection.execute_query(f"SELECT pg_advisory_xact_lock({KEY})")
            else:  # SQLite: a write that changes no row
                await Product.filter(id__isnull=True).update(name="")
            yield connection
        return
    async with get_connection("default").acquire_connection() as session:
        if not await ask(session, f"GET_LOCK(CONCAT(DATABASE(), '.{KEY}'), {SECONDS})"):
            raise TimeoutError("another import is running")
        try:
            async with in_transaction() as connection:
                yield connection
        finally:
            await ask(session, f"RELEASE_LOCK(CONCAT(DATABASE(), '.{KEY}'))")


async def ask(session: Any, function: str) -> bool:
    async with session.cursor() as cursor:
        await cursor.execute(f"SELECT {function} AS answer")
        row = await cursor.fetchone()
    return bool(row["answer"] if isinstance(row, dict) else row[0])


async def import_products(path: Path, size: int = 1_000) -> tuple[int, int]:
    """Return how many products are new, and how many existed. It locks each row until the end."""
    created = updated = 0
    seen: set[str] = set()
    async with turn() as connection:
        lines = read(path)
        while batch := list(islice(lines, size)):
            last = {line.sku: Product(**line.model_dump()) for line in batch}  # the last line of a sku wins
            known = await save(connection, last)
            created += len(last.keys() - known)
            updated += len(known - seen)
            seen |= last.keys()
    return created, updated


async def save(connection: BaseDBAsyncClient, products: dict[str, Product]) -> set[str]:
    """Insert or update. Return which of the keys existed. MariaDB refuses on_conflict."""
    found = await Product.filter(sku__in=list(products)).values_list("sku", "id")
    known = dict(found)
    if connection.capabilities.dialect != "mysql":
        await Product.bulk_create(products.values(), on_conflict=["sku"], update_fields=["name", "price"])
        return set(known)
    for sku, key in known.items():
        products[sku].id = key
    if known:  # bulk_update() refuses an empty list
        await Product.bulk_update([products[sku] for sku in known], ["name", "price"])
    await Product.bulk_create([product for sku, product in products.items() if sku not in known])
    return set(known)


# --- The staging table

UPDATE = """
UPDATE import_product
SET name = (SELECT l.name FROM import_product_line l WHERE l.sku = import_product.sku),
    price = (SELECT l.price FROM import_product_line l WHERE l.sku = import_product.sku)
WHERE sku IN (SELECT sku FROM import_product_line)
"""
INSERT = """
INSERT INTO import_product (sku, name, price) SELECT l.sku, l.name, l.price FROM import_product_line l
WHERE NOT EXISTS (SELECT 1 FROM import_product p WHERE p.sku = l.sku)
"""


async def stage_products(path: Path, size: int = 1_000) -> tuple[int, int]:
    """The same, but locks products only for the last statements. Products can exchange their names."""
    async with turn() as connection:
        await ProductLine.all().delete()
        lines = read(path)
        while batch := list(islice(lines, size)):
            last = {line.sku: ProductLine(**line.model_dump()) for line in batch}
            await ProductLine.filter(sku__in=list(last)).delete()  # earlier lines with the same sku
            await ProductLine.bulk_create(last.values())
        known = Product.filter(sku__in=Subquery(ProductLine.all().values("sku")))
        updated = await known.count()
        created = await ProductLine.all().count() - updated
        await known.update(name=F("sku"))  # only if name is unique: gives up the old names
        await connection.execute_query(UPDATE)
        await connection.execute_query(INSERT)
        return created, updated


# --- The proofs

Import = Callable[[Path, int], Awaitable[tuple[int, int]]]


@contextmanager
def refused(error: type[Exception], text: str) -> Iterator[None]:
    try:
        yield
    except error as caught:
        assert text in str(caught), caught
        return
    raise AssertionError("not refused")


def write(path: Path, lines: str) -> None:
    path.write_text(f"sku,name,price\n{lines}", encoding="utf-8")


async def rows() -> list[tuple[Any, ...]]:
    stored = await Product.all().order_by("sku").values_list("sku", "name", "price")
    return [(sku, name, float(price)) for sku, name, price in stored]


async def check(run: Import, path: Path) -> None:
    await Product.all().delete()
    await Product.create(sku="B", name="Bun", price=1)
    write(path, "A,Apple,1\nB,Bread,2.5\nA,Avocado,3\n")
    assert await run(path, 1) == (1, 1)
    assert await rows() == [("A", "Avocado", 3), ("B", "Bread", 2.5)]
    before = await rows()
    for broken in ("C,Cake,1\nD,Dates,cheap", "C,Cake,1\nD,Dates", "C,Cake,1\nD,Dates,1,1"):
        write(path, f"A,New,1\n{broken}\n")
        with refused(ValueError, f"{path.name}, line 4: "):
            await run(path, 1)
        assert await rows() == before
    for broken, reason in (
        ("C,Cake,1", "no line end"),
        ("C,Cake,1_0\n", "line 3"),
        ("C,Cake,1e3\n", "line 3"),
    ):
        write(path, f"A,New,1\n{broken}")
        with refused(ValueError, reason):
            await run(path, 1)
        assert await rows() == before


async def check_two_at_once(run: Import, path: Path, url: str) -> None:
    """The second import begins while the first is at work, on a connection of its own."""
    await Product.all().delete()
    write(path, "".join(f"S{n},name {n},1\n" for n in range(60)))

    async def one() -> tuple[int, int]:
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": ["__main__"]})
            return await run(path, 5)

    tasks = [asyncio.create_task(one()) for _ in range(2)]
    assert sorted(await asyncio.gather(*tasks)) == [(0, 60), (60, 0)]


async def check_names(path: Path) -> None:
    """Two products exchange their names. A name of a product outside of the file is refused by both."""
    await Product.all().delete()
    for sku, name in (("A", "Apple"), ("B", "Bread"), ("C", "Cake")):
        await Product.create(sku=sku, name=name, price=1)
    before = await rows()
    write(path, "A,Bread,1\nB,Apple,2\nN,Nuts,3\n")
    try:
        await import_products(path)
        raise AssertionError("products exchanged names")
    except IntegrityError:
        pass
    assert await rows() == before
    assert await stage_products(path) == (1, 2)
    assert [name for _, name, _ in await rows()] == ["Bread", "Apple", "Cake", "Nuts"]
    before = await rows()
    write(path, "A,Cake,1\n")
    for run in (import_products, stage_products):
        with refused(IntegrityError, ""):
            await run(path)
        assert await rows() == before


async def check_count() -> None:
    """What execute_query() returns for INSERT … SELECT: not the number of rows with asyncpg."""
    await Product.all().delete()
    connection = get_connection("default")
    inserted, _ = await connection.execute_query(INSERT)
    assert len(await rows()) == 3
    assert inserted == (0 if "asyncpg" in type(connection).__module__ else 3)


async def check_rewrite() -> None:
    """The UPDATE rewrites products that are equal to the file. MariaDB does not count such rows."""
    connection = get_connection("default")
    for _ in range(2):
        rewritten, _ = await connection.execute_query(UPDATE.strip())
    assert rewritten == (0 if connection.capabilities.dialect == "mysql" else 3)


async def check_limit(url: str) -> None:
    """PostgreSQL: the second import gives up after lock_timeout."""

    async def second() -> None:
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": ["__main__"]})
            async with in_transaction() as connection:
                await connection.execute_query("SET LOCAL lock_timeout = '100ms'")
                await connection.execute_query(f"SELECT pg_advisory_xact_lock({KEY})")

    async with turn():
        with refused(Exception, "lock timeout"):
            await asyncio.create_task(second())


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = os.environ.get("DATABASE_URL", "sqlite")
        if url.startswith("sqlite"):
            url = f"sqlite://{folder}/db.sqlite3"
        path = Path(folder, "products.csv")
        async with TortoiseContext() as context:
            await context.init(db_url=url, modules={"models": ["__main__"]})
            await context.generate_schemas()
            for run in (import_products, stage_products):
                await check(run, path)
                await check_two_at_once(run, path, url)
            await check_names(path)
            await check_count()
            await check_rewrite()
            if context.db().capabilities.dialect == "postgres":
                await check_limit(url)
            for model in (Product, ProductLine):
                await context.db().execute_script(f"DROP TABLE {model._meta.db_table}")


if __name__ == "__main__":
    asyncio.run(main())
