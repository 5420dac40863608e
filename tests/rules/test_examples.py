"""Each rule's page holds an example that breaks it and no other, and one that breaks none."""

from __future__ import annotations

import ast

import pytest
from tortoise_dev.rules import RULES
from tortoise_dev.rules.base import Rule, example_files

RULE = pytest.mark.parametrize("rule", RULES.values(), ids=list(RULES))
ALONE = pytest.mark.parametrize(
    "rule", [RULES[code] for code in RULES if code != "TD210"], ids=lambda r: r.code
)
"""TD210 compares with a commit: see test_migrations.py."""


@ALONE
def test_the_bad_example_breaks_exactly_this_rule(rule: Rule, project) -> None:
    found = project.write(example_files(rule.bad)).found("--preview")
    assert {code for _, _, code in found} == {rule.code}, found


@ALONE
def test_the_good_example_breaks_none(rule: Rule, project) -> None:
    assert project.write(example_files(rule.good)).found("--preview") == []


@RULE
def test_the_page_has_its_parts(rule: Rule) -> None:
    assert rule.page.startswith(f"# {rule.code} {rule.name}\n")
    for heading in ("What it does", "Why is this bad", "Fix safety"):
        assert rule.section(heading), heading
    assert rule.bad != rule.good
    for source in example_files(rule.bad).values():
        ast.parse(source)


def test_codes_are_told_apart_by_their_files() -> None:
    for code, rule in RULES.items():
        assert rule.code == code
        assert rule.module.__name__.rpartition(".")[2].startswith(code.lower() + "_")
