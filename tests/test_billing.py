"""The running example passes its own tests: on SQLite side by side, and on servers what depends on them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from servers import SERVERS, server

BILLING = Path(__file__).resolve().parents[1] / "examples" / "billing"
# Time zones, NUL, upper and lower case, locks and pools: here the databases differ.
DIFFERENT = "every_zone or in_utc or no_nul or in_case or any_case or deactivated_once or concurrently"
DIFFERENT += " or free_connection"

pytestmark = pytest.mark.slow


def run_pytest(*arguments: str, **environment: str) -> str:
    """What pytest prints in the example's folder. It must succeed."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(
        command,
        cwd=BILLING,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


def test_the_running_example_passes_its_own_tests() -> None:
    assert " passed" in run_pytest("-n", "2")


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.servers) for name in SERVERS])
def test_what_depends_on_the_database_passes_on_servers(name: str) -> None:
    url = urlsplit(server(name))._replace(path="/tortoise_dev_billing_{}").geturl()
    assert " passed" in run_pytest("-k", DIFFERENT, TEST_DATABASE_URL=url)
