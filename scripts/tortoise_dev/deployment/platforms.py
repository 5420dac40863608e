"""Platforms with a command before each release: Procfile, Fly, Render, DigitalOcean, App Engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from ..toml_text import TomlError, parse_toml
from .copied_lines import lines_of
from .image import Image
from .manifest import Draft, Manifest
from .project import Project
from .shell_commands import Work, work_of
from .work_problems import problems_at_start, problems_of
from .yaml_nodes import Node, UnreadableError, first_document, read_text

_COPIED = ("dockerfile_path", "source_dir", "environment_slug", "github", "gitlab", "git", "image", "envs")


def read_procfile(project: Project, path: Path, name: str) -> Manifest:
    """Heroku and its like: ``release:`` runs once, before the new code."""
    manifest = Manifest(name, "procfile")
    lines = read_text(path).splitlines()
    processes = [
        (number, process.strip(), work_of(command, project.root))
        for number, line in enumerate(lines, 1)
        for process, colon, command in [line.partition(":")]
        if colon and not line.lstrip().startswith("#")
    ]
    for number, process, work in processes:
        if process == "release":
            manifest.migrates = work.migrates and not work.ignores_failure
            _add(manifest, number, "release", problems_of(work))
        elif work.migrates:
            _add(manifest, number, process, problems_at_start(work, "instance"))
    inside = [work for _, process, work in processes if process != "release" and work.migrates]
    if inside:
        manifest.migrates = all(work.locked for work in inside)
    if not manifest.migrates and not any(process == "release" for _, process, _ in processes):
        draft = Draft(project.root, path)
        draft.insert(1, [f"release: {project.line}"])
        manifest.draft = draft.diff()
    return manifest


def read_fly(project: Project, path: Path, name: str, image: Image) -> Manifest:
    """Fly: ``release_command`` runs once on a machine of its own, before any other is replaced."""
    manifest = Manifest(name, "fly")
    text = read_text(path)
    try:
        settings = parse_toml(text)
    except TomlError as error:
        raise UnreadableError(str(error)) from None
    deploy = settings.get("deploy", {})
    release = deploy.get("release_command") if isinstance(deploy, dict) else None
    lines = text.splitlines()
    if isinstance(release, str):
        work = work_of(release, project.root)
        manifest.migrates = work.migrates and not work.ignores_failure
        _add(manifest, _line_of(lines, r"\s*release_command\s*="), "release_command", problems_of(work))
    sqlite = _sqlite_file(settings)
    manifest.migrates = manifest.migrates and sqlite is None
    processes = settings.get("processes", {})
    starts = (
        [value for value in processes.values() if isinstance(value, str)]
        if isinstance(processes, dict)
        else []
    )
    manifest.migrates = _judge_starts(
        manifest,
        _line_of(lines, r"\s*\[processes\]"),
        [image.work(project.root, command=start) for start in starts] or [image.work(project.root)],
        migrates=manifest.migrates,
    )
    if not manifest.migrates and sqlite is not None:
        manifest.add(
            _line_of(lines, rf"\s*{sqlite}\s*="),
            f"{sqlite} is a SQLite file. release_command runs on a machine without its volume: run one "
            "machine, and migrate in its start command.",
        )
    elif not manifest.migrates and release is None:
        draft = Draft(project.root, path)
        command = f'release_command = "{project.line}"'
        at = next((number for number, line in enumerate(lines, 1) if line.strip() == "[deploy]"), None)
        if at is not None:
            indent = re.match(r"\s*", lines[at] if at < len(lines) else "")
            draft.insert(at + 1, [f"{indent[0] if indent else ''}{command}"])
        else:
            draft.insert(len(lines) + 1, ["", "[deploy]", command])
        manifest.draft = draft.diff()
    return manifest


def _sqlite_file(settings: Mapping[str, object]) -> str | None:
    """The variable whose URL names a SQLite file; None without one."""
    values = settings.get("env")
    pairs = values.items() if isinstance(values, dict) else ()
    return next((name for name, value in pairs if str(value).startswith("sqlite:")), None)


def read_render(project: Project, path: Path, name: str, image: Image) -> Manifest:
    """Render: ``preDeployCommand`` runs once, before the new code."""
    manifest = Manifest(name, "render")
    document = first_document(path)
    services = document.get("services") if document else None
    listed = services.items() if services is not None and services.is_list else []
    code = [
        one
        for one in listed
        if one.text_at("type") in ("web", "pserv", "worker", "private")
        and (one.text_at("runtime") or one.text_at("env")) != "static"
    ]
    before = [one for one in listed if _is_release(project, manifest, one)]
    starts = [_start(project, image, one) for one in code]
    for one in listed:
        build = one.get("buildCommand")
        if build is not None and work_of(build.text, project.root).migrates:
            manifest.add(
                build.line,
                "buildCommand migrates while the image is built: a failed build has changed the "
                "database already. Use preDeployCommand.",
            )
    line = code[0].line if code else 1
    manifest.migrates = _judge_starts(manifest, line, starts, migrates=bool(before))
    if not manifest.migrates and code and not before:
        first = next((one for one in code if one.text_at("type") == "web"), code[0])
        if first.get("preDeployCommand") is None:
            draft = Draft(project.root, path)
            at = first.own_line("name") or first.own_line("type") or first.line
            draft.insert(at + 1, [" " * first.column + f"preDeployCommand: {project.line}"])
            manifest.draft = draft.diff()
    return manifest


def _is_release(project: Project, manifest: Manifest, service: Node) -> bool:
    command = service.get("preDeployCommand")
    if command is None:
        return False
    work = work_of(command.text, project.root)
    _add(manifest, command.line, "preDeployCommand", problems_of(work))
    return work.migrates and not work.ignores_failure


def _start(project: Project, image: Image, service: Node) -> Work:
    """What an instance runs: its own command, behind the entrypoint of an image."""
    command = (service.text_at("startCommand") or service.text_at("dockerCommand")) or None
    is_image = (service.text_at("runtime") or service.text_at("env")) in ("docker", "image")
    return (image if is_image else Image()).work(project.root, command=command)


def read_app(project: Project, path: Path, name: str, image: Image) -> Manifest:
    """app.yaml: a DigitalOcean app, which has jobs before a deployment, or App Engine, which has nothing."""
    document = first_document(path)
    if document is not None and document.get("runtime") is not None and document.get("services") is None:
        return _app_engine(project, document, name, image)
    manifest = Manifest(name, "digitalocean")
    jobs = document.get("jobs") if document else None
    for job in jobs.items() if jobs is not None and jobs.is_list else []:
        command = job.get("run_command")
        work = work_of(command.text if command else "", project.root)
        if not work.migrates:
            continue
        line = command.line if command else job.line
        kind = job.text_at("kind") or "POST_DEPLOY"
        if kind != "PRE_DEPLOY":
            manifest.add(
                line, f"The job is {kind}: it does not run before the new code. Write kind: PRE_DEPLOY."
            )
        else:
            manifest.migrates = not work.ignores_failure
        _add(manifest, line, "run_command", problems_of(work))
    services = [one for key in ("services", "workers") for one in _list(document, key)]
    starts = [image.work(project.root, command=one.text_at("run_command") or None) for one in services]
    line = services[0].line if services else 1
    manifest.migrates = _judge_starts(manifest, line, starts, migrates=manifest.migrates)
    if not manifest.migrates and services and jobs is None:
        manifest.draft = _job_draft(project, path, services[0])
    return manifest


def _job_draft(project: Project, path: Path, like: Node) -> str | None:
    """A job before each deployment, from the service's own source and environment."""
    lines = path.read_text(encoding="utf-8").splitlines()
    copied = lines_of(lines, like, _COPIED)
    job = ["jobs:", "  - name: migrate", "    kind: PRE_DEPLOY", f"    run_command: {project.line}"]
    draft = Draft(project.root, path)
    draft.insert(len(lines) + 1, [*job, *(f"    {line}" for line in copied)])
    return draft.diff()


def _app_engine(project: Project, document: Node, name: str, image: Image) -> Manifest:
    manifest = Manifest(name, "app-engine")
    entrypoint = document.get("entrypoint")
    line = entrypoint.line if entrypoint else 1
    start = image.work(project.root, command=entrypoint.text if entrypoint else None)
    manifest.migrates = _judge_starts(manifest, line, [start], migrates=False)
    return manifest


def _list(document: Node | None, key: str) -> list[Node]:
    found = document.get(key) if document else None
    return found.items() if found is not None and found.is_list else []


def _add(manifest: Manifest, line: int, where: str, messages: Iterable[str]) -> None:
    for message in messages:
        manifest.add(line, f"{where}: {message}")


def _judge_starts(manifest: Manifest, line: int, starts: list[Work], *, migrates: bool) -> bool:
    """Look at what instances start; whether a migration runs before the new code, all in all."""
    works = [work for work in starts if work.migrates]
    for work in works:
        _add(manifest, line, "start", problems_at_start(work, "instance"))
    if any(not work.locked or work.late for work in works):
        return False
    return migrates or bool(works)


def _line_of(lines: list[str], pattern: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if re.match(pattern, line)), 1)
