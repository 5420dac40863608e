"""What runs in the parent and what runs in a child is apart: the parent imports nothing of the child."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SCRIPTS = Path(__file__).resolve().parents[3] / "scripts"


def test_the_command_imports_nothing_of_the_child() -> None:
    code = (
        "import sys, tortoise_dev.commands.snippets_run\n"
        "print([name for name in sys.modules if name.startswith('tortoise_dev.snippets.child')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
