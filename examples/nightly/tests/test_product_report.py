"""Copy it into the project of references/nightly-files.md: a file with broken lines, and its report."""

import csv
from pathlib import Path

import pytest

from apps.shop.models.product import Product
from apps.shop.services.product_lines import RefusedError
from apps.shop.services.product_report import make_equal_and_report

FIVE = [f"{sku},Name of {sku},1" for sku in "ABCDE"]


async def run(folder: Path, *lines: str) -> list[int]:
    path = folder / "products.csv"
    path.write_text("\n".join(["sku,name,price", *lines]) + "\n", encoding="utf-8")
    with (folder / "broken.csv").open("w", encoding="utf-8", newline="") as report:
        return await make_equal_and_report(path, report)


async def test_broken_lines_are_skipped_and_reported(database: None, tmp_path: Path) -> None:
    await run(tmp_path, *FIVE)
    lines = ["A,Other,1", "A,Last,2", *FIVE[1:4], "E,Other,cheap"]
    assert await run(tmp_path, *lines) == [0, 1, 0]
    with (tmp_path / "broken.csv").open(encoding="utf-8", newline="") as report:
        (broken,) = csv.reader(report)
    assert (broken[0], broken[2]) == ("7", "E,Other,cheap")
    assert broken[1].startswith("price: ")
    last, kept = await Product.get(sku="A"), await Product.get(sku="E")
    assert (last.name, str(last.price)) == ("Last", "2.00")
    assert (kept.name, kept.active) == ("Name of E", True)

    # Without the sku, the product becomes inactive until the next good file.
    assert await run(tmp_path, *FIVE[:4], ",Name of E,1") == [0, 1, 1]
    assert not (await Product.get(sku="E")).active
    assert await run(tmp_path, *FIVE) == [0, 1, 0]


async def test_a_file_that_is_cut_off_changes_nothing(database: None, tmp_path: Path) -> None:
    await run(tmp_path, *FIVE)
    path = tmp_path / "products.csv"
    path.write_bytes(path.read_bytes()[:-2])
    with (
        (tmp_path / "broken.csv").open("w", encoding="utf-8", newline="") as report,
        pytest.raises(RefusedError, match="line 6: no line end"),
    ):
        await make_equal_and_report(path, report)
    assert await Product.filter(active=True).count() == 5


async def test_too_many_broken_lines(database: None, tmp_path: Path) -> None:
    await run(tmp_path, *FIVE)
    with pytest.raises(RefusedError, match="only 3 lines for 5 active products"):
        await run(tmp_path, *FIVE[:3], "D,D,cheap", "E,E,cheap")
    assert await Product.filter(active=True).count() == 5
