"""Tortoise's queries and transactions that page code makes and nobody uses: nothing happens, and neither
Python nor Tortoise says so.

A query is used when it is awaited, iterated, turned into SQL, extended or handed to another query: whatever
it is, some method of the query is called. Only the last link of a chain of methods is left.
"""

from __future__ import annotations

import functools
import os
import sys
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ... import compat

_INTERNAL = 0x80 | 0x100 | 0x200  # inspect.CO_COROUTINE, CO_ITERABLE_COROUTINE, CO_ASYNC_GENERATOR


@dataclass(frozen=True)
class Unused:
    """A query or a transaction that was made (or compared) at a line of the page."""

    made: object
    line: int
    message: str


class UnusedQueries:
    """The queries and transactions that page code has made and that are not used yet."""

    def __init__(self) -> None:
        self.page = ""
        self.waiting: dict[int, Unused] = {}
        self.kinds: tuple[type, ...] = ()
        self.tortoise = ""

    def watch(self) -> None:
        """Take note of what is made from now on. Raises ImportError where there is no Tortoise."""
        import tortoise
        from tortoise import expressions, query_utils

        self.tortoise = os.path.dirname(tortoise.__file__)  # noqa: PTH120
        queries, transactions = compat.query_kinds(), compat.transaction_kinds()
        self.kinds = (*queries, *transactions)
        for kind in queries:
            self._watch_query(kind)
        for kind in transactions:
            for name in ("__init__", "__aenter__"):
                if name in vars(kind):
                    watched = self._making if name == "__init__" else self._using
                    setattr(kind, name, watched(vars(kind)[name]))
        for holder in (expressions.Subquery, expressions.Q, query_utils.Prefetch):
            setattr(holder, "__init__", self._using(holder.__init__))  # noqa: B010

    def compared(self, query: object, line: int | None) -> bool:
        """A value was compared. If it is a query, it must still be awaited later, or this line is reported.

        Returns False for what is not a query.
        """
        if line is None or not isinstance(query, self.kinds):
            return False
        message = f"{type(query).__name__} is compared without await"
        self.waiting[id(query)] = Unused(query, line, message)
        return True

    def forget(self, made: object) -> None:
        """It is used, or reported already."""
        self.waiting.pop(id(made), None)

    def forget_line(self, line: int) -> None:
        """What was made at this line could not be used."""
        if self.waiting:
            self.waiting = {key: one for key, one in self.waiting.items() if one.line != line}

    def take(self) -> Iterator[Unused]:
        """What nobody has used until now; forget it."""
        while self.waiting:
            yield self.waiting.pop(next(iter(self.waiting)))

    def _watch_query(self, kind: Any) -> None:
        for name, member in list(vars(kind).items()):
            if name == "__init__":
                setattr(kind, name, self._making(member))
            elif isinstance(member, types.FunctionType) and name != "__getattr__":
                setattr(kind, name, self._using(member))
        kind.__getattr__ = self._missing()

    def _making(self, original: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(original)
        def init(made: object, *args: Any, **kwargs: Any) -> None:
            original(made, *args, **kwargs)
            self._note(made)

        return init

    def _using(self, original: Callable[..., Any]) -> Callable[..., Any]:

        @functools.wraps(original)
        def use(*args: Any, **kwargs: Any) -> Any:
            waiting = self.waiting
            if waiting:
                for value in (*args, *kwargs.values()):
                    waiting.pop(id(value), None)
            result = original(*args, **kwargs)
            if isinstance(result, self.kinds):
                self._note(result)
            return result

        return use

    def _missing(self) -> Callable[[object, str], Any]:
        def __getattr__(query: object, name: str) -> Any:  # noqa: N807
            self.forget(query)
            kind = type(query).__name__
            raise AttributeError(f"{kind!r} object has no attribute {name!r}", name=name, obj=query)

        return __getattr__

    def _note(self, made: object) -> None:
        line = self._line()
        if line is not None:
            if hasattr(type(made), "__await__"):
                message = f"{type(made).__name__} was never awaited: nothing happened"
            else:
                message = "in_transaction() was never entered: nothing happened"
            self.waiting[id(made)] = Unused(made, line, message)

    def _line(self) -> int | None:
        """The page's line that called Tortoise; None where other code did, or Tortoise for itself."""
        frame: types.FrameType | None = sys._getframe(2)
        while frame is not None:
            code = frame.f_code
            if code.co_filename == self.page:
                return frame.f_lineno
            if code.co_filename != __file__:
                if code.co_flags & _INTERNAL or code.co_name in compat.QUERY_MAKERS:
                    return None
                if not code.co_filename.startswith(self.tortoise):
                    return None
            frame = frame.f_back
        return None
