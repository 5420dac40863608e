"""Secrets in texts that others will read: passwords in URLs, and what the environment keeps secret."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

HIDDEN = "***"

_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/@:\"'<>]*:)(?!\*{3}@)[^\s/@\"'<>]+(?=@)", re.IGNORECASE)
_IN_QUERY = re.compile(r"([?&](?:password|passwd|token|secret|api_key)=)(?!\*{3})[^&\s\"'<>]+", re.IGNORECASE)
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|(?:API|PRIVATE|ACCESS)_?KEY", re.IGNORECASE
)
_SHORTEST = 8  # a shorter value may be a word of the text


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """A text without the passwords of its URLs, and without the values of the environment's secrets.

    A variable is secret by its name (``…_TOKEN``, ``…PASSWORD…``). Values of less than eight characters stay.
    """
    text = _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1{HIDDEN}", text))
    for name, value in environment.items():
        if len(value) >= _SHORTEST and value in text and _SECRET_NAME.search(name):
            text = text.replace(value, HIDDEN)
    return text
