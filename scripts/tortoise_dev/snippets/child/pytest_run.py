"""Tests and fixtures in a block: pytest runs them in the child, with the docs' own conftest.py and settings.

The block has been executed already. A collector shows pytest the module that it made, at the page's place, so
that every conftest.py above the page counts.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

# What a project's own pytest settings may ask for, and what makes no sense for one block in a child.
_OPTIONS = (
    *("-q", "-o", "addopts=", "-o", "xfail_strict=true", "--import-mode=importlib", "--capture=no"),
    *(
        "-p",
        "no:cacheprovider",
        "-p",
        "no:faulthandler",
        "-p",
        "no:tortoise_dev",
        "-p",
        "no:xdist",
        "-p",
        "no:cov",
    ),
)


class TestsSkipped(Exception):  # noqa: N818 - it is no error
    """All tests of a block were skipped, for this reason."""


class FixtureError(Exception):
    """What pytest says where it cannot even begin: no such fixture, a broken conftest.py."""


def run_tests(module: ModuleType, page: Path, names: tuple[str, ...]) -> None:
    """Run test functions and classes of a block's module.

    Raises what the first failing test raised, FixtureError, or TestsSkipped where none of them ran.
    """
    session = _Session(page, lambda parent: _named(_PageModule.show(parent, page, module), names))
    session.run()


def run_with_fixtures(
    page: Path, module: ModuleType, names: tuple[str, ...], run: Callable[[], None]
) -> None:
    """Run a block (``run``) with pytest's fixtures of these names in its namespace.

    Raises what the block raised, FixtureError, or TestsSkipped where a fixture skipped it.
    """

    def test_block(request: pytest.FixtureRequest) -> None:
        for name in names:
            setattr(module, name, request.getfixturevalue(name))
        run()

    holder = ModuleType(module.__name__)
    holder.test_block = test_block  # type: ignore[attr-defined]
    _Session(page, lambda parent: _PageModule.show(parent, page, holder)).run()


def _named(collector: _PageModule, names: tuple[str, ...]) -> _PageModule:
    collector.wanted = frozenset(names)
    return collector


class _PageModule(pytest.Module):
    """A block's module as pytest sees it: already imported, at the page's place."""

    shown: ModuleType
    wanted: frozenset[str] | None = None

    @classmethod
    def show(cls, parent: pytest.Collector, page: Path, module: ModuleType) -> _PageModule:
        collector: _PageModule = cls.from_parent(parent, path=page)
        collector.shown = module
        return collector

    def _getobj(self) -> ModuleType:
        return self.shown

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
        """The block's own tests; a chain's earlier blocks have run theirs."""
        for node in super().collect():
            if self.wanted is None or getattr(node, "originalname", node.name) in self.wanted:
                yield node


class _Session:
    """One run of pytest, as a plugin of it."""

    def __init__(self, page: Path, show: Callable[[pytest.Collector], _PageModule]) -> None:
        self.page = page
        self.show = show
        self.errors: list[BaseException] = []
        self.told: list[str] = []
        self.passed = 0
        self.skipped: list[str] = []

    def run(self) -> None:
        environment = {key: value for key, value in os.environ.items() if key.startswith(("PYTEST_", "COV_"))}
        for key in environment:
            del os.environ[key]
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = pytest.main([*_OPTIONS, str(self.page)], plugins=[self])
        if self.errors:
            raise self.errors[0]
        if self.told or status not in (0, 1, 5):
            raise FixtureError((self.told or [output.getvalue().strip()])[0])
        if not self.passed:
            raise TestsSkipped((self.skipped or ["no test was collected"])[0])

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> _PageModule | None:
        return self.show(parent) if file_path == self.page else None

    def pytest_exception_interact(self, call: pytest.CallInfo[Any], report: Any) -> None:
        error = call.excinfo.value if call.excinfo is not None else None
        if error is None or type(error).__module__.startswith("_pytest."):
            self.told.append(_first_reason(str(report.longrepr)))
        else:
            self.errors.append(error)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.skipped:
            reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
            self.skipped.append(str(getattr(report, "wasxfail", "") or reason).removeprefix("Skipped: "))
        elif report.passed and report.when == "call":
            self.passed += 1


def _first_reason(report: str) -> str:
    """The first line of a report that pytest marks as the error (``E``), else its last line."""
    lines = report.strip().split("\n")
    return next((line[1:].strip() for line in lines if line.startswith("E  ")), lines[-1])
