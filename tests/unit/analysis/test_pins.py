"""Which releases a requirement allows."""

from __future__ import annotations

import pytest
from tortoise_dev.analysis.pins import bound_of, exactly

OLDER_THAN: dict[str, tuple[bool, bool]] = {  # than 0.21, than 1.0
    "==0.19.3": (True, True),
    "==0.21": (False, True),
    "===0.21.0": (False, True),
    ">=0.19,<0.20": (True, True),
    ">=0.19,<0.21": (True, True),
    "<=0.21": (False, True),
    "^0.19.3": (True, True),
    "^0.21": (False, True),
    "^1.0": (False, False),
    "~=0.20.0": (True, True),
    "~=0.20": (False, True),
    "~0.19": (True, True),
    "0.20.*": (True, True),
    "==0.20.*": (True, True),
    "0.20.1": (True, True),
    ">=0.19": (False, False),
    "!=0.19": (False, False),
    "*": (False, False),
    "": (False, False),
}


@pytest.mark.parametrize("text", OLDER_THAN)
def test_what_a_requirement_allows(text: str) -> None:
    bound = bound_of(text)
    found = tuple(bound is not None and bound.excludes(release) for release in ((0, 21), (1, 0)))
    assert found == OLDER_THAN[text]


def test_one_release() -> None:
    bound = exactly("1.0rc1")
    assert bound is not None
    assert not bound.excludes((1, 0, 0))
    assert bound.excludes((1, 0, 1))
    assert exactly("main") is None
