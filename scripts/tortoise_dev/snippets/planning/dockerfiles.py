"""``dockerfile`` blocks: known instructions, in a possible order, each with its arguments.

No kept library judges a Dockerfile without an engine; those that read one (dockerfile-parse) take any word
for an instruction.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator

INSTRUCTIONS = frozenset(
    "ADD ARG CMD COPY ENTRYPOINT ENV EXPOSE FROM HEALTHCHECK LABEL MAINTAINER ONBUILD RUN SHELL STOPSIGNAL "
    "USER VOLUME WORKDIR".split()
)
_HEREDOC = re.compile(r"<<-?\s*[\"']?(\w+)[\"']?")
_EXEC_FORM = frozenset({"CMD", "ENTRYPOINT", "SHELL", "RUN", "COPY", "ADD", "VOLUME"})


def instructions(text: str) -> Iterator[tuple[int, int, str, str]]:
    """Yield (first line, last line, instruction, arguments) of a Dockerfile, lines from 1."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        first = number
        if not lines[number].strip() or lines[number].lstrip().startswith("#"):
            number += 1
            continue
        parts = [lines[number]]
        while parts[-1].rstrip().endswith("\\") and number + 1 < len(lines):
            number += 1
            is_comment = lines[number].lstrip().startswith("#") or not lines[number].strip()
            parts[-1] = parts[-1].rstrip()[:-1]
            parts.append("\\" if is_comment else lines[number])
        word, _, rest = " ".join(parts).strip().partition(" ")
        for end in _HEREDOC.findall(rest) if word.upper() in ("RUN", "COPY", "ADD") else ():
            while number + 1 < len(lines) and lines[number].strip() != end:
                number += 1
        yield first + 1, number + 1, word.upper(), rest.strip()
        number += 1


def problem_of(text: str, *, is_whole: bool) -> tuple[int, str] | None:
    """The first (line, problem) of a Dockerfile; an excerpt need not begin with FROM."""
    seen_from = False
    for first, _, word, arguments in instructions(text):
        if word not in INSTRUCTIONS:
            near = difflib.get_close_matches(word, INSTRUCTIONS, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            return first, f"Dockerfile: {word} is no instruction{hint}"
        if not arguments.rstrip("\\").strip():
            return first, f"Dockerfile: {word} needs an argument"
        if is_whole and not seen_from and word not in ("FROM", "ARG"):
            return first, f"Dockerfile: {word} stands above FROM"
        seen_from = seen_from or word == "FROM"
        problem = _arguments_problem(word, arguments)
        if problem:
            return first, f"Dockerfile: {problem}"
    return None


def _arguments_problem(word: str, arguments: str) -> str | None:
    plain = re.sub(r"^(--[\w-]+(=\S+)?\s+)+", "", arguments)
    if word == "FROM" and not re.fullmatch(r"\S+(\s+(?i:as)\s+[\w.-]+)?", plain):
        return f"FROM takes an image and AS name, not {plain!r}"
    if word in ("COPY", "ADD") and not plain.startswith("[") and "<<" not in plain and len(plain.split()) < 2:
        return f"{word} takes a source and a destination"
    if word in _EXEC_FORM and plain.startswith("[") and not re.match(r"\[\[?\s", plain):
        try:
            parts = json.loads(plain)
        except ValueError:
            return f"{word} takes a JSON list in brackets, not {plain!r}"
        if not all(isinstance(part, str) for part in parts):
            return f"{word} takes a list of strings"
    return None
