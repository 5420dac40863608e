"""``raises=``, ``xfail`` and ``norun``: which failure is the expected one."""

from __future__ import annotations

from dataclasses import replace

from tortoise_dev.pages.fence_info import parse_info
from tortoise_dev.pages.page import Block
from tortoise_dev.snippets.marks import turned
from tortoise_dev.snippets.protocol import Failure
from tortoise_dev.snippets.result import Verdict
from tortoise_dev.snippets.verdicts.expectation import wrong_exception

RAISED = Failure("KeyError", "builtins.KeyError", "'x'", line=7)
FAILED = Verdict("failed", "KeyError: 'x'", 7)


def block(marks: str) -> Block:
    return Block("page.md::heading/1", 3, 4, 9, parse_info(f"python {marks}"), "")


def test_the_last_statement_raises_exactly_the_class() -> None:
    assert wrong_exception("KeyError", RAISED, 4) is None
    assert wrong_exception("builtins.KeyError", RAISED, 4) is None


def test_another_class_or_none_is_wrong() -> None:
    other = wrong_exception("LookupError", RAISED, 4)
    assert other == Verdict("failed", "expected LookupError, got KeyError: 'x'", 7)
    assert wrong_exception("KeyError", None, 4) == Verdict(
        "failed", "expected KeyError, but nothing was raised", 4
    )


def test_raised_before_the_last_statement_is_wrong() -> None:
    early = wrong_exception("KeyError", replace(RAISED, line=12, left_at=6), 4)
    assert early is not None
    assert early.fail_line == 12
    assert "ended at line 6, before its last statement" in early.reason


def test_xfail_wants_a_failure() -> None:
    marked = block('xfail="known"')
    assert turned(marked, FAILED).status == "passed"
    passed = turned(marked, Verdict("passed"))
    assert passed.status == "failed" and "remove the mark" in passed.reason


def test_xfail_never_expects_what_does_not_compile() -> None:
    verdict = turned(block('xfail="known"'), FAILED, compiles=False)
    assert verdict.status == "failed" and verdict.fail_line == 7


def test_what_is_neither_passed_nor_failed_stays() -> None:
    unverified = Verdict("unverified", "nothing ran", 4)
    assert turned(block('xfail="known"'), unverified) is unverified
    assert turned(block(""), FAILED) is FAILED
