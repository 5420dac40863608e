"""What the commands share: the common part of their arguments, their output streams, and how they end.

A command is a parser and a function from the parsed arguments to an exit status; ``run`` joins the two.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from ..about import TOOL, called_as
from ..report import paths
from ..settings import SettingsError
from .newer_release import notice_of_installed

_EXTRAS = {"tortoise": "tortoise", "aiosqlite": "tortoise"}
"""Packages that an extra of their own brings; the command's extra brings all others."""

_DISTRIBUTIONS = {"yaml": "pyyaml"}
"""What to install for a module that has another name."""


class UnusableError(Exception):
    """A command cannot do what it was asked to do; the message is one line that names the cause."""


def command_parser(prog: str | None, description: str, examples: str) -> argparse.ArgumentParser:
    """A parser with ``--help`` and ``--version``; ``%(prog)s`` in the examples becomes the command's name.

    ``prog`` says how the user called the command, if it was not by starting this process.
    """
    parser = argparse.ArgumentParser(
        prog=prog or called_as(),
        description=description,
        epilog=examples,
        formatter_class=partial(argparse.RawDescriptionHelpFormatter, width=80),
    )
    parser.add_argument("--version", action="version", version=TOOL)
    parser.set_defaults(prog=parser.prog, parser=parser)
    return parser


def refuse_besides(options: argparse.Namespace, reason: str, *allowed: str) -> None:
    """Raises UnusableError for an option that was given and would be ignored: one not allowed here."""
    for name, value in vars(options).items():
        if value and value != options.parser.get_default(name) and name not in allowed:
            option = (
                "PATH" if name == "paths" else f"{'-' if len(name) == 1 else '--'}{name.replace('_', '-')}"
            )
            raise UnusableError(f"{reason}: leave out {option}")


def run(
    parser: argparse.ArgumentParser,
    command: Callable[[argparse.Namespace], int],
    arguments: Sequence[str] | None,
    *,
    extra: str = "all",
) -> int:
    """Run a command and return its exit status; what it cannot do becomes one line on stderr.

    ``extra`` names the extra of this package that brings what the command imports. Raises SystemExit, as
    argparse does, behind ``--help``, ``--version`` and wrong arguments.
    """
    _prepare_streams()
    try:
        options = _parsed(parser, arguments)
        older = notice_of_installed(Path())
        if older is not None:
            tell(f"{parser.prog}: {older}")
        return command(options)
    except (UnusableError, SettingsError) as error:
        tell(f"{parser.prog}: {error}")
    except ModuleNotFoundError as error:
        tell(f"{parser.prog}: {missing_package(error, extra)}")
    except OSError as error:
        tell(f"{parser.prog}: {_told(error)}")
    except KeyboardInterrupt:
        return 130
    return 2


def _told(error: OSError) -> str:
    """What the system could not do, and with which file. Only the current folder has no name."""
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    if error.errno == errno.ENOENT:
        return "the current folder does not exist any more: change to another one"
    return error.strerror or str(error)


def whole_number(least: int, most: int | None = None) -> Callable[[str], int]:
    """A type of arguments: a whole number, from ``least`` on or up to ``most``."""

    def read(text: str) -> int:
        number = int(text) if text.isascii() and text.isdigit() else -1
        if number < least or (most is not None and number > most):
            expected = f"from {least} {'on' if most is None else f'to {most}'}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a number {expected}")
        return number

    return read


def did_you_mean(word: str, known: Iterable[str], alike: float = 0.7) -> str:
    """``: did you mean …?``, or nothing where none of the known words resembles it."""
    import difflib  # only a mistake needs it

    near = difflib.get_close_matches(word, list(known), n=1, cutoff=alike)
    return f": did you mean {near[0]}?" if near else ""


def existing_folder(path: Path) -> Path:
    """The same path. Raises UnusableError for one that is no folder."""
    if path.is_dir():
        return path
    if path.exists():
        raise UnusableError(f"{path}: is a file; name the project's folder")
    raise UnusableError(f"{path}: no such folder")


def settings_folder(paths: Sequence[Path], here: Path) -> Path:
    """Where the search for settings begins: in the folder of the first path, else in the current one."""
    return next((path if path.is_dir() else path.parent for path in paths[:1]), here)


def show(text: str, end: str = "\n") -> None:
    """Print a result; an empty one is nothing, not a line.

    A reader that has seen enough (head, less) is no error. Raises UnusableError where the result cannot be
    written, as on a full disk.
    """
    try:
        print(text, end=end if text else "", flush=True)
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        raise UnusableError(f"the output cannot be written: {error.strerror or error}") from None


def tell(line: str) -> None:
    """Print a line on stderr; where that is impossible, the exit status alone tells."""
    try:
        print(line, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def base_of_diff(files: Iterable[Path], here: Path) -> Path:
    """The folder that names in a diff start at. It is told where that is not the current one."""
    base = paths.base_of_diff(files, here)
    if base != here:
        tell(f"note: names in the diff start at {paths.shown_path(base, here)}")
    return base


def missing_package(error: ModuleNotFoundError, extra: str) -> str:
    """What to run or to install, in one line. Raises the error again if this package itself is incomplete."""
    name = (error.name or "").partition(".")[0]
    if name in ("", "tortoise_dev"):
        raise error
    program = Path(sys.argv[0])
    if not _names_its_packages(program):
        return f"{name} is not installed: use 'uv run', or install tortoise-dev[{_EXTRAS.get(name, extra)}]"
    package, called, folder = _DISTRIBUTIONS.get(name, name), shlex.join(sys.argv), f"/tmp/{program.stem}"
    return (
        f"{package} is not installed. Run `uv run {called}`. Without uv, run `python3 -m venv {folder} && "
        f"{folder}/bin/pip install -q {package} && {folder}/bin/python {called}`."
    )


def _names_its_packages(program: Path) -> bool:
    """Is it a script that says itself which packages it needs, so that ``uv run`` installs them (PEP 723)?"""
    return program.suffix == ".py" and "\n# /// script\n" in program.read_text(encoding="utf-8")


def _parsed(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> argparse.Namespace:
    # Until now the width was given: to ask for the terminal's takes longer than to make the whole parser.
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    try:
        return parser.parse_args(arguments)
    except SystemExit:
        show("")  # flushes what --help and --version printed: an error can still be told now, not at exit
        raise


def _prepare_streams() -> None:
    """Make stdout and stderr UTF-8. A stream that the caller closed (``>&-``) becomes the null device.

    Python has None in its place, and the next file to be opened would take its number: what a child process
    prints would then go into that file.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            null = Path(os.devnull).open(mode, encoding="utf-8")  # noqa: SIM115 - open until the process ends
            setattr(sys, name, null)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")


def _discard(stream: TextIO) -> None:
    """Send what the stream still holds, and all that follows, to the null device.

    Otherwise Python fails once more when it flushes the stream at exit, and changes the exit status to 120.
    """
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, stream.fileno())
    os.close(null)
