"""What tests of several modules share."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Protocol

import pytest

# For the runs of pytest that tests start: these plugins take half of a start, and no run uses them.
os.environ["PYTEST_ADDOPTS"] = "-p no:hypothesispytest -p no:anyio"


def compile_once() -> None:
    """Compile what the processes import that tests start.

    Where PYTHONDONTWRITEBYTECODE is set, each of them would compile this library again, and each pytest
    among them its plugins, which pytest rewrites: more than a second of processor time.
    """
    compileall.compile_dir(Path(__file__).resolve().parents[1] / "scripts", quiet=2)
    command = [sys.executable, "-m", "pytest", "--version", "--version"]
    subprocess.run(command, env=os.environ | {"PYTHONDONTWRITEBYTECODE": ""}, capture_output=True, check=True)


if sys.dont_write_bytecode:
    sys.dont_write_bytecode = False  # in this process, which compiles the tests and what they import
    if "PYTEST_XDIST_WORKER" not in os.environ:
        compile_once()


MOST_WORKERS = 4
"""Each may have PostgreSQL and MariaDB make databases at the same time."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """All tests run on several processors. Selected ones run in this process, without a wait for workers."""
    is_whole = config.args == config.getini("testpaths") and not config.option.keyword
    most = min(MOST_WORKERS, (os.cpu_count() or 1) + 2)  # two more, because tests wait for servers
    return most if is_whole and config.option.capture != "no" else 0


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers begin with the files that have slow tests: none is left alone with them at the end."""
    if hasattr(config, "workerinput"):
        slow = Counter(
            item.path for item in items if {"slow", "servers"} & {mark.name for mark in item.iter_markers()}
        )
        items.sort(key=lambda item: -slow[item.path])


class Selected(Protocol):
    """See `selected`."""

    def __call__(self, request: pytest.FixtureRequest, parameter: str) -> list[Any]: ...


@pytest.fixture(scope="session")
def selected() -> Selected:
    """The values that a parameter has in those tests of this session that use the fixture which asks.

    A fixture that prepares the values of many tests in one go asks it with its own `request`, so that one
    selected test waits for its own value alone.
    """

    def values(request: pytest.FixtureRequest, parameter: str) -> list[Any]:
        here = [item for item in request.session.items if item.path == request.path]
        users = [item for item in here if request.fixturename in item.fixturenames]
        parameters = [item.callspec.params for item in users if hasattr(item, "callspec")]
        return [values[parameter] for values in parameters if parameter in values]

    return values
