"""How often the findings of a rule were right on other people's code, and what follows from it."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from tortoise_dev.rules import RULES

LABELS: dict[str, Any] = tomllib.loads(
    Path(__file__).with_name("labels_flow.toml").read_text(encoding="utf-8")
)
ENOUGH, PRECISE = 10, 0.95
FIRST_IN_PREVIEW = "TD119"
"""Rules from here on begin in preview; those before were there already."""


def precision(code: str) -> float:
    right, wrong = len(LABELS[code]["right"]), len(LABELS[code]["wrong"])
    return right / (right + wrong)


@pytest.mark.parametrize("code", LABELS)
def test_it_is_right_nearly_always(code: str) -> None:
    assert precision(code) >= PRECISE
    places = [*LABELS[code]["right"], *LABELS[code]["wrong"]]
    assert len(places) == len(set(places))


@pytest.mark.parametrize("code", [code for code in LABELS if code >= FIRST_IN_PREVIEW])
def test_a_new_rule_runs_by_default_once_enough_findings_were_right(code: str) -> None:
    is_proven = len(LABELS[code]["right"]) >= ENOUGH and precision(code) >= PRECISE
    assert RULES[code].preview is not is_proven
