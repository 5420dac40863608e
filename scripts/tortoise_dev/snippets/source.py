"""A Python block as text and as a syntax tree, without running it."""

from __future__ import annotations

import ast
import contextlib
import re
import threading
import types
import warnings
from collections.abc import Iterable, Iterator

from .dedent import dedent

TOP_LEVEL_AWAIT = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT

_FILTERS = threading.Lock()
"""Held while blocks are compiled: the whole process warns otherwise then. It is not reentrant. Pages are read
before any thread begins, and need no lock.
"""


def check_compiles(source: str, filename: str, line: int) -> None:
    """Compile a block whose first line is line ``line``, without running it.

    Raises SyntaxError at that line, also for what Python only warns of (``assert (x, "message")``).
    """
    with warnings_as_errors():
        compile_tree(parse(source, filename, line), filename)


def check_is_module(source: str, filename: str, line: int) -> None:
    """Compile a block as a file of its own. Raises SyntaxError where it awaits at the top level."""
    compile("\n" * (line - 1) + dedent(source), filename, "exec", dont_inherit=True, optimize=0)


def parse(source: str, filename: str, line: int) -> ast.Module:
    """A block's syntax tree, with the page's line numbers. Raises SyntaxError."""
    padded = "\n" * (line - 1) + dedent(source)
    try:
        return ast.parse(padded, filename)
    except (ValueError, RecursionError, MemoryError) as error:
        raise too_much(error, filename, line) from None


def compile_tree(tree: ast.Module, filename: str, flags: int = 0) -> types.CodeType:
    """Compile a tree; top-level ``await`` is allowed. ``flags`` are those of ``from __future__``.

    Raises SyntaxError.
    """
    try:
        code: types.CodeType = compile(
            tree, filename, "exec", TOP_LEVEL_AWAIT | flags, dont_inherit=True, optimize=0
        )
    except (ValueError, RecursionError, MemoryError) as error:
        raise too_much(error, filename, 1) from None
    return code


def too_much(error: Exception, filename: str, line: int) -> SyntaxError:
    """The SyntaxError for a source that Python's compiler gives up on."""
    message = f"cannot be compiled: {error or type(error).__name__}"
    return SyntaxError(message, (filename, line, 1, ""))


@contextlib.contextmanager
def warnings_as_errors() -> Iterator[None]:
    """While compiling: what Python warns of about the source is an error, everything else is silent."""
    with _FILTERS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", SyntaxWarning)
        warnings.filterwarnings("error", r"invalid (escape|octal)", DeprecationWarning)
        yield


def busy_loop(source: str, line: int) -> int:
    """The line that begins the loop around a block's line, if that loop calls and awaits nothing.

    Such a loop is stopped at its head or in its body by chance alone.
    """
    try:
        tree = ast.parse(dedent(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return line
    loops = [n for n in ast.walk(tree) if isinstance(n, ast.While | ast.For | ast.AsyncFor)]
    around = [loop for loop in loops if loop.lineno <= line <= (loop.end_lineno or line)]
    innermost = max(around, key=lambda loop: loop.lineno, default=None)
    waits = (ast.Call, ast.Await, ast.AsyncFor)
    if innermost is None or any(isinstance(node, waits) for node in ast.walk(innermost)):
        return line
    return innermost.lineno


def needs_own_loop(source: str) -> bool:
    """Does a block start an event loop of its own (``asyncio.run``), so that an in-memory database would be
    lost?
    """
    return (
        re.search(r"\basyncio\.(run|Runner)\b|\brun_async\b|\banyio\.run\b|\brun_until_complete\b", source)
        is not None
    )


_IMPORT = re.compile(r"(?m)^[ \t]*(?:from|import)[ \t]+([A-Za-z_]\w*)")


def modules_imported(sources: Iterable[str]) -> set[str]:
    """The top-level modules that sources name in import statements, by their text alone."""
    return {name for source in sources for name in _IMPORT.findall(source)}
