"""The lines of a manifest that a draft takes over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from .yaml_nodes import Node

_OPENED = re.compile(r"\{\{-?\s*(?:if|with|range)\b.*\}\}")
_DOT = re.compile(r"\{\{[^}]*[\s(]\.(?!Values\b|Release\b|Chart\b)")
"""An action that uses the dot itself, or a key below it."""
_ACTION = re.compile(r"\{\{-?\s*(if|with|range|else|end)\b")


def lines_of(lines: Sequence[str], node: Node, keys: Iterable[str]) -> list[str]:
    """The lines of some keys of a mapping, moved to the left; ``lines`` are those of its file."""
    return [line for key in keys for line in _lines_of(lines, node, key)]


def _lines_of(lines: Sequence[str], node: Node, key: str) -> list[str]:
    """With the action of a template right above the key, as `with` says what the dot in these lines means."""
    start, depth = node.own_line(key), node.column
    if start is None:
        return []
    found = _lines_from(lines, node, key, start, depth)
    above = lines[start - 2].strip() if start > 1 else ""
    if _OPENED.fullmatch(above):
        whole = _shortened([above, *found])
        if whole:
            return [] if _loses_its_dot(whole, lines[: start - 2]) else whole
    return [] if _loses_its_dot(found, lines[: start - 1]) else _shortened(found)


def _loses_its_dot(found: Sequence[str], before: Sequence[str]) -> bool:
    """Do lines use the dot of a `with` or a `range` that begins above them, and is not copied?"""
    opened: list[str] = []
    for action in _ACTION.findall("\n".join(before)):
        if action == "end":
            del opened[-1:]
        elif action != "else":
            opened.append(action)
    return not {"with", "range"}.isdisjoint(opened) and bool(_DOT.search("\n".join(found)))


def _shortened(found: list[str]) -> list[str]:
    """Without the actions at the end that belong to other lines; empty where the rest is not whole."""
    found = [*found]
    while found and found[-1].lstrip().startswith("{{") and not _is_whole(found):
        found.pop()
    return found if _is_whole(found) else []


def _lines_from(lines: Sequence[str], node: Node, key: str, start: int, depth: int) -> list[str]:
    found = [lines[start - 1][depth:].rstrip()]
    value = node.get(key)
    if value is not None and value.is_flow and not node.is_flow and value.line >= start:
        rest = lines[start : value.last_line]  # up to the closing bracket, wherever that stands
        return [
            *found,
            *(line[depth:].rstrip() if not line[:depth].strip() else line.strip() for line in rest),
        ]
    for line in lines[start:]:
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if text.startswith("{{"):
            found.append(text if indent < depth else line[depth:].rstrip())
        elif indent > depth or (indent == depth and text.startswith("- ")):
            found.append(line[depth:].rstrip())
        elif text and not text.startswith("#"):
            break
    return found


def _is_whole(lines: Iterable[str]) -> bool:
    """Does each action of a Helm template that opens something have its end in these lines?"""
    level = 0
    for action in _ACTION.findall("\n".join(lines)):
        if action in ("else", "end") and level == 0:
            return False
        level += {"else": 0, "end": -1}.get(action, 1)
    return level == 0
