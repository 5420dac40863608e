"""How a container starts its server through `sh -c`: what stays when the migration is gone, and SIGTERM."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from .shell_commands import work_of
from .yaml_nodes import Node

_SHELLS = {"sh", "dash", "ash"}
"""Shells that stay above the last command of `-c`; bash becomes that command."""
_NO_PLAIN_WORDS = re.compile(r"[^\w\s./:=,@+-]")


def problems_of_shell(container: Node, root: Path) -> Iterator[str]:
    """What is wrong with a server that a shell starts, and the command to write instead."""
    key = "command" if container.get("command") is not None else "args"
    text = _shell_text(container)
    parts = [part.strip() for part in re.split(r"&&|;|\n", text or "") if part.strip()]
    if not parts or not work_of(parts[-1], root).serves:
        return
    *before, server = parts
    migrates = any(work_of(part, root).migrates for part in before)
    words = server.removeprefix("exec ").split()
    is_plain = all(work_of(part, root).migrates_only for part in before)
    if migrates and is_plain and not _NO_PLAIN_WORDS.search(server):
        yield f"The Job migrates, so let this container start only the server: {key}: {json.dumps(words)}"
    elif not server.startswith("exec "):
        yield f"`sh` does not pass SIGTERM on to the server. Write `exec {server}`."


def _shell_text(container: Node) -> str | None:
    """The text that a container gives to `sh -c`; None for any other start."""
    found = [container.get(key) for key in ("command", "args")]
    words = [word.text for node in found if node is not None for word in node.items()]
    is_shell = len(words) == 3 and words[0].rpartition("/")[2] in _SHELLS
    return words[2] if is_shell and re.fullmatch(r"-\w*c", words[1]) else None
