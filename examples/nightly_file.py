# snippet: needs="sqlite|postgres|mysql"
"""Proofs of the page nightly-files.md. This file reads the program from the page.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/nightly_file.py
"""

import asyncio
import contextvars
import csv
import logging
import os
import re
import sqlite3
import sys
import tempfile
import types
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from pydantic import TypeAdapter
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError
from tortoise.models import Model
from tortoise.transactions import in_transaction

INSERT = "INSERT INTO pricechange (product_id, old_price, new_price, changed_at) VALUES ($1, 1, 1, now())"
PAGE = Path(__file__).resolve().parents[1] / "references" / "nightly-files.md"


def program() -> Any:
    """The page's blocks, as one module."""
    module = types.ModuleType("nightly")
    sys.modules["nightly"] = module
    blocks = re.findall(
        r"^```python [^\n]*name=(?:line|write|refuse|skip)\n(.*?)^```",
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert len(blocks) == 4
    for block in blocks:
        exec(
            compile(block.replace("lock_timeout = '5s'", "lock_timeout = '200ms'"), str(PAGE), "exec"),
            module.__dict__,
        )
    return module


nightly = program()
Product, PriceChange = nightly.Product, nightly.PriceChange


async def raised(work: Awaitable[Any]) -> type[BaseException] | None:
    try:
        await work
    except Exception as error:
        return type(error)
    return None


class Sent(logging.Handler):
    """The statements that Tortoise sends."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())


@contextmanager
def sent() -> Iterator[list[str]]:
    handler, logger = Sent(), logging.getLogger("tortoise.db_client")
    level = logger.level
    logger.setLevel(logging.DEBUG)
    logger.addHandler(handler)
    try:
        yield handler.texts
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


class Files:
    """products.csv and its report."""

    def __init__(self, folder: Path) -> None:
        self.path, self.report = folder / "products.csv", folder / "broken.csv"

    def write(self, *lines: str) -> None:
        self.path.write_text("\n".join(["sku,name,price", *lines]) + "\n", encoding="utf-8")

    def run(self, size: int = 500) -> Any:
        return nightly.make_equal(self.path, self.report, size=size)


def broken_lines(files: Files) -> None:
    """Each broken line spoils itself alone; the report has its number."""
    files.path.write_bytes(
        b'\xef\xbb\xbfsku,name,price\r\nA,Apple,1\r\nB,"Bread,2\r\nC,Caf\xe9,3\r\nD,Dates,cheap\r\nE,Egg\r\n'
        b'F,Fi\0g,1\r\nA,"Apple, red",1.5\r\nG,Grape,4\r\nH,H,1_0\r\nI,I,1e3\r\nJ,J,-1\r\nA,A,1'
    )
    wanted, spared = nightly.read_good(files.path, files.report)
    assert wanted == {"A": ("Apple, red", Decimal("1.5")), "G": ("Grape", Decimal(4))}  # the last line of A
    with files.report.open(encoding="utf-8", newline="") as report:
        lines = list(csv.reader(report))
    assert [int(line[0]) for line in lines] == [3, 4, 5, 6, 7, 10, 11, 12, 13]
    assert lines[2][2] == "D,Dates,cheap"
    assert "may be cut off" in lines[-1][1]
    assert spared >= set("ABCDEFHIJ")

    # A name with a line break counts as two broken lines.
    files.write('A,"Ap', 'ple",1', "B,B,1")
    assert nightly.read_good(files.path, files.report)[0].keys() == {"B"}


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
                        nightly.parse(list(row.values()))
                    except (ValueError, csv.Error):
                        is_caught_inside = True
            raise AssertionError
        except (ValueError, csv.Error) as error:
            assert type(error) is expected
            assert not is_caught_inside


async def equal(files: Files) -> None:
    await PriceChange.all().delete()
    await Product.all().delete()
    files.write(*(f"{sku},{sku},1" for sku in "ABCDEFGHIJ"))
    assert await files.run(size=3) == [10, 0, 0]
    with sent() as texts:
        assert await files.run() == [0, 0, 0]
    assert len(texts) == 2
    assert all(text.startswith("SELECT") for text in texts)  # no UPDATE, no lock
    assert not any("FOR " in text for text in texts)
    old, gone = await Product.get(sku="A"), await Product.get(sku="J")

    # A, B and C are changed, the line of D is broken, J is gone. The run fails in the second batch.
    files.write("A,A,2", "B,B,3", "C,new,1", 'D,"D,1', *(f"{sku},{sku},1" for sku in "EFGHI"))
    create, calls = PriceChange.bulk_create, count()

    async def second_fails(prices: list[Any]) -> None:
        if next(calls) == 1:
            raise ConnectionError
        await create(prices)

    with patch.object(PriceChange, "bulk_create", second_fails):
        assert await raised(files.run(size=1)) is ConnectionError
    assert (await Product.get(sku="A")).price == 2
    assert (await Product.get(sku="B")).price == 1  # the batch was undone
    with sent() as texts:
        assert await files.run(size=2) == [0, 2, 1]  # the next run does the remaining batches
    locked = [text for text in texts if "FOR NO KEY UPDATE" in text or "FOR UPDATE" in text]
    dialect = get_connection("default").capabilities.dialect
    assert len(locked) == (0 if dialect == "sqlite" else 1)
    assert all(("FOR NO KEY UPDATE" in text) == (dialect == "postgres") for text in locked)
    history = await PriceChange.all().order_by("id").values_list("product__sku", "old_price", "new_price")
    assert history == [("A", 1, 2), ("B", 1, 3)]  # no price change is missing, or there twice
    assert (await Product.get(sku="A")).updated_at > old.updated_at
    assert (await Product.get(sku="C")).name == "new"
    assert await Product.filter(active=False).values_list("sku", flat=True) == ["J"]  # D is spared
    assert (await Product.get(sku="J")).updated_at > gone.updated_at

    # The file is cut off, is empty, or has another header.
    before = await Product.all().order_by("id").values_list()
    for lines in (["A,A,9", "B,B,9"], []):
        files.write(*lines)
        assert await raised(files.run()) is nightly.RefusedError
    files.path.write_text("name,sku,price\n")
    assert await raised(files.run()) is nightly.RefusedError
    assert await Product.all().order_by("id").values_list() == before

    # J comes back.
    files.write("A,A,2", "B,B,3", "C,new,1", *(f"{sku},{sku},1" for sku in "DEFGHIJ"))
    assert await files.run() == [0, 1, 0]
    assert not await Product.exists(active=False)
    assert await PriceChange.all().count() == 2

    # The sku of J is broken, so its line does not show it. The next good file brings it back.
    for sku, active in (("J\0", False), ("J", True)):
        files.write("A,A,2", "B,B,3", "C,new,1", *(f"{name},{name},1" for name in "DEFGHI"), f"{sku},new,1")
        await files.run()
        assert (await Product.get(sku="J")).active == active


async def two_runs(files: Files) -> None:
    """Two runs at the same time, without the lock of the job, store each price change once."""
    await PriceChange.all().delete()
    files.write(*(f"{sku},{sku},7" for sku in "ABCDEFGHIJ"))
    both_compared, compare = asyncio.Barrier(2), nightly.compare

    async def together(wanted: Any, spared: set[str]) -> Any:
        found = await compare(wanted, spared)
        await both_compared.wait()
        return found

    with patch.object(nightly, "compare", together):
        found = await asyncio.gather(files.run(size=3), files.run(size=3))
    assert found == [[0, 10, 0], [0, 10, 0]]
    assert await PriceChange.filter(new_price=7).count() == 10


async def lock_of_a_batch() -> None:
    """PostgreSQL: under no_key=True another session inserts rows that refer to the product."""
    product = await Product.get(sku="A")
    pool: Any = get_connection("default")  # outside of the transaction

    async def insert(**lock: bool) -> str:
        async with in_transaction():
            await Product.select_for_update(**lock).get(id=product.id)
            async with pool.acquire_connection() as other:
                await other.execute("SET lock_timeout = '100ms'")
                try:
                    await other.execute(INSERT, product.id)
                except Exception as error:
                    return f"{error.sqlstate}: {error}"  # type: ignore[attr-defined]
                return "inserted"

    assert await insert(no_key=True) == "inserted"
    assert await insert() == "55P03: canceling statement due to lock timeout"


async def held_row(files: Files) -> None:
    """PostgreSQL: a batch that waits for a row gives up; the next run does it."""
    files.write("A,A,5", *(f"{sku},{sku},1" for sku in "BCDEFGHIJ"))
    pool: Any = get_connection("default")
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
    assert (await files.run())[1] == 10


async def wrong_files(files: Files) -> None:
    """All or nothing: each mistake refuses the file, and the table stays as it was."""
    decimal: Any = TypeAdapter(Decimal)
    assert (decimal.validate_python("1_0"), decimal.validate_python("1e3")) == (10, 1000)
    await PriceChange.all().delete()
    await Product.all().delete()

    async def refused(content: bytes, message: str) -> None:
        kept = await Product.all().order_by("id").values_list()
        files.path.write_bytes(content)
        try:
            await nightly.make_equal_or_refuse(files.path)
            raise AssertionError(content)
        except nightly.RefusedError as error:
            assert message in str(error), error
        assert await Product.all().order_by("id").values_list() == kept

    head = b"sku,name,price\n"
    await refused(head, "only 0 of 0 active products")
    files.path.write_bytes(b"\xef\xbb\xbf" + head + b'A,"Ap\nple",1\nB,B,100\r\n' + b"C,C,1\nD,D,1\nE,E,1\n")
    assert await nightly.make_equal_or_refuse(files.path, size=2) == [5, 0, 0]  # a name with a line break
    good = b"A,A,2\nB,B,100\nC,C,1\nD,D,1\n"
    for content, message in {
        good + b"E,E,1": "no line end",  # of `E,E,100`
        good + b'E,"E\n': "unexpected end of data",  # cut off inside quotation marks
        good + b"A,A,3\n": "A is there twice",
        good + b"E,E,1_0\n": "price",
        good + b"E,E,1e3\n": "price",
        good + b"E,E,-1\n": "price",
        good + b"E,E,1.234\n": "price",
        good + b"E,Caf\xe9,1\n": "utf-8",
        good + b"E,E\0,1\n": "name",
        good + b" ,E,1\n": "sku",
        good + b"E,E\n": "after line 6",  # the header is line 1
        good + b"\n": "after line 6",
        good[:11]: "no line end",  # B,B,1 of B,B,100
        b"A,A,2\nB,B,100\nC,C,1\n": "only 3 of 5 active products",  # cut off between two lines
        b"": "only 0 of 5 active products",
    }.items():
        await refused(head + content, message)
    await refused(b"", "no line end")
    await refused(b"\n", "the first line is not")
    await refused(b"sku,price,name\n" + good, "the first line is not")
    files.path.unlink()
    assert await raised(nightly.make_equal_or_refuse(files.path)) is nightly.RefusedError

    # The last batch fails: the first batches are undone, too.
    old = await Product.all().order_by("id").values_list()
    files.path.write_bytes(head + good.replace(b"D,D", b"D,new") + b"F,F,1\n")
    with patch.object(nightly, "deactivate", AsyncMock(side_effect=ConnectionError)) as last:
        assert await raised(nightly.make_equal_or_refuse(files.path, size=1)) is ConnectionError
        last.assert_awaited_once()
    assert await Product.all().order_by("id").values_list() == old
    assert await PriceChange.all().count() == 0

    # A file that was cut off between two lines is accepted, if enough products are left.
    files.path.write_bytes(head + good)
    assert await nightly.make_equal_or_refuse(files.path, size=1) == [0, 1, 1]
    assert await Product.filter(active=False).values_list("sku", flat=True) == ["E"]
    assert await PriceChange.all().values_list("old_price", "new_price") == [(1, 2)]
    with sent() as texts:
        assert await nightly.make_equal_or_refuse(files.path) == [0, 0, 0]
    writes = [text for text in texts if text.startswith(("UPDATE", "INSERT", "DELETE"))]
    assert all("IS NULL" in text for text in writes)  # begin() on SQLite, which changes no row


async def file_under_the_lock(files: Files) -> None:
    """Which lock make_equal_or_refuse() has when it reads the file."""
    dialect = get_connection("default").capabilities.dialect
    files.write(*(f"{sku},{sku},3" for sku in "ABCD"))
    read_all, seen, outside = nightly.read_all, [], contextvars.copy_context()

    def and_ask(path: Path) -> Any:
        seen.append(asyncio.get_running_loop().create_task(second(), context=outside))
        return read_all(path)

    async def second() -> Any:
        return await raised(nightly.make_equal_or_refuse(files.path))

    if dialect == "postgres":  # a second run gives up, and needs no second connection for its lock
        with patch.object(nightly, "read_all", and_ask):
            assert (await nightly.make_equal_or_refuse(files.path))[1] == 4
        assert await seen[0] is nightly.RefusedError
        assert len(seen) == 1
        assert (await nightly.make_equal_or_refuse(files.path)) == [0, 0, 0]  # the lock has ended
    elif dialect == "mysql":
        sys.path.append(str(Path(__file__).parent))
        from single_job import locked

        async def run() -> str:
            async with locked(20_260_402) as is_mine:
                if not is_mine:
                    return "another run has the lock"
                return str(await nightly.make_equal_or_refuse(files.path))

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
            run = asyncio.create_task(nightly.make_equal_or_refuse(files.path))
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
                await nightly.make_equal_or_refuse(files.path)
                raise AssertionError
            except OperationalError as error:
                assert "database is locked" in str(error)


async def case_of_a_sku(files: Files) -> None:
    """MariaDB compares a and A as equal, Python does not."""
    files.write(*(f"{sku},{sku},1" for sku in "ABCDEFGHIja"))
    assert await raised(files.run()) is IntegrityError

    # One case in parse() is not enough: the table must have the same case.
    def upper(values: list[str]) -> Any:
        line = parse(values)
        return line.model_copy(update={"sku": line.sku.upper()})

    parse = nightly.parse
    await Product.filter(sku="A").update(sku="a")
    with patch.object(nightly, "parse", upper):
        assert await raised(files.run()) is IntegrityError
        await get_connection("default").execute_script("UPDATE product SET sku = UPPER(sku)")
        assert (await files.run())[0] == 0

    # A column that compares exactly has both.
    exactly = "ALTER TABLE product MODIFY sku VARCHAR(64) COLLATE utf8mb4_bin NOT NULL"
    await get_connection("default").execute_script(exactly)
    assert (await files.run())[0] == 2  # j and a
    assert await Product.filter(sku__in=["A", "a"]).count() == 2


@asynccontextmanager
async def connected(*models: type[Model]) -> AsyncIterator[None]:
    module = sys.modules["shown"] = types.ModuleType("shown")
    module.__dict__.update({model.__name__: model for model in models})
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["shown"]})
        await context.generate_schemas()
        yield


async def main() -> None:
    async with connected(Product, PriceChange):
        with tempfile.TemporaryDirectory() as folder:
            files = Files(Path(folder))
            broken_lines(files)
            error_of_the_loop(files)
            await equal(files)
            await two_runs(files)
            dialect = get_connection("default").capabilities.dialect
            if dialect == "postgres":
                await lock_of_a_batch()
                await held_row(files)
            elif dialect == "mysql":
                await case_of_a_sku(files)
            await wrong_files(files)
            await file_under_the_lock(files)
            if dialect == "sqlite":
                await locked_by_another_process(Path(folder))


if __name__ == "__main__":
    asyncio.run(main())
