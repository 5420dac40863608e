"""Values as the report shows them."""

from __future__ import annotations

import os

import pytest
from tortoise_dev.snippets.child.values import SHOWN, shown, without_secrets


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_API_KEY", "tell-nobody")
    monkeypatch.setenv("SHOP_NAME", "corner-shop")


def test_a_long_value_is_cut() -> None:
    assert shown(list(range(1000))) == f"{repr(list(range(1000)))[:SHOWN]}…"


def test_a_value_without_a_repr_is_named() -> None:
    class Odd:
        def __repr__(self) -> str:
            raise ValueError("odd")

    assert shown(Odd()) == "<Odd, whose repr raises ValueError>"


def test_the_environment_is_not_shown() -> None:
    assert shown(os.environ) == shown(dict(os.environ)) == "<the environment>"
    assert "corner" not in without_secrets(f"refused: {os.environ}")


def test_secrets_of_the_environment_are_not_shown() -> None:
    assert shown(["tell-nobody", "corner-shop"]) == "['***', 'corner-shop']"
