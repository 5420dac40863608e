"""Judges solutions of many tasks in one process: to load Tortoise for each would take most of the time.

Arguments are a file to write to, and solutions as NAME/right and NAME/wrong.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from tortoise_dev.evals.workspace import copy_files
from trying import SOLUTIONS, TASKS, put


def grader_of(name: str) -> Any:
    """The grader of a task."""
    path = TASKS.grader_of(TASKS.task(name))
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.grader


def judged(name: str, kind: str) -> list[dict[str, Any]]:
    """What the grader of a task says about a solution."""
    task = TASKS.task(name)
    with tempfile.TemporaryDirectory() as temporary:
        outputs, reply = Path(temporary, "outputs"), Path(temporary, "reply.md")
        outputs.mkdir()
        copy_files(TASKS, task, outputs)
        reply.write_text(put(SOLUTIONS / name / kind, outputs), encoding="utf-8")
        return list(grader_of(name).verdicts(outputs, reply, TASKS.files_of(task)))


if __name__ == "__main__":
    verdicts = {solution: judged(*solution.split("/")) for solution in sys.argv[2:]}
    Path(sys.argv[1]).write_text(json.dumps(verdicts), encoding="utf-8")
