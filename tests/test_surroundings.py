"""The command where what surrounds it differs: optimised Python, a set-up that ends its process, servers."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from programs import run_python
from servers import server

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = str(ROOT / "scripts" / "snippets.py")
PROJECT = ROOT / "tests" / "cases" / "models"

WRONG = """
```python
assert 1 == 2
```

```pycon
>>> assert 1 == 2
```

```bash
python -c "assert 1 == 2"
```

```python title="sum.py"
assert 1 == 2
```
"""


def blocks_of(folder: Path, *arguments: str, **extra: str) -> list[dict[str, Any]]:
    done = run_python(folder, SCRIPT, "--format", "json", *arguments, "page.md", **extra)
    assert done.returncode in (0, 1), done.stderr
    blocks: list[dict[str, Any]] = json.loads(done.stdout)["blocks"]
    return blocks


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="bash blocks")
def test_asserts_count_in_optimised_python(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text(WRONG)
    blocks = blocks_of(tmp_path, PYTHONOPTIMIZE="1")
    assert [block["status"] for block in blocks] == ["failed"] * 4
    done = run_python(tmp_path, "-O", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--snippets", "page.md")
    assert "4 failed" in done.stdout


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork it would end the worker itself")
def test_a_set_up_that_ends_its_process(tmp_path: Path) -> None:
    shutil.copytree(PROJECT / "project", tmp_path / "project")
    (tmp_path / "project" / "shop" / "fixtures.py").write_text(
        "import os\n\n\nasync def load():\n    os._exit(3)\n"
    )
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    (tmp_path / "page.md").write_text("```python\nassert 1 == 1\n```\n")
    done = run_python(tmp_path, SCRIPT, "page.md")
    assert done.returncode == 2
    assert "its process ended with status 3" in done.stdout


@pytest.mark.parametrize("value", ["'much'", "true", "1", "1.5"])
def test_memory_is_a_number_of_mebibytes(tmp_path: Path, value: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.tortoise-dev.snippets]\nmemory = {value}\n")
    (tmp_path / "page.md").write_text("```python\nassert 1 == 1\n```\n")
    done = run_python(tmp_path, SCRIPT, "page.md")
    assert done.returncode == 2
    assert "memory takes a whole number of MiB" in done.stderr


OWN = """
```python
from shop.models import Item
from tortoise.contrib.test import tortoise_test_context

async with tortoise_test_context(["shop.models"]):
    assert await Item.all().count() == 0
```

```python
from shop.models import Item

assert await Item.all().count() == 3
```

```python
assert 1 + 1 == 2
```
"""


@pytest.mark.slow
@pytest.mark.servers
def test_a_database_of_its_own_is_where_a_block_counts(tmp_path: Path) -> None:
    postgres = server("postgres")
    shutil.copytree(PROJECT / "project", tmp_path / "project")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    (tmp_path / "page.md").write_text(OWN)
    told = [(b["line"], b["backend"], b["status"]) for b in blocks_of(tmp_path, "--db", postgres)]
    rest = [(10, "postgres", "passed"), (16, "postgres", "passed")]
    assert told == [(2, "postgres", "skipped"), (2, "sqlite", "passed"), *rest]
    both = blocks_of(tmp_path, "--db", postgres, "--db", "sqlite://:memory:")
    assert [(b["backend"], b["status"]) for b in both[:2]] == [("postgres", "skipped"), ("sqlite", "passed")]
    assert len({b["id"] for b in both}) == len(both) == 6
