"""Data that pages show and nothing runs: a TOML of a project, and what a workflow passes to the action.

The harness refuses keys of `[tool.tortoise-dev]` that do not exist. It cannot know that a table's head or a
setting is missing, or that a requirement is misspelt.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from prose.code import Tree
from prose.reading import Prose
from tortoise_dev.about import REPOSITORY, __version__
from tortoise_dev.pages.page import Block
from tortoise_dev.snippet_settings import SnippetSettings

TABLES = {"project", "tool", "build-system", "dependency-groups"}
SETTINGS = {name.replace("_", "-") for name in SnippetSettings._fields} - {"root", "source"}
RAW = REPOSITORY.replace("github.com", "raw.githubusercontent.com")
COPIED = re.compile(r'^cp -rn? "\$SKILL/(examples/\w+)/\."', re.MULTILINE)
DEFAULTS = {"databases": ["sqlite://:memory:"], "timeout": 10, "memory": 2048}


def problems(page: Prose, tree: Tree) -> Iterator[str]:
    """What the page's shown data lacks or misspells, one line each."""
    for block in page.blocks:
        title = block.attributes.get("title")
        is_shown = (
            page.name != "README.md" and "breaks" not in block.attributes
        )  # its recipes are for readers
        is_file = title and (tree.root / "examples" / "billing" / title).is_file()
        if title and is_shown and not is_file and not is_run(title, page.blocks, tree):
            yield f"line {block.line}: {title} is no file of the example"
        if block.kind != "data" or {"xfail", "norun"} & block.attributes.keys():
            continue
        if title is None and (file := _shown_file(block, tree)):
            yield f"line {block.line}: these lines stand in {file}: say title="
        try:
            found = list(_of_block(block, page.name, tree))
        except (
            tomllib.TOMLDecodeError,
            yaml.YAMLError,
            LookupError,
            AttributeError,
            TypeError,
            ValueError,
        ) as error:
            found = [f"is not what it should be: {error!r}"]
        yield from (f"line {block.line}: {problem}" for problem in found)


def is_run(title: str, blocks: list[Block], tree: Tree) -> bool:
    """Whether a block that is saved as a file is used: a command names it, or it is imported by another block
    or by a file that a command copies from the examples. Another block may read data, and `migrate` runs it.
    """
    module = title.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    named = re.compile(rf"(?<!\w){re.escape(title)}(?!\w)|\b{re.escape(module.rpartition('.')[2])} import\b")
    if title.startswith("migrations/"):
        named = re.compile(r"^python -m tortoise migrate$", re.MULTILINE)
    imported = re.compile(rf"^from {re.escape(module)} import ", re.MULTILINE)
    copied = [
        file.read_text(encoding="utf-8")
        for block in blocks
        for folder in COPIED.findall(block.source)
        for file in (tree.root / folder).rglob("*.py")
    ]
    return any(imported.search(source) for source in copied) or any(
        (named if block.kind == "shell" or not title.endswith(".py") else imported).search(block.source)
        for block in blocks
        if block.attributes.get("title") != title
    )


def _shown_file(block: Block, tree: Tree) -> str | None:
    """The file of the example that has all lines of a block, if they are four or more."""
    lines = {line.strip() for line in block.source.split("\n") if line.strip()}
    if len(lines) < 4:
        return None
    for file in tree.under("examples/billing/", (".yml", ".yaml", ".toml", "Dockerfile", "Procfile")):
        if lines <= {line.strip() for line in file.read_text(encoding="utf-8").split("\n")}:
            return file.relative_to(tree.root / "examples" / "billing").as_posix()
    return None


def _of_block(block: Block, page: str, tree: Tree) -> Iterator[str]:
    if block.info.language == "toml" and "title" not in block.attributes:
        yield from _of_toml(tomllib.loads(block.source), page, tree)
    elif block.attributes.get("title") == "pgbouncer.ini":
        if not re.search(r"^\[databases\]\n\w+ = host=\w+ port=5432$", block.source, re.MULTILINE):
            yield "[databases] says where no database is"
    elif page != "README.md" and block.info.language in ("yaml", "yml") and "title" not in block.attributes:
        for document in yaml.safe_load_all(block.source):
            if isinstance(document, dict) and document.get("kind") in ("Job", "CronJob"):
                yield from _of_job(document, tree)
        for number, times in re.findall(r"backoffLimit: (\d+) # .*\b(once|twice)\b", block.source):
            if {"once": "1", "twice": "2"}[times] != number:
                yield f"backoffLimit: {number} is not {times}"
    elif page == "README.md" and block.info.language in ("yaml", "yml"):
        yield from _of_readme(yaml.safe_load(block.source), block.attributes.get("title"), tree)


def _of_job(document: dict[str, Any], tree: Tree) -> Iterator[str]:
    """A Job says what the Job of the example says; a CronJob also says when, and that one runs at a time."""
    job = document["spec"]
    if document["kind"] == "CronJob":
        if len(str(job["schedule"]).split()) != 5 or job["concurrencyPolicy"] != "Forbid":
            yield "a CronJob needs a schedule of five fields, and concurrencyPolicy: Forbid"
        job = job["jobTemplate"]["spec"]
    file = tree.root / "examples" / "billing" / "kubernetes" / "migrate" / "job.yaml"
    own = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
    pod, own_pod = job["template"]["spec"], own["template"]["spec"]
    if "name" not in document["metadata"]:
        yield "metadata has no name"
    if "backoffLimit" not in job:
        yield "a Job says how often it repeats a failed run: backoffLimit"
    if "activeDeadlineSeconds" not in job:
        yield "a run that hangs must end: activeDeadlineSeconds"
    if pod.get("restartPolicy") != own_pod["restartPolicy"]:
        yield f"the Job of the example has restartPolicy: {own_pod['restartPolicy']}"
    for container in pod["containers"]:
        for key in sorted({"name", "image", "args", "envFrom"} - container.keys()):
            yield f"a container has no {key}"
        if not all(re.fullmatch(r"python|\w+\.py", str(one)) for one in container.get("args", ["?"])):
            yield f"{container.get('args')} starts no program of Python"
        for source in container.get("envFrom", []):
            if source["secretRef"]["name"] not in _secrets(tree):
                yield f"no manifest of the example reads the Secret {source['secretRef']['name']}"


def _secrets(tree: Tree) -> set[str]:
    """The Secrets that the example's manifests read or make."""
    files = tree.under("examples/billing/kubernetes/", (".yaml",))
    return {
        name for file in files for name in re.findall(r"name: ([\w-]+)", file.read_text(encoding="utf-8"))
    }


def _of_toml(document: dict[str, Any], page: str, tree: Tree) -> Iterator[str]:
    yield from (f"{key!r} is no table of pyproject.toml" for key in sorted(document.keys() - TABLES))
    project = document.get("project")
    if project is not None:
        missing = {"name", "version", "dependencies"} - project.keys()
        yield from (f"[project] lacks {key!r}" for key in sorted(missing))
        wanted = project.get("dependencies", [])
        yield from filter(None, map(_problem_of_requirement, wanted))
        known = [one for one in wanted if not _problem_of_requirement(one)]
        yield from (f"{one!r} is not what the package itself requires" for one in _unlike(known, tree))
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


def _unlike(requirements: list[str], tree: Tree) -> Iterator[str]:
    """Requirements of what this package requires, too, in other releases."""
    project = tomllib.loads((tree.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = {one for extra in project["optional-dependencies"].values() for one in map(Requirement, extra)}
    for text in requirements:
        others = {
            one
            for one in own
            if one.name == Requirement(text).name and one.extras == Requirement(text).extras
        }
        if others and Requirement(text) not in others:
            yield text
        limits = {limit for one in own if one.name == Requirement(text).name for limit in _upper(one)}
        if limits and _upper(Requirement(text)) - limits:
            yield text


def _upper(requirement: Requirement) -> set[str]:
    """The releases that a requirement excludes above: `<2`."""
    return {str(one) for one in requirement.specifier if one.operator == "<"}


def _of_readme(document: dict[Any, Any], title: str | None, tree: Tree) -> Iterator[str]:
    """Recipes of continuous integration: a workflow, the hooks of pre-commit, GitLab's template."""
    if document.keys() == {True, "jobs"}:  # YAML reads the key `on` as a truth value
        if not fnmatch.fnmatchcase(str(title), ".github/workflows/*.yml"):
            yield f"{title!r} is not where GitHub looks"
        yield from _of_workflow(document, tree)
    elif document.keys() == {"repos"}:
        if title != ".pre-commit-config.yaml":
            yield f"{title!r} is not where pre-commit looks"
        yield from _of_hooks(document["repos"], tree)
    elif document.keys() == {"include", "variables"}:
        if document["include"] != [{"remote": f"{RAW}/v{__version__}/ci/gitlab.yml"}]:
            yield f"{document['include']} is not the template of this release"
        template = (tree.root / "ci" / "gitlab.yml").read_text(encoding="utf-8")
        for name, value in document["variables"].items():
            if name not in template:
                yield f"{name} is no variable of ci/gitlab.yml"
            yield from _missing_paths(value, tree)
    else:
        yield "is none of the three recipes"


def _of_workflow(document: dict[Any, Any], tree: Tree) -> Iterator[str]:
    """It runs on pull requests, and begins with the steps of this repository's own workflow."""
    if document[True] != "pull_request":
        yield "does not run on pull requests"
    own = yaml.safe_load((tree.root / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    first = [step["uses"] for step in own["jobs"]["test"]["steps"] if "uses" in step]
    pythons = own["jobs"]["test"]["strategy"]["matrix"]["python"]
    inputs = yaml.safe_load((tree.root / "action.yml").read_text(encoding="utf-8"))["inputs"]
    project = tomllib.loads((tree.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (job,) = document["jobs"].values()
    *before, action = job["steps"]
    if [step["uses"] for step in before] != first:
        yield f"the action does not come after {first}"
    if before[-1]["with"] not in [{"python-version": version} for version in pythons]:
        yield f"{before[-1]['with']} is none of the versions that CI runs"
    if action["uses"] != f"{REPOSITORY.removeprefix('https://github.com/')}@v{__version__}":
        yield f"{action['uses']!r} is not this action"
    given = action["with"]
    yield from (f"{key!r} is no input of the action" for key in given.keys() - inputs.keys())
    yield from (f"the input {key!r} is not shown" for key in {"check", "snippets", "extras"} - given.keys())
    extras = set(given.get("extras", "").split(","))
    yield from (f"{extra!r} is no extra" for extra in extras - project["optional-dependencies"].keys())
    yield from _missing_paths(given.get("check", ""), tree)


def _of_hooks(repositories: list[dict[str, Any]], tree: Tree) -> Iterator[str]:
    """All hooks of this release, the one that mends first."""
    hooks = yaml.safe_load((tree.root / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    known = sorted((hook["id"] for hook in hooks), reverse=True)
    ((address, release, shown),) = [
        (one["repo"], one["rev"], [hook["id"] for hook in one["hooks"]]) for one in repositories
    ]
    if (address, release) != (REPOSITORY, f"v{__version__}"):
        yield f"{address} {release} is not this release"
    if shown != known:
        yield f"shows the hooks {shown}, and there are {known}"


def _missing_paths(paths: str, tree: Tree) -> Iterator[str]:
    """A reader's paths are those of the running example."""
    example = tree.root / "examples" / "billing"
    yield from (f"{path!r} is not in the example" for path in paths.split() if not (example / path).exists())
