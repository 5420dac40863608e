"""What tests of several modules share."""

from __future__ import annotations

import os
from typing import Any, Protocol

import pytest

os.environ.pop("PYTEST_ADDOPTS", None)  # pytest has read it, and it is not for the runs that tests start


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
