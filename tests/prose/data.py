"""Data that pages show and nothing runs: a TOML of a project, and what a workflow passes to the action.

The harness refuses keys of `[tool.tortoise-dev]` that do not exist. It cannot know that a table's head or a
setting is missing, or that a requirement is misspelt.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from prose.code import Tree
from prose.reading import Prose
from tortoise_dev.pages.page import Block
from tortoise_dev.settings import SnippetSettings

TABLES = {"project", "tool", "build-system", "dependency-groups"}
SETTINGS = {name.replace("_", "-") for name in SnippetSettings._fields} - {"root", "source"}
DEFAULTS = {"databases": ["sqlite://:memory:"], "timeout": 10, "memory": 2048}


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """What the page's shown data lacks or misspells, one line each."""
    for block in page.blocks:
        if block.kind != "data" or {"xfail", "norun"} & block.attributes.keys():
            continue
        try:
            found = list(_of_block(block, page.name, tree))
        except (tomllib.TOMLDecodeError, yaml.YAMLError, LookupError, AttributeError, TypeError) as error:
            found = [f"is not what it should be: {error!r}"]
        yield from (f"line {block.line}: {problem}" for problem in found)


def _of_block(block: Block, page: str, tree: Tree) -> Iterator[str]:
    if block.info.language == "toml" and "title" not in block.attributes:
        yield from _of_toml(tomllib.loads(block.source), page)
    elif page == "README.md" and block.info.language in ("yaml", "yml"):
        yield from _of_readme(yaml.safe_load(block.source), tree)


def _of_toml(document: dict[str, Any], page: str) -> Iterator[str]:
    yield from (f"{key!r} is no table of pyproject.toml" for key in sorted(document.keys() - TABLES))
    project = document.get("project")
    if project is not None:
        missing = {"name", "version", "dependencies"} - project.keys()
        yield from (f"[project] lacks {key!r}" for key in sorted(missing))
        yield from filter(None, map(_problem_of_requirement, project.get("dependencies", [])))
    shown = document.get("tool", {}).get("tortoise-dev", {}).get("snippets")
    if page == "references/harness.md" and shown is not None:
        yield from (f"the setting {key!r} is not shown" for key in sorted(SETTINGS - shown.keys()))
        yield from (
            f"{key} is shown as {shown[key]}, and is {default} if nothing is said"
            for key, default in DEFAULTS.items()
            if key in shown and shown[key] != default
        )


def _problem_of_requirement(text: str) -> str | None:
    """A requirement names a package that is installed here, its extras, and its version."""
    try:
        wanted = Requirement(text)
        version = metadata.version(wanted.name)
    except (InvalidRequirement, metadata.PackageNotFoundError):
        return f"{text!r} names no installed package"
    extras = {extra.lower() for extra in metadata.metadata(wanted.name).get_all("Provides-Extra") or ()}
    if not wanted.extras <= extras:
        return f"{text!r} names no extra of {wanted.name}"
    return None if wanted.specifier.contains(version) else f"{text!r} excludes {version}, which runs here"


def _of_readme(document: dict[str, Any], tree: Tree) -> Iterator[str]:
    """The inputs of the action, the extras, the hooks, and the variables of the template."""
    extras = tomllib.loads((tree.root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    inputs = yaml.safe_load((tree.root / "action.yml").read_text())["inputs"]
    for job in document.get("jobs", {}).values():
        for step in job["steps"]:
            if "tortoise-dev" in step.get("uses", ""):
                given = step.get("with", {})
                yield from (f"{key!r} is no input of the action" for key in given.keys() - inputs.keys())
                named = set(given.get("extras", "snippets").split(",")) - extras.keys()
                yield from (f"{extra!r} is no extra" for extra in named)
    hooks = {hook["id"] for hook in yaml.safe_load((tree.root / ".pre-commit-hooks.yaml").read_text())}
    for repository in document.get("repos", []):
        shown = {hook["id"] for hook in repository["hooks"]}
        yield from (f"{name!r} is no hook" for name in shown - hooks)
    template = (tree.root / "ci" / "gitlab.yml").read_text(encoding="utf-8")
    yield from (
        f"{name} is no variable of ci/gitlab.yml"
        for name in document.get("variables", {})
        if name not in template
    )
