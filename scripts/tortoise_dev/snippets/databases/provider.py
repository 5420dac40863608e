"""What the chains of a run start from: a SQLite file, and databases on servers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from .backends import Backend, passwords_in
from .sql import explain

if TYPE_CHECKING:
    from .servers import Servers


class TemplateError(Exception):
    """The models or the data set are broken: there is nothing that a chain could start from."""


class Databases:
    """The databases of a run. Use as a context manager; its methods may be called from any thread.

    The templates are made by the first runner that needs one (``claim``), and awaited by the others.
    """

    def __init__(self, backends: Iterable[Backend], *, sqlite: Path | None, ahead: int) -> None:
        self.backends = [*{backend.name: backend for backend in backends}.values()]
        self.ahead = ahead
        self.servers: Servers | None = None
        self.sqlite = sqlite
        self.problem: str | None = None
        self._passwords = passwords_in(self.backends)
        self._claimed = sqlite is None
        self._lock = threading.Lock()
        self._ready = threading.Event()
        if self._claimed:
            self._ready.set()

    def __enter__(self) -> Databases:
        if any(backend.is_server for backend in self.backends):
            from .servers import Servers  # here and not above: a run on SQLite needs no asyncio here

            self.servers = Servers(self.backends, self.ahead)
            self.servers.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.servers is not None:
            self.servers.__exit__(kind, error, trace)

    def claim(self) -> list[str]:
        """The templates to make, for the one runner that is to make them; nothing for all others."""
        with self._lock:
            if self._claimed:
                return []
            self._claimed = True
            return [str(self.sqlite), *(self.servers.templates() if self.servers is not None else ())]

    def without_passwords(self, text: str) -> str:
        """A text that does not show the passwords of this run's servers."""
        return self._passwords.sub("***", text) if self._passwords is not None else text

    @property
    def room(self) -> int | None:
        """How many chains can run at once before a server runs out of connections; None: any number."""
        return self.servers.room if self.servers is not None else None

    @property
    def warnings(self) -> list[str]:
        """What does not keep a run from going on, but should be known."""
        return self.servers.warnings if self.servers is not None else []

    def done(self) -> None:
        """The templates are there."""
        if self.servers is not None:
            self.servers.fill()
        self._ready.set()

    def fail(self, problem: str) -> None:
        """They cannot be made: nobody needs to wait."""
        self.problem = problem
        self._ready.set()

    def wait(self) -> None:
        """Wait until they are there. Raises TemplateError where they cannot be made."""
        self._ready.wait()
        if self.problem is not None:
            raise TemplateError(self.problem)

    def explain(self, sql: str, backend: Backend | None) -> None:
        """Let a server, or else SQLite, prepare the statements of a block. Raises SqlError."""
        if self.servers is not None and backend is not None and backend.is_server:
            self.servers.explain(backend, sql)
        else:
            explain(sql, self.sqlite.read_bytes() if self.sqlite is not None else None)

    @contextlib.contextmanager
    def fresh(self, backend: Backend | None, *, empty: bool) -> Iterator[str | None]:
        """The URL of a new database on the backend's server, for as long as the context lasts; None for
        SQLite.
        """
        if backend is None or self.servers is None or not backend.is_server:
            yield None
            return
        url = self.servers.take(backend, empty=empty)
        try:
            yield url
        finally:
            self.servers.drop(backend, url)
