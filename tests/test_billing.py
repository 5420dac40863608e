"""The running example's own tests pass on their own, side by side."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BILLING = Path(__file__).resolve().parents[1] / "examples" / "billing"

pytestmark = pytest.mark.slow


def test_the_running_example_passes_its_own_tests() -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command, cwd=BILLING, capture_output=True, encoding="utf-8", timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert " passed" in done.stdout
