"""An assistant that knows the answers: with the skill it does a task right, without the skill wrong.

It gets the prompt as its argument, works in the current folder, and prints the log that Claude Code prints.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from trying import SOLUTIONS, TASKS, put


def main() -> None:
    """Lay the solution over the working folder, and print what Claude Code would print."""
    (task,) = (task for task in TASKS.tasks if task.prompt == sys.argv[1].strip())
    page = Path(".claude/skills/tortoise-dev/SKILL.md")
    with_skill = page.exists()
    events: list[dict[str, object]] = [{"type": "system", "subtype": "init"}]
    if with_skill:
        read = {"type": "tool_use", "id": "t1", "name": "Read", "input": {"file_path": page.as_posix()}}
        events.append({"type": "assistant", "message": {"content": [read]}})
        result = {"type": "tool_result", "tool_use_id": "t1", "content": page.read_text(encoding="utf-8")}
        events.append({"type": "user", "message": {"content": [result]}})
    shell = {"type": "tool_use", "id": "t2", "name": "Bash", "input": {"command": "cp"}}
    events.append({"type": "assistant", "message": {"content": [shell]}})
    reply = put(SOLUTIONS / task.name / ("right" if with_skill else "wrong"), Path())
    usage = {"input_tokens": 900, "cache_read_input_tokens": 50, "output_tokens": 50}
    events.append({"type": "result", "subtype": "success", "result": reply, "usage": usage})
    for event in events:
        print(json.dumps(event))


if __name__ == "__main__":
    main()
