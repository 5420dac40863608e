"""``pytest --snippets``: ids, selection, chains and xdist, through pytest itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PAGE = """# Guide

## Start here

```python name=start
value = 1
```

```python
raise RuntimeError("boom")
```

## Start here

```python continues=start
assert value == 1
```

```python needs="no-such-thing"
import no_such_thing
```

```text
prose
```
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n", encoding="utf-8")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "guide.md").write_text(PAGE, encoding="utf-8")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:asyncio", "--color=no", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_without_the_flag_pages_are_left_alone(project: Path) -> None:
    assert run(project, "docs").returncode == 5


def test_each_block_is_an_item_with_an_id_that_survives_edits(project: Path) -> None:
    out = run(project, "--snippets", "--collect-only", "docs").stdout
    assert [line for line in out.splitlines() if "::" in line] == [
        "docs/guide.md::start-here/1",
        "docs/guide.md::start-here/2",
        "docs/guide.md::start-here-1/1",
        "docs/guide.md::start-here-1/2",
        "docs/guide.md::start-here-1/3",
    ]


def test_failures_name_the_page_and_line(project: Path) -> None:
    done = run(project, "--snippets", "docs")
    assert done.returncode == 1
    assert "3 passed" in done.stdout
    assert "1 failed" in done.stdout
    assert "1 skipped" in done.stdout
    assert "docs/guide.md:10: failed: RuntimeError: boom" in done.stdout
    assert "needs no-such-thing" in done.stdout
    assert "tortoise_dev" not in done.stdout, "the harness' own frames are nobody's business"


def test_one_item_pulls_in_what_it_continues(project: Path) -> None:
    done = run(project, "--snippets", "docs/guide.md::start-here-1/1")
    assert done.returncode == 0
    assert "1 passed" in done.stdout


def test_last_failed_and_xdist(project: Path) -> None:
    done = run(project, "--snippets", "-n", "2", "docs")
    assert "1 failed, 3 passed, 1 skipped" in done.stdout
    again = run(project, "--snippets", "--lf", "docs")
    assert "1 failed" in again.stdout
    assert "passed" not in again.stdout.splitlines()[-1]


def test_a_page_that_cannot_be_read_is_an_error(project: Path) -> None:
    (project / "docs" / "broken.md").write_bytes(b"\xff\n")
    done = run(project, "--snippets", "docs")
    assert done.returncode == 2
    assert "docs/broken.md: not UTF-8" in done.stdout


def test_broken_models_end_the_session_with_a_reason(project: Path) -> None:
    settings = '[tool.tortoise-dev.snippets]\nmodels = ["no.such.models"]\n'
    (project / "pyproject.toml").write_text(settings, encoding="utf-8")
    done = run(project, "--snippets", "docs")
    assert done.returncode == 2
    assert "no.such.models cannot be imported" in done.stdout + done.stderr
