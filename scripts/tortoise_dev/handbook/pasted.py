"""An error message that was pasted: which of the handbook's it is, and what in it is the asker's own data."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence

from .sections import MESSAGES, Section
from .terms import wanted_terms

_LONGEST_VALUE = 200  # characters that stand for a `…` of a message
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_OF_A_ROW = re.compile(r"(?<=\)=\()[^()]*(?=\))")  # PostgreSQL: Key (email)=(…) already exists
_QUOTED = re.compile(r"""(?<=['"`])[A-Za-z]\w*(?=['"`])""")
_ERROR = re.compile(r"\w+(?:Error|Exception|Warning): ")


def message_bonus(words: str, section: Section) -> float:
    """Lift the message that was pasted, whatever stands in place of its `…`: by the length of the rest.

    Half as much lifts another text of the same error: of an older release, of another driver.
    """
    if not section.page.startswith(MESSAGES):
        return 0.0
    if _message_pattern(section.heading).search(words):
        return float(sum(map(len, section.heading.split("…"))))
    others = [text for text in section.asked if re.search(rf"(?<!\w){re.escape(text)}(?!\w)", words, re.I)]
    return max(map(len, others), default=0) / 2


@functools.cache
def _message_pattern(message: str) -> re.Pattern[str]:
    """A message with anything in place of each `…`, which is a group. A shell may have eaten its quotes."""
    parts = message.split("…")
    literals = [re.sub(r"[\"'`]", "[\"'`]?", re.escape(part)) for part in parts]
    gap = rf"([^\n]{{0,{_LONGEST_VALUE}}}?)"  # bounded: a pasted log may be long
    gaps = [gap if part else r"(\S*)" for part in parts[1:]]  # the last value ends with its word
    return re.compile("".join(a + b for a, b in zip(literals, [*gaps, ""], strict=True)))


def without_values(words: str, sections: Sequence[Section], is_known: Callable[[str], bool]) -> str:
    """The words without what a pasted message says of the asker's own data: it names no topic.

    That is what stands for the `…` of a message; an address of a person; in an error, a name in quotes that
    no section has as a whole, by ``is_known``. If nothing else is left, the words stay as they are.
    """
    spans = [one.span() for pattern in (_EMAIL, _OF_A_ROW) for one in pattern.finditer(words)]
    for section in sections:
        if section.page.startswith(MESSAGES) and "…" in section.heading:
            found = _message_pattern(section.heading).search(words)
            groups = range(1, 1 + len(found.groups())) if found else ()
            spans += [found.span(group) for group in groups if found]
    if _ERROR.search(words):
        spans += [one.span() for one in _QUOTED.finditer(words) if not is_known(one[0])]
    kept = list(words)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    rest = "".join(kept)
    return rest if wanted_terms(rest) else words
