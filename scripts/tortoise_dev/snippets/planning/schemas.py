"""The schemas of configuration files: which one a document claims to follow, and where it does not.

They are those that check-jsonschema, validate-pyproject and (where it is installed) kubernetes-validate ship;
nothing is downloaded.
"""

from __future__ import annotations

import datetime
import difflib
import functools
import importlib.resources
import json
import re
from collections.abc import Hashable
from pathlib import PurePosixPath
from typing import Any

Problem = tuple[list[str], str]
"""The keys that lead to what is wrong, and what is wrong."""


def schema_of(language: str, document: Any, title: str) -> str | None:
    """The schema that a document claims to follow, by its file name or else by its keys."""
    name, keys = PurePosixPath(title).name, set(document) if isinstance(document, dict) else set()
    if language == "toml":
        is_pyproject = name == "pyproject.toml" or (not name and keys & {"project", "build-system"})
        return "pyproject" if is_pyproject else None
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


def problem_in(document: Any, schema: str, title: str) -> Problem | None:
    """What in a document its schema does not allow."""
    if schema == "kubernetes":
        return _kubernetes_problem(document)
    if schema != "pyproject":
        return _json_schema_problem(schema, document)
    if not title and isinstance(document.get("project"), dict):
        document = document | {"project": _completed(document["project"])}
    return _pyproject_problem(document)


def _completed(project: dict[str, Any]) -> dict[str, Any]:
    """A part of the table of a project: what it leaves out is not wrong."""
    completed = {"name": "x", "version": "0"} | project
    if "version" in completed.get("dynamic", ()):
        del completed["version"]
    return completed


def _pyproject_problem(document: Any) -> Problem | None:
    from validate_pyproject import api, errors

    try:
        api.Validator([])(document)
    except errors.ValidationError as error:
        path = [part for part in (error.name or "").removeprefix("data").replace("`", "").split(".") if part]
        return path, error.message.splitlines()[0]
    return None


def _kubernetes_problem(document: Any) -> Problem | None:
    import kubernetes_validate

    try:
        kubernetes_validate.validate(_as_json(document), _kubernetes_version(document), strict=True)
    except kubernetes_validate.ValidationError as error:
        unexpected = re.search(r"\('([^']+)'.* unexpected\)", error.message)
        path = [*map(str, error.absolute_path), *(unexpected.groups() if unexpected else ())]
        return path, error.message.splitlines()[0]
    return None


def _json_schema_problem(schema: str, document: Any) -> Problem | None:
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
