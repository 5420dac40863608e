"""``bash -n``: reads a script without running it."""

from __future__ import annotations

import re
import subprocess


def bash_problem(script: str) -> tuple[int, str] | None:
    """The first (line from 1, problem) of a script's syntax; None where it is sound, or where there is no
    bash to ask.
    """
    try:
        done = subprocess.run(
            ["bash", "-n"], input=script.encode(), capture_output=True, check=False, env={"LC_ALL": "C"}
        )
    except OSError:
        return None
    if done.returncode == 0:
        return None
    told = done.stderr.decode("utf-8", "replace").split("\n")[0]
    match = re.search(r"line (\d+): (.*)", told)
    return (int(match[1]), f"is not valid bash: {match[2]}") if match else (1, "is not valid bash")
