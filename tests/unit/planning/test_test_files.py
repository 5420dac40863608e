"""Which block runs a page's test files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tortoise_dev.pages.reading import parse_page
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.planning.plan import plan_page

TEST = '```python title="tests/test_a.py"\ndef test_a():\n    assert True\n```\n\n'


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("pytest", "passed"),
        ("python -m pytest -q tests/", "passed"),
        ("pytest tests/test_a.py::test_a", "passed"),
        ("pytest tests/test_b.py", "unverified"),
        ("ls tests/test_a.py", "unverified"),
    ],
)
def test_a_test_file_is_left_to_pytest(command: str, status: str, tmp_path: Path) -> None:
    page = parse_page(f"{TEST}```bash\n{command}\n```\n", tmp_path / "a.md", "a.md")
    planned = plan_page(page, SnippetSettings(root=tmp_path)).blocks[0]
    assert planned.verdict is not None
    assert planned.verdict.status == status
