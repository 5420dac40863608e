"""Secrets in texts that others will read: passwords in URLs, tokens of well-known services, and what the
environment keeps secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

HIDDEN = "***"

_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/@:\"'<>]*:)(?!\*{3}@)[^\s/@\"'<>]+(?=@)", re.IGNORECASE)
_IN_QUERY = re.compile(r"([?&](?:password|passwd|token|secret|api_key)=)(?!\*{3})[^&\s\"'<>]+", re.IGNORECASE)
_TOKEN = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"
    r"|\b(?:gh[pousr]|glpat|github_pat|xox[abps])[_-][A-Za-z0-9_-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # a JSON web token
    r"|(?i:(?<=bearer ))[A-Za-z0-9._~+/-]{12,}=*"
)
_SECRET_NAME = re.compile(r"PASSWORD|PASSWD|SECRET|TOKEN|CREDENTIAL|KEY$", re.IGNORECASE)
_SHORTEST = 8  # a shorter value may be a word of the text


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """A text without the passwords of its URLs, without tokens, and without the values of the environment's
    secrets.

    A variable is secret by its name (``…_TOKEN``, ``…PASSWORD…``). Values of less than eight characters stay.
    """
    text = _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1{HIDDEN}", text))
    text = _TOKEN.sub(HIDDEN, text)
    found = [name for name, value in environment.items() if len(value) >= _SHORTEST and value in text]
    secrets = {environment[name] for name in found if _SECRET_NAME.search(name)}
    for value in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(value, HIDDEN)
    return text
