"""Programs that tests of several modules start."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

SNIPPETS = str(Path(__file__).resolve().parents[1] / "scripts" / "snippets.py")
PATIENCE = 120
"""Seconds after which a program is taken for hung."""


def run_python(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run this interpreter in a folder, to its end, with these variables besides the environment's own."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )


def run_snippets(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the harness in a folder, to its end."""
    return run_python(folder, SNIPPETS, *arguments, **environment)


def start_snippets(folder: Path, *arguments: str) -> tuple[subprocess.Popen[str], Path]:
    """Start the harness, and wait until a block has written the file that ``$STARTED`` names.

    Returns the process, which still runs, and the file.
    """
    started = folder / "started"
    process = subprocess.Popen(
        [sys.executable, SNIPPETS, *arguments],
        cwd=folder,
        env=os.environ | {"STARTED": str(started)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    deadline = time.monotonic() + PATIENCE
    while not (started.exists() and started.read_text(encoding="utf-8")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return process, started
