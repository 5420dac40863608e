"""The script that spawned processes run instead of a page."""

from __future__ import annotations

from pathlib import Path

from tortoise_dev.snippets.child.titled import write_main


def test_blocks_stand_at_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "main.py"
    write_main([("a = 1", 3), ("def f():\n    return a", 6)], path)
    assert path.read_text() == "\n\na = 1\n\n\ndef f():\n    return a\n"


def test_what_awaits_is_reduced_to_what_it_defines(tmp_path: Path) -> None:
    path = tmp_path / "main.py"
    write_main([("import os\nawait g()\ndef f():\n    return 1", 2)], path)
    assert path.read_text() == "\nimport os\n\ndef f():\n    return 1\n"
