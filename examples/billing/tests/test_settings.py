"""Without DATABASE_URL a server must not start, and a release must not migrate an empty SQLite file."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from config.settings import Settings

PROJECT = Path(__file__).parent.parent


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without the variables of the settings."""
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.delenv("ENVIRONMENT", raising=False)
    return monkeypatch


@pytest.mark.parametrize("name", [None, "", "production", "staging", "develpoment"])
@pytest.mark.parametrize("url", [None, ""])
def test_the_database_is_required_outside_of_development(environment, name, url):
    for variable, value in {"ENVIRONMENT": name, "DATABASE_URL": url}.items():
        if value is not None:
            environment.setenv(variable, value)
    with pytest.raises(ValidationError, match="DATABASE_URL is missing"):
        Settings()


def test_development_has_a_local_file(environment):
    environment.setenv("ENVIRONMENT", "development")
    assert Settings().DATABASE_URL == "sqlite://db.sqlite3"
    environment.setenv("DATABASE_URL", "postgres://db/billing")
    assert Settings().DATABASE_URL == "postgres://db/billing"


@pytest.mark.parametrize(("variables", "status"), [({}, 1), ({"ENVIRONMENT": "development"}, 0)])
def test_a_release_without_the_database_fails(tmp_path, variables, status):
    copy = shutil.copytree(
        PROJECT, tmp_path / "copy", ignore=shutil.ignore_patterns(".*", "*.sqlite3*", "tests")
    )
    environment = {
        name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "ENVIRONMENT")
    }
    done = subprocess.run(
        [sys.executable, "migrate.py"],
        cwd=copy,
        env=environment | variables,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == status, done.stdout + done.stderr
    assert (copy / "db.sqlite3").exists() is (status == 0)
    assert ("DATABASE_URL is missing" in done.stderr) is (status == 1)
