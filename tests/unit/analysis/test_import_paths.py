"""Which file an import means."""

from __future__ import annotations

import os

import pytest
from tortoise_dev.analysis.import_paths import ImportPaths, is_package, module_name


def _paths(*files: str) -> ImportPaths:
    return ImportPaths(_path(file) for file in files)


def _path(file: str) -> str:
    return os.sep + file.replace("/", os.sep)


PROJECT = _paths(
    "p/main.py",
    "p/app/__init__.py",
    "p/app/models/__init__.py",
    "p/app/models/user.py",
    "p/app/service.py",
    "p/app/json.py",
    "p/tools/src/lib/core.py",
    "p/tools/src/lib/more/deep.py",
)


@pytest.mark.parametrize(
    ("importer", "dotted", "level", "expected"),
    [
        ("p/main.py", "app.models.user", 0, "p/app/models/user.py"),
        ("p/main.py", "app.models", 0, "p/app/models/__init__.py"),
        ("p/app/models/user.py", "app.service", 0, "p/app/service.py"),
        ("p/app/models/user.py", "", 1, "p/app/models/__init__.py"),
        ("p/app/models/user.py", "service", 2, "p/app/service.py"),
        ("p/app/models/user.py", "main", 3, "p/main.py"),
        ("p/app/models/user.py", "service", 1, None),
        ("p/app/service.py", "service", 0, None),  # no module imports itself by its own name
        ("p/app/service.py", "json", 0, None),  # the standard library's
        ("p/main.py", "lib.core", 0, "p/tools/src/lib/core.py"),  # the one place that has it all
        ("p/main.py", "lib", 0, None),
        ("p/main.py", "django.db", 0, None),
        ("p/main.py", "", 0, None),  # a configuration that is being typed: "models": [""]
    ],
)
def test_which_file_an_import_means(importer: str, dotted: str, level: int, expected: str | None) -> None:
    found = PROJECT.find(_path(importer), dotted, level)
    assert found == (None if expected is None else _path(expected))


def test_a_name_in_two_places_is_not_guessed() -> None:
    paths = _paths("a/lib/core.py", "b/lib/core.py", "main.py")
    assert paths.find(_path("main.py"), "lib.core", 0) is None
    assert paths.find(_path("a/run.py"), "lib.core", 0) == _path("a/lib/core.py")


def test_packages() -> None:
    assert PROJECT.outermost_package(_path("p/app/models/user.py")) == _path("p/app")
    assert PROJECT.outermost_package(_path("p/main.py")) is None
    assert is_package(_path("p/app/__init__.py"))
    assert not is_package(_path("p/app/service.py"))
    assert module_name(_path("p/app/__init__.py")) == "app"
    assert module_name(_path("p/app/service.py")) == "service"
