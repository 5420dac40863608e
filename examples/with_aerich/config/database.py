"""Make the entry of `connections` from the URL of a database."""

import os
from typing import Any
from urllib.parse import parse_qsl, urlencode

from tortoise.backends.base.config_generator import expand_db_url

ASYNCPG = ("postgres", "postgresql", "asyncpg")
TLS = ("disable", "require", "verify-ca", "verify-full")  # "prefer" would connect without TLS, too
POOL: dict[str, Any] = {  # for PgBouncer; the URL may set other values
    "minsize": 0,
    "maxsize": 5,
    "max_inactive_connection_lifetime": 60.0,  # seconds
}


def connection(url: str) -> str | dict[str, Any]:
    """Translate `sslmode`, `channel_binding` and `pgbouncer` for asyncpg. Any other URL stays as it is.

    The environment variable `DATABASE_OPTIONS`, such as `pgbouncer=true&maxsize=5`, adds options to the URL.
    If the URL has the same option, the value of the variable counts.
    """
    plain, _, query = url.partition("?")
    more = parse_qsl(os.environ.get("DATABASE_OPTIONS", ""), keep_blank_values=True, strict_parsing=True)
    options = dict(parse_qsl(query, keep_blank_values=True)) | dict(more)
    names = ("sslmode", "channel_binding", "pgbouncer")
    found = {name: options.pop(name) for name in names if name in options}
    if not found:
        return f"{plain}?{urlencode(options)}" if more else url
    if plain.partition("://")[0] not in ASYNCPG:
        raise ValueError(
            f"DATABASE_URL: only asyncpg takes {', '.join(found)}. Write postgres:// or asyncpg://"
        )
    if found.get("sslmode", "require") not in TLS:
        raise ValueError(f"DATABASE_URL: sslmode must be one of {', '.join(TLS)}")
    if found.get("pgbouncer", "true") != "true":
        raise ValueError("DATABASE_URL: write pgbouncer=true, or leave it out")
    if "pgbouncer" in found and options.get("statement_cache_size", "0") != "0":
        raise ValueError("DATABASE_URL: with pgbouncer=true, statement_cache_size must be 0")
    entry = expand_db_url(f"{plain}?{urlencode(options)}")
    if "sslmode" in found:  # PGSSLROOTCERT names the file with the authority
        mode, stricter = found["sslmode"], os.environ.get("PGSSLMODE")
        entry["credentials"]["ssl"] = stricter if mode == "require" and stricter in TLS[2:] else mode
    if "pgbouncer" in found:  # with a cache, a query can run the statement of another process
        entry["credentials"] = POOL | entry["credentials"] | {"statement_cache_size": 0}
    return entry
