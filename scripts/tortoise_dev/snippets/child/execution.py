"""One chain, run in this process: the code of a forked (or spawned) child.

It tells its parent what each block did (protocol.py).
"""

from __future__ import annotations

import builtins
import contextvars
import linecache
import os
import sys
import types
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

from ... import compat
from ...pages.kinds import IN_SHELL
from ...report.redaction import beginning, ending, redacted
from ..checks import load
from ..databases.templates import open_sqlite, open_url
from ..dedent import dedent
from ..protocol import (
    Answer,
    End,
    Outcome,
    Problem,
    Request,
    Step,
    Stray,
    encode,
    encode_nothing,
)
from . import sql_log, surroundings, titled
from .captured import Captured, flush
from .guards import Guards
from .leftovers import end_tasks, wait_for_threads
from .tracebacks import describe, line_of_block, skip_reason, text_of, traceback_of

if TYPE_CHECKING:
    import asyncio

    from .shell import Shell
    from .story import Story

Send = Callable[[Answer | bytes], None]

# Bound before any block can patch it.
_exit = os._exit

_PLAIN_END = encode(End())


class Execution:
    """One chain and the state it runs in.

    What needs no isolation (reading the code above all) is done when it is made, before the fork: each page
    of memory that the child touches has to be copied for it, and the copies cost more than the work. It
    changes nothing in the process, so that several can be made before the first of them runs.
    """

    def __init__(self, request: Request, captured: Captured, guards: Guards) -> None:
        self.request = request
        self.captured = captured
        self.guards = guards
        self.context = contextvars.copy_context()
        self.module = types.ModuleType("__main__")
        self.module.__file__ = request.page
        self.programs = {step.index: step.program for step in request.steps if step.program is not None}
        programs = [*self.programs.values()]
        self.reads = [read for program in programs for read in program.reads]
        self.kept = [kept for program in programs for kept in program.kept]
        self.is_async = any(program.is_async for program in programs)
        self.last = request.steps[-1] if request.steps else None
        self.outcomes = {step.index: Outcome(step.index) for step in request.steps}
        self.templates = {step.index: encode_nothing(step.index) for step in request.steps}
        checks = guards.checks.functions
        codes = {index: load(program.code, checks) for index, program in self.programs.items()}
        vars(self.module)["__builtins__"] = vars(builtins)  # as exec() has it
        self.blocks = {index: self.block(code) for index, code in codes.items() if code is not None}
        self.lines = _lines(request)
        self.process = 0
        self.runner: asyncio.Runner | None = None
        self.shell: Shell | None = None
        self.failed_at: list[int | None] = []
        self.story: Story | None = None
        self.given: frozenset[str] = frozenset()

    def run(self, send: Send) -> None:
        """Run the blocks one after the other and report each; an unexpected failure ends the chain.

        Never raises for what blocks do. The process is in the chain's directory already.
        """
        self.process = os.getpid()
        self.enter()
        self.prepare()
        for step in self.request.steps:
            outcome = self.left_out(step) if self.story is not None else None
            outcome = outcome or self.run_step(step, send)
            if step.prelude and self.request.goes_on:
                self.given = frozenset(vars(self.module))
            stops = bool(outcome.failure or outcome.problems or outcome.skipped) and not step.may_fail
            if stops and self.goes_on(step, outcome):
                stops = False
            elif self.story is not None and outcome.failure is None and outcome.doubt is None:
                self.story.passed(step)
            outcome.last = step is self.last or stops
            send(self.short(outcome) or outcome)
            if outcome.last:
                break
        unresolved = [read for read in self.reads if read.name not in vars(self.module)] if self.reads else []
        self.close(completed=step is self.last and self.story is None)
        problems = self.guards.problems.found
        send(End(problems, unresolved) if problems or unresolved else _PLAIN_END)

    def short(self, outcome: Outcome) -> bytes | None:
        """The message for a block that has nothing to say, made before the fork; None for any other."""
        says = outcome.failure or outcome.problems or outcome.idle or outcome.skipped or self.story
        if says or outcome.stdout or outcome.stderr or outcome.statements or outcome.sent_to:
            return None
        return self.templates[outcome.index] % (outcome.seconds, b"true" if outcome.last else b"false")

    # --- before the first block

    def enter(self) -> None:
        """Make this process look like a fresh script's: sys.path, sys.argv, ``__main__``."""
        request = self.request
        self.guards.begin(request.page)
        if sys.path[0] != request.directory:
            sys.path.insert(0, request.directory)
        sys.argv = [request.page]
        sys.modules["__main__"] = self.module
        if request.models is not None:  # for whoever opens the chain's database by himself
            file = Path(request.directory, "db.sqlite3").as_posix()
            os.environ["DATABASE_URL"] = request.database or f"sqlite://{file}"
        linecache.cache[request.page] = (1, None, self.lines, request.page)

    def prepare(self) -> None:
        """Put in place what the chain finds around it: files, clock, database."""
        request = self.request
        if request.copies_project and request.project:
            surroundings.copy_project(Path(request.project), Path(request.directory))
        for path, text in request.files:
            surroundings.write_file(Path(request.directory, path), text)
            surroundings.extend_packages(path, request.directory)
        if request.fixed:
            surroundings.fix_clock_and_chance()
        if request.models is not None:
            self.open_database()

    def open_database(self) -> None:
        import asyncio

        request = self.request
        assert request.models is not None
        if request.database is not None:
            opening = open_url(request.models, request.database)
        else:
            shared = request.own_loop or any(step.kind in IN_SHELL for step in request.steps)
            file = Path(request.directory, "db.sqlite3") if shared else None
            template = Path(request.template).read_bytes() if request.template else None
            opening = open_sqlite(request.models, template, file)
        self.guards.watch_loops()
        self.runner = asyncio.Runner()
        self.runner.run(opening, context=self.context)

    # --- behind a failed block

    def left_out(self, step: Step) -> Outcome | None:
        """The outcome of a block that uses what is in doubt since another failed; None for one that can
        run.
        """
        assert self.story is not None
        doubt = self.story.doubt(step)
        return Outcome(step.index, behind=self.story.failed, doubt=doubt) if doubt is not None else None

    def goes_on(self, step: Step, outcome: Outcome) -> bool:
        """Can the chain go on behind a block that failed? Notes what is in doubt from here on."""
        from .story import Story

        if not self.request.goes_on or step.prelude or outcome.skipped:
            return False
        if self.failed_at:
            self.story = self.story or Story(vars(self.module), self.given)
        for line in self.failed_at:
            assert self.story is not None
            self.story.failed_at(step, line)
        return True

    # --- one block

    def run_step(self, step: Step, send: Send) -> Outcome:
        """Run one block and say what it did."""
        outcome, guards = self.outcomes[step.index], self.guards
        self.failed_at.clear()
        started = perf_counter()
        trace = sys.gettrace()
        try:
            outcome.idle = self.execute(step)
        except BaseException as raised:
            sys.settrace(trace)  # the block's own trace function must not see the harness
            if "builtins" in step.source:
                guards.restore_builtins()
            if os.getpid() != self.process:
                self.leave(raised, send)
            outcome.skipped = skip_reason(raised)
            if step.kind != "session":
                self.failed_at.append(line_of_block(raised, self.request.page))
            outcome.failure = describe(raised, self.request.page, guards.checks)
        if sys.gettrace() is not trace:
            sys.settrace(trace)
        if "builtins" in step.source:
            guards.restore_builtins()
        if os.getpid() != self.process:
            self.leave(None, send)
        outcome.seconds = perf_counter() - started
        if guards.checks.operands:
            guards.checks.operands.clear()
        if step is not self.last:  # so that Python reports what was never awaited while its block runs
            compat.collect_garbage_since_fork()
        outcome.stdout, outcome.stderr = self.captured.read()
        if guards.statements and not step.prelude:
            outcome.statements = [*guards.statements]
        if sql_log.sent_to:
            outcome.sent_to = sorted(sql_log.sent_to)
        if self.story is not None:
            outcome.behind = self.story.failed
        if guards.problems.found:
            outcome.problems = guards.problems.take()
        if step is not self.last:
            guards.forget_block()
            sql_log.sent_to.clear()
        return outcome

    def leave(self, error: BaseException | None, send: Send) -> None:
        """In a process that the block forked and that has come to the block's end: end it like a script.

        Its parent alone reports for the block; an exception here is one of the block's problems.
        """
        flush()
        status = 0
        if isinstance(error, SystemExit):
            status = error.code if isinstance(error.code, int) else int(error.code is not None)
        elif error is not None:
            status = 1
            # short, so that the message is written at once
            detail = ending(redacted(traceback_of(error, self.request.page)), 1500)
            text = beginning(redacted(text_of(error)), 200)
            message = f"in a forked process: {type(error).__name__}: {text}"
            send(Stray([Problem(self.guards.problems.line_of(error), message, detail)]))
        _exit(status)

    def execute(self, step: Step) -> str | None:
        """Run a block by its kind; returns why it proved nothing, or None."""
        if step.file is not None:
            surroundings.write_file(Path(self.request.directory, step.file), step.source)
            surroundings.extend_packages(step.file, self.request.directory)
        if step.kind == "python":
            return self.run_python(step)
        if step.kind == "session":
            from . import pycon

            return pycon.run_session(
                step.source, self.request.page, step.line, self.run_code, self.failed_at, step.flags
            )
        return self.run_shell(step)

    def run_shell(self, step: Step) -> str | None:
        from . import shell

        scratch = Path(self.request.scratch)
        if self.shell is None:
            sources = tuple(step.source for step in self.request.steps if step.kind in IN_SHELL)
            (scratch / "state.sh").unlink(missing_ok=True)
            self.shell = shell.Shell(Path(self.request.directory), scratch, len(sources) > 1, sources)
        environment = shell.shell_environment(scratch, Path(self.request.skill), fixed=self.request.fixed)
        if step.kind == "console":
            from .console import run_transcript

            return run_transcript(self.shell, step.source, step.line, environment, step.needs)
        return self.shell.run_block(step.source, step.line, environment, step.needs)

    def run_python(self, step: Step) -> str | None:
        program, block = self.programs[step.index], self.blocks.get(step.index)
        if block is None:
            message, place = program.error or ("not compiled", ())
            raise SyntaxError(message, tuple(place))
        if program.imports:
            self.watch(program.imports, step)
        if step.file is not None and titled.is_module(step.file):
            self.run_file(step, block.__code__)
        elif step.fixtures or program.tests:
            self.run_in_pytest(step, block, tuple(program.tests))
        else:
            self.call(block)
        if program.idle and not step.named_later:
            return program.idle
        if program.branch is not None and not self.guards.checks.entered:
            return program.branch
        unreached = program.asserts is not None and not self.guards.checks.asserts
        return f"the assert at line {program.asserts} was not reached" if unreached else None

    def watch(self, imports: list[str], step: Step) -> None:
        """Watch the libraries that a block names in import statements."""
        if "tortoise" in imports:
            self.guards.watch_database()  # the block brings its own models
        if "asyncio" in imports:
            self.guards.watch_loops()
        self.guards.workers.watch(imports)
        if "multiprocessing" in imports or "concurrent" in imports:
            self.write_main(step)

    def run_in_pytest(self, step: Step, block: types.FunctionType, tests: tuple[str, ...]) -> None:
        """Run a block with the fixtures that it wants, and then the tests that it defines."""
        from . import pytest_run

        page = Path(self.request.page)
        if step.fixtures:
            pytest_run.run_with_fixtures(
                self.module, page, step.line, tuple(step.fixtures), lambda: self.call(block)
            )
        else:
            self.call(block)
        if tests:
            self.context.run(pytest_run.run_tests, self.module, page, step.line, tests)

    def run_file(self, step: Step, code: types.CodeType) -> None:
        """Run a block that is a file as the module that it is.

        What it defines is there for the blocks that continue it, and what it continues for itself.
        """
        assert step.file is not None
        if code.co_flags & 0x80:  # no module can await at its top level: let the compiler say where it does
            from ..source import check_is_module

            check_is_module(step.source, self.request.page, step.line)
        module = titled.make_module(step.file, self.request.directory)
        if any(not earlier.prelude for earlier in self.request.steps[: step.index]):
            vars(module).update(titled.public(self.module))
        self.context.run(exec, code, vars(module))
        vars(self.module).update(titled.public(module))

    def write_main(self, step: Step) -> None:
        """Give ``__main__`` a file that processes can run which are spawned, and not forked."""
        steps = [one for one in self.request.steps[: step.index + 1] if one.kind == "python"]
        path = Path(self.request.scratch, "main.py")
        titled.write_main([(dedent(one.source), one.line) for one in steps], path)
        self.module.__file__ = str(path)

    def block(self, code: types.CodeType) -> types.FunctionType:
        """A block's code as a function: to call it is to run the code in the chain's namespace, as exec()
        does. A function can be made before the fork.
        """
        return types.FunctionType(code, vars(self.module))

    def run_code(self, code: types.CodeType) -> None:
        """Run a code object in the chain's namespace and context, on its loop if it awaits."""
        self.call(self.block(code))

    def call(self, block: types.FunctionType) -> None:
        """Run what ``block`` has made."""
        awaits = self.context.run(block)
        if awaits is None:
            return
        if self.runner is None:
            import asyncio

            self.guards.watch_loops()
            self.runner = asyncio.Runner()
        self.runner.run(awaits, context=self.context)

    # --- after the last block

    def close(self, *, completed: bool) -> None:
        """Close what the chain left open; what it must not leave becomes a problem.

        Where it has not been completed, the blocks that did not run might have used what is left.
        """
        guards = self.guards
        if self.kept and completed:
            guards.report_kept(vars(self.module), self.kept)
        if not completed:
            guards.queries.waiting.clear()
        if self.runner is not None:
            end_tasks(self.runner, self.context, guards.problems)
            guards.report_unused()
            if "tortoise" in sys.modules:
                # docs rarely do; an open connection keeps its thread, and with it the process, alive
                self.runner.run(compat.close_connections(), context=self.context)
        if guards.queries.waiting:
            guards.report_unused()
        vars(self.module).clear()
        compat.collect_garbage_since_fork()
        if self.runner is not None:
            self.runner.close()
            compat.collect_garbage_since_fork()
        if self.is_async:
            guards.report_coroutines()
        if "threading" in sys.modules:
            wait_for_threads()
        if "atexit" in sys.modules:
            compat.run_exit_functions()
        if guards.workers.watched:
            guards.problems.found += guards.workers.failures()


def _lines(request: Request) -> list[str]:
    """The chain's blocks at their places on the page, for linecache: tracebacks and inspect.getsource."""
    lines: list[str] = []
    for step in request.steps:
        if step.kind not in IN_SHELL:
            block = [line + "\n" for line in dedent(step.source).split("\n")]
            lines += ["\n"] * (step.line - 1 + len(block) - len(lines))
            lines[step.line - 1 : step.line - 1 + len(block)] = block
    return lines
