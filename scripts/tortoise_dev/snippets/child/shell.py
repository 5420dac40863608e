"""``bash`` blocks: run for real, with errors on, in the chain's own directory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from .tracebacks import BlockError

# -E: functions and subshells too; the trap writes the line of the first command that fails to file descriptor
# 9.
_HEAD = "trap 'code=$?; echo $LINENO >&9; exit $code' ERR; "


def run_shell(source: str, line: int, directory: Path, scratch: Path, environment: dict[str, str]) -> None:
    """Run a block that begins at the page's line ``line`` with ``bash -eEuo pipefail``.

    Its output goes to this process' own stdout and stderr. Raises BlockError for the first command that
    fails.
    """
    bash = shutil.which("bash")
    if bash is None:
        raise BlockError(None, "no bash on this machine")
    script = scratch / "block.sh"
    where = scratch / "failed-line"
    script.write_text(_HEAD + "\n" * (line - 1) + source, encoding="utf-8", newline="\n")
    where.write_text("")
    command = f'exec 9>"$1"; shift; exec "{bash}" -eEuo pipefail "$@"'
    done = subprocess.run(
        [bash, "-c", command, "bash", str(where), str(script)],
        cwd=directory,
        env=environment,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        failed = where.read_text().split()
        at = int(failed[0]) if failed else None
        raise BlockError(at, f"exit status {done.returncode}")


def shell_environment(scratch: Path, skill: Path) -> dict[str, str]:
    """The environment of a bash block: this interpreter first on PATH, no network for uv and pip, a home of
    its own.
    """
    home = scratch / "home"
    home.mkdir(exist_ok=True)
    scripts = sysconfig.get_path("scripts")
    environment = {
        key: value for key, value in os.environ.items() if key not in ("PYTHONHASHSEED", "PYTHONPATH")
    }
    return environment | {
        "PATH": os.pathsep.join([scripts, os.environ.get("PATH", "")]),
        "HOME": str(home),
        "VIRTUAL_ENV": sys.prefix,
        "UV_PROJECT_ENVIRONMENT": sys.prefix,
        "UV_NO_SYNC": "1",
        "UV_OFFLINE": "1",
        "PIP_NO_INDEX": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SKILL": str(skill),
    }
