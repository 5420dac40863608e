"""Texts of new files. They lie in ``templates/``, each under the path that it gets, with ``.txt`` behind it.

``<<name>>`` in a text stands for a value, and so does a folder called NAME. What a template has in common
with examples/billing is compared by tests/scaffold/test_templates.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_FOLDER = Path(__file__).parent / "templates"
_PLACEHOLDER = re.compile(r"<<(\w+)>>")


def filled(template: str, values: Mapping[str, str]) -> str:
    """The text of one template with its values. A line that only holds an empty value goes."""
    text = (_FOLDER / f"{template}.txt").read_text(encoding="utf-8")
    empty = {name for name, value in values.items() if not value}
    for name in empty:
        text = re.sub(rf"(?m)^[ \t]*<<{name}>>\n", "", text)
    return _PLACEHOLDER.sub(lambda match: values.get(match[1], match[0]), text)


def files_of(layer: str, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Path and text of each file of a folder of templates, in the order of paths."""
    top = _FOLDER / layer
    for file in sorted(top.rglob("*.txt")):
        path = file.relative_to(top).as_posix().removesuffix(".txt")
        shown = "/".join(values["name"] if part == "NAME" else part for part in path.split("/"))
        yield shown, filled(f"{layer}/{path}", values)
