"""YAML with the lines where things stand, and templates of Helm charts read as far as they are YAML.

PyYAML is imported when the first file is read: a project with fly.toml and Procfile needs none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import yaml

_TEMPLATE_LINE = re.compile(r"^\s*\{\{-?.*-?\}\}\s*$")
_ACTION_BLOCK = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
_TEMPLATE = re.compile(r"\{\{.*?\}\}")


class UnreadableError(Exception):
    """A file that cannot be used: not UTF-8, or no YAML. The message names the line."""


def _is(node: yaml.Node, kind: str) -> bool:
    return bool(getattr(node, "id", "") == kind)


class Node:
    """A YAML value and where it stands: its first line, from 1, and the line of a closing bracket."""

    def __init__(self, node: yaml.Node) -> None:
        self._node = node
        self.line = node.start_mark.line + 1
        self.last_line = node.end_mark.line + 1
        self.is_flow = bool(getattr(node, "flow_style", False))

    @property
    def is_mapping(self) -> bool:
        return _is(self._node, "mapping")

    @property
    def is_list(self) -> bool:
        return _is(self._node, "sequence")

    def entries(self) -> Iterator[tuple[str, int, Node]]:
        """Key, its line and its value, of a mapping; those of merged ones (``<<``) come last."""
        merged: list[yaml.Node] = []
        for key, value in self._node.value if self.is_mapping else ():
            if key.tag == "tag:yaml.org,2002:merge" or key.value == "<<":
                merged += value.value if _is(value, "sequence") else [value]
            else:
                yield str(key.value), key.start_mark.line + 1, Node(value)
        for node in merged:
            yield from Node(node).entries()

    def get(self, *keys: str) -> Node | None:
        """The value behind some keys; None where one is missing."""
        node: Node | None = self
        for key in keys:
            found = [value for name, _, value in node.entries() if name == key] if node else []
            node = found[0] if found else None
        return node

    def text_at(self, *keys: str) -> str:
        """The text behind some keys; empty where one is missing."""
        found = self.get(*keys)
        return found.text if found is not None else ""

    def own_lines(self) -> list[tuple[str, int]]:
        """The keys that stand in this mapping itself, not in one that is merged into it, and their lines."""
        pairs = self._node.value if self.is_mapping else ()
        return [(key.value, key.start_mark.line + 1) for key, _ in pairs]

    def own_line(self, key: str) -> int | None:
        """The line of a key that stands in this mapping itself."""
        return next((line for name, line in self.own_lines() if name == key), None)

    def items(self) -> list[Node]:
        """The items of a list; a single value is a list of itself."""
        return [Node(item) for item in self._node.value] if self.is_list else [self]

    @property
    def text(self) -> str:
        """A scalar as it is written; a list of scalars joined by spaces, as a shell would see it."""
        if self.is_list:
            return " ".join(item.text for item in self.items())
        return str(self._node.value) if _is(self._node, "scalar") else ""

    @property
    def is_boolean(self) -> bool:
        return self._node.tag == "tag:yaml.org,2002:bool"

    @property
    def column(self) -> int:
        """Spaces before it."""
        return int(self._node.start_mark.column)


def read_yaml(text: str) -> list[Node]:
    """The documents of a file. Raises UnreadableError, and ModuleNotFoundError without PyYAML."""
    import yaml

    try:
        found = [node for node in yaml.compose_all(text, Loader=yaml.SafeLoader) if node is not None]
        for node in found:
            _refuse_circle(node, frozenset(), set())
        return [Node(node) for node in found]
    except RecursionError:
        raise UnreadableError("no YAML: it is nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark is not None else ""
        raise UnreadableError(f"{where}no YAML: {getattr(error, 'problem', None) or error}") from None


def is_yaml(text: str) -> bool:
    """Can a text be read, as YAML or as a Helm template?"""
    try:
        read_template(text)
    except UnreadableError:
        return False
    return True


def _refuse_circle(node: yaml.Node, around: frozenset[int], done: set[int]) -> None:
    """Raises UnreadableError for a value that an alias puts into itself."""
    if id(node) in around:
        raise UnreadableError(f"line {node.start_mark.line + 1}: a value that contains itself")
    if id(node) in done or _is(node, "scalar"):
        return
    for child in node.value:
        for one in child if isinstance(child, tuple) else (child,):
            _refuse_circle(one, around | {id(node)}, done)
    done.add(id(node))


def read_text(path: Path) -> str:
    """The text of a file, without a byte order mark. Raises UnreadableError and OSError."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise UnreadableError(f"line {line}: not UTF-8: {error.reason}") from None


def first_document(path: Path) -> Node | None:
    """The first document of a file; None where it has none. Raises UnreadableError and OSError."""
    return next(iter(read_yaml(read_text(path))), None)


def read_template(text: str) -> list[Node]:
    """The documents of a Helm template: a line that is only an action is blank, any other action a word.

    Raises UnreadableError for what is no YAML even then.
    """
    text = _ACTION_BLOCK.sub(lambda match: "\n" * match[0].count("\n"), text)
    lines = [
        "" if _TEMPLATE_LINE.match(line) else _TEMPLATE.sub("TEMPLATE", line) for line in text.split("\n")
    ]
    return read_yaml("\n".join(lines))
