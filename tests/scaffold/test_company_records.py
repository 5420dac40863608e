"""The pages about records of a company, copied into a new project: its own tools find nothing wrong."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
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
TESTING = (ROOT / "references" / "testing.md").read_text(encoding="utf-8")
DOCUMENTS = ROOT / "examples" / "tenants" / "tests" / "test_documents.py"
LIFESPAN = """
        yield
"""
CHECKED = """
        if settings.ENVIRONMENT != "development":
            await require_policies()
        yield
"""
START = """
import asyncio
import main

async def start():
    async with main.lifespan(main.app):
        pass

asyncio.run(start())
"""
ON_SQLITE = """
import asyncio, runpy, types
from pathlib import Path

(file,) = Path("migrations").rglob("*_document_policy.py")
migration = runpy.run_path(str(file))
sqlite = types.SimpleNamespace(capabilities=types.SimpleNamespace(dialect="sqlite"))
for name in ("upgrade", "downgrade"):
    assert asyncio.run(migration[name](sqlite)) == "SELECT 1"
    assert "POLICY" in asyncio.run(migration[name](None))
"""
# `purge()` repeats its condition in the DELETE: a row that is restored in the meantime stays.
RACE = '''
"""A record that is restored while the purge runs."""

from datetime import timedelta

import pytest
from tortoise import timezone

from apps.common.company import of_company
from apps.companies.models import Company
from apps.documents.models import Document
from apps.documents.services import documents
from tests.conftest import DATABASE_URL, Overlap


@pytest.mark.skipif(DATABASE_URL.startswith("sqlite"), reason="SQLite has no row locks")
async def test_a_restored_row_stays(overlap: Overlap, monkeypatch: pytest.MonkeyPatch) -> None:
    company = await Company.create(name="A")
    deleted = await Document.create(
        company=company, number="1", title="A", body="A", alive=None, deleted_at=timezone.now()
    )

    async def restore() -> None:
        async with of_company(company.id):
            await documents.restore(deleted.id)

    async def purge() -> int:
        monkeypatch.setattr(documents, "RESTORABLE", timedelta(0))
        return await documents.purge()

    assert await overlap(restore, purge) == (None, 0)
'''


def titled(page: str) -> dict[str, str]:
    return dict(
        re.findall(r'^```(?:python|sql) title="([^"]+)"[^\n]*\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    )


def test_the_pages_work_in_a_new_project(project: Any, mypy_cache: str, tmp_path: Path) -> None:
    project.new(minimal=True)
    models = re.findall(r"^scaffold model (.*)$", RECORDS, re.MULTILINE)
    assert len(models) == 2
    for model in models:
        project.run(str(ROOT / "scripts" / "scaffold.py"), "model", *shlex.split(model))
    (unwanted,) = re.findall(r"^rm (.*)$", RECORDS, re.MULTILINE)
    (project.folder / unwanted).unlink()
    files = titled(RECORDS) | titled(TESTS)
    assert len(files) == 12
    files[CURSOR] = (ROOT / "examples" / "billing" / CURSOR).read_text(encoding="utf-8")
    files["tests/test_documents.py"] = DOCUMENTS.read_text(encoding="utf-8")
    files["tests/test_race.py"] = RACE.lstrip()
    main = project.text("main.py")
    assert main.count(LIFESPAN) == 1
    files["main.py"] = (
        main.replace(LIFESPAN, CHECKED)
        .replace(
            "from apps.companies.routers",
            "from apps.common.policies import require_policies\nfrom apps.companies.routers",
        )
        .replace("from config.tortoise", "from config.settings import settings\nfrom config.tortoise")
    )
    project.write(files)
    (copy,) = re.findall(r"^sed .*SKILL.*$", TESTING, re.MULTILINE)  # ruff checks below what it writes
    subprocess.run(
        ["bash", "-c", copy], cwd=project.folder, env=os.environ | {"SKILL": str(ROOT)}, check=True
    )

    with new_database("postgres", tmp_path) as url:
        project.run("-m", "aerich", "init-migrations", DATABASE_URL=url)
        empty = ("--offline", "--empty", "--name", "document_policy")
        project.run("-m", "aerich", "migrate", *empty, DATABASE_URL=url)
        (command,) = re.findall(r"^python - <<'END'\n(.*?)^END$", TESTS, re.MULTILINE | re.DOTALL)
        project.run("-c", command)
        project.run("-c", ON_SQLITE)

        report = project.run("-c", START, status=1, DATABASE_URL=url)
        assert "no policy limits document for this role" in report
        project.run("-c", START, DATABASE_URL="sqlite://:memory:")

        project.run("migrate.py", DATABASE_URL=url)
        assert project.run("purge.py", DATABASE_URL=url) == "0\n"

        project.run("-m", "ruff", "format", "--no-cache", "--check", ".")
        project.run("-m", "ruff", "check", "--no-cache", ".")
        project.run("-m", "mypy", f"--cache-dir={mypy_cache}", ".")
        project.run(str(ROOT / "scripts" / "check.py"), ".", "tests")
        project.run("-m", "pytest", "-q", "-p", "no:cacheprovider")  # on SQLite
        report = project.run("-m", "pytest", "-q", "-p", "no:cacheprovider", TEST_DATABASE_URL=f"{url}_{{}}")
        assert "skipped" not in report
