"""Pages that differ on psycopg, run there: what does not pass is what tests/psycopg.toml says, no more."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from servers import server

pytestmark = [pytest.mark.slow, pytest.mark.servers]

ROOT = Path(__file__).resolve().parents[1]
KNOWN = tomllib.loads((ROOT / "tests" / "psycopg.toml").read_text(encoding="utf-8"))

WHOLE = ("references/sqlite.md", "examples/coming_from_django.py", "examples/coming_from_django_postgres.py")
"""Pages that expect another error on psycopg, and pass."""


def test_what_does_not_pass_is_named() -> None:
    expected = [block for reason in KNOWN.values() for block in reason["blocks"]]
    pages = sorted({block.partition("::")[0] for block in expected} | {*WHOLE})
    url = urlsplit(server("postgres"))._replace(scheme="psycopg").geturl()
    command = [sys.executable, "scripts/snippets.py", "--db", url, "--format", "json", *pages]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600, check=False)
    blocks = json.loads(run.stdout)["blocks"]
    left = [block for block in blocks if block["status"] in ("failed", "unverified")]
    told = {block["id"].removesuffix("[psycopg]"): block["reason"] for block in left}
    assert sorted(told) == sorted(expected), json.dumps(told, indent=1)
    assert any(block["status"] == "passed" and block["backend"] == "psycopg" for block in blocks)
