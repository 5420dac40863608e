"""Skip broken lines, and write them into a report. Copy it to the files of references/nightly-files.md."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from tortoise.transactions import in_transaction

from apps.shop.services.product_file import MARKS, check, load, lock, write
from apps.shop.services.product_lines import RefusedError, Row, number_lines, parse

EARLIER = """DELETE FROM product_line WHERE line < (
SELECT MAX(line) FROM product_line AS other WHERE other.new_sku = product_line.new_sku)"""
# A product whose line is broken gets a line with its own values, so it stays as it is.
SPARE = """INSERT INTO product_line SELECT 0, sku, name, price, updated_at FROM product
WHERE active AND sku = {} AND NOT EXISTS (SELECT 1 FROM product_line WHERE new_sku = sku)"""


def read_good(path: Path, report: TextIO, parts: set[str]) -> Iterator[Row]:
    """Yield the good lines. Add the parts of broken lines to `parts`: one of them may be the sku."""
    for number, raw in number_lines(path):
        if not raw.endswith(b"\n"):  # the lines after it are missing, and their products would be gone
            raise RefusedError(f"line {number}: no line end: it may be cut off")
        try:
            row = parse(number, raw)
        except (ValueError, csv.Error) as error:
            text = raw.decode("utf-8", "replace").strip()
            csv.writer(report).writerow((number, error, text))
            parts.update(part.strip() for part in re.findall(r'[^,"\x00]{1,64}', text))
        else:
            yield row


async def make_equal_and_report(path: Path, report: TextIO) -> list[int]:
    """Return how many products were new, changed and gone."""
    parts: set[str] = set()
    async with in_transaction() as db:
        await lock(db)
        await load(db, read_good(path, report, parts))
        await db.execute_query(EARLIER)
        await check(db)  # before SPARE, so that only good lines count
        if parts:
            mark = MARKS[db.capabilities.dialect].partition(",")[0]
            await db.execute_many(SPARE.format(mark), [[part] for part in sorted(parts)])
        return await write(db)
