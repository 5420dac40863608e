"""TD211 judges models by migration files: which run reports what, and the projects of this repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tortoise_dev.rules.base import example_files
from tortoise_dev.rules.td211_field_without_migration import BAD, GOOD

ROOT = Path(__file__).resolve().parents[2]
MODEL = "apps/billing/models/payment.py"
FOUND = [(MODEL, 10, "TD211")]
PROJECTS = [
    *sorted((ROOT / "evals" / "files").iterdir()),
    *map((ROOT / "examples").joinpath, ("billing", "with_aerich")),
]
PLANTED = {"review-change": [("apps/shop/models/payment.py", 24, "TD211")]}


def test_one_file_is_judged_by_the_migrations_of_its_project(project) -> None:
    project.write(example_files(BAD))
    assert project.found(MODEL) == FOUND
    assert project.found("migrations") == []
    text = project.text(MODEL)
    done = project.run("--format", "json", "-", "--stdin-filename", MODEL, stdin=text.encode())
    assert b'"rule": "TD211"' in done.stdout
    assert project.write(example_files(GOOD)).found(MODEL) == []


def test_against_a_commit_only_a_new_field_is_reported(project) -> None:
    project.write(example_files(BAD))
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*git, *arguments], cwd=project.root, check=True)
    text = project.text(MODEL).replace("    amount =", "    fee = fields.IntField(null=True)\n    amount =")
    project.write({MODEL: text})
    assert project.found("--against", "HEAD") == [(MODEL, 9, "TD211")]


def test_it_is_one_of_the_rules_of_migrations(project) -> None:
    project.write(example_files(BAD))
    assert project.found("--select", "TD2") == FOUND
    assert project.found("--ignore", "TD2") == []


def test_the_message_names_the_tool_and_its_page(project) -> None:
    config = (
        'C = {"connections": {}, "apps": {"models": {"models": ["apps.billing.models", "aerich.models"]}}}\n'
    )
    sql = 'async def upgrade(db):\n    return """CREATE TABLE payment (id INT, amount INT)"""\n'
    files = {name: text for name, text in example_files(BAD).items() if name.startswith("apps")}
    project.write({**files, "config.py": config, "migrations/models/0_20260101_init.py": sql})
    [found] = project.report()["violations"]
    assert found["message"] == (
        "no migration of models names reference of Payment: the database lacks it. Draft one with aerich "
        "migrate: see migrations-aerich.md"
    )


def test_a_script_that_cannot_be_read_may_name_anything(project) -> None:
    project.write(example_files(BAD))
    (project.root / "dump.sql").symlink_to("nowhere.sql")
    assert project.found(MODEL) == []


@pytest.mark.parametrize("folder", PROJECTS, ids=lambda folder: folder.name)
def test_the_projects_here(folder: Path, project) -> None:
    project.root = folder
    found = project.found("--select", "TD211,TD212,TD213")
    assert found == PLANTED.get(folder.name, [])
