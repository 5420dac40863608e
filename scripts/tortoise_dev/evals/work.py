"""What a grader uses: the work that it judges, and a list of its assertions.

A grader is a program of its own. It names each assertion of its task and judges it by a function, which
returns what it saw, or raises what is wrong::

    grader = Grader()

    @grader.function("Ten calls at once make one payment")
    async def pays_once(work: Work) -> str:
        ...
        assert payments == 1, f"{payments} payments"
        return "1 payment"

    if __name__ == "__main__":
        grader.main()
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import os
import re
import shutil
import sys
import tempfile
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..folders import AGENTS, CACHES
from ..report.redaction import ending
from .interpreter import run_python

_MADE = (*CACHES, *AGENTS, ".git", ".venv")

Judge = Callable[["Work"], "str | Coroutine[Any, Any, str]"]


class NotJudgedError(Exception):
    """An assertion cannot be judged here: it needs a server that is not there."""


@dataclass(frozen=True)
class Work:
    """What a trial left behind: ``folder`` is a copy that a judge may change, ``start`` the task's files."""

    folder: Path
    start: Path
    reply: str
    postgres: str | None = None

    def changed(self) -> set[str]:
        """Files that were added, edited or deleted, as paths in the project."""
        before, now = _contents(self.start), _contents(self.folder)
        return {path for path in before.keys() | now.keys() if before.get(path) != now.get(path)}

    def assert_changed_only(self, *patterns: str) -> str:
        """Raises AssertionError if a file was changed whose path none of these expressions matches."""
        others = sorted(path for path in self.changed() if not any(re.fullmatch(p, path) for p in patterns))
        assert not others, f"changed: {', '.join(others)}"
        return f"changed: {', '.join(sorted(self.changed())) or 'nothing'}"

    def assert_no_findings(self, *arguments: str) -> str:
        """Run check.py on the project. Raises AssertionError with what it finds."""
        found = [line for _, line in self._findings(self.folder, arguments)]
        assert not found, "; ".join(found)
        return " ".join(("check.py", *arguments)) + ": nothing found"

    def assert_no_new_findings(self, *arguments: str) -> str:
        """Run check.py on the project. Raises AssertionError with what it did not find at the start."""
        known = {key for key, _ in self._findings(self.start, arguments)}
        new = [line for key, line in self._findings(self.folder, arguments) if key not in known]
        assert not new, "; ".join(new)
        return " ".join(("check.py", *arguments)) + ": nothing new"

    def _findings(self, folder: Path, arguments: tuple[str, ...]) -> list[tuple[tuple[str, str], str]]:
        command = ["-m", "tortoise_dev", "check", "--format", "json", *arguments, "."]
        status, printed = run_python(command, folder, os.environ)
        assert status in (0, 1), printed.strip()
        found = json.loads(printed)["violations"]
        return [
            (
                (entry["rule"], entry["message"]),
                f"{entry['path']}:{entry['line']} {entry['rule']} {entry['message']}",
            )
            for entry in found
            if not entry["path"].startswith((".claude/", ".agents/"))
        ]

    def python(self, *arguments: str, folder: Path | None = None, **environment: str) -> str:
        """Run ``python ARGUMENTS`` in the project, or in another folder, and return what it prints.

        Raises AssertionError with the end of its output if its exit status is not 0.
        """
        place = folder or self.folder
        variables = os.environ | {"PYTHONPATH": str(place)} | environment
        status, printed = run_python(arguments, place, variables)
        shown = "python -c" if arguments[0] == "-c" else f"python {' '.join(arguments)}"
        assert status == 0, f"{shown} exited {status}: {ending(printed, 600).strip()}"
        return printed

    @asynccontextmanager
    async def postgres_database(self) -> AsyncIterator[tuple[str, Any]]:
        """A new database: its URL and a connection of asyncpg. It is dropped in the end.

        Raises NotJudgedError where no server was given, or its driver is missing.
        """
        if not self.postgres:
            raise NotJudgedError("no PostgreSQL server was given")
        try:
            asyncpg = importlib.import_module("asyncpg")
        except ModuleNotFoundError:
            raise NotJudgedError("asyncpg is not installed") from None
        name = f"eval_{self.start.name.replace('-', '_')}_{os.getpid()}"
        server = await asyncpg.connect(self.postgres)
        try:
            await server.execute(f'CREATE DATABASE "{name}"')
            url = f"{self.postgres.rpartition('/')[0]}/{name}"
            connection = await asyncpg.connect(url)
            try:
                yield url, connection
            finally:
                await connection.close()
                await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        finally:
            await server.close()


class Grader:
    """The assertions of one task, in order, with the functions that judge them."""

    def __init__(self, *modules: str) -> None:
        """Name modules that the judges' commands import anyway: they are loaded once."""
        self._modules = modules
        self._judges: list[tuple[str, str, Judge]] = []

    def function(self, text: str) -> Callable[[Judge], Judge]:
        """Mark the judge of an assertion about what the result does."""
        return self._register("function", text)

    def convention(self, text: str) -> Callable[[Judge], Judge]:
        """Mark the judge of an assertion about how it was done: rules of the handbook, files left alone."""
        return self._register("convention", text)

    def _register(self, kind: str, text: str) -> Callable[[Judge], Judge]:
        def register(judge: Judge) -> Judge:
            self._judges.append((kind, text, judge))
            return judge

        return register

    def main(self) -> None:
        """Judge ``argv[1]``, a trial's working folder, and print one JSON line for each assertion.

        ``argv[2]`` is the file with the reply. Each assertion is judged on a copy of the folder, and in a
        process of its own where processes can fork. What the project prints goes to stderr.
        """
        outputs, reply = Path(sys.argv[1]), Path(sys.argv[2])
        start = Path(sys.argv[0]).resolve().parents[1] / "files" / Path(sys.argv[0]).stem.replace("_", "-")
        results, sys.argv = os.fdopen(os.dup(1), "w", encoding="utf-8"), sys.argv[:1]
        os.dup2(2, 1)
        for verdict in self.verdicts(outputs, reply, start):
            results.write(f"{json.dumps(verdict)}\n")
            results.flush()

    def verdicts(self, outputs: Path, reply: Path, start: Path) -> Iterator[dict[str, Any]]:
        """Judge a working folder and the file with the reply; ``start`` has the task's own files."""
        for module in ("tortoise_dev.rules", *self._modules):  # of check.py, which most graders run twice
            importlib.import_module(module)
        sys.dont_write_bytecode = True  # a judge may edit a module
        os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
        text = reply.read_text(encoding="utf-8", errors="replace") if reply.is_file() else ""
        for kind, assertion, judge in self._judges:
            with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
                folder = Path(temporary).resolve() / "project"
                shutil.copytree(outputs, folder, ignore=shutil.ignore_patterns(*_MADE))
                work = Work(folder, start, text, os.environ.get("TORTOISE_DEV_POSTGRES") or None)
                passed, evidence = _judged_apart(judge, work)
            yield {"text": assertion, "passed": passed, "evidence": evidence, "kind": kind}


def _judged_apart(judge: Judge, work: Work) -> tuple[bool | None, str]:
    """Judge in a forked process: what the project leaves behind in one judgement does not reach the next."""
    if not hasattr(os, "fork"):
        return _judged(judge, work)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(_judged(judge, work), pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        told = pipe.read()
    _, status = os.waitpid(child, 0)
    if not told:
        return False, f"the project ended the process, status {os.waitstatus_to_exitcode(status)}"
    passed, evidence = json.loads(told)
    return passed, evidence


def _judged(judge: Judge, work: Work) -> tuple[bool | None, str]:
    here = Path.cwd()
    os.chdir(work.folder)
    sys.path.insert(0, str(work.folder))
    try:
        with redirect_stdout(sys.stderr):
            if inspect.iscoroutinefunction(judge):
                return True, asyncio.run(judge(work))
            return True, str(judge(work))
    except NotJudgedError as reason:
        return None, str(reason)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the project raises, SystemExit too
        return False, _told(error)
    finally:
        sys.path.remove(str(work.folder))
        os.chdir(here)


def _told(error: BaseException) -> str:
    """What went wrong, in one line; where a bare assert failed, its source."""
    told = " ".join(str(error).split())
    if isinstance(error, AssertionError):
        frames = traceback.extract_tb(error.__traceback__)
        return told or f"{Path(frames[-1].filename).name}:{frames[-1].lineno} {frames[-1].line}"
    return f"{type(error).__name__}: {told}"[:600]


def _contents(folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        made = any(part in _MADE for part in relative.parts) or ".sqlite3" in path.name
        if path.is_file() and not made and path.suffix != ".pyc":
            found[relative.as_posix()] = path.read_bytes()
    return found


def load(name: str) -> Any:
    """Import a module of the project by its dotted name."""
    return importlib.import_module(name)
