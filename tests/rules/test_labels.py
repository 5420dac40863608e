"""Findings that were read in real repositories: how precise is a rule that runs by default?

``labels*.toml`` hold tables ``[[label]]``. ``rule`` is the code of a rule. ``seen`` says where such code was
met and what it was about. ``text`` tells it again in our own words. Lines ``# file: PATH`` start files, and
``# !`` ends a line that a reader called rightly reported. A report on any other line is a false alarm.
"""

from __future__ import annotations

import tomllib
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path

import pytest
from tortoise_dev.rules import RULES
from tortoise_dev.rules.base import example_files

LABELS = [
    label
    for file in sorted(Path(__file__).parent.glob("labels*.toml"))
    for label in tomllib.loads(file.read_text(encoding="utf-8")).get("label", [])
]
FIRST = "TD119"
"""The rules from this one on began in preview."""
ENOUGH = 10
PRECISION = 0.95
ARGUED = {
    "TD119": "test_circles_of_keys.py: what is reported is what the migration loses, on random models",
    "TD123": "test_concrete_parents.py: what is reported has a table of its own beside that of its child",
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


def test_a_rule_that_runs_by_default_is_precise(project) -> None:
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for number, label in enumerate(LABELS):
        place = replace(project, root=project.root / str(number))
        counts[label["rule"]] += _judged(label, place.write({"pyproject.toml": ""}))
    for code, rule in RULES.items():
        right, wrong = counts[code]["right"], counts[code]["wrong"]
        is_shown = right >= ENOUGH and right >= PRECISION * (right + wrong)
        assert rule.preview or code < FIRST or is_shown or code in ARGUED, f"{code}: {dict(counts[code])}"
