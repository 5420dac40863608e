"""The pages about records of a company, copied into a new project: its own tools find nothing wrong."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from servers import new_database

pytest.importorskip("aerich")
pytestmark = [pytest.mark.slow, pytest.mark.servers]

ROOT = Path(__file__).resolve().parents[2]
RECORDS, TESTS = (
    (ROOT / "references" / name).read_text(encoding="utf-8")
    for name in ("tenant-records.md", "tenant-tests.md")
)
CURSOR = "apps/common/schemas/cursor.py"
MIGRATION_TESTS = ROOT / "examples" / "with_aerich" / "tests" / "test_migrations.py"


def titled(page: str) -> dict[str, str]:
    return dict(re.findall(r'^```python title="([^"]+)"[^\n]*\n(.*?)^```$', page, re.MULTILINE | re.DOTALL))


def test_the_pages_work_in_a_new_project(project: Any, mypy_cache: str, tmp_path: Path) -> None:
    project.new(minimal=True)
    models = re.findall(r"^scaffold model (.*)$", RECORDS, re.MULTILINE)
    assert len(models) == 2
    for model in models:
        project.run(str(ROOT / "scripts" / "scaffold.py"), "model", *shlex.split(model))
    files = titled(RECORDS) | titled(TESTS)
    assert len(files) == 9
    files[CURSOR] = (ROOT / "examples" / "billing" / CURSOR).read_text(encoding="utf-8")
    files["tests/test_migrations.py"] = (
        MIGRATION_TESTS.read_text(encoding="utf-8").partition("# --- ")[0].rstrip() + "\n"
    )
    project.write(files)

    with new_database("postgres", tmp_path) as url:
        project.run("-m", "aerich", "init-migrations", DATABASE_URL=url)
        empty = ("--offline", "--empty", "--name", "document_policy")
        project.run("-m", "aerich", "migrate", *empty, DATABASE_URL=url)
        (command,) = re.findall(r"^python - <<'END'\n(.*?)^END$", TESTS, re.MULTILINE | re.DOTALL)
        project.run("-c", command)

        project.run("-m", "ruff", "format", "--no-cache", "--check", ".")
        project.run("-m", "ruff", "check", "--no-cache", ".")
        project.run("-m", "mypy", f"--cache-dir={mypy_cache}", ".")
        project.run(str(ROOT / "scripts" / "check.py"), ".", "tests")
        project.run("-m", "pytest", "-q", "-p", "no:cacheprovider")  # on SQLite
        report = project.run("-m", "pytest", "-q", "-p", "no:cacheprovider", TEST_DATABASE_URL=f"{url}_{{}}")
        assert "skipped" not in report
