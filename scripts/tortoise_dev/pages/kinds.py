"""The kinds of blocks; languages.py says which language is of which kind."""

from __future__ import annotations

from typing import Literal

Kind = Literal["python", "session", "shell", "console", "sql", "data", "prose", "unchecked", "unknown"]

RUNNABLE: frozenset[Kind] = frozenset({"python", "session", "shell", "console"})

IN_SHELL: frozenset[Kind] = frozenset({"shell", "console"})
