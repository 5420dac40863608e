"""An error message that was pasted: which of the handbook's it is, and what in it is the asker's own data."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .sections import Section
from .terms import wanted_terms

_LONGEST_VALUE = 200  # characters that stand for a `…` of a message
_LEAST_CUT = 12  # characters of a message that was pasted in part, without the asker's own values
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_OF_A_ROW = re.compile(r"(?<=\)=\()[^()]*(?=\))")  # PostgreSQL: Key (email)=(…) already exists
_QUOTED = re.compile(r"""(?<=['"`])[A-Za-z]\w*(?=['"`])""")
_FRAME = re.compile(r"""\bFile "[^"\n]+", line \d+(?:, in [\w.<>]+)?""")
_RAISED = re.compile(
    r"(?:^|[\s|])(?:(?:\w+\.)+[A-Z]\w+|[A-Z]\w*(?:Error|Exception|Warning)): \S"
    r"|^[\s|+E]*(?:[A-Z]\w*[a-z][A-Z]\w*: \S|[\w.]*(?:Error|Exception|Warning)\s*$)"
)
_NO_MESSAGE = re.compile(rf"^[\s|+E]*$|{_FRAME.pattern}|Traceback \(most recent call last\)")
_ERROR = re.compile(r"\w+(?:Error|Exception|Warning): ")


@dataclass(frozen=True)
class Pasted:
    """A pasted text has this message: ``same`` of its characters are the same for everybody.

    ``values`` tells where the text has the asker's own data, which stands for a `…` of the message.
    """

    same: int
    values: tuple[tuple[int, int], ...] = ()


def message_in(message: str, words: str) -> Pasted | None:
    """Find the message, whatever stands in place of its `…`; its first part if the pasted text ends there."""
    if found := _message_pattern(message).search(words):
        values = tuple(found.span(group) for group in range(1, 1 + len(found.groups())))
        return Pasted(sum(map(len, message.split("…"))), values)
    return _cut_message(message, words)


def message_bonus(lower: str, section: Section, pasted: Pasted | None) -> float:
    """Lift the message that was pasted by the length of what is the same for everybody.

    Half as much lifts another text of the same error: of an older release, of another driver. ``lower`` is
    the pasted text in lower case.
    """
    if pasted:
        return float(pasted.same)
    others = [text for text in section.asked if text.lower() in lower and _is_whole(text, lower)]
    return max(map(len, others), default=0) / 2


def _is_whole(text: str, words: str) -> bool:
    """Do the words have the text, and not as a part of a longer word?"""
    return bool(re.search(rf"(?<!\w){re.escape(text)}(?!\w)", words, re.IGNORECASE))


@functools.cache
def _message_pattern(message: str) -> re.Pattern[str]:
    """A message with anything in place of each `…`, which is a group. A shell may have eaten its quotes."""
    parts = message.split("…")
    literals = [re.sub(r"[\"'`]", "[\"'`]?", re.escape(part)) for part in parts]
    gap = rf"([^\n]{{0,{_LONGEST_VALUE}}}?)"  # bounded: a pasted log may be long
    gaps = [gap if part else r"(\S*)" for part in parts[1:]]  # the last value ends with its word
    return re.compile("".join(a + b for a, b in zip(literals, [*gaps, ""], strict=True)))


def _cut_message(message: str, words: str) -> Pasted | None:
    """How much of a message ends a pasted text that stops before the message does, on its last line."""
    text = words.rstrip(" .…\n")
    line = text.rfind("\n") + 1
    first, *rest = message.split("…")
    at, same, values = text.find(first, line), len(first), list[tuple[int, int]]()
    if at < 0:
        same = _length_at_the_end(first, text[line:])
        return Pasted(same) if same >= _LEAST_CUT else None
    at += len(first)
    for part in rest:
        found = text.find(part, at)
        ends = len(part) if found >= 0 else _length_at_the_end(part, text[at:])
        values.append((at, found if found >= 0 else len(text) - ends))
        same += ends
        if found < 0:
            break
        at = found + len(part)
    is_short = values and all(end - start <= _LONGEST_VALUE for start, end in values)
    return Pasted(same, tuple(values)) if same >= _LEAST_CUT and is_short else None


def _length_at_the_end(part: str, text: str) -> int:
    """How many first characters of ``part`` end the text."""
    return next((size for size in range(len(part), 0, -1) if text.endswith(part[:size])), 0)


def raised(words: str) -> str:
    """Of a pasted traceback, log or report of tests only the errors, without files, functions and code.

    A text that names no error stays as it is.
    """
    kept, is_raised = list[str](), False
    for line in words.splitlines():
        is_raised = bool(_RAISED.search(line)) or (is_raised and not _NO_MESSAGE.search(line))
        if is_raised:
            kept.append(line)
    rest = _FRAME.sub(" ", "\n".join(kept) or words)
    return rest if wanted_terms(rest) else words


def without_values(words: str, messages: Iterable[Pasted], is_known: Callable[[str], bool]) -> str:
    """The words without what a pasted message says of the asker's own data: it names no topic.

    That is what stands for the `…` of a message; an address of a person; in an error, a name in quotes that
    no section has as a whole, by ``is_known``. If nothing else is left, the words stay as they are.
    """
    spans = [one.span() for pattern in (_EMAIL, _OF_A_ROW) for one in pattern.finditer(words)]
    spans += [span for message in messages for span in message.values]
    if _ERROR.search(words):
        spans += [one.span() for one in _QUOTED.finditer(words) if not is_known(one[0])]
    kept = list(words)
    for start, end in spans:
        kept[start:end] = " " * (end - start)
    rest = "".join(kept)
    return rest if wanted_terms(rest) else words
