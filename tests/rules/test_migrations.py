"""Migrations: which rules judge them, and TD210, which compares them with a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tortoise_dev.rules.base import example_files
from tortoise_dev.rules.td210_changed_applied import BAD, GOOD

FILE = "migrations/0001_initial.py"
AERICH = '''async def upgrade(db):
    return """DROP TABLE "a";"""
'''


def commit(folder: Path) -> None:
    for arguments in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"),
    ):
        subprocess.run(["git", *arguments], cwd=folder, check=True)


@pytest.mark.parametrize(
    ("before", "after", "reported"),
    [
        (GOOD, BAD, True),
        (GOOD, GOOD, False),
        (GOOD, GOOD.replace("operations = [", "operations = [  # noqa: TD202\n        "), False),
        (GOOD, GOOD.replace("class Migration", '"""Why."""\n\n\nclass Migration'), False),
        (GOOD, BAD.replace("Migration):", "Migration):  # noqa: TD210"), False),
    ],
    ids=["edited", "the same", "a noqa", "a docstring", "with leave"],
)
def test_an_edited_migration_is_reported_against_a_commit(
    before: str, after: str, reported: bool, project
) -> None:
    project.write(example_files(before))
    commit(project.root)
    project.write(example_files(after))
    found = [rule for _, _, rule in project.found("--select", "TD210", "--against", "HEAD")]
    assert found == (["TD210"] if reported else [])


@pytest.mark.parametrize(
    ("after", "reported"),
    [
        (AERICH.replace('"a"', '"b"'), True),
        (AERICH.replace('"a";', '"a"; -- noqa: TD202'), False),
        (AERICH.replace("DROP TABLE", "\n        drop  table"), False),
        (AERICH + '\n\nMODELS_STATE = "eJx"\n', False),
    ],
)
def test_sql_is_compared_by_its_words(after: str, reported: bool, project) -> None:
    project.write({"migrations/models/1_20260101_a.py": AERICH})
    commit(project.root)
    project.write({"migrations/models/1_20260101_a.py": after})
    found = [rule for _, _, rule in project.found("--select", "TD210", "--against", "HEAD")]
    assert found == (["TD210"] if reported else [])


def test_a_new_migration_was_not_edited(project) -> None:
    project.write({"a.py": "x = 1\n"})
    commit(project.root)
    project.write(example_files(BAD))
    assert project.found("--select", "TD210", "--against", "HEAD") == []


def test_migrations_are_judged_by_their_own_rules_alone(project) -> None:
    """The other rules judge them only when they are named."""
    code = "from tortoise.models import Model\n\n\nclass Note(Model):\n    pass\n"
    project.write({FILE: code, "tests/migrations/0001_initial.py": code})
    assert project.found() == []
    assert {rule for _, _, rule in project.found(FILE)} >= {"TD003"}
