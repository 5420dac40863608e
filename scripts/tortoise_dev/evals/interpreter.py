"""Runs Python in a project, as ``python -m pytest`` or ``python -c …`` would, for graders.

Where processes can fork, the new one starts with the libraries that the grader has loaded. A grader runs a
dozen commands, and most of its time would be spent on loading Tortoise for each.
"""

from __future__ import annotations

import contextvars
import importlib
import os
import runpy
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn


def run_python(arguments: Sequence[str], folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run ``python ARGUMENTS`` in a folder to its end; returns the exit status and all that it printed."""
    with tempfile.TemporaryFile() as output:
        status = (_fork if hasattr(os, "fork") else _spawn)(arguments, folder, environment, output.fileno())
        output.seek(0)
        return status, output.read().decode("utf-8", "replace")


def _spawn(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int) -> int:
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        check=False,
    ).returncode


def _fork(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int) -> int:
    child = os.fork()
    if child == 0:
        _become(arguments, folder, environment, output)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def _become(arguments: Sequence[str], folder: Path, environment: Mapping[str, str], output: int) -> NoReturn:
    """Turn this forked process into ``python ARGUMENTS``, with nothing of the project loaded yet."""
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", 1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", 1, encoding="utf-8", errors="replace", closefd=False)  # noqa: SIM115
        os.environ.clear()
        os.environ.update(environment)
        _forget_project(Path.cwd())
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        contextvars.Context().run(_execute, list(arguments))
        status = 0
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        if isinstance(ended.code, str):
            sys.stderr.write(f"{ended.code}\n")
    except BaseException:  # as an interpreter would: whatever the project raises is shown
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _execute(arguments: list[str]) -> None:
    match arguments:
        case ["-m", module, *rest]:
            sys.argv = [module, *rest]
            runpy.run_module(module, run_name="__main__", alter_sys=True)
        case ["-c", code, *rest]:
            sys.argv = ["-c", *rest]
            exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
        case [script, *rest]:
            sys.argv = [script, *rest]
            runpy.run_path(script, run_name="__main__")


def _forget_project(folder: Path) -> None:
    """Unload what the grader has imported from the project, so that it is read anew."""
    sys.path[:] = [entry for entry in sys.path if entry != str(folder)]
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(folder):
            del sys.modules[name]
    importlib.invalidate_caches()
