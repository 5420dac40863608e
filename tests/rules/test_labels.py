"""Findings that were read in real repositories: how precise is a rule that runs by default?

``[found.CODE]`` of a file labels_*.toml lists the places of findings that were read at their source: those
that were right, those that were wrong, and false alarms that were mended since. A finding that one message
shows in further places of a repository may be listed once. ``kinds`` says what the code does.

``[[label]]`` tells some of them again in our own words. ``rule`` is the code of a rule. ``seen`` says where
such code was met and what it was about. ``text`` is the code: lines ``# file: PATH`` start files, and ``# !``
ends a line that must be reported. No other line may be. Rules without labels have cases of these kinds.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from pathlib import Path

import pytest
from tortoise_dev.rules import RULES
from tortoise_dev.rules.base import example_files

HERE = Path(__file__).parent
FILES = [tomllib.loads(file.read_text(encoding="utf-8")) for file in sorted(HERE.glob("labels_*.toml"))]
LABELS = [label for file in FILES for label in file.get("label", ())]
FOUND = {code: found for file in FILES for code, found in file["found"].items()}
FIRST = "TD119"
"""The rules from this one on began in preview."""
ENOUGH = 10
PRECISION = 0.95
ARGUED = {
    "TD119": "test_circles_of_keys.py: what is reported is what the migration loses, on random models",
    "TD123": "test_concrete_parents.py: what is reported has a table of its own beside that of its child",
    "TD131": "test_stored_expressions.py: what is reported reaches no database as SQL, on each kind of field",
    "TD210": "test_migrations.py: what is reported are other tokens than those that were committed",
    "TD212": "test_undone_parts.py: what is reported is missing in the database, on random migrations",
    "TD213": "test_undone_parts.py: what is reported is missing in the database, on random migrations",
    "TD214": "test_null_conditions.py: the SQL of what is reported compares with NULL, for each class",
    "TD215": "test_link_tables.py: what is reported stores a link twice in the database, on drafts of Aerich",
    "TD216": "test_models_states.py: after what is reported, Aerich misses a column of the models",
}
"""Rules that run by default though few findings were met, and what shows that they cannot be wrong."""


def _judged(label: dict[str, str], project) -> Counter[str]:
    """How many reports are right, wrong, or lacking."""
    files = example_files(label["text"].lstrip())
    project.write(files)
    wanted = {
        (path, number)
        for path, text in files.items()
        for number, line in enumerate(text.split("\n"), 1)
        if line.endswith("# !")
    }
    found = {(path, line) for path, line, _ in project.found("--select", label["rule"])}
    return Counter(right=len(found & wanted), wrong=len(found - wanted), lacking=len(wanted - found))


@pytest.mark.parametrize(
    "number", range(len(LABELS)), ids=[f"{one['rule']}: {one['seen']}" for one in LABELS]
)
def test_a_label(number: int, project) -> None:
    counts = _judged(LABELS[number], project)
    assert counts["wrong"] == counts["lacking"] == 0


@pytest.mark.parametrize("code", FOUND)
def test_it_is_right_nearly_always(code: str) -> None:
    right, wrong = FOUND[code]["right"], FOUND[code]["wrong"]
    assert len(right) >= PRECISION * len([*right, *wrong])
    places = [*right, *wrong]
    assert len(places) == len(set(places))


def test_a_rule_stands_in_one_file() -> None:
    assert len(FOUND) == sum(len(file["found"]) for file in FILES)


@pytest.mark.parametrize("code", [code for code in RULES if code >= FIRST])
def test_a_rule_that_runs_by_default_is_precise(code: str) -> None:
    found = FOUND.get(code, {"right": [], "wrong": []})
    right, wrong = len(set(found["right"])), len(set(found["wrong"]))
    is_shown = right >= ENOUGH and right >= PRECISION * (right + wrong)
    assert RULES[code].preview is not (is_shown or code in ARGUED)
    assert code not in ARGUED or not is_shown, "it needs no argument any more"


def test_each_rule_that_was_met_has_labels_or_cases() -> None:
    cases = {file.stem.upper() for file in (HERE / "cases").glob("td*.txt")}
    assert {code for code in FOUND if code >= FIRST} <= {label["rule"] for label in LABELS} | cases
