"""``toml``, ``yaml``, ``json``, ``ini`` and ``dockerfile`` blocks: parsed, and checked against the schema of
what they are.

What a block is, its title says (``pyproject.toml``, ``compose.yaml``, ``.github/workflows/ci.yml``) or else
its keys.
"""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections import Counter
from collections.abc import Hashable
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from ...rule_settings import rule_settings
from ...settings import SettingsError, table_in
from ...snippet_settings import snippet_settings
from .dockerfiles import instructions, problem_of
from .schemas import problem_in, schema_of


class DataError(Exception):
    """What is wrong with a block, and the line within it (from 1)."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def check_data(language: str, source: str, title: str) -> str:
    """Check one block; returns what it was checked as (``toml``, ``compose`` …). Raises DataError."""
    documents = _parsed(language, source, title)
    if not documents or all(document is None for document in documents):
        raise DataError(1, "nothing in it: an empty block")
    checked_as = language
    for document in documents:
        schema = schema_of(language, document, title)
        if schema:
            if problem := problem_in(document, schema, title):
                path, message = problem
                place = ".".join(path) or "document"
                raise DataError(_line_of(path, source), f"not a valid {schema}: {place}: {message}")
            checked_as = schema
        if language == "toml":
            _check_own_tables(document, source)
    return checked_as


def parse_part(language: str, source: str, title: str) -> None:
    """Parse a part of a file, dedented: what it leaves out is not wrong. Raises DataError."""
    if language in _DOCKER:
        _dockerfile(source, is_whole=False)
        return
    try:
        _parsed(language, source, title)
    except DataError:
        if language == "json":
            _json("{" + source.rstrip().removesuffix(",") + "}")
        elif language in ("ini", "cfg") and not source.lstrip().startswith("["):
            _ini(f"[part]\n{source}")
        else:
            raise


_DOCKER = ("dockerfile", "docker")


def _parsed(language: str, source: str, title: str) -> list[Any]:
    parse = {"toml": _toml, "json": _json, "ini": _ini, "cfg": _ini}.get(language, _yaml)
    if language in _DOCKER:
        parse = _dockerfile
    elif PurePosixPath(title).name.startswith(".env"):
        parse = _env
    try:
        return parse(source)
    except RecursionError:
        raise DataError(1, "nested too deeply") from None


def _dockerfile(source: str, *, is_whole: bool | None = None) -> list[Any]:
    """A Dockerfile; one without FROM is taken for a part of one."""
    if is_whole is None:
        is_whole = re.search(r"(?im)^[ \t]*FROM\b", source) is not None
    problem = problem_of(source, is_whole=is_whole)
    if problem:
        raise DataError(*problem)
    return [*instructions(source)]


def _check_own_tables(document: dict[str, Any], source: str) -> None:
    """``[tool.tortoise-dev]`` is checked by those who read it. The files that it names need not be there."""
    try:
        table = table_in(document, Path("pyproject.toml"))
        if table is not None:
            rule_settings(table)
            snippet_settings(table)
    except SettingsError as error:
        message = str(error).removeprefix("pyproject.toml: ")
        raise DataError(_line_of_key(error.key, source), message) from None


def _toml(source: str) -> list[Any]:
    try:
        document = tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+)", str(error))
        line = int(at[1]) if at else max(1, source.count("\n"))
        raise DataError(line, f"TOML: {error}") from None
    return [document] if document else []


def _json(source: str) -> list[Any]:
    if not source.strip():
        return []
    try:
        return [json.loads(source, parse_constant=_no_constant, object_pairs_hook=_unique)]
    except json.JSONDecodeError as error:
        raise DataError(error.lineno, f"JSON: {error.msg} (column {error.colno})") from None
    except ValueError as error:
        key = re.search(r"'(.*)'", str(error))
        lines = [n for n, line in enumerate(source.split("\n"), 1) if key and key[1] in line]
        raise DataError(lines[-1] if lines else 1, f"JSON: {error}") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name!r} is not JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    for key, count in Counter(key for key, _ in pairs).items():
        if count > 1:
            raise ValueError(f"key {key!r} stands twice")
    return dict(pairs)


def _ini(source: str) -> list[Any]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(source)
    except configparser.Error as error:
        line = getattr(error, "lineno", None) or next((n for n, _ in getattr(error, "errors", [])), 1)
        raise DataError(line, f"INI: {str(error).splitlines()[0]}") from None
    return [dict(parser)] if parser.sections() else []


def _env(source: str) -> list[Any]:
    lines = [line.strip() for line in source.split("\n")]
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#") and "=" not in line:
            raise DataError(number, "env: expected NAME=value")
    return [line for line in lines if line]


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is an error (PyYAML keeps the last), and other tools' tags are
    let be.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise yaml.MarkedYAMLError(None, None, f"key {key.value!r} stands twice", key.start_mark)
                seen.add((key.tag, key.value))
        return super().construct_mapping(node, deep)


def _other_tag(loader: _UniqueKeys, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node)
    return loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else node.value


_UniqueKeys.add_multi_constructor("!", _other_tag)
_UniqueKeys.add_multi_constructor("tag:yaml.org,2002:python/", _other_tag)


def _yaml(source: str) -> list[Any]:
    try:
        return list(yaml.load_all(source, _UniqueKeys))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "cannot be read"
        raise DataError(mark.line + 1 if mark else 1, f"YAML: {problem}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise DataError(1, f"YAML: {str(error).splitlines()[0]}") from None


def _line_of_key(key: tuple[str, ...], source: str) -> int:
    """The line of a TOML table's key: after the table's head, where it has one."""
    *tables, name = key
    lines = source.split("\n")
    heads = [n for n, line in enumerate(lines) if line.strip().strip("[]") == ".".join(tables)]
    start = heads[0] if heads else 0
    word = rf"""["']?{re.escape(name)}["']?"""
    pattern = re.compile(rf"\s*(?:[\w.-]+\.)?{word}\s*[.=]|\s*\[(?:.*\.)?{word}\]")
    return next((n for n in range(start, len(lines)) if pattern.match(lines[n])), start) + 1


def _line_of(path: list[str], source: str) -> int:
    """The line of the last key of a path that can be found by walking down the text; 1 if none can."""
    lines, at = source.split("\n"), 0
    for part in path:
        pattern = re.compile(rf"""[\s\[\-{{,]*["']?{re.escape(part)}["']?\s*[:=\].]""")
        at = next((n for n in range(at, len(lines)) if pattern.match(lines[n])), at)
    return at + 1
