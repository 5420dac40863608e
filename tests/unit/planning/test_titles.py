"""Titles: what is a path, and whether an excerpt shows whole statements of its file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.page import Block
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippets.planning.titles import TitleError, difference_from, titled_path

SHOP = '''\
import os


@property
@cached
def price():
    """What it costs."""
    if os:
        return 1
    return 2


class Basket:
    names = [
        "a",
    ]

    def total(self):
        return sum(self.names)

    async def clear(self):
        self.names = []
'''
PRICE = SHOP[SHOP.index("@property") : SHOP.index("\n\n\nclass")]
COMPOSE = "a:\n  b: 1\n  c:\n  - 1\n  - 2\nd:\n  e: 2\n"
TOML = "[a]\nb = 1\nc = [\n  2,\n]\n\n[d]\ne = 3\n"
DOCKER = "FROM a\nRUN b \\\n    && c\nUSER d\n"


def block_of(text: str, title: str, language: str) -> Block:
    page = parse_page(f"```{language} title='{title}'\n{text}\n```\n", Path("a.md"), "a.md")
    return page.blocks[0]


def difference(file: str, text: str, title: str, language: str) -> str | None:
    found = difference_from(file.split("\n"), block_of(text, title, language))
    return found and found[1]


@pytest.mark.parametrize(
    "text",
    [
        SHOP.rstrip(),
        "import os",
        PRICE,
        "def total(self):\n    return sum(self.names)",
        SHOP[SHOP.index("    def total") :].rstrip(),
        "return 1",
        'names = [\n    "a",\n]',
    ],
)
def test_whole_statements_of_python(text: str) -> None:
    assert difference(SHOP, text, "shop.py", "python") is None


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PRICE.removeprefix("@property\n@cached\n"), "@property"),
        (PRICE.removeprefix("@property\n"), "@property"),
        (PRICE.removesuffix("\n    return 2"), "return 2"),
        ('class Basket:\n    names = [\n        "a",\n    ]', "def total"),
        ('names = [\n    "a",', "']'"),
        ("import os, sys", "the block has 'import os, sys', the file has"),
        ("return 2\n\n\nclass Basket:", "another indent"),
    ],
)
def test_parts_of_statements(text: str, says: str) -> None:
    assert says in (difference(SHOP, text, "shop.py", "python") or "")


@pytest.mark.parametrize(
    ("file", "text", "title", "language", "is_whole"),
    [
        (COMPOSE, "a:\n  b: 1\n  c:\n  - 1\n  - 2", "a.yaml", "yaml", True),
        (COMPOSE, "b: 1", "a.yaml", "yaml", True),
        (COMPOSE, "a:\n  b: 1", "a.yaml", "yaml", False),
        (COMPOSE, "c:", "a.yaml", "yaml", False),
        (COMPOSE, "d:\n  e: 2", "a.yaml", "yaml", True),
        (TOML, "[a]\nb = 1\nc = [\n  2,\n]", "a.toml", "toml", True),
        (TOML, "[a]\nb = 1", "a.toml", "toml", False),
        (TOML, "b = 1", "a.toml", "toml", True),
        (DOCKER, "RUN b \\\n    && c", "Dockerfile.x", "dockerfile", True),
        (DOCKER, "RUN b \\", "Dockerfile.x", "dockerfile", False),
    ],
)
def test_parts_of_data(file: str, text: str, title: str, language: str, is_whole: bool) -> None:
    assert (difference(file, text, title, language) is None) == is_whole


@pytest.mark.parametrize("title", ["apps/a.py", "a.toml", "Dockerfile.dev", ".env", r"apps\\a.py"])
def test_paths(title: str) -> None:
    assert titled_path(block_of("x = 1", title, "python")) is not None


@pytest.mark.parametrize(
    "title",
    ["Terminal", "https://a.test/b.py", "/var/run/x", r"C:\\a\\b.py", "my file.py", "~/.bashrc", "$HOME/a"],
)
def test_captions(title: str) -> None:
    assert titled_path(block_of("x = 1", title, "python")) is None


def test_a_path_must_stay_inside() -> None:
    with pytest.raises(TitleError):
        titled_path(block_of("x = 1", "../a.py", "python"))
