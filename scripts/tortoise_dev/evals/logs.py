"""Reads what a trial cost from the log that the assistant printed.

Two formats of JSON lines are known: that of ``claude -p --output-format stream-json``, and a plain one that
any program can write (evals/README.md has it). Of any other log nothing is known but its text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_SHELLS = ("Bash", "BashTool", "PowerShell", "shell")


@dataclass
class Usage:
    """What a trial cost, as far as the log tells; None where it does not.

    ``skill_bytes`` counts what was read of the skill's folder, the output of its scripts included. ``loaded``
    says whether the assistant loaded the skill, or looked into its folder.
    """

    commands: int | None = None
    tokens: int | None = None
    skill_bytes: int | None = None
    loaded: bool | None = None
    seconds: float | None = None
    reply: str | None = None


def read_log(text: str, skill: Path) -> Usage:
    """What the log says; ``skill`` is the skill's folder in the trial, whether it is there or not."""
    events = list(_events(text))
    if any(event.get("type") in ("assistant", "result") for event in events):
        return _claude(events, skill)
    if any(isinstance(event.get("event"), str) for event in events):
        return _plain(events)
    return Usage(reply=text.strip() or None)


def _events(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if isinstance(event, dict):
                yield event


def _plain(events: Iterable[dict[str, Any]]) -> Usage:
    usage = Usage(commands=0, loaded=False)
    for event in events:
        match event:
            case {"event": "command"}:
                usage.commands = (usage.commands or 0) + 1
            case {"event": "read", "bytes": int(size)}:
                usage.skill_bytes, usage.loaded = (usage.skill_bytes or 0) + size, True
            case {"event": "skill"}:
                usage.loaded = True
            case {"event": "tokens", "total": int(total)}:
                usage.tokens = (usage.tokens or 0) + total
            case {"event": "seconds", "total": int(seconds) | float(seconds)}:
                usage.seconds = (usage.seconds or 0) + seconds
            case {"event": "reply", "text": str(text)}:
                usage.reply = text
    return usage


def _claude(events: Iterable[dict[str, Any]], skill: Path) -> Usage:
    usage = Usage(loaded=False)
    reads_skill: set[str] = set()
    commands = skill_bytes = 0
    for event in events:
        if event.get("type") == "result":
            usage.tokens = _tokens(event.get("usage"))
            milliseconds = event.get("duration_ms")
            usage.seconds = milliseconds / 1000 if isinstance(milliseconds, int | float) else None
            usage.reply = event.get("result") if isinstance(event.get("result"), str) else None
        for part in _parts(event):
            if part.get("type") == "tool_use":
                commands += part.get("name") in _SHELLS
                if _loads_skill(part, skill):
                    usage.loaded = True
                    page = skill / "SKILL.md"  # no result carries its text
                    skill_bytes += page.stat().st_size if page.is_file() else 0
                elif _names_skill(part, skill):
                    usage.loaded = True
                    reads_skill.add(str(part.get("id")))
            elif part.get("type") == "tool_result" and str(part.get("tool_use_id")) in reads_skill:
                skill_bytes += len(_text(part.get("content")).encode())
    usage.commands, usage.skill_bytes = commands, skill_bytes
    return usage


def _parts(event: dict[str, Any]) -> list[dict[str, Any]]:
    message = event.get("message")
    content = message.get("content") if isinstance(message, dict) else None
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def _tokens(usage: object) -> int | None:
    """All tokens that the service counted: read, read from its cache, and written."""
    if not isinstance(usage, dict):
        return None
    counts = [usage.get(name) for name in ("input_tokens", "cache_creation_input_tokens")]
    counts += [usage.get(name) for name in ("cache_read_input_tokens", "output_tokens")]
    return sum(count for count in counts if isinstance(count, int))


def _loads_skill(part: dict[str, Any], skill: Path) -> bool:
    """Does the assistant load the skill by its name, or as that of a plugin, `tortoise-dev:tortoise-dev`?"""
    name = part.get("input", {}).get("skill") if part.get("name") == "Skill" else None
    return isinstance(name, str) and name.rpartition(":")[2] == skill.name


def _names_skill(part: dict[str, Any], skill: Path) -> bool:
    """Does the input of a tool name something in the skill's folder?"""
    return f"skills/{skill.name}" in json.dumps(part.get("input", {})).replace("\\\\", "/")


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return ""
