"""``needs=``: the grammar, what is here, and which words are believed."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.databases.backends import Backend
from tortoise_dev.snippets.planning import probes
from tortoise_dev.snippets.planning.needs import (
    Need,
    kinds_needed,
    problems_of_grammar,
    read_need,
    read_needs,
)
from tortoise_dev.snippets.planning.probes import problems_of_needs, unmet

SQLITE = Backend("sqlite", "sqlite://:memory:", "sqlite", "e", "d")
MYSQL = replace(SQLITE, name="mysql", kind="mysql")
MARIADB = replace(MYSQL, name="mariadb")


@pytest.mark.parametrize(
    ("word", "kind", "name", "specifier", "is_excluded"),
    [
        ("postgres", "backend", "postgres", "", False),
        ("!MariaDB", "backend", "mariadb", "", True),
        ("windows", "platform", "windows", "", False),
        ("env:A_B", "variable", "A_B", "", False),
        ("docker", "software", "docker", "", False),
        ("tortoise-orm[asyncpg] >= 1.1", "software", "tortoise-orm", ">=1.1", False),
    ],
)
def test_words(word: str, kind: str, name: str, specifier: str, is_excluded: bool) -> None:
    need = read_need(word)
    assert isinstance(need, Need)
    assert (need.kind, need.name, need.specifier, need.is_excluded) == (kind, name, specifier, is_excluded)


def test_commas_between_bounds_and_between_needs() -> None:
    words = [[need.word for need in part] for part in read_needs("a>=1, <2, !=1.5, !mariadb, b|c")]
    assert words == [["a>=1, <2, !=1.5"], ["!mariadb"], ["b", "c"]]


@pytest.mark.parametrize("needs", [">=3", "a b", "sqlite>=3", "env:", "a @ https://x.test", "!"])
def test_words_that_mean_nothing(needs: str) -> None:
    assert any("cannot be read" in problem for problem in problems_of_grammar(needs))


@pytest.mark.parametrize("needs", ["postgres, mysql", "mariadb, !mysql", "sqlite, !sqlite"])
def test_lists_that_no_database_can_meet(needs: str) -> None:
    assert any("can never be met" in problem for problem in problems_of_grammar(needs))


@pytest.mark.parametrize(
    "needs", ["", "mysql, !mariadb", "postgres|mysql", "sqlite|docker, postgres", "!sqlite"]
)
def test_lists_that_one_can(needs: str) -> None:
    assert list(problems_of_grammar(needs)) == []


def test_mysql_is_either_and_an_exclamation_mark_excludes() -> None:
    assert unmet("mysql", MARIADB) is None
    assert unmet("mariadb", MYSQL) == "needs mariadb"
    assert unmet("mysql, !mariadb", MYSQL) is None
    assert unmet("mysql, !mariadb", MARIADB) == "needs !mariadb"
    assert unmet("!sqlite|docker-that-is-not-here", SQLITE) is not None
    assert kinds_needed("mysql, !mariadb") == ["mysql"]


def test_platforms_and_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes.sys, "platform", "win32")
    monkeypatch.setenv("HERE", "")
    assert unmet("windows, !linux, env:HERE", None) is None
    assert unmet("windows, env:NOT_HERE", None) == "needs env:NOT_HERE"


@pytest.mark.parametrize(
    ("needs", "code"),
    [
        ("flux", "import flux"),
        ("py-flux", "from flux.x import y"),
        ("flux_capacitor", "flux-capacitor --on"),
        ("declared-thing", ""),
        ("grouped-thing>=2", ""),
        ("pytest", ""),
        ("json", ""),
    ],
)
def test_words_that_are_believed(tmp_path: Path, needs: str, code: str) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["Declared_Thing>=1"]\n[dependency-groups]\ndev = ["grouped-thing"]\n'
    )
    assert list(problems_of_needs(needs, code, SnippetSettings(root=tmp_path))) == []


def test_docker_is_a_word_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probes.shutil, "which", lambda command: None)
    monkeypatch.setattr(probes, "_is_installed", probes._is_installed.__wrapped__)
    assert list(problems_of_needs("docker", "x = 1")) == []
    assert unmet("docker", None) == "needs docker"


@pytest.mark.skipif(os.name != "posix", reason="the client is a shell script here")
def test_what_docker_starts_is_not_waited_for(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\ntest /dev/stdout -ef /dev/null && test /dev/stderr -ef /dev/null\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert probes._has_command("docker")


@pytest.mark.parametrize(
    ("needs", "code", "says"),
    [
        ("pydantc", "", "did you mean 'pydantic'"),
        ("postgrs", "", "did you mean 'postgres'"),
        ("widows", "", "did you mean 'windows'"),
        ("flux_capacitor", "import flux_capacitr", "did you mean"),
        ("qqqq_zzzz", "x = 1", "nothing on this page"),
    ],
)
def test_words_that_are_not(needs: str, code: str, says: str) -> None:
    (problem,) = problems_of_needs(needs, code)
    assert says in problem
