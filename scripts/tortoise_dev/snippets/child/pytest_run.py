"""Tests and fixtures in a block: pytest runs them in the child, with the docs' own conftest.py and settings.

The block has been executed already. A collector shows pytest the module that it made, at the page's place, so
that every conftest.py above the page counts.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ... import compat
from .tracebacks import BlockError

# What a project's own pytest settings may ask for, and what makes no sense for one block in a child.
_OPTIONS = (
    *("-q", "-o", "addopts=", "-o", "xfail_strict=true", "--import-mode=importlib", "--capture=no"),
    *("-p", "no:cacheprovider", "-p", "no:faulthandler", "-p", "no:xdist", "-p", "no:cov"),
    *("-p", "no:tortoise_dev"),
    # a page or its prelude has imported what a plugin wants to rewrite: pytest itself imports that later
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),
)


def run_tests(module: ModuleType, page: Path, line: int, names: tuple[str, ...]) -> None:
    """Run test functions and classes of the module of a block that begins at the page's line ``line``.

    Raises what the first failing test raised, pytest's Skipped where all of them were skipped, and BlockError
    where pytest cannot run them: no such fixture, a broken conftest.py.
    """
    _Session(page, line, lambda parent: _PageModule.show(parent, page, module, names)).run()


def run_with_fixtures(
    module: ModuleType, page: Path, line: int, names: tuple[str, ...], run: Callable[[], None]
) -> None:
    """Run a block (``run``) with pytest's fixtures of these names in its namespace.

    Raises what the block raised, pytest's Skipped where a fixture skipped it, and BlockError where there is
    no such fixture.
    """

    def test_block(request: pytest.FixtureRequest) -> None:
        for name in names:
            setattr(module, name, request.getfixturevalue(name))
        run()

    holder = ModuleType(module.__name__)
    holder.test_block = test_block  # type: ignore[attr-defined]
    _Session(page, line, lambda parent: _PageModule.show(parent, page, holder, ("test_block",))).run()


class _PageModule(compat.imported_module()):  # type: ignore[misc]
    """A block's module as pytest sees it: already imported, at the page's place."""

    wanted: tuple[str, ...]

    @classmethod
    def show(
        cls, parent: pytest.Collector, page: Path, module: ModuleType, names: tuple[str, ...]
    ) -> _PageModule:
        collector: _PageModule = cls.from_parent(parent, path=page)
        collector.shown, collector.wanted = module, names
        return collector

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """The block's own tests; a chain's earlier blocks have run theirs."""
        for node in super().collect():
            if getattr(node, "originalname", node.name) in self.wanted:
                yield node


class _Session:
    """One run of pytest, as a plugin of it."""

    def __init__(self, page: Path, line: int, show: Callable[[pytest.Collector], _PageModule]) -> None:
        self.page = page
        self.line = line
        self.show = show
        self.errors: list[BaseException] = []
        self.told: list[str] = []
        self.passed = 0
        self.skipped: list[str] = []

    def run(self) -> None:
        for key in [key for key in os.environ if key.startswith(("PYTEST_", "COV_"))]:
            del os.environ[key]
        sys.dont_write_bytecode = True  # pytest writes bytecode of its own beside conftest.py
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = pytest.main([*_OPTIONS, str(self.page)], plugins=[self])
        if self.errors:
            raise self.errors[0]
        if self.told or status not in (0, 5):
            raise BlockError(self.line, f"pytest: {(self.told or [_last_line(output.getvalue())])[0]}")
        if not self.passed:
            pytest.skip((self.skipped or ["pytest collects no test in it"])[0])

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> _PageModule | None:
        return self.show(parent) if file_path == self.page else None

    def pytest_exception_interact(self, call: pytest.CallInfo[Any]) -> None:
        error = call.excinfo.value if call.excinfo is not None else None
        if error is not None and not type(error).__module__.startswith("_pytest."):
            self.errors.append(error)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.told.append(_first_reason(str(report.longrepr)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.told.append(_first_reason(str(report.longrepr)))
        elif report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self.skipped.append(str(getattr(report, "wasxfail", "") or reason).removeprefix("Skipped: "))
        elif report.when == "call":
            self.passed += 1


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2] or "it ended without a word"


def _first_reason(report: str) -> str:
    """The first line of a report that pytest marks as the error (``E``), else its last line."""
    lines = report.strip().split("\n")
    return next((line[1:].strip() for line in lines if line.startswith("E  ")), _last_line(report))
