"""Blocks that are files, and the script that spawned processes run instead of a page."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tortoise_dev.snippets.child.titled import make_module, write_main


def test_blocks_stand_at_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "main.py"
    write_main([("a = 1", 3), ("def f():\n    return a", 6)], path)
    assert path.read_text() == "\n\na = 1\n\n\ndef f():\n    return a\n"


def test_what_awaits_is_reduced_to_what_it_defines(tmp_path: Path) -> None:
    path = tmp_path / "main.py"
    write_main([("import os\nawait g()\ndef f():\n    return 1", 2)], path)
    assert path.read_text() == "\nimport os\n\ndef f():\n    return 1\n"


def test_a_submodule_does_not_replace_what_its_package_has_under_this_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "shop_with_names"
    package.mkdir()
    (package / "__init__.py").write_text("def order():\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("order", "invoice"):
        file = f"shop_with_names/{name}.py"
        (tmp_path / file).write_text("")
        module = make_module(file, str(tmp_path))
        monkeypatch.delitem(sys.modules, module.__name__)
    shop = sys.modules["shop_with_names"]
    assert shop.order() == 1
    assert shop.invoice is module
    monkeypatch.delitem(sys.modules, "shop_with_names")
