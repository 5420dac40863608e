"""``pycon`` blocks: interactive sessions, each prompt run and its answer compared."""

from __future__ import annotations

import ast
import contextlib
import doctest
import io
import re
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from ..comparison import first_difference, for_page, without_colours
from .tracebacks import BlockError, skip_reason

Execute = Callable[[Any], Any]
"""Runs one code object in the chain's namespace (and loop, where it awaits)."""


def run_session(
    source: str,
    filename: str,
    line: int,
    execute: Execute,
    raised_at: list[int | None],
    flags: Sequence[str],
) -> str | None:
    """Run every prompt of a session that begins at the page's line ``line``; returns why it proved nothing,
    or None.

    Doctest's directives count (``# doctest: +SKIP``), and so do ``flags``, by name. Without any, ``...`` in
    an expected answer is the wildcard of other outputs: within a line, or alone on a line for any lines.

    As in doctest, what stands behind a failed prompt runs, too. Then raises the first error: BlockError for
    an answer that differs, which knows the text with all answers as they are, or what a prompt raised. Either
    says how many more fail. The lines of prompts that raised something unexpected are added to ``raised_at``.
    """
    examples = _examples(source, line, flags)
    if not examples:
        return "a session without a single >>> prompt"
    run = [example for example in examples if not _flags(example) & doctest.SKIP]
    failed: list[tuple[doctest.Example, Exception]] = []
    for example in run:
        at = line + example.lineno
        try:
            _run_prompt(example, filename, at, execute)
        except Exception as error:
            if skip_reason(error):
                raise
            failed.append((example, error))
            if not isinstance(error, AnswerError | NoExceptionError):
                raised_at.append(at)
    if failed:
        raise _first_error(failed, source, line, examples)
    return None if run else "every prompt of it is skipped"


def _examples(source: str, line: int, flags: Sequence[str]) -> list[doctest.Example]:
    """The prompts of a session, each with the options that it is compared with."""
    try:
        examples = doctest.DocTestParser().get_examples(source)
    except ValueError as error:
        told = re.match(r"line (\d+) of the doc(?:test|string) for <string> (.*)", f"{error}", re.DOTALL)
        if told is None:
            raise BlockError(line, f"not a session: {error}") from None
        raise BlockError(line + int(told[1]) - 1, f"not a session: it {told[2]}") from None
    if examples:
        given = {doctest.OPTIONFLAGS_BY_NAME[name]: True for name in flags} | _block_options(source, line)
        for example in examples:
            example.options = given | example.options
    return examples


def _first_error(
    failed: list[tuple[doctest.Example, Exception]], source: str, line: int, examples: list[doctest.Example]
) -> Exception:
    """What the first prompt that failed raised; it says how many more fail."""
    (_, first), *others = failed
    more = f"{len(others)} more fail, the next at line {line + others[0][0].lineno}" if others else ""
    if isinstance(first, BlockError):
        answers = {example.lineno: error.got for example, error in failed if isinstance(error, AnswerError)}
        actual = _with_answers(source, examples, answers) if len(answers) == len(failed) else None
        return BlockError(first.line, f"{first}; {more}" if more else f"{first}", actual)
    if more:
        first.add_note(more)
    return first


class AnswerError(BlockError):
    """An answer that differs; what was printed (``got``) could take its place."""

    def __init__(self, line: int, message: str, got: str) -> None:
        super().__init__(line, message)
        self.got = got


class NoExceptionError(BlockError):
    """A prompt that ran, and should have raised something."""


def _with_answers(source: str, examples: list[doctest.Example], answers: dict[int, str]) -> str:
    """A session's text with other answers to some prompts, given by the line (from 0) of the prompt."""
    lines = source.rstrip("\n").split("\n")
    for example in reversed(examples):
        if example.lineno not in answers:
            continue
        start = example.lineno + example.source.count("\n")
        printed = for_page(answers[example.lineno]).rstrip("\n")
        got = printed.split("\n") if printed else []
        lines[start : start + example.want.count("\n")] = [
            " " * example.indent + (text or "<BLANKLINE>") for text in got
        ]
    return "\n".join(lines) + "\n"


def _run_prompt(example: doctest.Example, filename: str, at: int, execute: Execute) -> None:
    padded = "\n" * (at - 1) + example.source
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    printed = io.StringIO()
    try:
        code = compile(padded, filename, "single", flags, dont_inherit=True, optimize=0)
        with contextlib.redirect_stdout(printed):
            execute(code)
    except Exception as error:
        _compare_exception(example, error, at)
    else:
        _compare_answer(example, printed.getvalue(), at)
    sys.stdout.write(printed.getvalue())


_OPTIONS = re.compile(r"(?:[ \t]*:[\w-]+:.*\n)*?[ \t]*:options:(?P<flags>.*)")


def _block_options(source: str, line: int) -> dict[int, bool]:
    """The flags that MyST's ``:options:`` above the prompts gives to all of them."""
    match = _OPTIONS.match(source)
    flags: dict[int, bool] = {}
    for word in re.split(r"[\s,]+", match["flags"].strip()) if match is not None else ():
        if word[:1] not in ("+", "-") or word[1:] not in doctest.OPTIONFLAGS_BY_NAME:
            raise BlockError(line, f":options: knows the flags of doctest, and {word!r} is none")
        flags[doctest.OPTIONFLAGS_BY_NAME[word[1:]]] = word[0] == "+"
    return flags


def _flags(example: doctest.Example) -> int:
    """The options that an example with directives is compared with: ``...`` always, and its own."""
    flags = doctest.ELLIPSIS
    for option, wanted in example.options.items():
        flags = flags | option if wanted else flags & ~option
    return flags


def _compare_answer(example: doctest.Example, got: str, at: int) -> None:
    if example.exc_msg is not None:
        raise NoExceptionError(at, f"expected {example.exc_msg.strip()}, but nothing was raised")
    if not _answers(example, got):
        raise AnswerError(at, f"expected {example.want.rstrip()!r}, got {got.rstrip()!r}", got)


def _answers(example: doctest.Example, got: str) -> bool:
    """Is it the expected answer?"""
    got = without_colours(got)
    check = doctest.OutputChecker().check_output
    if example.options:
        return check(example.want, got, _flags(example))
    if check(example.want, got, 0):
        return True
    wanted = re.sub(r"(?m)^<BLANKLINE>$", "", example.want)
    return "..." in wanted and first_difference(wanted, got) is None


def _compare_exception(example: doctest.Example, error: Exception, at: int) -> None:
    flags = _flags(example)
    if isinstance(error, BaseExceptionGroup) and (wanted := _group_lines(example.want)):
        got = _group_lines("".join(traceback.format_exception(error)))
    else:
        wanted = example.exc_msg or _syntax_error_in(example.want, error)
        if not wanted:
            raise error
        got = traceback.format_exception_only(error)[-1]
    if flags & doctest.IGNORE_EXCEPTION_DETAIL:
        wanted, got = _class_of(wanted), _class_of(got)
    if not doctest.OutputChecker().check_output(wanted, got, flags):
        raise BlockError(at, f"expected {wanted.strip()}, got {got.strip()}") from None


def _syntax_error_in(answer: str, error: Exception) -> str:
    """The message of a syntax error as a prompt shows it: below the line, without a traceback's head."""
    *above, last = answer.splitlines(keepends=True) or [""]
    is_shown = isinstance(error, SyntaxError) and last.startswith(f"{type(error).__name__}:")
    return last if is_shown and above and above[0].lstrip().startswith("File ") else ""


def _group_lines(text: str) -> str:
    """Of the traceback of a group, which doctest does not read: the exceptions and their notes."""
    if not text.lstrip().startswith("+ Exception Group Traceback"):
        return ""
    lines = (match[1] for match in re.finditer(r"(?m)^[ |]*\| (?! )(.*)$", text))
    return "\n".join(line for line in lines if not line.endswith("(most recent call last):")) + "\n"


def _class_of(message: str) -> str:
    """The bare name of an exception's class, as doctest's IGNORE_EXCEPTION_DETAIL compares it."""
    return message.split("\n")[0].partition(":")[0].strip().rpartition(".")[2]
