"""What the tests of evaluations share: the folder, and solutions to its tasks."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from tortoise_dev.evals.tasks import read_evals

ROOT = Path(__file__).resolve().parents[2]
EVALS = ROOT / "evals"
SCRIPT = str(ROOT / "scripts" / "evals.py")
TASKS = read_evals(EVALS)
SOLUTIONS = Path(__file__).resolve().parent / "solutions"
FAKE_AGENT = f'"{sys.executable}" "{Path(__file__).resolve().parent / "fake_agent.py"}" {{prompt}}'


def put(solution: Path, folder: Path) -> str:
    """Lay a solution over the files of its task, and return the answer that goes with it."""
    for file in sorted(path for path in solution.rglob("*") if path.is_file()):
        relative = file.relative_to(solution)
        if relative.as_posix() not in ("reply.md", "deleted.txt"):
            (folder / relative).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, folder / relative)
    deleted = solution / "deleted.txt"
    for name in deleted.read_text(encoding="utf-8").split() if deleted.exists() else ():
        (folder / name).unlink()
    reply = solution / "reply.md"
    return reply.read_text(encoding="utf-8") if reply.exists() else "Done."
