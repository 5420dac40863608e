"""TOML: parsed, or one line that says why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class TomlError(ValueError):
    """A text that is no TOML; the message says so, in one line."""


def parse_toml(text: str) -> dict[str, Any]:
    """The tables of a text, which may begin with a byte order mark. Raises TomlError."""
    import tomllib  # a project without a pyproject.toml needs none of it

    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except tomllib.TOMLDecodeError as error:
        raise TomlError(f"no TOML: {error}") from None
    except RecursionError:
        raise TomlError("no TOML: nested too deeply") from None


def pyproject_of(folder: Path) -> dict[str, Any]:
    """The tables of a folder's pyproject.toml; none if it cannot be read."""
    try:
        return parse_toml((folder / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def tool_table(document: dict[str, Any], name: str) -> dict[str, Any] | None:
    """The table ``[tool.NAME]``; None without one."""
    tools = document.get("tool")
    table = tools.get(name) if isinstance(tools, dict) else None
    return table if isinstance(table, dict) else None
