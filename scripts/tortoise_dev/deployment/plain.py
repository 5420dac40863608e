"""Plain manifests for `kubectl apply -f`: a Job in a folder of its own, which is applied first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..folders import own_files
from .image import Image
from .job_draft import job_of, new_file
from .kubernetes import Judge, Object, environment_of, images_of, objects_in
from .manifest import Manifest
from .project import Project
from .yaml_nodes import Node, UnreadableError, read_text, read_yaml

_DATABASE = re.compile(r"DATABASE|POSTGRES|MYSQL|MARIADB|(?:^|_)DB(?:_|$)", re.IGNORECASE)
_KUBECTL = re.compile(r"^(?:.*\\\n)*.*\bkubectl\b(?:.*\\\n)*.*$", re.MULTILINE)
_APPLIES = re.compile(r"\bkubectl\b.*\b(?:apply|create|replace)\b.*\s(?:-f|--filename)\b", re.DOTALL)
_WAITS = re.compile(r"\bkubectl\b.*\b(?:wait|get)\b", re.DOTALL)
_SETS_IMAGE = re.compile(r"\bkubectl\b.*\bset\s+image\b", re.DOTALL)
_FIXED_TAG = re.compile(r"@sha256:|:(?!latest$)[^/:]+$|\$")
_SCRIPTS = {"Makefile", "makefile", "justfile", "Taskfile.yml", "Jenkinsfile", ".gitlab-ci.yml", "README.md"}
_ENDED = (
    "until kubectl get -f {path} -o jsonpath='{{.status.conditions[*].type}}' | grep -qE 'Complete|Failed'; "
    "do sleep 5; done"
)
"""`kubectl wait` alone does not notice a failed Job."""


@dataclass(frozen=True)
class _Call:
    """A command line of a script that calls kubectl."""

    path: str
    line: int
    text: str


def read_plain(project: Project, files: list[Path], image: Image) -> tuple[list[Manifest], list[Path]]:
    """What the workloads of plain files do about migrations, and the files that are no YAML.

    Workloads of one image in one environment are one manifest: one Job migrates before all of them.
    """
    objects: list[Object] = []
    unread = []
    for file in files:
        try:
            objects += objects_in(file, read_yaml(read_text(file)))
        except UnreadableError:
            unread.append(file)
    calls = list(_calls(project.root))
    found = [_judged(project, group, objects, image, calls) for group in _groups(project, objects)]
    return found, unread


def _groups(project: Project, objects: list[Object]) -> list[list[Object]]:
    """The workloads that run the project's code: of each, those with the same image in the same place.

    Where some of them get the URL of a database, the others (a front end) need no migration.
    """
    groups: dict[tuple[str | None, frozenset[str]], list[Object]] = {}
    for one in objects:
        if one.application is not None:
            key = (_place(project, one), frozenset(images_of([one])))
            groups.setdefault(key, []).append(one)
    asking = [group for group in groups.values() if any(_asks_database(one) for one in group)]
    return asking or list(groups.values())[:1]


def _place(project: Project, one: Object) -> str | None:
    return environment_of(one.file.relative_to(project.root).as_posix())


def _asks_database(one: Object) -> bool:
    container = one.application
    if container is None:
        return False
    names = [item.text_at("name") for item in _items(container, "env")]
    secrets = [item.get("secretRef") for item in _items(container, "envFrom")]
    return any(secrets) or any(_DATABASE.search(name) for name in names)


def _items(node: Node, key: str) -> list[Node]:
    found = node.get(key)
    return found.items() if found is not None and found.is_list else []


def _judged(
    project: Project, group: list[Object], objects: list[Object], image: Image, calls: list[_Call]
) -> Manifest:
    first = max(group, key=_asks_database)
    manifest = Manifest(first.file.relative_to(project.root).as_posix(), "kubernetes")
    judge = Judge(project, manifest, image)
    places = {_place(project, first), None}
    jobs = [
        one
        for one in objects
        if one.kind == "Job"
        and images_of([one]) & images_of(group)
        and (_place(project, one) in places or places == {None})
        and judge.migrates(one)
    ]
    services = [one for one in objects if one.kind == "Service"]
    files, folders = {one.file for one in group}, {one.file.parent for one in group}
    apart = [
        job
        for job in jobs
        if job.file not in files and (job.file.parent not in folders or _is_awaited(job, calls))
    ]
    manifest.migrates = judge.is_right(
        [*group, *services, *(job for job in jobs if job not in apart)], is_chart=False
    )
    races = judge.races
    if apart and judge.is_right([*apart, *services], is_chart=False):
        is_applied = any(_is_hook(job) or _is_applied(manifest, project, job, calls) for job in apart)
        manifest.migrates = manifest.migrates or (is_applied and not races)
    _judge_images(judge, group, jobs)
    for one in group:
        if any(one.is_selected_by(service) for service in services):
            judge.judge_served(one)
    if not jobs and not manifest.migrates:
        _draft(project, manifest, first, calls)
        _compare_environments(judge, first, group)
        judge.judge_url(first)
    return manifest


def _is_hook(job: Object) -> bool:
    """Does Argo CD run it, and no script?"""
    return job.annotation("argocd.argoproj.io/hook") is not None


def _judge_images(judge: Judge, group: list[Object], jobs: list[Object]) -> None:
    """Do the Job and the pods run the same code?"""
    found = [(one, box.get("image")) for one in group for box in [one.application] if box is not None]
    for one, node in found:
        if node is not None and not _FIXED_TAG.search(node.text):
            judge.add(
                one,
                node,
                f"{node.text} can become another image between the Job and the pods. Write the same fixed "
                "tag into both files.",
            )
    pods = {node.text for _, node in found if node is not None}
    for job in jobs:
        for box in job.containers():
            if box.text_at("image") not in pods:
                judge.add(
                    job,
                    box.get("image"),
                    f"The Job runs {box.text_at('image')}, and the pods run {', '.join(sorted(pods))}. "
                    "Write the same tag into both files.",
                )


def _draft(project: Project, manifest: Manifest, like: Object, calls: list[_Call]) -> None:
    """A new file: a Job in a folder beside the workload, which `kubectl apply -f FOLDER` does not read."""
    file = like.file.parent / "migrate" / "job.yaml"
    name = f"{like.name}-migrate" if re.fullmatch(r"[a-z0-9-]{1,50}", like.name) else "migrate"
    lines = job_of([like], project, name, [])
    if lines is None or file.exists():
        return
    path = file.relative_to(project.root).as_posix()
    head = ["# Before each rollout, after `set -e`:", *(f"#   {command}" for command in _commands(path))]
    manifest.draft = new_file(project, file, [*head, *lines])
    _tell_to_apply(manifest, path, calls)
    for call in calls:
        if _SETS_IMAGE.search(call.text):
            message = f"This sets the image of the pods only. First write the same image into {path}."
            manifest.add(call.line, message, call.path)


_FROM, _KEYS = ("secretRef", "configMapRef"), ("secretKeyRef", "configMapKeyRef")


def _commands(path: str) -> list[str]:
    """A Job cannot be changed, so the one of the last release goes first."""
    return [
        f"kubectl delete -f {path} --ignore-not-found",
        f"kubectl apply -f {path}",
        *_wait(path),
    ]


def _wait(path: str) -> list[str]:
    """They end when the Job has ended, and fail if it failed."""
    return [_ENDED.format(path=path), f"kubectl wait -f {path} --for=condition=complete --timeout=1s"]


def _compare_environments(judge: Judge, first: Object, group: list[Object]) -> None:
    """Tell of a workload that takes its environment from elsewhere than the one that the Job is like."""
    wanted = _sources(first)
    for one in group:
        if found := _sources(one) - wanted:
            judge.add(
                one,
                one.application,
                f"{one.name} has its environment from {', '.join(sorted(found))}, and the drafted Job has "
                f"that of {first.name}. Check that both name the same database.",
            )


def _sources(one: Object) -> set[str]:
    """The Secrets and ConfigMaps that a workload takes its environment from."""
    container = one.application
    if container is None:
        return set()
    names = {item.text_at(key, "name") for item in _items(container, "envFrom") for key in _FROM}
    names |= {item.text_at("valueFrom", key, "name") for item in _items(container, "env") for key in _KEYS}
    return names - {""}


def _is_applied(manifest: Manifest, project: Project, job: Object, calls: list[_Call]) -> bool:
    """Does a script that applies files also apply the Job, and wait for it? True without such a script."""
    path = job.file.relative_to(project.root).as_posix()
    naming = [call for call in calls if _APPLIES.search(call.text) and _names(job, call)]
    if not naming:
        return not _tell_to_apply(manifest, path, calls)
    if _is_awaited(job, calls):
        return True
    message = f"`kubectl apply` does not wait for the Job. Then run: {'; '.join(_wait(path))}"
    manifest.add(naming[0].line, message, naming[0].path)
    return False


def _tell_to_apply(manifest: Manifest, path: str, calls: list[_Call]) -> bool:
    """Tell of the first command that applies the workloads, and not the Job. Is there one?"""
    for call in calls:
        if _APPLIES.search(call.text):
            manifest.add(call.line, f"First run: {' && '.join(_commands(path))}", call.path)
            return True
    return False


def _is_awaited(job: Object, calls: list[_Call]) -> bool:
    return any(
        _WAITS.search(call.text) and (re.search(r"\bjobs?\b", call.text) or _names(job, call))
        for call in calls
    )


def _names(job: Object, call: _Call) -> bool:
    """Does a command name the Job, its file or its folder?"""
    names = (job.name, job.file.name, job.file.parent.name)
    return any(re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", call.text) for name in names if name)


def _calls(root: Path) -> Iterator[_Call]:
    """The commands of scripts, pipelines and the README that call kubectl."""
    for file in sorted(own_files(root)):
        is_script = (
            file.suffix in (".sh", ".bash") or file.name in _SCRIPTS or file.parent.name == "workflows"
        )
        if not is_script or not file.is_file():
            continue
        text = file.read_text("utf-8", "replace")
        for match in _KUBECTL.finditer(text):
            if not match[0].lstrip().startswith("#"):
                line = text.count("\n", 0, match.start()) + 1
                yield _Call(file.relative_to(root).as_posix(), line, match[0])
