"""Copy it into the project of references/nightly-files.md: a good file, wrong files, and a second run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from apps.shop.models.product import Product
from apps.shop.services.product_file import make_equal
from apps.shop.services.product_lines import RefusedError
from tests.conftest import DATABASE_URL, Overlap

Write = Callable[..., Path]
FIVE = [f"{sku},Name of {sku},1.50" for sku in "ABCDE"]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """`write(line, …)` writes products.csv, and returns its path."""

    def lines(*lines: str, end: str = "\n") -> Path:
        path = tmp_path / "products.csv"
        path.write_bytes(("\n".join(["sku,name,price", *lines]) + end).encode())
        return path

    return lines


async def rows() -> list[Any]:
    return list(await Product.all().order_by("sku").values())


async def test_new_changed_gone_and_unchanged_products(database: None, write: Write) -> None:
    assert await make_equal(write(*FIVE)) == [5, 0, 0]
    before = await rows()
    assert await make_equal(write(*FIVE)) == [0, 0, 0]
    assert await rows() == before  # also updated_at

    changed = ["A,Other name,1.50", "B,Name of B,2", *FIVE[2:4], "F,New,3"]  # without E
    assert await make_equal(write(*changed)) == [1, 2, 1]
    a, b, c, d, e, f = await rows()
    assert [a["name"], b["price"], f["price"]] == ["Other name", 2, 3]
    assert [c, d] == before[2:4]
    assert e == before[4] | {"active": False, "updated_at": e["updated_at"]}
    for new, old in ((a, before[0]), (b, before[1]), (e, before[4])):
        assert new["id"] == old["id"]
        assert new["updated_at"] > old["updated_at"]

    assert await make_equal(write(*changed, FIVE[4])) == [0, 1, 0]
    assert (await Product.get(sku="E")).active


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([*FIVE[:4], "E,Name of E,cheap"], "line 6: price: "),
        ([*FIVE[:4], 'E,"Name of E,1'], "line 6: unexpected end of data"),
        ([*FIVE[:4], "E,Name of E"], "line 6: 2 columns instead of 3"),
        ([*FIVE, FIVE[0]], "line 7: A is there twice"),
        (FIVE[:3], "only 3 lines for 5 active products"),
        ([], "only 0 lines for 5 active products"),
    ],
)
async def test_a_wrong_file_changes_nothing(
    database: None, write: Write, lines: list[str], message: str
) -> None:
    await make_equal(write(*FIVE))
    before = await rows()
    changed = [line.replace("A,Name", "A,Other") for line in lines]
    with pytest.raises(RefusedError, match=message):
        await make_equal(write(*changed))
    assert await rows() == before


async def test_a_file_that_is_cut_off_changes_nothing(database: None, write: Write) -> None:
    await make_equal(write(*FIVE))
    before = await rows()
    with pytest.raises(RefusedError, match="line 6: no line end"):
        await make_equal(write(*FIVE[:4], "E,Name of E,1", end=""))
    assert await rows() == before


@pytest.mark.skipif(not DATABASE_URL.startswith(("postgres", "psycopg")), reason="only PostgreSQL refuses it")
async def test_a_second_run_is_refused(overlap: Overlap, write: Write) -> None:
    path = write(*FIVE)
    with pytest.raises(RefusedError, match="another run works"):
        await overlap(lambda: make_equal(path), lambda: make_equal(path))
