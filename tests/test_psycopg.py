"""Blocks that differ on psycopg, run there: what does not pass is what tests/psycopg.toml says, no more.

The Python blocks of their pages run, too. Other shell blocks of these pages do not: each starts processes
that PostgreSQL on asyncpg has had already.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from servers import server
from tortoise_dev.pages.reading import read_page

pytestmark = [pytest.mark.slow, pytest.mark.servers]

ROOT = Path(__file__).resolve().parents[1]
KNOWN = tomllib.loads((ROOT / "tests" / "psycopg.toml").read_text(encoding="utf-8"))

WHOLE = ("references/sqlite.md", "examples/coming_from_django.py", "examples/coming_from_django_postgres.py")
"""Pages that expect another error on psycopg, and pass."""


ALL = bool(os.environ.get("PSYCOPG_ALL"))


def places(expected: list[str], left_out: list[str]) -> Iterator[str]:
    """The blocks to run, as ``--select`` takes them."""
    for page in sorted({block.partition("::")[0] for block in expected} | {*WHOLE}):
        for block in read_page(ROOT / page, page).blocks:
            is_python = block.info.language == "python" and block.id not in left_out
            if block.id in expected or is_python:
                yield f"{page}:{block.line}"


def test_what_does_not_pass_is_named() -> None:
    expected = [block for reason in KNOWN.values() for block in reason["blocks"]]
    more = [block for reason in KNOWN.values() for block in reason.get("more", [])]
    expected, left_out = ([*expected, *more], []) if ALL else (expected, more)
    url = urlsplit(server("postgres"))._replace(scheme="psycopg").geturl()
    command = [sys.executable, "scripts/snippets.py", "--db", url, "--databases-only", "--format", "json"]
    command += [word for place in places(expected, left_out) for word in ("--select", place)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8", timeout=600, check=False)
    blocks = json.loads(run.stdout)["blocks"]
    left = [block for block in blocks if block["status"] in ("failed", "unverified")]
    told = {block["id"].removesuffix("[psycopg]"): block["reason"] for block in left}
    assert sorted(told) == sorted(expected), json.dumps(told, indent=1)
    assert any(block["status"] == "passed" and block["backend"] == "psycopg" for block in blocks)
