#!/usr/bin/env python3
"""A hook for Claude Code: run check.py on the Python file that was just edited.

It reads the event on standard input. New findings go to stderr with exit status 2, which shows them to the
assistant. Everything else is 0: a hook must not stop the work on other files. See hooks/after_edit.json.
"""

import json
import subprocess
import sys
from pathlib import Path

CHECK = Path(__file__).resolve().parents[1] / "scripts" / "check.py"


def main() -> int:
    """Check the file that the event names; returns the exit status."""
    event = json.load(sys.stdin)
    file = Path(event.get("tool_input", {}).get("file_path", ""))
    if file.suffix != ".py" or not file.is_file():
        return 0
    findings = new_findings(file, Path(event.get("cwd", ".")))
    print(findings, end="", file=sys.stderr)
    return 2 if findings else 0


def new_findings(file: Path, folder: Path) -> str:
    """What check.py finds in a file that the last commit does not have; without a commit, all of it."""
    for arguments in (["--against", "HEAD"], []):
        command = [sys.executable, str(CHECK), *arguments, str(file)]
        done = subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", check=False)
        if done.returncode in (0, 1):
            return done.stdout if done.returncode else ""
    return ""


if __name__ == "__main__":
    sys.exit(main())
