"""Make the products equal to a file: `python nightly.py products.csv`. It exits 1 if the file is refused."""

import asyncio
import sys
from pathlib import Path

from tortoise.context import TortoiseContext

from apps.shop.services.product_file import make_equal
from apps.shop.services.product_lines import RefusedError
from config.tortoise import TORTOISE_ORM


async def main(path: Path) -> list[int]:
    async with TortoiseContext() as context:
        await context.init(config=TORTOISE_ORM)
        return await make_equal(path)


if __name__ == "__main__":
    try:
        new, changed, gone = asyncio.run(main(Path(sys.argv[1])))
    except RefusedError as error:
        sys.exit(f"{sys.argv[1]}, {error}. Nothing was changed.")  # exits 1
    print(f"{new} new, {changed} changed, {gone} gone")
