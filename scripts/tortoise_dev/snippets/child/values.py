"""Values of a block as the report shows them: short, and without the secrets of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from ...report.redaction import redacted

SHOWN = 300
"""Characters of a value that are shown."""


def shown(value: object) -> str:
    """A value's repr for the report."""
    if _is_environment(value):
        return "<the environment>"
    try:
        text = repr(value)
    except Exception as error:
        return f"<{type(value).__name__}, whose repr raises {type(error).__name__}>"
    text = without_secrets(text)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def without_secrets(text: str) -> str:
    """A text without the environment's secrets, and without the environment as a whole."""
    if "environ({" in text:
        text = re.sub(r"(?s)environ\(\{.*\}\)", "<the environment>", text)
    return redacted(text)


def _is_environment(value: object) -> bool:
    """Is it ``os.environ``, a copy or a part of it?"""
    if isinstance(value, type(os.environ)):
        return True
    if not isinstance(value, Mapping) or len(value) < 3:
        return False
    try:
        same: int = sum(os.environ.get(key) == held for key, held in value.items())
        return 2 * same > len(value)
    except Exception:  # its keys are no strings, or it is odd
        return False
