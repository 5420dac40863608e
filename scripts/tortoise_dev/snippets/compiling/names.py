"""The global names that function bodies read: those of a body that nothing calls are looked up by nobody."""

from __future__ import annotations

import builtins
import types
from collections.abc import Iterable, Iterator

from ..protocol import NameRead

_BUILTINS = frozenset(dir(builtins))
_OF_MODULES = frozenset({"__file__", "__name__", "__doc__", "__builtins__", "__annotations__"})


def names_read(code: types.CodeType) -> tuple[NameRead, ...]:
    """The names that the functions within a block look up among the globals; builtins are left out.

    A function that speaks of NameError expects a name to be missing.
    """
    if not any(isinstance(constant, types.CodeType) for constant in code.co_consts):
        return ()
    found: dict[str, NameRead] = {}
    for function in _functions(code):
        if "NameError" in function.co_names:
            continue
        for name, line in _globals_of(function):
            if name not in _BUILTINS and name not in _OF_MODULES:
                found.setdefault(name, NameRead(name, line, function.co_name))
    return tuple(found.values())


def names_bound(codes: Iterable[types.CodeType]) -> frozenset[str]:
    """The names that the code of a chain sets among the globals, run or not."""
    import dis

    return frozenset(
        step.argval
        for top in codes
        for code in (top, *_nested(top))
        for step in dis.get_instructions(code)
        if step.opname == "STORE_GLOBAL" or (step.opname == "STORE_NAME" and code is top)
    )


def _functions(code: types.CodeType) -> Iterator[types.CodeType]:
    """The code of the functions in a block; a class body runs with the block."""
    return (nested for nested in _nested(code) if nested.co_flags & 0x1)  # inspect.CO_OPTIMIZED


def _nested(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _nested(constant)


def _globals_of(code: types.CodeType) -> Iterator[tuple[str, int]]:
    import dis

    for step in dis.get_instructions(code):
        if step.opname == "LOAD_GLOBAL":
            line = step.positions.lineno if step.positions else None
            yield step.argval, line or code.co_firstlineno
