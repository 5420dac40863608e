"""Notes what a trial cost, from the log that lies in its folder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .logs import read_log
from .workspace import Trial


def note_costs(trial: Trial, skill: Path, seconds: float | None = None, status: int | None = None) -> None:
    """Write ``timing.json`` from ``agent.log``, and ``reply.md`` if only the log has the reply.

    ``skill`` is the skill's folder in the trial. ``seconds`` counts more than what the log says.
    """
    usage = read_log((trial.folder / "agent.log").read_text(encoding="utf-8", errors="replace"), skill)
    reply = trial.folder / "reply.md"
    if usage.reply is not None and not reply.exists():
        reply.write_text(usage.reply, encoding="utf-8")
    spent = usage.seconds if seconds is None else seconds
    timing: dict[str, Any] = {
        "total_tokens": usage.tokens,
        "duration_ms": None if spent is None else round(spent * 1000),
        "commands": usage.commands,
        "skill_bytes": usage.skill_bytes,
        "skill_loaded": usage.loaded,
        "status": status,
    }
    (trial.folder / "timing.json").write_text(json.dumps(timing, indent=2) + "\n", encoding="utf-8")
