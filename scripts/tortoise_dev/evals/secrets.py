"""Takes secrets out of what an assistant printed, before it is written to a file."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

_SECRET_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
_PATTERNS = (
    re.compile(r"(?<=://)([^\s:/@\"']*):[^\s/@\"']+(?=@)"),  # user:password@ in a URL
    re.compile(r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"),
    re.compile(r"\b(?:gh[pousr]|glpat|github_pat|xox[abps])[_-][A-Za-z0-9_-]{16,}"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),  # a JSON web token
    re.compile(r"(?i)(?<=bearer )[A-Za-z0-9._~+/-]{12,}=*"),
)
_HIDDEN = "[redacted]"


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """The text without what looks like a secret, and without secret values of the environment."""
    values = [value for name, value in environment.items() if _SECRET_NAME.search(name) and len(value) >= 8]
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, _HIDDEN)
    url, *others = _PATTERNS
    text = url.sub(rf"\1:{_HIDDEN}", text)
    for pattern in others:
        text = pattern.sub(_HIDDEN, text)
    return text
