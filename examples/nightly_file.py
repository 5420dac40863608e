# snippet: needs="sqlite|postgres|mariadb"
"""Proofs of the page nightly-files.md. This file reads the program from the page and from examples/nightly.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/nightly_file.py
"""

import asyncio
import contextvars
import csv
import io
import os
import re
import sqlite3
import sys
import tempfile
import tracemalloc
import types
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, closing, redirect_stdout
from datetime import timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import patch

from pydantic import TypeAdapter
from tortoise import fields
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

INSERT = "INSERT INTO pricechange (product_id, old_price, new_price, changed_at) VALUES ($1, 1, 1, now())"
PAGE = Path(__file__).resolve().parents[1] / "references" / "nightly-files.md"
TEXT = PAGE.read_text(encoding="utf-8")
PSYCOPG = os.environ["DATABASE_URL"].startswith("psycopg")
FILES = Path(__file__).resolve().parent / "nightly"


def program() -> Any:
    """The page's files and product_report.py, as one module."""
    module = types.ModuleType("nightly")
    sys.modules["nightly"] = module
    blocks = re.findall(r'^```python title="apps/[^\n]*\n(.*?)^```', TEXT, re.M | re.S)
    assert len(blocks) == 3
    for block in [*blocks, (FILES / "apps/shop/services/product_report.py").read_text(encoding="utf-8")]:
        source = re.sub(r"(?m)^from apps\..*\n", "", block).replace(
            "lock_timeout = '5s'", "lock_timeout = '200ms'"
        )
        if PSYCOPG:  # as the comment at MARKS says
            source = source.replace('"$1, $2, $3, $4, $5"', '"%s, %s, %s, %s, %s"')
        exec(compile(source, str(PAGE), "exec"), module.__dict__)
    return module


nightly = program()
Product = nightly.Product
HISTORY = """INSERT INTO pricechange (product_id, old_price, new_price, changed_at)
SELECT id, price, new_price, new_time FROM product, product_line
WHERE new_sku = sku AND price + 0 <> new_price + 0"""


class PriceChange(Model):
    product: Any = fields.ForeignKeyField("models.Product", "prices", on_delete=fields.OnDelete.RESTRICT)
    old_price = fields.DecimalField(max_digits=12, decimal_places=2)
    new_price = fields.DecimalField(max_digits=12, decimal_places=2)
    changed_at = fields.DatetimeField()


async def raised(work: Awaitable[Any]) -> type[BaseException] | None:
    try:
        await work
    except Exception as error:
        return type(error)
    return None


class Files:
    """products.csv and its report."""

    def __init__(self, folder: Path) -> None:
        self.path, self.report = folder / "products.csv", folder / "broken.csv"

    def write(self, *lines: str) -> None:
        self.path.write_text("\n".join(["sku,name,price", *lines]) + "\n", encoding="utf-8")

    async def run(self, size: int = 500) -> Any:
        """Refuse the file if a line is broken."""
        with patch.object(nightly, "SIZE", size):
            return await nightly.make_equal(self.path)

    async def skip(self, size: int = 500) -> Any:
        with patch.object(nightly, "SIZE", size), self.report.open("w", newline="") as report:
            return await nightly.make_equal_and_report(self.path, report)


def broken_lines(files: Files) -> None:
    """Each broken line spoils itself alone; the report has its number."""
    files.path.write_bytes(
        b'\xef\xbb\xbfsku,name,price\r\nA,Apple,1\r\nB,"Bread,2\r\nC,Caf\xe9,3\r\nD,Dates,cheap\r\nE,Egg\r\n'
        b'F,Fi\0g,1\r\nA,"Apple, red",1.5\r\nG,Grape,4\r\nH,H,1_0\r\nI,I,1e3\r\nJ,J,-1\r\n'
    )
    parts: set[str] = set()
    with files.report.open("w", encoding="utf-8", newline="") as report:
        good = list(nightly.read_good(files.path, report, parts))
    assert good == [(2, "A", "Apple", 1), (8, "A", "Apple, red", Decimal("1.5")), (9, "G", "Grape", 4)]
    with files.report.open(encoding="utf-8", newline="") as report:
        lines = list(csv.reader(report))
    assert [int(line[0]) for line in lines] == [3, 4, 5, 6, 7, 10, 11, 12]
    assert lines[2][1].startswith("price: String should match pattern")
    assert lines[2][2] == "D,Dates,cheap"
    assert parts >= set("BCDEFHIJ")

    # A line without its end: the products after it are unknown.
    files.path.write_bytes(files.path.read_bytes() + b"A,A,1")
    try:
        list(nightly.read_good(files.path, io.StringIO(), parts))
        raise AssertionError
    except nightly.RefusedError as error:
        assert str(error) == "line 13: no line end: it may be cut off"

    # A name with a line break counts as two broken lines.
    files.write('A,"Ap', 'ple",1', "B,B,1")
    with files.report.open("w", encoding="utf-8", newline="") as report:
        assert [number for number, *_ in nightly.read_good(files.path, report, parts)] == [4]
    assert len(files.report.read_text(encoding="utf-8").splitlines()) == 2

    # read() holds one line: it yields the first line although a later one is broken.
    files.write("A,A,1", "B,B,cheap")
    rows = nightly.read(files.path)
    assert next(rows)[1] == "A"
    try:
        next(rows)
        raise AssertionError
    except nightly.RefusedError as error:
        assert str(error).startswith("line 3: price: ")


def error_of_the_loop(files: Files) -> None:
    """A `try` in the body of the loop catches neither csv.Error nor UnicodeDecodeError."""
    assert not issubclass(csv.Error, ValueError)
    for text, expected in ((b'B,"Bread"x,2', csv.Error), (b"C,Caf\xe9,3", UnicodeDecodeError)):
        files.path.write_bytes(b"sku,name,price\nA,A,1\n" + text + b"\nD,D,1\n")
        is_caught_inside = False
        try:
            with files.path.open(encoding="utf-8", newline="") as file:
                for row in csv.DictReader(file, strict=True):
                    try:
                        nightly.Line.model_validate(row)
                    except (ValueError, csv.Error):
                        is_caught_inside = True
            raise AssertionError
        except (ValueError, csv.Error) as error:
            assert type(error) is expected
            assert not is_caught_inside


async def write_history(db: Any) -> Any:
    await db.execute_query(HISTORY)
    return await write(db)


write = nightly.write


async def rows() -> list[tuple[Any, ...]]:
    stored: Any = await Product.all().order_by("id").values_list()
    return list(stored)


async def equal(files: Files) -> None:
    await PriceChange.all().delete()
    await Product.all().delete()
    files.write(*(f"{sku},{sku},1" for sku in "ABCDEFGHIJ"))
    assert await files.run(size=3) == [10, 0, 0]
    before = await rows()
    for run in (files.run, files.skip):
        assert await run() == [0, 0, 0]
        assert await rows() == before  # also updated_at: no row was written
    ids = dict(await Product.all().values_list("sku", "id"))

    # A and B have another price, C another name, the line of D is broken, J is gone.
    files.write("A,A,2", "B,B,3", "C,c,1", 'D,"D,1', *(f"{sku},{sku},1" for sku in "EFGHI"))
    with patch.object(nightly, "GONE", "an error"):  # the last statement but one
        assert await raised(files.skip(size=1)) is not None
    assert await rows() == before
    assert not await PriceChange.exists()
    with patch.object(nightly, "write", write_history):
        assert await files.skip(size=2) == [0, 3, 1]
    history = PriceChange.all().order_by("product__sku").values_list("product__sku", "old_price", "new_price")
    assert await history == [("A", 1, 2), ("B", 1, 3)]
    old = {product[1]: product for product in before}
    for product in await rows():
        assert (product == old[product[1]]) == (product[1] in "DEFGHI")  # the others were written
    for product in await Product.filter(sku__in=["A", "B", "C", "J"]):
        assert product.updated_at > old[product.sku][5]
    assert (await Product.get(sku="C")).name == "c"  # MariaDB: `C` and `c` are not the same name
    assert await Product.filter(active=False).values_list("sku", flat=True) == ["J"]  # D is spared
    assert dict(await Product.all().values_list("sku", "id")) == ids

    # The file is cut off, is empty, or has another header.
    before = await rows()
    for lines in (["A,A,9", "B,B,9"], []):
        files.write(*lines)
        assert await raised(files.skip()) is nightly.RefusedError
    files.path.write_text("name,sku,price\n")
    assert await raised(files.skip()) is nightly.RefusedError
    assert await rows() == before

    # J comes back, also if staff switched it off.
    files.write("A,A,2", "B,B,3", "C,c,1", *(f"{sku},{sku},1" for sku in "DEFGHIJ"))
    assert await files.skip() == [0, 1, 0]
    assert not await Product.exists(active=False)

    # The sku of J is broken, so its line does not show it. The next good file brings it back.
    for sku, active in (("J\0", True), ("Jay\0", False), ("J", True)):
        files.write("A,A,2", "B,B,3", "C,c,1", *(f"{name},{name},1" for name in "DEFGHI"), f"{sku},new,1")
        await files.skip()
        assert (await Product.get(sku="J")).active == active

    # A sku is there twice: the last good line is used.
    same = ["B,B,3", "C,c,1", *(f"{sku},{sku},1" for sku in "DEFGHI"), "J,new,1"]
    files.write("A,A,4", "A,A,5", "A,A,cheap", *same)
    assert await files.skip() == [0, 1, 0]
    assert (await Product.get(sku="A")).price == 5


async def price_as_text(files: Files) -> None:
    """SQLite stores prices as text, and compares them as numbers."""
    before = await rows()
    db = get_connection("default")
    await db.execute_query("UPDATE product SET price = '5.00' WHERE sku = 'A'")
    assert await db.execute_query_dict("SELECT price FROM product WHERE sku = 'A'") == [{"price": "5.00"}]
    assert await files.skip() == [0, 0, 0]  # the file has 5
    assert await rows() == before


async def other_sessions(files: Files) -> None:
    """PostgreSQL: while the run writes, others read products and refer to them, but do not write them."""
    files.write("A,A,6", *(f"{sku},{sku},1" for sku in "BCDEFGHIJ"), "K,K,1")
    pool: Any = get_connection("default")  # outside of the transaction
    create, product, seen = Product.bulk_create, await Product.get(sku="A"), []

    async def and_ask(products: Any) -> None:
        async with pool.acquire_connection() as other:
            await other.execute("SET lock_timeout = '100ms'")
            seen.append(await other.fetchval("SELECT price FROM product WHERE sku = 'A'"))
            await other.execute(INSERT, await other.fetchval("SELECT id FROM product WHERE sku = 'D'"))
            for sql in (INSERT, "UPDATE product SET name = 'other' WHERE id = $1"):
                try:
                    await other.execute(sql, product.id)
                    seen.append("done")
                except Exception as error:
                    seen.append(f"{error.sqlstate}: {error}")  # type: ignore[attr-defined]
            await other.execute("RESET lock_timeout")
        await create(products)

    with patch.object(Product, "bulk_create", and_ask):
        assert (await files.run())[0] == 1
    assert seen == [5, "done", "55P03: canceling statement due to lock timeout"]


async def held_row(files: Files) -> None:
    """PostgreSQL: a run that waits for another transaction's row gives up; the next run works."""
    files.write("A,A,5", *(f"{sku},{sku},1" for sku in "BCDEFGHIJK"))
    before, pool = await rows(), get_connection("default")
    async with pool.acquire_connection() as other:
        transaction = other.transaction()
        await transaction.start()
        await other.execute("UPDATE product SET name = 'held' WHERE sku = 'A'")
        try:
            await files.run()
            raise AssertionError
        except Exception as error:
            assert "canceling statement due to lock timeout" in str(error)
        await transaction.rollback()
    assert await rows() == before
    assert (await files.run())[1] == 1


async def wrong_files(files: Files) -> None:
    """All or nothing: each mistake refuses the file, and the table stays as it was."""
    decimal: Any = TypeAdapter(Decimal)
    assert (decimal.validate_python("1_0"), decimal.validate_python("1e3")) == (10, 1000)
    await PriceChange.all().delete()
    await Product.all().delete()

    async def refused(content: bytes, message: str) -> None:
        kept = await rows()
        files.path.write_bytes(content)
        try:
            await files.run()
            raise AssertionError(content)
        except nightly.RefusedError as error:
            assert message in str(error), error
        assert await rows() == kept

    head = b"sku,name,price\n"
    files.path.write_bytes(b"\xef\xbb\xbf" + head + b'A,"Ap, ple",1\nB,B,100\r\n' + b"C,C,1\nD,D,1\nE,E,1\n")
    assert await files.run(size=2) == [5, 0, 0]
    good = b"A,A,2\nB,B,100\nC,C,1\nD,D,1\n"
    for content, message in {
        good + b"E,E,1": "line 6: no line end",  # of `E,E,100`
        good + b'E,"E\n': "line 6: unexpected end of data",  # cut off inside quotation marks
        b'A,"A,2\n' + good[6:] + b"E,E,1\n": "line 2: unexpected end of data",
        good + b"A,A,3\n": "line 6: A is there twice",
        good + b"E,E,1_0\n": "line 6: price: ",
        good + b"E,E,1e3\n": "line 6: price: ",
        good + b"E,E,-1\n": "line 6: price: ",
        good + b"E,E,1.234\n": "line 6: price: ",
        good + b"E,Caf\xe9,1\n": "line 6: 'utf-8'",
        good + b"E,E\0,1\n": "line 6: ",
        good + b" ,E,1\n": "line 6: sku: ",
        good + b"E,E\n": "line 6: 2 columns instead of 3",  # the header is line 1
        good + b"\n": "line 6: 0 columns",
        good[:11]: "line 3: no line end",  # B,B,1 of B,B,100
        b"A,A,2\nB,B,100\nC,C,1\n": "only 3 lines for 5 active products",  # cut off between two lines
        b"": "only 0 lines for 5 active products",
    }.items():
        await refused(head + content, message)
    await refused(b"", "line 1 is not")
    await refused(b"\n", "line 1 is not")
    await refused(b"sku,price,name\n" + good, "line 1 is not")
    kept = await rows()
    files.path.unlink()
    assert await raised(files.run()) is FileNotFoundError
    assert await rows() == kept

    # The last part fails: the other parts are undone, too.
    files.path.write_bytes(head + good.replace(b"D,D", b"D,new") + b"F,F,1\nG,G,1\n")
    create, calls = Product.bulk_create, count()

    async def second_fails(products: Any) -> None:
        if next(calls) == 1:
            raise ConnectionError
        await create(products)

    with patch.object(Product, "bulk_create", second_fails):
        assert await raised(files.run(size=1)) is ConnectionError
    assert next(calls) == 2
    assert await rows() == kept

    # A file that was cut off between two lines is accepted, if enough products are left.
    files.path.write_bytes(head + good)
    assert await files.run(size=1) == [0, 1, 1]
    assert await Product.filter(active=False).values_list("sku", flat=True) == ["E"]


async def half_of_the_last_file(files: Files) -> None:
    """The rule of the page: refuse a file with fewer lines than half of the last file."""
    ((part, found),) = re.findall(r"`KEEP = ([0-9.]+)`.*?`FOUND = \"(.+?)\"`", TEXT)
    assert part == "0.5"
    with patch.object(nightly, "KEEP", 0.5), patch.object(nightly, "FOUND", found):
        for last in (["A,A,1", "B,B,1", "C,C,1", "D,D,1"], ["V,V,1", "W,W,1"]):  # no product is in both
            files.write(*last)
            await files.run()
            assert await Product.filter(active=True).count() == len(last)
        files.write("X,X,1")
        assert (await files.run())[0] == 1
        files.write("X,X,1", "Y,Y,1", "Z,Z,1")
        await files.run()
        files.write("Z,Z,2")
        refused = await raised(files.run())
        assert refused is nightly.RefusedError
    files.write("X,X,1", "V,V,1", "W,W,1")
    with_products = await raised(files.run())
    assert with_products is nightly.RefusedError  # as it is, a file of other products is refused


async def temporary_right(files: Files) -> None:
    """PostgreSQL: the role needs TEMPORARY. A new database gives it to PUBLIC."""
    (grant,) = re.findall(r"`(GRANT TEMPORARY .+?)`", TEXT)
    files.write("A,A,1")
    async with in_transaction() as db:
        (name,) = await db.execute_query_dict("SELECT current_database() AS it")
        await db.execute_script(f"""
            CREATE ROLE shop_app; GRANT shop_app TO CURRENT_USER;
            REVOKE TEMPORARY ON DATABASE "{name["it"]}" FROM PUBLIC;
            GRANT SELECT, INSERT, UPDATE ON product TO shop_app;
            GRANT USAGE ON SEQUENCE product_id_seq TO shop_app;
            SET LOCAL ROLE shop_app""")
        try:
            await files.run()
            raise AssertionError
        except OperationalError as error:
            assert "permission denied" in str(error)
        await db.execute_script(
            "RESET ROLE; "
            + grant.replace("DATABASE shop", f'DATABASE "{name["it"]}"')
            + "; SET LOCAL ROLE shop_app"
        )
        with patch.object(nightly, "KEEP", 0):
            assert len(await files.run()) == 3
        await db.rollback()


async def file_under_the_lock(files: Files) -> None:
    """Which lock make_equal() has when it reads the file."""
    dialect = get_connection("default").capabilities.dialect
    files.write(*(f"{sku},{sku},3" for sku in "ABCD"))
    check, seen, outside = nightly.check, [], contextvars.copy_context()

    async def and_ask(db: Any) -> None:
        if not seen:
            seen.append(asyncio.get_running_loop().create_task(raised(files.run()), context=outside))
            await asyncio.wait(seen)
        await check(db)

    if dialect == "postgres":  # a second run gives up, and needs no second connection for its lock
        with patch.object(nightly, "check", and_ask):
            assert (await files.run())[1] == 4
        assert await seen[0] is nightly.RefusedError
        assert await files.run() == [0, 0, 0]  # the lock has ended
    elif dialect == "mysql":
        sys.path.append(str(Path(__file__).parent))
        from single_job import locked

        async def run() -> str:
            async with locked(20_260_402) as is_mine:
                if not is_mine:
                    return "another run has the lock"
                return str(await files.run())

        assert sorted(await asyncio.gather(run(), run())) == ["[0, 4, 0]", "another run has the lock"]


async def locked_by_another_process(folder: Path) -> None:
    """SQLite: another process has the write lock, so the run waits before it reads the file."""
    files, module = Files(folder), sys.modules["shown"]
    module.__dict__.update(Product=Product, PriceChange=PriceChange)
    async with TortoiseContext() as context:
        await context.init(db_url=f"sqlite://{folder}/shop.sqlite3", modules={"models": ["shown"]})
        await context.generate_schemas()
        files.write("A,A,1")
        with closing(sqlite3.connect(folder / "shop.sqlite3", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            run = asyncio.create_task(files.run())
            await asyncio.sleep(0.5)
            assert not run.done()
            files.write("A,A,2")  # the run reads this file, not the one of its start
            other.execute("COMMIT")
            assert await run == [1, 0, 0]
            stored = await Product.get(sku="A")
            assert stored.price == 2  # of the newer file
            other.execute("BEGIN IMMEDIATE")
            patience = await context.db().execute_query_dict("PRAGMA busy_timeout")
            assert patience == [{"timeout": 5000}]  # milliseconds
            await context.db().execute_query("PRAGMA busy_timeout = 100")
            files.write("A,A,3")
            try:
                await files.run()
                raise AssertionError
            except OperationalError as error:
                assert "database is locked" in str(error)


async def add_only(files: Files) -> None:
    """imports.md: without GONE and the comparison of numbers, products that the file lacks stay."""
    before = await Product.filter(active=True).count()
    files.write("A,A,1", "NEW,new,1")
    with (
        patch.object(nightly, "GONE", "UPDATE product SET active = FALSE WHERE FALSE"),
        patch.object(nightly, "KEEP", 0),
    ):
        new, _, gone = await files.run()
    assert (new, gone) == (1, 0)
    assert await Product.filter(active=True).count() == before + 1


async def waiting_lock(files: Files) -> None:
    """imports.md, PostgreSQL: pg_advisory_xact_lock() waits for the other run up to lock_timeout."""
    pool: Any = get_connection("default")
    async with pool.acquire_connection() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock(20260402)")
        async with in_transaction() as db:
            await db.execute_query("SET LOCAL lock_timeout = '200ms'")
            try:
                await db.execute_query("SELECT pg_advisory_xact_lock(20260402)")
                raise AssertionError
            except Exception as error:
                assert "due to lock timeout" in str(error)
    files.write("A,A,1")
    take = nightly.lock

    async def wait(db: Any) -> None:
        await db.execute_query("SELECT pg_advisory_xact_lock(20260402)")
        await take(db)

    with patch.object(nightly, "lock", wait), patch.object(nightly, "KEEP", 0):
        both = await asyncio.gather(files.run(), files.run())
    assert sorted(both)[0] == [0, 0, 0]  # the second waited, and then had nothing to do


async def memory(files: Files) -> None:
    """4,000 more lines need less memory than a quarter of their text.

    Their values are longer than the 63 bytes up to which Pydantic caches texts, 16,384 of them.

    Measured with 300,000 lines on two processors (`ru_maxrss`): all new, none changed, all changed, 30,000
    gone. PostgreSQL 15: 23, 6, 18 and 11 s, 45 MB. SQLite: 22, 10, 7 and 8 s, 49 MB. While other programs
    kept the processors busy, each run took less than 2 minutes.
    """
    peaks, sizes = [], []
    for number in (1_000, 5_000):
        await Product.all().delete()
        files.write(*(f"{n:064},{n:090},1" for n in range(number)))
        sizes.append(files.path.stat().st_size)
        tracemalloc.start()
        assert (await files.run(size=100))[0] == number
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert (peaks[1] - peaks[0]) * 4 < sizes[1] - sizes[0], (peaks, sizes)


async def null(column: str) -> None:
    """`<>` misses NULL, and the other operators find it."""
    lines = "(SELECT CAST(NULL AS INTEGER) AS old, 1 AS new) AS line"
    sql = f"SELECT COUNT(*) AS found FROM {lines} WHERE {column}"
    (row,) = await get_connection("default").execute_query_dict(sql)
    assert row["found"] == int("<>" not in column)


def command(folder: Path) -> None:
    """nightly.py: what it prints, and its exit status."""
    files, module = Files(folder), sys.modules["shown"]
    module.__dict__.update(Product=Product, PriceChange=PriceChange)
    config: Any = types.ModuleType("config.tortoise")
    url = f"sqlite://{folder}/shop.sqlite3"
    config.TORTOISE_ORM = {"connections": {"default": url}, "apps": {"models": {"models": ["shown"]}}}
    code = compile((FILES / "nightly.py").read_text(encoding="utf-8"), "nightly.py", "exec")
    names = {
        f"apps.shop.services.{name}": nightly for name in ("product_file", "product_lines", "product_report")
    }
    names["config.tortoise"] = config
    output, report = io.StringIO(), files.report
    with (
        patch.dict(sys.modules, names),
        patch.object(sys, "argv", ["nightly.py", str(files.path)]),
        redirect_stdout(output),
    ):
        files.write("A,A,4", *(f"{sku},{sku},1" for sku in "BCDE"))
        exec(code, {"__name__": "__main__"})
        assert output.getvalue() == "4 new, 1 changed, 0 gone\n"
        files.write("A,A,4", "B,B,cheap", *(f"{sku},{sku},1" for sku in "CDE"))
        try:
            exec(code, {"__name__": "__main__"})
            raise AssertionError
        except SystemExit as error:
            assert re.fullmatch(r".*/products.csv, line 3: price: .* Nothing was changed\.", str(error.code))

        # Without a file, or with a wrong name, it says what is expected.
        for arguments, said in (([], "Make the products equal"), (["x.csv"], "x.csv: no such file.")):
            with patch.object(sys, "argv", ["nightly.py", *arguments]):
                try:
                    exec(code, {"__name__": "__main__", "__doc__": code.co_consts[0]})
                    raise AssertionError
                except SystemExit as error:
                    assert str(error.code).startswith(said)

        # With the name of a report, a broken line is skipped, and the status is 2.
        sys.argv.append(str(report))
        try:
            exec(code, {"__name__": "__main__"})
            raise AssertionError
        except SystemExit as error:
            assert error.code == 2
        assert report.read_text(encoding="utf-8").startswith('3,"price: ')
        files.write("A,A,4", *(f"{sku},{sku},1" for sku in "BCDE"))
        exec(code, {"__name__": "__main__"})
        assert report.read_text(encoding="utf-8") == ""


async def case_of_a_sku(files: Files) -> None:
    """MariaDB compares a and A as equal, also in the temporary table."""
    files.write(*(f"{sku},{sku},1" for sku in "bCDEFGHIJ"))
    await files.run()
    assert (await Product.get(sku="B")).name == "b"  # `b` is the product `B`
    files.write(*(f"{sku},{sku},1" for sku in "bCDEFGHIJB"))
    assert await raised(files.run()) is nightly.RefusedError  # there twice

    # A column that compares exactly has both.
    exactly = "ALTER TABLE product MODIFY sku VARCHAR(64) COLLATE utf8mb4_bin NOT NULL"
    await get_connection("default").execute_script(exactly)
    assert (await files.run())[0] == 1
    assert await Product.filter(sku__in=["B", "b"]).count() == 2


async def another_zone(files: Files) -> None:
    """The run writes times as save() does, also if the configured zone is not UTC."""
    await PriceChange.all().delete()
    await Product.all().delete()
    product = await Product.create(sku="A", name="A", price=1)
    files.write("A,A,2")
    assert await files.run() == [0, 1, 0]
    changed = await Product.get(sku="A")
    assert timedelta(0) <= changed.updated_at - product.updated_at < timedelta(minutes=10)


@asynccontextmanager
async def connected(*models: type[Model], timezone: str = "UTC") -> AsyncIterator[None]:
    module = sys.modules["shown"] = types.ModuleType("shown")
    module.__dict__.update({model.__name__: model for model in models})
    async with TortoiseContext() as context:
        await context.init(
            db_url=os.environ["DATABASE_URL"], modules={"models": ["shown"]}, timezone=timezone
        )
        await context.generate_schemas()
        yield


async def main(folder: Path) -> None:
    async with connected(Product, PriceChange):
        files = Files(folder)
        broken_lines(files)
        error_of_the_loop(files)
        await equal(files)
        dialect = get_connection("default").capabilities.dialect
        if dialect == "sqlite":
            await price_as_text(files)
            await null("old <> new")
            await null("old IS NOT new")
        elif dialect == "postgres":
            await null("old <> new")
            await null("old IS DISTINCT FROM new")
            if not PSYCOPG:  # their sessions are those of asyncpg
                await other_sessions(files)
                await held_row(files)
        elif dialect == "mysql":
            await case_of_a_sku(files)
            await null("old <> new")
            await null("NOT old <=> new")
        await wrong_files(files)
        await file_under_the_lock(files)
        await add_only(files)
        if dialect == "postgres" and not PSYCOPG:
            await waiting_lock(files)
            await temporary_right(files)
        await half_of_the_last_file(files)
        if dialect == "sqlite":
            await memory(files)
            await locked_by_another_process(folder)
    async with connected(Product, PriceChange, timezone="Asia/Tokyo"):
        await another_zone(files)


def run() -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(main(Path(folder)))
        if (Path(folder) / "shop.sqlite3").exists():
            command(Path(folder))


if __name__ == "__main__":
    run()
