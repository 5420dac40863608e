"""What a call returned and nobody has used: coroutines, queries, generators, context managers."""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Awaitable
from typing import Any

from ... import compat

# A model instance has __await__ too (it returns the instance); a Future or Task runs by itself.
_AWAITABLE_BUT_FINE = (("asyncio.futures", "Future"), ("tortoise.models", "Model"))

_PLAIN = frozenset({int, float, bool, str, bytes, type(None), list, tuple, dict, set})
"""Most values are of these types, which a look is enough for."""

_ENTERED = {
    "in_transaction": (("tortoise.backends.base.client", "TransactionContext"),),
    "asyncio.timeout": (("asyncio.timeouts", "Timeout"),),
    "asyncio.TaskGroup": (("asyncio.taskgroups", "TaskGroup"),),
}


def nothing_happened(value: object, page: str) -> str | None:
    """Say what should have been done with what a call returned, or None: it is of no importance."""
    if must_be_awaited(value):
        return f"{name_of(value)} was never awaited: nothing happened"
    if (message := never_begun(value, page)) is not None:
        return message
    if isinstance(value, map | filter):
        return f"{type(value).__name__}() was never iterated: nothing happened"
    name = next((name for name, kinds in _ENTERED.items() if isinstance(value, _imported(kinds))), None)
    if name is not None:
        return f"{name}() was never entered: nothing happened"
    return None


def unread_failure(value: object) -> str | None:
    """Say what failed in what a statement returned and nobody reads, or None."""
    if isinstance(value, list):  # of asyncio.gather(…, return_exceptions=True)
        error = next((one for one in value if isinstance(one, AssertionError)), None)
        return f"an assertion failed, and nobody reads what is returned: {error!r}" if error else None
    if isinstance(value, _imported((("subprocess", "CompletedProcess"),))):
        return unread_status(getattr(value, "args", ""), getattr(value, "returncode", 0))
    return "its tests did not pass, and nobody reads what is returned" if _tests_failed(value) else None


def _tests_failed(value: object) -> bool:
    """Is it what a run of tests returned, of which some failed?"""
    if isinstance(value, _imported((("unittest.main", "TestProgram"),))):
        value = getattr(value, "result", None)
    if isinstance(value, _imported((("unittest.result", "TestResult"),))):
        return not getattr(value, "wasSuccessful", bool)()
    if isinstance(value, _imported((("doctest", "TestResults"),))):
        return bool(getattr(value, "failed", 0))
    # other statuses: pytest has not found any tests, as in pytest.main([__file__]) on a page
    return isinstance(value, _imported((("pytest", "ExitCode"),))) and value == 1


def unread_status(command: Any, status: int) -> str | None:
    """Say that a command failed, whose status nobody reads, or None. After signal 9 the status is -9."""
    from .. import shell_text

    if not status or shell_text.is_answer(_command_line(command), status):
        return None
    ended = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
    return f"its command {ended}, and nobody asked for it"


def _command_line(command: Any) -> str:
    if isinstance(command, str | bytes | os.PathLike):
        return os.fsdecode(command)
    import shlex  # rare: only where a command failed

    return shlex.join(map(os.fsdecode, command))


def returns_status(function: object) -> bool:
    """Does a function run a command and return its status?"""
    is_call = isinstance(function, types.FunctionType) and function.__module__ == "subprocess"
    return function is _SYSTEM or (is_call and getattr(function, "__name__", "") == "call")


_SYSTEM = os.system  # a page may put something else there


def exit_status(function: object, value: int) -> int:
    """The status in what such a function returned: ``os.system`` returns that of ``wait``, but on Windows."""
    if function is _SYSTEM and os.name != "nt":
        return os.waitstatus_to_exitcode(value)
    return value


def never_begun(value: object, page: str) -> str | None:
    """Say so of a generator that nobody has iterated, or a context manager that nobody has entered; or None.

    Generators of libraries are left out: the function may have done its work before it returned one.
    """
    foreign = isinstance(value, types.GeneratorType) and value.gi_code.co_filename != page
    if not foreign and (name := compat.unstarted_generator(value)) is not None:
        return f"{name}() was never iterated: nothing happened"
    if (name := compat.unentered_context(value)) is not None:
        return f"{name}() was never entered: nothing happened"
    return None


def never_mapped(value: object, page: str) -> str | None:
    """Say so of a ``map`` or ``filter`` over a list and its like that has not taken an item yet; or None.

    Only for a function of the page: a page may show with ``map(print, …)`` what lazy means.
    """
    if not isinstance(value, map | filter):
        return None
    function, *sources = _made_of(value)[0]  # ``sources`` are the iterators that it reads
    if not isinstance(function, types.FunctionType | types.MethodType):
        return None
    if function.__code__.co_filename != page or not all(map(_has_begun_nothing, sources)):
        return None
    return f"{type(value).__name__}() was never iterated: nothing happened"


def _has_begun_nothing(iterator: object) -> bool:
    """Is it an iterator over items, and at the first one?"""
    match _made_of(iterator):
        case ((list() | tuple() | str() | range() as items,), 0):
            return bool(items)
    return compat.unstarted_generator(iterator) is not None


def _made_of(value: object) -> tuple[Any, ...]:
    """What pickle takes of an iterator to copy it: the arguments of the call that made it, and then, for one
    over items, the index of the next item.
    """
    try:
        made: Any = value.__reduce__()
    except Exception:  # a generator, a file, an iterator of the block's own
        return ((None,),)
    return tuple(made[1:])


def database_errors() -> tuple[type, ...]:
    """The class of the errors that a database reports, if Tortoise has been imported; a lost connection is
    none of them.
    """
    return _imported((("tortoise.exceptions", "OperationalError"),))


def must_be_awaited(value: object) -> bool:
    """Is it a coroutine or another object with __await__ that does nothing by itself?"""
    if type(value) in _PLAIN:
        return False
    if isinstance(value, types.CoroutineType):
        return True
    if getattr(type(value), "__await__", None) is None or isinstance(value, type):
        return False
    return not isinstance(value, _imported(_AWAITABLE_BUT_FINE))


def may_return_itself(value: object) -> bool:
    """Is it an object with __await__ like a pool or a client, which ``await`` opens and returns?"""
    is_query = isinstance(value, _imported((("tortoise.queryset", "AwaitableQuery"),)))
    return isinstance(value, Awaitable) and not isinstance(value, types.CoroutineType) and not is_query


def is_own_method(value: object, owner: object, name: str) -> bool:
    """Is it the method that the class of ``owner`` defines under this name, and nothing that the object was
    given?
    """
    return (
        isinstance(value, types.MethodType)
        and value.__self__ is owner
        and isinstance(value.__func__, types.FunctionType)
        and value.__func__ is getattr(type(owner), name, None)
    )


def name_of(value: object) -> str:
    """An awaitable, as the report names it."""
    if isinstance(value, types.CoroutineType):
        return f"coroutine {value.__qualname__}()"
    return type(value).__name__


def _imported(names: tuple[tuple[str, str], ...]) -> tuple[type, ...]:
    return tuple(vars(sys.modules[module])[name] for module, name in names if module in sys.modules)
