"""How SQL makes, drops and renames indexes and constraints, and what makes an index unique."""

from __future__ import annotations

import ast
import re

from ..syntax import FUNCTIONS

UNIQUE = re.compile(r"(?i)\bunique\b")
"""The word that makes an index unique."""

_MAKES = r"\bunique\s+(?:index|key|using)\b|\bunique\s*\(|\bconstraint\s"
MAKES = re.compile(_MAKES, re.IGNORECASE)
"""What may make a unique index or a constraint, in a text."""
MAKES_IN_FILE = re.compile(_MAKES.encode(), re.IGNORECASE)
"""The same, in a file."""

_QUOTE = r"""["`]?"""
_NAME = rf"(?:{_QUOTE}\w+{_QUOTE}\s*\.\s*)?{_QUOTE}(\w+){_QUOTE}"
_IF = r"(?:if\s+(?:not\s+)?exists\s+)?"
_TABLE = rf"alter\s+table\s+{_IF}(?:only\s+)?\S+\s+"
MAKES_PLAIN = re.compile(
    rf"""\s*(?:
        create\s+index\s+(?:concurrently\s+)?{_IF}{_NAME}
      | {_TABLE}add\s+(?:index|key)\s+{_NAME}
    )""",
    re.VERBOSE,
)
"""A statement that begins with an index that is not unique. All statements are in small letters."""
DROPS = re.compile(
    rf"""\s*(?:
        drop\s+index\s+(?:concurrently\s+)?{_IF}{_NAME}
      | {_TABLE}drop\s+(?:index|key|constraint)\s+{_IF}{_NAME}
    )""",
    re.VERBOSE,
)
"""A statement that begins with a dropped index or constraint."""
DROPS_ONE = re.compile(rf"{DROPS.pattern}(?:\s+on\s+\S+|\s+cascade|\s+restrict)?\s*\Z", re.VERBOSE)
"""A statement that drops an index or a constraint, and nothing else."""
MAKES_IF_MISSING = re.compile(
    rf"\s*create\s+unique\s+index\s+(?:concurrently\s+)?if\s+not\s+exists\s+{_NAME}"
)
"""A statement that keeps an index of this name, also a plain one."""
MAKES_MORE = re.compile(r"\b(?:unique|add\s+constraint|add\s+check|rename)\b")
RENAMES = re.compile(
    rf"""\s*(?:
        alter\s+index\s+{_IF}{_NAME}\s+rename\s+to\s+{_NAME}
      | {_TABLE}rename\s+(?:index|key|constraint)\s+{_NAME}\s+to\s+{_NAME}
    )\s*\Z""",
    re.VERBOSE,
)
NAMELESS = re.compile(
    rf"\b(?:unique\s+(?:index|key)|add\s+constraint)\s+(?:concurrently\s+)?{_IF}{_QUOTE}(?![\s\"`\w(])"
)
"""What makes a unique index or a constraint whose name is put in later."""
ON_TABLE = re.compile(
    rf"""\s*(?:
        create\s+unique\s+index\s+(?:concurrently\s+)?{_IF}(?:{_NAME}\s+)?on\s+(?:only\s+)?{_NAME}\s*(?:\(|using\b)
      | (?:create|alter)\s+table\s+{_IF}(?:only\s+)?{_NAME}\s*[\w("`]
    )""",
    re.VERBOSE,
)
"""A statement whose table the text tells."""


def is_on_unknown_table(statement: str) -> bool:
    """Does a statement in small letters make something unique on a table that the text does not tell?"""
    return UNIQUE.search(statement) is not None and ON_TABLE.match(statement) is None


def writes_index(cls: ast.ClassDef) -> bool:
    """Does a class write the SQL of an index, which no migration runs?"""
    return any(isinstance(one, FUNCTIONS) and one.name == "get_sql" for one in cls.body)
