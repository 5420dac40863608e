"""``pytest --snippets docs/``: every block of the pages is a pytest item, run by the same harness as
snippets.py.

This module is imported by every pytest in an environment with tortoise-dev. So it only adds the options; the
rest (pytest_pages.py, and the harness with it) is imported where ``--snippets`` is given.
"""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--snippets`` and ``--snippets-db``."""
    group = parser.getgroup("snippets", "Markdown snippets (tortoise-dev)")
    group.addoption(
        "--snippets",
        action="store_true",
        help="run every fenced block of the Markdown pages (it executes what the pages say)",
    )
    group.addoption(
        "--snippets-db",
        action="append",
        metavar="URL",
        help="database to run them against, instead of those of the settings (repeatable)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the harness if it is asked for. Raises UsageError where that is impossible."""
    config.addinivalue_line("markers", "snippets: a fenced block of a Markdown page (pytest --snippets)")
    if config.getoption("--snippets"):
        try:
            from .pytest_pages import Pages
        except ModuleNotFoundError as error:
            from .common import missing_package

            raise pytest.UsageError(f"--snippets: {missing_package(error, 'snippets')}") from None
        config.pluginmanager.register(Pages(config), "tortoise-dev-pages")
    elif config.getoption("--snippets-db"):
        raise pytest.UsageError("--snippets-db needs --snippets")
