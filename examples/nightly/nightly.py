"""Make the products equal to a file: `python nightly.py products.csv`.

It exits 1 if the file is refused or missing.

`python nightly.py products.csv broken.csv` skips broken lines, and writes them into broken.csv.
It exits 2 if there were any.
"""

import asyncio
import sys
from pathlib import Path

from tortoise.context import TortoiseContext

from apps.shop.services.product_file import make_equal
from apps.shop.services.product_lines import RefusedError
from apps.shop.services.product_report import make_equal_and_report
from config.tortoise import TORTOISE_ORM


async def main(path: Path, report: Path | None = None) -> list[int]:
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        if report is None:
            return await make_equal(path)
        with report.open("w", encoding="utf-8", newline="") as file:
            return await make_equal_and_report(path, file)


if __name__ == "__main__":
    paths = [Path(name) for name in sys.argv[1:]]
    if len(paths) not in (1, 2):
        sys.exit(__doc__)
    if not paths[0].is_file():
        sys.exit(f"{paths[0]}: no such file. Nothing was changed.")
    try:
        new, changed, gone = asyncio.run(main(*paths))
    except RefusedError as error:
        sys.exit(f"{paths[0]}, {error}. Nothing was changed.")  # exits 1
    print(f"{new} new, {changed} changed, {gone} gone")
    if len(paths) == 2 and paths[1].stat().st_size:
        sys.exit(2)  # the report has broken lines
