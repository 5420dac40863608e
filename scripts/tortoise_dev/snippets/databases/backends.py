"""The databases that chains run against: one backend is one URL."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ...compat import version_of

if TYPE_CHECKING:
    from urllib.parse import SplitResult


OLDEST_TORTOISE = (1, 1)
"""The oldest release of Tortoise that blocks with models run on."""


class DatabaseError(Exception):
    """A database that cannot be had: the URL without its password, and what to do."""


@dataclass(frozen=True)
class _Scheme:
    """What a URL's scheme means: the kind of database, its name in ids, and the drivers Tortoise takes."""

    kind: str
    name: str
    engine: str
    drivers: tuple[str, ...]


_ASYNCPG = _Scheme("postgres", "postgres", "asyncpg", ("asyncpg",))
_SCHEMES = {
    "sqlite": _Scheme("sqlite", "sqlite", "sqlite", ("aiosqlite",)),
    "postgres": _ASYNCPG,
    "postgresql": _ASYNCPG,
    "asyncpg": _ASYNCPG,
    "psycopg": _Scheme("postgres", "psycopg", "psycopg", ("psycopg",)),
    "mysql": _Scheme("mysql", "mysql", "mysql", ("asyncmy", "aiomysql")),
}


@dataclass(frozen=True)
class Backend:
    """A database that chains run against: its short name in ids and reports, its URL as Tortoise takes it,
    its kind (sqlite, postgres or mysql), and the modules that a process needs to connect to it.

    MariaDB has the kind and the scheme of MySQL. Only its server can say which of the two it is.
    """

    name: str
    url: str
    kind: str
    engine: str
    driver: str

    @property
    def is_server(self) -> bool:
        """Is it a server, and not embedded?"""
        return self.kind != "sqlite"

    @property
    def is_mariadb(self) -> bool:
        """Has a server said that it is MariaDB?"""
        return self.name == "mariadb"

    @property
    def shown(self) -> str:
        """The URL without its password."""
        return _without_password(self.url)

    @property
    def parts(self) -> SplitResult:
        """The URL, split."""
        from urllib.parse import urlsplit

        return urlsplit(self.url)

    def url_of(self, database: str) -> str:
        """The URL of another database on the same server."""
        return self.parts._replace(path=f"/{database}").geturl()


BACKENDS = ("sqlite", "postgres", "postgresql", "mysql", "mariadb")
"""What a block can need of a database, as it is written."""

_KINDS = {"sqlite": "sqlite", "postgres": "postgres", "postgresql": "postgres"}
_KINDS |= {"mysql": "mysql", "mariadb": "mysql"}  # mysql is met by both, mariadb by MariaDB alone


def backend_of(url: str) -> Backend:
    """The backend of a database URL. Raises DatabaseError for one that the harness cannot provide."""
    shown = _without_password(url)
    scheme = _SCHEMES.get(url.partition("://")[0].lower()) if "://" in url else None
    if scheme is None:
        known = ", ".join(f"{name}://" for name in _SCHEMES)
        raise DatabaseError(f"{shown} is no database URL that Tortoise knows; it must begin with {known}")
    engine = f"tortoise.backends.{scheme.engine}"
    if scheme.kind == "sqlite":
        return Backend(scheme.name, url, scheme.kind, engine, scheme.drivers[0])

    import importlib.util  # here and not above: a run on SQLite starts without it
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        complete = (parts.hostname or "host=" in parts.query) and (parts.port or 1) > 0
    except ValueError:
        complete = False
    if not complete:
        raise DatabaseError(
            f"{shown} cannot be read: expected {scheme.name}://USER:PASSWORD@HOST:PORT/DATABASE, "
            "with special characters in the password written as %XX"
        )
    driver = next((name for name in scheme.drivers if importlib.util.find_spec(name)), None)
    if driver is None:
        missing = scheme.drivers[0]
        raise DatabaseError(f"{shown} needs the driver {missing}: install tortoise-dev[{missing}]")
    return Backend(scheme.name, url, scheme.kind, engine, driver)


def backends_for(models: Mapping[str, list[str]] | None, urls: Iterable[str]) -> list[Backend]:
    """The databases of pages whose project has these models; without models none is opened.

    A server of a ``mysql://`` URL is asked for its name. Raises DatabaseError, also where Tortoise is missing
    or too old.
    """
    if models is None:
        return []
    version = version_of("tortoise-orm")
    if version is None:
        raise DatabaseError("blocks with models need Tortoise: install tortoise-dev[tortoise]")
    if tuple(map(int, re.findall(r"\d+", version)[:2])) < OLDEST_TORTOISE:
        oldest = ".".join(map(str, OLDEST_TORTOISE))
        raise DatabaseError(f"blocks with models need tortoise-orm {oldest} or newer: {version} is installed")
    return each_once(named_by_server(backend_of(url)) for url in urls)


def named_by_server(backend: Backend) -> Backend:
    """The backend by the name that its server has, ``mysql`` or ``mariadb``. Raises DatabaseError."""
    if backend.kind != "mysql":
        return backend
    from .servers import version_of

    return replace(backend, name=version_of(backend).partition(" ")[0].lower())


def each_once(found: Iterable[Backend]) -> list[Backend]:
    """The backends. Raises DatabaseError where two would share a name in reports."""
    backends: dict[str, Backend] = {}
    for backend in found:
        if backend.name in backends:
            raise DatabaseError(
                f"{backends[backend.name].shown} and {backend.shown}: one {backend.name} a run"
            )
        backends[backend.name] = backend
    return [*backends.values()]


def dialect_of(urls: Sequence[str]) -> str:
    """The kind of database that expected output and SQL of a project with these databases are written for:
    SQLite where it is among them, else the first.
    """
    schemes = [_SCHEMES.get(url.partition("://")[0].lower()) for url in urls]
    kinds = [scheme.kind for scheme in schemes if scheme is not None]
    return kinds[0] if kinds and "sqlite" not in kinds else "sqlite"


def passwords_in(backends: Iterable[Backend]) -> re.Pattern[str] | None:
    """What matches the passwords of servers in a text, as they stand in URLs and by themselves; None if there
    are none.

    A password that is also the name of something (of the user, often) is matched in URLs alone.
    """
    from urllib.parse import parse_qs, unquote

    patterns: set[str] = set()
    for backend in backends:
        if not backend.is_server:
            continue
        parts = backend.parts
        written = {parts.password or "", *parse_qs(parts.query).get("password", ())} - {""}
        names = {parts.username, parts.hostname, parts.path.strip("/"), *_SCHEMES, *BACKENDS}
        for password in written | {unquote(password) for password in written}:
            literal = re.escape(password)
            patterns |= {rf"(?<=:){literal}(?=@)", rf"(?<=password=){literal}"}
            if password not in names:
                patterns.add(rf"(?<!\w){literal}(?!\w)")
    return re.compile("|".join(sorted(patterns))) if patterns else None


def is_backend(word: str) -> str | None:
    """The kind of database that a word of ``needs=`` names, or None."""
    return _KINDS.get(word)


def _without_password(url: str) -> str:
    shown = re.sub(r"(://[^/@:]*):.*@", r"\1:***@", url)
    return re.sub(r"([?&]password=)[^&]*", r"\1***", shown)
