"""``pycon`` blocks: interactive sessions, each prompt run and its answer compared."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import sys
import traceback
from collections.abc import Callable
from typing import Any

from .tracebacks import BlockError

Execute = Callable[[Any], Any]
"""Runs one code object in the chain's namespace (and loop, where it awaits)."""


def run_session(source: str, filename: str, line: int, execute: Execute) -> int:
    """Run every prompt of a session that begins at the page's line ``line``; returns how many there were.

    ``...`` in an expected answer matches anything. Raises BlockError at the first answer that differs,
    SyntaxError for a prompt that does not compile.
    """
    try:
        examples = doctest.DocTestParser().get_examples(source)
    except ValueError as error:
        raise BlockError(line, f"not a session: {error}") from None
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    for example in examples:
        at = line + example.lineno
        padded = "\n" * (at - 1) + example.source
        code = compile(padded, filename, "single", flags, dont_inherit=True, optimize=0)
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                execute(code)
        except Exception as error:
            _compare_exception(example, error, at)
        else:
            _compare_answer(example, printed.getvalue(), at)
        sys.stdout.write(printed.getvalue())
    return len(examples)


def _compare_answer(example: doctest.Example, got: str, at: int) -> None:
    if example.exc_msg is not None:
        raise BlockError(at, f"expected {example.exc_msg.strip()}, but nothing was raised")
    if not doctest.OutputChecker().check_output(example.want, got, doctest.ELLIPSIS):
        raise BlockError(at, f"expected {example.want.rstrip()!r}, got {got.rstrip()!r}")


def _compare_exception(example: doctest.Example, error: Exception, at: int) -> None:
    if example.exc_msg is None:
        raise error
    got = traceback.format_exception_only(error)[-1]
    if not doctest.OutputChecker().check_output(example.exc_msg, got, doctest.ELLIPSIS):
        raise BlockError(at, f"expected {example.exc_msg.strip()}, got {got.strip()}") from None
