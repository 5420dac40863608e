"""Values of a block as the report shows them: short, and without the secrets of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

SHOWN = 300
"""Characters of a value that are shown."""

_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASS|PWD$|CREDENTIAL|AUTH|COOKIE|DATABASE_URL|DSN", re.IGNORECASE)

_PATHS = frozenset({"PWD", "OLDPWD", "SSH_AUTH_SOCK", "XAUTHORITY"})
"""Variables that are called like a secret and hold a path."""


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
    """A text without the values of the environment variables whose names speak of a secret, and without the
    environment as a whole.
    """
    if "environ({" in text:
        text = re.sub(r"(?s)environ\(\{.*\}\)", "<the environment>", text)
    for name, value in os.environ.items():
        if len(value) >= 4 and value in text and _SECRET.search(name) and name not in _PATHS:
            text = text.replace(value, "***")
    return text


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
