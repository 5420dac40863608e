"""``#>`` lines against what the block printed."""

from __future__ import annotations

from tortoise_dev.snippets.verdicts.prints import first_print_difference

SOURCE = """\
for n in range(2):
    print(n)
    #> 0
    #> 1
print("x")  # a comment
#> x
"""


def test_printed_lines_match_in_order() -> None:
    assert first_print_difference(SOURCE, "0\n1\nx\n") is None


def test_a_line_that_differs_is_named() -> None:
    difference = first_print_difference(SOURCE, "0\n2\nx\n")
    assert difference is not None
    assert difference[0] == 4
    assert "expected '1', got '2'" in difference[1]


def test_what_is_printed_beside_it_differs_at_the_last_line() -> None:
    difference = first_print_difference(SOURCE, "0\n1\nx\ny\n")
    assert difference is not None
    assert difference[0] == 6


def test_without_such_lines_nothing_is_compared() -> None:
    assert first_print_difference("print(1)\n# > 2\n", "1\n") is None
