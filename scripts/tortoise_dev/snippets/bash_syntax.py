"""``bash -n``: reads a script without running it."""

from __future__ import annotations

import re
import subprocess


def ask_bash(script: bytes) -> tuple[bool, str]:
    """Is a script sound, and what bash says to it: a sound one may get a warning. No bash, no objection."""
    try:
        done = subprocess.run(
            ["bash", "-n"], input=script, capture_output=True, check=False, env={"LC_ALL": "C"}
        )
    except OSError:
        return True, ""
    return done.returncode == 0, done.stderr.decode("utf-8", "replace")


def first_problem(told: str) -> tuple[int, str] | None:
    """The first (line from 1, problem) of what bash said."""
    match = re.search(r"line (\d+): (.*)", told)
    return (int(match[1]), match[2]) if match is not None else None


def bash_problem(script: str) -> tuple[int, str] | None:
    """The first (line from 1, problem) of a script's syntax; None where it is sound, or no bash is there."""
    is_sound, told = ask_bash(script.encode())
    if is_sound:
        return None
    line, problem = first_problem(told) or (1, "")
    return line, f"is not valid bash: {problem}" if problem else "is not valid bash"
