"""The run-time checks that compiled blocks call: their names while a block is compiled, and how the functions
get into its code.
"""

from __future__ import annotations

import enum
import marshal
import types
from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeAlias


class Check(enum.Enum):
    """The run-time checks; child/block_checks.py has a method for each. The values stand in the code until
    the functions take their place; no page says the like.
    """

    STATEMENT = "\0snippet check: statement"
    STATUS = "\0snippet check: status"
    CONDITION = "\0snippet check: condition"
    OPERAND = "\0snippet check: operand"
    ASSERTED = "\0snippet check: asserted"
    LOOKED_AT = "\0snippet check: looked at"
    CAUGHT = "\0snippet check: caught"
    EXITED = "\0snippet check: exited"
    ENTERED = "\0snippet check: entered"
    REACHED = "\0snippet check: reached"


Checks = Mapping[str, Callable[..., Any]]
"""The functions to be called, by the value of their Check."""

Reached: TypeAlias = Literal[0, 1, 2]
"""How far a block has got: 0 before its last statement, 2 at it. At 1 an exception cuts nothing off, but an
exit would: further rounds of a loop, or the ``else`` of a ``try``.
"""

BEFORE: Reached = 0
NEARLY: Reached = 1
THERE: Reached = 2


def load(code: str | None, checks: Checks) -> types.CodeType | None:
    """The code of a Program, with the checks in it; None for one that does not compile."""
    return hold(marshal.loads(bytes.fromhex(code)), checks) if code else None


def hold(code: types.CodeType, checks: Checks) -> types.CodeType:
    """Put the functions in the place of their names among a code's constants, and within nested code.

    They are not looked up by a name, which a block could replace.
    """
    constants = tuple(
        hold(constant, checks)
        if isinstance(constant, types.CodeType)
        else checks.get(constant, constant)
        if isinstance(constant, str)
        else constant
        for constant in code.co_consts
    )
    return code.replace(co_consts=constants)
