"""Which settings a run over foreign docs suggests."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tortoise_dev.snippet_settings import SnippetSettings
from tortoise_dev.snippets.result import Result, Status
from tortoise_dev.snippets.verdicts.advice import advice

ABOVE = (
    "NameError: name 'x' is not defined; it is set in the block at line 3: "
    'add continues after its language, or chain = "page" to the settings'
)
NOWHERE = "NameError: name 'shop' is not defined"


def lines(*reasons: str, status: Status = "failed", **settings: Any) -> list[str]:
    results = [
        Result(f"a.md::top/{n}", "a.md", n, "python", status, reason) for n, reason in enumerate(reasons)
    ]
    return advice(results, SnippetSettings(root=Path(), **settings))


def read(told: list[str]) -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads("\n".join(told[1:]))["tool"]["tortoise-dev"]["snippets"]
    return table


def test_names_from_above_want_one_chain() -> None:
    assert read(lines(*[ABOVE] * 3)) == {"chain": "page"}
    assert lines(*[ABOVE] * 2) == []
    assert lines(*[ABOVE] * 3, status="skipped") == []
    assert lines(*[ABOVE] * 3, chain="page") == []


def test_names_from_nowhere_want_a_prelude() -> None:
    told = lines(*[NOWHERE] * 3, "NameError: name 'once' is not defined")
    assert read(told) == {"prelude": "FILE.py"}
    assert "3 blocks use shop, which" in told[-1]
    assert "# names.py: 3 blocks use shop" in lines(*[NOWHERE] * 3, prelude=Path("docs/names.py"))[-1]


def test_languages_and_marks_are_listed_as_toml() -> None:
    tree = "unknown language 'tree': did you mean text?"
    include = (
        "{include} is a MkDocs / MyST directive that is not read here: name the file itself in paths, "
        'or let it be with languages = {"{include}" = "text"} in the settings'
    )
    assert read(lines(tree, tree, include, status="unverified")) == {
        "languages": {"tree": "text", "{include}": "text"}
    }
    marks = (
        "unknown attributes 'exec', 'id' (markdown-exec's mark: name it in ignore-attributes, or write norun)"
    )
    mixed = (
        "unknown attributes 'install' (Pyodide's mark: name it in ignore-attributes), 'slip' (did you mean"
    )
    assert read(lines(marks, marks, mixed, status="unverified")) == {
        "ignore-attributes": ["exec", "id", "install"]
    }


def test_packages_that_are_missing() -> None:
    told = lines(
        *["ModuleNotFoundError: No module named 'flask.ext'"] * 2, "ModuleNotFoundError: No module named 'a'"
    )
    assert told == ["Not installed here, though blocks import them: a, flask"]
