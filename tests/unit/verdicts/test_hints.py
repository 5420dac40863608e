"""A failure that a limit caused says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.page import Block
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippets.verdicts.hints import limit_hint, name_hint, place_hint


def block(language: str, source: str) -> Block:
    text = f"```{language}\n{source}\n```\n"
    return parse_page(text, Path("a.md"), "a.md").blocks[0]


@pytest.mark.parametrize(
    ("language", "source", "reason", "detail", "told"),
    [
        ("python", "a", "MemoryError", "", "memory in"),
        ("python", "a", "its process was killed by signal 9", "", "if it was out of memory"),
        ("bash", "a", "exit status 137", "", "if it was out of memory"),
        ("python", "a", "OSError: [Errno 27] File too large", "", "100 MiB"),
        ("bash", "a", "exit status 1", "stderr:\nMemoryError", "memory in"),
        ("bash", "curl a", "did not end within 10 s", "", "switched off on purpose"),
        ("bash", "a", "did not end within 10 s", "", ""),
        ("python", "a", "ValueError: a", "MemoryError", ""),
    ],
)
def test_limit_hint(language: str, source: str, reason: str, detail: str, told: str) -> None:
    hint = limit_hint(block(language, source), reason, detail, 512)
    assert (told in hint) if told else hint == ""


@pytest.mark.parametrize(
    ("language", "reason", "detail", "told"),
    [
        ("bash", "exit status 127", "bash: scripts/test: No such file or directory", True),
        ("console", "exit status 1", "python: No module named shop", True),
        ("bash", "exit status 1", "1 failed", False),
        ("python", "ModuleNotFoundError: No module named 'shop'", "No module named 'shop'", False),
    ],
)
def test_place_hint(language: str, reason: str, detail: str, told: bool) -> None:
    assert ("copy of project" in place_hint(block(language, "$ a"), reason, detail)) is told


@pytest.mark.parametrize("language", ["python", "pycon"])
def test_a_name_that_a_block_above_sets(language: str) -> None:
    code = ">>> class Shop:\n...     pass" if language == "pycon" else "class Shop:\n    pass"
    text = f"```{language}\n{code}\n```\n\n```bash\nShop=1\n```\n\n```python\nShop()\n```\n"
    blocks = parse_page(text, Path("a.md"), "a.md").blocks
    hint = name_hint(blocks, blocks[2], "NameError: name 'Shop' is not defined")
    assert "set in the block at line 1: add continues" in hint
    assert name_hint(blocks, blocks[2], "NameError: name 'Shops' is not defined") == ""
