"""Secrets in texts that others will read: passwords in URLs, tokens of well-known services, and what the
environment keeps secret.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache

HIDDEN = "***"

_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/@:\"'<>]*:)(?!\*{3}@)[^\s/\"'<>]+(?=@)", re.IGNORECASE)
_IN_QUERY = re.compile(r"([?&](?:password|passwd|token|secret|api_key)=)(?!\*{3})[^&\s\"'<>]+", re.IGNORECASE)
_TOKEN = re.compile(
    r"\b(?:sk|pk|rk)-[A-Za-z0-9_-]{16,}"
    r"|\b(?:gh[pousr]|glpat|github_pat|xox[abps])[_-][A-Za-z0-9_-]{16,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # a JSON web token
    r"|(?i:(?<=bearer ))[A-Za-z0-9._~+/-]{12,}=*"
)
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|PASSCODE|SECRET|CREDENTIAL|AUTHORIZATION|CONNECTION_STRING"
    r"|TOKEN(?!I[SZ])"  # no TOKENIZERS_PARALLELISM
    r"|(?:(?<!COM)(?<!BY)PASS|PWD|KEY|AUTH|COOKIE|DSN|(?<![A-Z])PW)S?[0-9]*(?![A-Z])",  # no AUTHOR
    re.IGNORECASE,
)
_NAME_OF_A_PLACE = re.compile(r"(?:OLD)?PWD|.*_(?:SOCK|FILE|PATH|DIR|HOST|PORT)", re.IGNORECASE)
_TORN_START, _TORN_END = re.compile(r"\A[^\s'\"]+"), re.compile(r"[^\s'\"]+\Z")
_SHORTEST = 4
_SURE = 8


def redacted(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """A text without the values of the environment's secrets, without passwords of URLs, and without tokens.

    A value of less than eight characters may be a word or a number of the text. If it has letters only or
    digits only, it is taken out in quotes and behind ``=`` or ``:``, else wherever it stands as a word.
    """
    found = {secret for secret in _secrets(environment) if len(secret) >= _SHORTEST and secret in text}
    for secret in sorted(found, key=len, reverse=True):  # one may be a part of another
        is_sure = len(secret) >= _SURE
        text = text.replace(secret, HIDDEN) if is_sure else _short(secret).sub(HIDDEN, text)
    text = _IN_QUERY.sub(rf"\1{HIDDEN}", _IN_URL.sub(rf"\1{HIDDEN}", text))
    return _TOKEN.sub(HIDDEN, text)


@cache
def _short(secret: str) -> re.Pattern[str]:
    """Where a short secret is one for sure."""
    is_common = secret.isalpha() or secret.isdigit()
    before = r"(?<=['\"=:])|(?<=[=:] )" if is_common else r"(?<!\w)"
    return re.compile(rf"(?:{before}){re.escape(secret)}(?!\w)")


def beginning(text: str, most: int) -> str:
    """The first characters of a text, at a word's end: a part of a secret would not be known for one.

    A secret that has blanks can be cut all the same: take secrets out first.
    """
    return text if len(text) <= most else f"{_TORN_END.sub('', text[:most]) or text[:most]}…"


def ending(text: str, most: int) -> str:
    """The last characters of a text, from a word's beginning on."""
    return text if len(text) <= most else _TORN_START.sub("", text[-most:]) or text[-most:]


@cache
def is_secret(name: str) -> bool:
    """Does an environment variable of this name hold a secret: ``DB_PASS``, ``API_KEY_ID``, ``…_TOKEN``?"""
    return _SECRET_NAME.search(name) is not None and _NAME_OF_A_PLACE.fullmatch(name) is None


def _secrets(environment: Mapping[str, str]) -> Iterator[str]:
    """The environment's secrets: values of variables that are called so, and passwords in any URL."""
    for name, value in environment.items():
        for secret in [value] if is_secret(name) else _passwords(value):
            yield secret
            yield repr(secret)[1:-1]  # as it stands in a shown value


def _passwords(value: str) -> Iterator[str]:
    """The passwords of the URLs in a value, but none that also names something there, often the user."""
    for match in _IN_URL.finditer(value) if "@" in value else ():
        password = match[0].removeprefix(match[1])
        if password not in re.split(r"\W+", value.replace(match[0], match[1])):
            yield password
            if "%" in password:
                from urllib.parse import unquote  # the import takes time in each child, and this is rare

                yield unquote(password)
