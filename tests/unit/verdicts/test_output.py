"""Expected output and SQL against what a block printed and sent."""

from __future__ import annotations

import pytest
from tortoise_dev.snippets.comparison import first_difference, for_page
from tortoise_dev.snippets.verdicts.statements import first_sql_difference, sql_text


@pytest.mark.parametrize(
    ("expected", "actual"),
    [
        ("a\n", "a\n"),
        ("a\n", "a   \n\n\n"),
        ("took ... s\n", "took 0.12 s\n"),
        ("a ... c ... e\n", "a b c d e\n"),
        ("...\n", "a\nb\n"),
        ("a\n...\n", "a\n"),
        ("a\n...\n", "a\nb\nc\n"),
        ("...\nz\n", "a\nb\nz\n"),
        ("a\n...\nm\n...\nz\n", "a\nb\nm\nm\nz\n"),
        ("red\n", "\x1b[1;31mred\x1b[0m\n"),
        ("", ""),
    ],
)
def test_matches(expected: str, actual: str) -> None:
    assert first_difference(expected, actual) is None


@pytest.mark.parametrize(
    ("expected", "actual", "line", "says"),
    [
        ("a\n", "a\nb\n", 1, "nothing more, got 'b'"),
        ("a\nb\n", "a\n", 2, "expected 'b', got nothing more"),
        ("Loading...\n", "Loading...\nfailed\n", 1, "nothing more, got 'failed'"),
        ("a...z\n", "a\nz\n", 1, "expected 'a...z', got 'a'"),
        ("...\n", "", 1, "nothing was printed"),
        ("...\nz\n", "a\nz\nb\n", 2, "after the ..."),
        ("a\n...\nm\n...\nz\n", "a\nz\n", 3, "after the ..."),
        ("x\n...\n", "a\n", 1, "expected 'x', got 'a'"),
        ("a\n", "  a\n", 1, "expected 'a', got '  a'"),
        ("", "a\n", 1, "expected '', got 'a'"),
    ],
)
def test_differs(expected: str, actual: str, line: int, says: str) -> None:
    difference = first_difference(expected, actual)
    assert difference is not None
    assert difference[0] == line
    assert says in difference[1]


def test_many_wildcards_are_matched_without_backtracking() -> None:
    """A match that backtracks would never end."""
    expected = "a..." * 300 + "b\n" + "...\nline ...\n" * 400
    actual = "a" * 20_000 + "\n" + "".join(f"line {n}\n" for n in range(3000))
    assert first_difference(expected, actual) is not None


def test_sql_is_compared_without_its_layout() -> None:
    sent = ('SELECT "a" FROM "t" WHERE "b"=1', "DELETE FROM t;")
    assert first_sql_difference('SELECT "a"\nFROM "t"\n  WHERE "b"=1;\nDELETE FROM t;\n', sent) is None
    assert first_sql_difference("SELECT ... FROM ...;\n...\n", sent) is None


@pytest.mark.parametrize(
    ("expected", "line", "says"),
    [
        ("SELECT 1;\n", 1, "also 'SELECT 2'"),
        ("SELECT 1;\nSELECT 3;\n", 2, "expected 'SELECT 3', sent was 'SELECT 2'"),
        ("SELECT 1;\nSELECT 2;\nSELECT 3;\n", 3, "only 2 statements were sent"),
    ],
)
def test_sql_differs(expected: str, line: int, says: str) -> None:
    difference = first_sql_difference(expected, ("SELECT 1", "SELECT 2"))
    assert difference is not None
    assert difference[0] == line
    assert says in difference[1]


def test_sql_text_is_what_a_block_shows() -> None:
    assert sql_text(("SELECT\n  1", "SELECT 2;")) == "SELECT 1;\nSELECT 2;\n"


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ("\x1b[1mbold\x1b[0m\n", "bold\n"),
        ("\r50%\r100%\n", "...50%...100%\n"),
        ("a\0b\x07\tc\n", "a...b...\tc\n"),
        ("a\r\nb\r\n", "a\nb\n"),
    ],
)
def test_what_a_page_is_given_matches_what_was_printed(printed: str, text: str) -> None:
    assert for_page(printed) == text
    assert first_difference(text, printed) is None


def test_colours_do_not_count_on_the_page_either() -> None:
    assert first_difference("\x1b[1mbold\x1b[0m", "\x1b[31mbold\x1b[0m") is None
