"""Judges review-change: which of the seven faults of a change were found, and how much else was reported."""

import re
from collections.abc import Callable
from typing import NamedTuple

from tortoise_dev.evals.work import Grader, Work

grader = Grader()
MODEL, PAYMENTS = "apps/shop/models/payment.py", "apps/shop/services/payments.py"
ORDERS = "apps/shop/services/orders.py"


class Fault(NamedTuple):
    """A fault of the change: what it is, and the lines that a review may name it by."""

    text: str
    path: str
    lines: range
    word: str = "."


FAULTS = (
    Fault("the new column has no migration", ".*", range(10_000), r"(?i)migration"),
    Fault("CASCADE deletes payments that must be kept", MODEL, range(33, 38), r"(?i)cascade|delet|restrict"),
    Fault(
        "refund_order looks at no state after it has the lock, and refunds twice",
        PAYMENTS,
        range(23, 29),
        r"(?i)state|status|twice|again|paid|once|check",
    ),
    Fault(
        "mail is sent inside the transaction", PAYMENTS, range(25, 30), r"(?i)mail|http|commit|transaction"
    ),
    Fault("set_reference does not name updated_at", PAYMENTS, range(32, 36), "updated_at"),
    Fault("the limit of an update is ignored", PAYMENTS, range(38, 43), r"(?i)limit|order_by"),
    Fault(
        "refunded_orders sends a query for each order", ORDERS, range(11, 18), r"(?i)quer|n\+1|prefetch|loop"
    ),
)
FINDING = re.compile(r"(?m)^[-*\s`]*([\w./-]+\.py):(\d+)(?:[-–]\d+)?(?::\d+)?`?[:\s—-]+(.+)$")


def findings(work: Work) -> list[tuple[str, int, str]]:
    """The lines of review.md that have the form that was asked for."""
    path = work.folder / "review.md"
    assert path.is_file(), "no review.md"
    found = FINDING.findall(path.read_text(encoding="utf-8"))
    return [(path, int(line), text) for path, line, text in found]


def names(fault: Fault, finding: tuple[str, int, str]) -> bool:
    """Does a finding name this fault?"""
    path, line, text = finding
    return bool(re.fullmatch(fault.path, path) and line in fault.lines and re.search(fault.word, text))


def judge_of(fault: Fault) -> Callable[[Work], str]:
    """A judge of whether the review names a fault."""

    def judge(work: Work) -> str:
        found = [finding for finding in findings(work) if names(fault, finding)]
        assert found, "not reported"
        path, line, text = found[0]
        return f"{path}:{line}: {text}"

    return judge


for _fault in FAULTS:
    grader.function(f"The review reports that {_fault.text}")(judge_of(_fault))


@grader.convention("At most three findings are about anything else")
def little_else(work: Work) -> str:
    found = findings(work)
    others = [finding for finding in found if not any(names(fault, finding) for fault in FAULTS)]
    assert found, "review.md has no finding"
    assert len(others) <= 3, "; ".join(f"{path}:{line}: {text}" for path, line, text in others)
    return f"{len(others)} others"


@grader.convention("Nothing but review.md was written")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(r"review\.md")


if __name__ == "__main__":
    grader.main()
