"""Ends a program together with all that it has started."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any


def kill_group(process: subprocess.Popen[Any]) -> None:
    """Kill a process that was started in a session of its own, what it started, and what outlived it."""
    if hasattr(os, "killpg"):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
    elif process.poll() is None:
        process.kill()
