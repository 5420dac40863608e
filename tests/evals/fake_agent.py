"""An assistant that knows the answers: with the skill it does a task right, without the skill wrong.

It gets the prompt as its argument, works in the current folder, and prints the log that Claude Code prints.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOLUTIONS = Path(__file__).resolve().parent / "solutions"


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


def main() -> None:
    evals = json.loads((ROOT / "evals" / "evals.json").read_text(encoding="utf-8"))["evals"]
    (name,) = (task["name"] for task in evals if task["prompt"] == sys.argv[1].strip())
    skill = Path(".claude/skills/tortoise-dev/SKILL.md")
    events: list[dict[str, object]] = [{"type": "system", "subtype": "init"}]
    if skill.exists():
        read = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": str(skill.resolve())}}
        events.append({"type": "assistant", "message": {"content": [read]}})
        result = {"type": "tool_result", "tool_use_id": "t1", "content": skill.read_text(encoding="utf-8")}
        events.append({"type": "user", "message": {"content": [result]}})
    shell = {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "cp"}}
    events.append({"type": "assistant", "message": {"content": [shell]}})
    reply = put(SOLUTIONS / name / ("right" if skill.exists() else "wrong"), Path())
    usage = {"input_tokens": 900, "cache_read_input_tokens": 50, "output_tokens": 50}
    events.append({"type": "result", "subtype": "success", "result": reply, "usage": usage})
    for event in events:
        print(json.dumps(event))


if __name__ == "__main__":
    main()
