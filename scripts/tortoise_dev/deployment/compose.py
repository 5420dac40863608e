"""Compose files: a service that migrates once, and applications that wait for its success."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from .compose_draft import draft_of
from .compose_service import Service, Services
from .image import Image, is_infrastructure, read_dockerfile
from .manifest import PGBOUNCER, Manifest
from .project import Project
from .shell_commands import Work
from .work_problems import problems_at_start, problems_of, through_pooler
from .yaml_nodes import Node, UnreadableError, first_document

_OVERRIDE = re.compile(r"(?:docker-)?compose\.[\w.-]+\.ya?ml$")
_ALWAYS = {"always", "unless-stopped"}


def read_compose(project: Project, path: Path, name: str) -> Manifest | None:
    """What a compose file, with its overrides, does about migrations; None where it runs none of the project.

    Raises UnreadableError.
    """
    manifest = Manifest(name, "compose")
    document = first_document(path)
    listed = document.get("services") if document is not None else None
    if document is not None and listed is None:
        if document.get("include") is None:
            raise UnreadableError("no services")
        manifest.add(1, "the files that it includes were not read")
    services = Services(_with_overrides(project, path, listed))
    if services.all and all(_is_foreign(service) for service in services.all):
        return None
    manifest.migrates = _is_right(manifest, services)
    if not manifest.migrates and listed is not None:
        manifest.draft = draft_of(project, path, listed, services)
    return manifest


def _is_right(manifest: Manifest, services: Services) -> bool:
    """Does a migration run before the applications, once or under a lock? Notes what is wrong."""
    steps, code, inside = services.steps, services.code, services.inside
    for step in steps:
        _judge_step(manifest, step, services.databases)
    for service in inside:
        _judge_inside(manifest, service)
    right = [step for step in steps if not step.work.ignores_failure]
    waiting = [one for one in code if _waits(manifest, one, right)] if right else []
    for service in services.all:
        if service.work.first_only:
            _add(manifest, service, service.line, problems_of(service.work))
    poolers = [service.name for service in services.all if service.is_pooler]
    for service in [*steps, *inside] or code[:1]:
        _judge_url(manifest, service, poolers)
    all_locked = all(one.work.locked for one in inside)
    if steps:
        return bool(right) and waiting == code and all_locked
    return bool(inside) and all_locked and not any(one.work.late for one in inside)


def _with_overrides(project: Project, path: Path, listed: Node | None) -> list[Service]:
    """The services of a compose file and those that only its overrides have. Raises UnreadableError."""
    services = _services(project, path, listed)
    for override in _overrides(path):
        known = {service.name for service in services}
        services += (service for service in _of_override(project, override) if service.name not in known)
    return services


def _is_foreign(service: Service) -> bool:
    """Is it a server that one takes as it is, or a front end?"""
    is_built = service.node.get("build") is not None
    return not service.is_python or (not is_built and is_infrastructure(service.image))


def _is_python(path: Path, node: Node) -> bool:
    build = node.get("build")
    context = build.get("context") if build is not None and build.is_mapping else build
    folder = path.parent / context.text if context is not None and context.text else None
    if folder is None or not (folder / "package.json").is_file():
        return True
    return any(
        (folder / name).is_file() for name in ("pyproject.toml", "requirements.txt", "setup.py")
    ) or any(folder.glob("*.py"))


def _overrides(path: Path) -> list[Path]:
    stem = path.name.removesuffix(path.suffix)
    return [
        other
        for other in sorted(path.parent.iterdir())
        if _OVERRIDE.fullmatch(other.name) and other.name.startswith(f"{stem}.")
    ]


def _of_override(project: Project, path: Path) -> list[Service]:
    """The services of an override, which may have none. Raises UnreadableError, which names the file."""
    try:
        document = first_document(path)
        return _services(project, path, document.get("services") if document is not None else None)
    except UnreadableError as error:
        raise UnreadableError(f"{path.name}: {error}") from None


def _services(project: Project, path: Path, listed: Node | None) -> list[Service]:
    if listed is not None and not listed.is_mapping:
        raise UnreadableError("no services")
    found = []
    for name, line, node in listed.entries() if listed is not None else ():
        if node.is_mapping:
            work = _work(project, path, node)
            found.append(Service(name, line, node, work, _is_python(path, node)))
    return found


def _work(project: Project, path: Path, node: Node) -> Work:
    """What a service runs: what its Dockerfile says, with its own entrypoint or command in place of that."""
    entrypoint, command = node.get("entrypoint"), node.get("command")
    return _image(path, node).work(
        project.root,
        entrypoint=entrypoint.text if entrypoint else None,
        command=command.text if command else None,
    )


def _image(path: Path, node: Node) -> Image:
    build = node.get("build")
    if build is None:
        return Image()
    context = build.get("context") if build.is_mapping else build
    named = build.get("dockerfile") if build.is_mapping else None
    folder = path.parent / (context.text if context else ".")
    return read_dockerfile(folder / (named.text if named else "Dockerfile"))


def _judge_step(manifest: Manifest, step: Service, databases: list[Service]) -> None:
    restart = step.node.get("restart")
    if restart is not None and restart.is_boolean:
        line = step.node.own_line("restart") or step.line
        manifest.add(line, f'{step.name}: write restart: "no" in quotes; without them YAML reads a boolean.')
    elif restart is not None and restart.text in _ALWAYS:
        line = step.node.own_line("restart") or step.line
        manifest.add(
            line, f'{step.name}: restart: {restart.text} starts it again and again; write restart: "no".'
        )
    replicas = step.node.get("deploy", "replicas") or step.node.get("scale")
    if replicas is not None and replicas.text not in ("0", "1") and not step.work.locked:
        manifest.add(replicas.line, f"{step.name}: {replicas.text} replicas migrate at the same time.")
    for database in databases:
        if step.condition_on(database.name) != "service_healthy":
            line = step.node.own_line("depends_on") or step.line
            manifest.add(
                line,
                f"{step.name}: wait for {database.name} with condition: service_healthy.",
            )
        elif database.node.get("healthcheck") is None:
            manifest.add(database.line, f"{database.name}: service_healthy needs a healthcheck here.")
    _add(manifest, step, step.node.own_line("command") or step.line, problems_of(step.work))


def _judge_inside(manifest: Manifest, service: Service) -> None:
    line = service.node.own_line("command") or service.line
    _add(manifest, service, line, problems_at_start(service.work, "replica"))


def _judge_url(manifest: Manifest, service: Service, poolers: list[str]) -> None:
    """Tell of a migration through PgBouncer, also of one that a draft makes with the service's variables."""
    found = service.pooled_url(poolers)
    if found is not None:
        name, line = found
        manifest.add(line, f"{service.name}: {through_pooler(name)}", section=PGBOUNCER)


def _add(manifest: Manifest, service: Service, line: int, messages: Iterable[str]) -> None:
    for message in messages:
        manifest.add(line, f"{service.name}: {message}")


def _waits(manifest: Manifest, service: Service, steps: list[Service]) -> bool:
    """Does a service start after a migration that has succeeded?"""
    conditions = {step.name: service.condition_on(step.name) for step in steps}
    if "service_completed_successfully" in conditions.values():
        return True
    name = steps[0].name
    line = service.node.own_line("depends_on") or service.line
    manifest.add(line, f"{service.name}: wait for {name} with condition: service_completed_successfully.")
    return False
