"""The blocks of a chain, each run by its kind, in the chain's one namespace."""

from __future__ import annotations

import builtins
import contextvars
import types
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...pages.kinds import IN_SHELL
from ..checks import load
from ..dedent import dedent
from ..protocol import Request, Step
from . import surroundings, titled
from .guards import Guards

if TYPE_CHECKING:
    import asyncio

    from .shell import Shell


class Blocks:
    """The chain's code and what its blocks share: module, context, event loop and shell.

    What can be done before the fork is done when it is made: see Execution.
    """

    def __init__(self, request: Request, guards: Guards) -> None:
        self.request = request
        self.guards = guards
        self.context = contextvars.copy_context()
        self.module = types.ModuleType("__main__")
        self.module.__file__ = request.page
        self.programs = {step.index: step.program for step in request.steps if step.program is not None}
        checks = guards.checks.functions
        codes = {index: load(program.code, checks) for index, program in self.programs.items()}
        vars(self.module)["__builtins__"] = vars(builtins)  # as exec() has it
        self.functions = {index: self.function(code) for index, code in codes.items() if code is not None}
        self.runner: asyncio.Runner | None = None
        self.shell: Shell | None = None
        # the line of the block that failed last; the command of a session or a console has its own
        self.failed_at: list[int | None] = []

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
        program, function = self.programs[step.index], self.functions.get(step.index)
        if function is None:
            message, place = program.error or ("not compiled", ())
            raise SyntaxError(message, tuple(place))
        if program.imports:
            self.watch(program.imports, step)
        if step.file is not None and titled.is_module(step.file):
            self.run_file(step, function.__code__)
        elif step.fixtures or program.tests:
            self.run_in_pytest(step, function, tuple(program.tests))
        else:
            self.call(function)
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

    def run_in_pytest(self, step: Step, function: types.FunctionType, tests: tuple[str, ...]) -> None:
        """Run a block with the fixtures that it wants, and then the tests that it defines."""
        from . import pytest_run

        page = Path(self.request.page)
        if step.fixtures:
            pytest_run.run_with_fixtures(
                self.module, page, step.line, tuple(step.fixtures), lambda: self.call(function)
            )
        else:
            self.call(function)
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

    def function(self, code: types.CodeType) -> types.FunctionType:
        """Code as a function that runs it in the chain's namespace, as exec() does. It can be made before
        the fork.
        """
        return types.FunctionType(code, vars(self.module))

    def run_code(self, code: types.CodeType) -> None:
        """Run code in the chain's namespace and context, on its loop if it awaits."""
        self.call(self.function(code))

    def call(self, function: types.FunctionType) -> None:
        """Run what ``function`` made, and what it awaits."""
        awaits = self.context.run(function)
        if awaits is not None:
            self.wait_for(awaits)

    def wait_for(self, awaits: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine on the chain's loop, which is made for the first one."""
        if self.runner is None:
            import asyncio

            self.guards.watch_loops()
            self.runner = asyncio.Runner()
        self.runner.run(awaits, context=self.context)
