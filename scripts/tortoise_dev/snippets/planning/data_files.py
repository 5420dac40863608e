"""``toml``, ``yaml``, ``json``, ``ini`` and ``dockerfile`` blocks: parsed, and checked against the schema of
what they are.

What a block is, its title says (``pyproject.toml``, ``compose.yaml``, ``.github/workflows/ci.yml``) or else
its keys. The schemas are those that check-jsonschema, validate-pyproject and (where it is installed)
kubernetes-validate ship; nothing is downloaded.
"""

from __future__ import annotations

import configparser
import datetime
import difflib
import functools
import importlib.resources
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
        schema = _schema_of(language, document, title)
        if schema:
            _check_schema(schema, document, source, title)
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


def _schema_of(language: str, document: Any, title: str) -> str | None:
    """The schema that a document claims to follow, by its file name or else by its keys."""
    name, keys = PurePosixPath(title).name, set(document) if isinstance(document, dict) else set()
    if language == "toml":
        return (
            "pyproject"
            if name == "pyproject.toml" or (not name and keys & {"project", "build-system"})
            else None
        )
    if language not in ("yaml", "yml") or not keys:
        return None
    if re.fullmatch(r"(docker-)?compose([.-].*)?\.ya?ml", name) or (
        not name and _looks_like_compose(document)
    ):
        return "compose-spec"
    if ".github/workflows" in title or (not name and "jobs" in keys and keys & {"on", True}):
        return "github-workflows"
    if _kubernetes_version(document):
        return "kubernetes"
    return "gitlab-ci" if name == ".gitlab-ci.yml" else None


def _looks_like_compose(document: Any) -> bool:
    """Other tools have ``services`` too: one of these must have an image or a build (or a misspelling)."""
    services = document.get("services")
    values = list(services.values()) if isinstance(services, dict) else []
    keys = [str(key) for value in values if isinstance(value, dict) for key in value]
    return any(difflib.get_close_matches(word, keys, n=1, cutoff=0.8) for word in ("image", "build"))


def _kubernetes_version(document: dict[Hashable, Any]) -> str | None:
    """The Kubernetes version whose schemas know this kind of object; None for the objects of other tools
    (Kustomize, custom resources), and where kubernetes-validate is not installed.
    """
    kind, api = document.get("kind"), document.get("apiVersion")
    if not (isinstance(kind, str) and isinstance(api, str)):
        return None
    try:
        import kubernetes_validate
    except ImportError:
        return None
    version = kubernetes_validate.latest_version()
    try:
        kubernetes_validate.validate({"kind": kind, "apiVersion": api}, version)
    except kubernetes_validate.SchemaNotFoundError:
        return None
    except kubernetes_validate.ValidationError:
        pass
    return str(version)


def _check_schema(schema: str, document: Any, source: str, title: str) -> None:
    if schema == "pyproject":
        if not title and isinstance(
            document.get("project"), dict
        ):  # a fragment: what it leaves out is not wrong
            document = document | {"project": {"name": "x", "version": "0"} | document["project"]}
            if "version" in document["project"].get("dynamic", ()):
                del document["project"]["version"]
        problem = _pyproject_problem(document)
    elif schema == "kubernetes":
        problem = _kubernetes_problem(document)
    else:
        problem = _json_schema_problem(schema, document)
    if problem:
        path, message = problem
        raise DataError(
            _line_of(path, source), f"not a valid {schema}: {'.'.join(path) or 'document'}: {message}"
        )


def _pyproject_problem(document: Any) -> tuple[list[str], str] | None:
    from validate_pyproject import api, errors

    try:
        api.Validator([])(document)
    except errors.ValidationError as error:
        path = [part for part in (error.name or "").removeprefix("data").replace("`", "").split(".") if part]
        return path, error.message.splitlines()[0]
    return None


def _kubernetes_problem(document: Any) -> tuple[list[str], str] | None:
    import kubernetes_validate

    try:
        kubernetes_validate.validate(_as_json(document), _kubernetes_version(document), strict=True)
    except kubernetes_validate.ValidationError as error:
        unexpected = re.search(r"\('([^']+)'.* unexpected\)", error.message)
        path = [*map(str, error.absolute_path), *(unexpected.groups() if unexpected else ())]
        return path, error.message.splitlines()[0]
    return None


def _json_schema_problem(schema: str, document: Any) -> tuple[list[str], str] | None:
    from jsonschema.exceptions import best_match

    error = best_match(_validator(schema).iter_errors(_as_json(document)))
    if error is None:
        return None
    message = error.message.splitlines()[0]
    unexpected = re.search(r"\('([^']+)'.* unexpected\)", message)
    return [*map(str, error.absolute_path), *(unexpected.groups() if unexpected else ())], message


@functools.cache
def _validator(schema: str) -> Any:
    from jsonschema.validators import validator_for

    folder = importlib.resources.files("check_jsonschema") / "builtin_schemas" / "vendor"
    text = json.loads((folder / f"{schema}.json").read_text(encoding="utf-8"))
    return validator_for(text)(text)


def _as_json(value: Any) -> Any:
    """A YAML document in JSON's types: keys are strings (YAML 1.1 reads ``on:`` as true)."""
    if isinstance(value, dict):
        return {"on" if key is True else str(key): _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


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
