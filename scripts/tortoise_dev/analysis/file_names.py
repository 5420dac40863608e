"""How the file of a model is called: what the scaffold writes and what a split writes have the same name."""

from __future__ import annotations

import itertools
import keyword
import re
from collections.abc import Iterator

_WORD_BEGINS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z0-9])(?=[A-Z][a-z])")


def snake_case(name: str) -> str:
    """``OrderLine`` as ``order_line``; a number stays with the word before it: ``invoice2``."""
    return re.sub(r"__+", "_", _WORD_BEGINS.sub("_", name.strip("_"))).lower()


def file_stems(model: str) -> Iterator[str]:
    """Names that a model's file may have, without ``.py``: the first, and others where that one is taken.

    No keyword is among them: ``from .class import Class`` would be no Python.
    """
    stem = snake_case(model) or "model"
    if not keyword.iskeyword(stem):
        yield stem
    yield f"{stem}_model"
    for number in itertools.count(2):
        yield f"{stem}_model_{number}"
