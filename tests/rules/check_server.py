"""Runs check.py many times, each time in a fork of this process, which has imported all of it already.

To start Python and import the checker takes five times as long as most tests' projects take to check. What a
run sees is what a new process would show it: this one is started with `-S -E`, so no package can be imported.

A request is a line of JSON on stdin: a folder, arguments, and the files for stdin, stdout and stderr. The
answer is the exit status.
"""

import json
import os
import runpy
import sys
import traceback
from importlib import import_module
from pathlib import Path

CHECK = Path(__file__).resolve().parents[2] / "scripts" / "check.py"


def main() -> None:
    sys.path[0] = str(CHECK.parent)
    import_module("tortoise_dev.commands.check")  # what check.py imports when it runs
    for line in sys.stdin:
        folder, arguments, streams = json.loads(line)
        child = os.fork()
        if not child:
            run(folder, arguments, streams)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def run(folder: str, arguments: list[str], streams: list[str]) -> None:
    """Become `check.py ARGUMENTS` in a folder; never returns."""
    os.chdir(folder)
    for number, path in enumerate(streams):
        os.dup2(os.open(path, os.O_RDONLY if number == 0 else os.O_WRONLY), number)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(number, mode, closefd=False) for number, mode in enumerate("rww")
    )
    sys.argv = [str(CHECK), *arguments]
    status: object = 1
    try:
        runpy.run_path(str(CHECK), run_name="__main__")
    except SystemExit as end:
        status = end.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else 0 if status is None else 1)


if __name__ == "__main__":
    main()
