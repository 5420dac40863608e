"""The pages of error messages: made of the facts and of the blocks that raise, fresh, and found by `find`."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path

import pytest
from tortoise_dev.handbook.errors import error_pages, literal
from tortoise_dev.handbook.find import Search
from tortoise_dev.handbook.sections import handbook_sections

ROOT = Path(__file__).resolve().parents[1]
FACTS = tomllib.loads((ROOT / "tests" / "facts.toml").read_text(encoding="utf-8"))
ERRORS = {key: fact for key, fact in FACTS.items() if "error" in fact}
HANDBOOK = list(handbook_sections(ROOT))
STRING = re.compile(r'"(?:[^"\\]|\\.)+"' + "|" + r"'(?:[^'\\]|\\.)+'")


def test_the_pages_are_fresh() -> None:
    pages = error_pages(ROOT)
    assert len(pages) == 4
    for page, text in pages.items():
        stored = (ROOT / page).read_text(encoding="utf-8")
        assert stored == text, f"{page}: run: uv run scripts/handbook.py errors --write"


@pytest.mark.parametrize("key", ERRORS)
def test_an_error_is_proven_by_its_own_text(key: str) -> None:
    """The proof is the line that compares the message, with the values of the example in place of `…`."""
    shown = " ".join(proof.partition(" :: ")[2] for proof in ERRORS[key]["proof"])
    compared = [ast.literal_eval(text) for text in STRING.findall(shown)]
    pieces = [piece.strip() for piece in ERRORS[key]["error"].split("…") if len(piece.strip()) > 3]
    assert any(piece in text or text in piece for piece in pieces for text in compared), (pieces, compared)


@pytest.mark.parametrize("key", ERRORS)
def test_a_message_is_found_within_three_sections(key: str) -> None:
    message = literal(ERRORS[key]["error"])
    found = [one.section for one in Search(message, HANDBOOK).best(3)]
    assert any(message in section.text for section in found), [section.place for section in found]


def test_a_fact_without_an_area_of_the_page_is_refused(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "facts.toml").write_text(
        '[a-b]\narea = "Elsewhere"\nerror = "x"\nsays = "y"\nread = "z"\n', encoding="utf-8"
    )
    with pytest.raises(ValueError, match="a-b: area is one of Configuration and start, "):
        error_pages(tmp_path)
