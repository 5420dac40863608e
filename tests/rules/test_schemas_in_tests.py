"""TD101 in tests: a test may make tables, a helper that other code calls may not."""

from __future__ import annotations

from typing import Any

MAKES = "    await Tortoise.generate_schemas()\n"
TEXT = f"from tortoise import Tortoise\n\n\nasync def {{name}}():\n{MAKES}"


def rules(project: Any, file: str, name: str) -> list[tuple[str, int, str]]:
    """What TD101 says of a function with this name in this file."""
    return project.write({file: TEXT.format(name=name)}).found("--select", "TD101", file)


def test_a_test_may_make_tables(project: Any) -> None:
    assert rules(project, "tests/test_tables.py", "test_tables") == []


def test_a_helper_of_tests_is_reported(project: Any) -> None:
    assert rules(project, "tests/test_tables.py", "start") == [("tests/test_tables.py", 5, "TD101")]


def test_a_function_of_the_application_is_reported_whatever_its_name(project: Any) -> None:
    assert rules(project, "app/tables.py", "test_tables") == [("app/tables.py", 5, "TD101")]
