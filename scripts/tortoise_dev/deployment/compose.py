"""Compose files: a service that migrates once, and applications that wait for its success."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from .image import Image, read_dockerfile
from .manifest import Draft, Manifest
from .project import Project
from .shell_commands import Work
from .yaml_nodes import Node, UnreadableError, read_yaml

_BASE = re.compile(r"(?:docker-)?compose\.ya?ml$")
_OVERRIDE = re.compile(r"(?:docker-)?compose\.[\w.-]+\.ya?ml$")
_INFRASTRUCTURE = re.compile(
    r"(?:^|/)(?:postgres|postgis|timescaledb|mysql|mariadb|percona|mongo|redis|valkey|memcached|rabbitmq|nats|kafka|"
    r"zookeeper|minio|nginx|traefik|caddy|haproxy|adminer|pgadmin\d*|phpmyadmin|mailhog|mailpit|prometheus|grafana|"
    r"jaeger|elasticsearch|opensearch|clickhouse|pgbouncer|localstack|vault|consul)\b",
    re.IGNORECASE,
)
_DATABASE = re.compile(r"(?:^|/)(?:postgres|postgis|timescaledb|mysql|mariadb|percona)\b", re.IGNORECASE)
_HEALTHCHECKS = {
    "mariadb": "healthcheck.sh --connect --innodb_initialized",
    "mysql": "mysqladmin ping --host=127.0.0.1 --silent",
    "percona": "mysqladmin ping --host=127.0.0.1 --silent",
    "": "pg_isready --username=$${POSTGRES_USER:-postgres} --host=127.0.0.1",
}
"""Part of an image's name -> a command of that image that fails until the database takes connections."""
_ALWAYS = {"always", "unless-stopped"}


@dataclass
class _Service:
    name: str
    line: int
    node: Node
    work: Work
    is_python: bool = True
    """False where its folder holds a package.json and no Python: a front end."""

    @property
    def image(self) -> str:
        node = self.node.get("image")
        return node.text if node else ""

    @property
    def is_database(self) -> bool:
        return bool(_DATABASE.search(self.image))

    @property
    def is_code(self) -> bool:
        """Is it the project's own code that serves or works, and no bought-in server?"""
        built = self.node.get("build") is not None
        return (
            not self.work.migrates_only
            and self.is_python
            and (built or self.work.serves)
            and not _is_infrastructure(self.image)
        )

    def condition_on(self, other: str) -> str | None:
        """The condition under which it starts after another service; None without one."""
        depends = self.node.get("depends_on")
        if depends is None:
            return None
        if depends.is_list:
            return "service_started" if other in [item.text for item in depends.items()] else None
        entry = depends.get(other)
        if entry is None:
            return None
        condition = entry.get("condition")
        return condition.text if condition else "service_started"


def compose_files(files: list[Path]) -> list[Path]:
    """The base compose files among some paths, one for each folder."""
    return [path for path in files if _BASE.fullmatch(path.name)]


def read_compose(project: Project, path: Path, name: str) -> Manifest | None:
    """What a compose file, with its overrides, does about migrations; None where it runs none of the project.

    Raises UnreadableError.
    """
    manifest = Manifest(name, "compose")
    services = _services(project, path, _document(path))
    for override in _overrides(path):
        for service in _services(project, override, _document(override)):
            if service.name not in [one.name for one in services]:
                services.append(service)
    if services and all(_is_foreign(service) for service in services):
        return None
    steps = [service for service in services if service.work.migrates_only]
    code = [service for service in services if service.is_code]
    inside = [service for service in code if service.work.migrates]
    for step in steps:
        _judge_step(manifest, step, services)
    for service in inside:
        _judge_inside(manifest, service)
    right = [step for step in steps if not step.work.ignores_failure]
    waiting = [one for one in code if _waits(manifest, one, right)] if right else []
    locked = bool(inside) and all(one.work.locked and not one.work.late for one in inside)
    manifest.migrates = (bool(right) and waiting == code and _only_locked(inside)) or (not steps and locked)
    for service in services:
        if service.work.first_only:
            line = service.line
            manifest.add(
                line, f"{service.name}: `aerich init-db` makes the first tables only; run `aerich upgrade`."
            )
    if not manifest.migrates:
        manifest.draft = _draft(project, path, services, steps, code, inside)
    return manifest


def _is_foreign(service: _Service) -> bool:
    """Is it a server that one takes as it is, or a front end?"""
    is_built = service.node.get("build") is not None
    return not service.is_python or (not is_built and _is_infrastructure(service.image))


def _is_python(path: Path, node: Node) -> bool:
    build = node.get("build")
    context = build.get("context") if build is not None and build.is_mapping else build
    folder = path.parent / context.text if context is not None and context.text else None
    if folder is None or not (folder / "package.json").is_file():
        return True
    return any(
        (folder / name).is_file() for name in ("pyproject.toml", "requirements.txt", "setup.py")
    ) or any(folder.glob("*.py"))


def _only_locked(inside: list[_Service]) -> bool:
    return all(service.work.locked for service in inside)


def _document(path: Path) -> Node | None:
    return next(iter(read_yaml(path.read_text(encoding="utf-8"))), None)


def _overrides(path: Path) -> list[Path]:
    stem = path.name.removesuffix(path.suffix)
    return [
        other
        for other in sorted(path.parent.iterdir())
        if _OVERRIDE.fullmatch(other.name) and other.name.startswith(f"{stem}.")
    ]


def _services(project: Project, path: Path, document: Node | None) -> list[_Service]:
    listed = document.get("services") if document else None
    if document is not None and (listed is None or not listed.is_mapping):
        raise UnreadableError("no services")
    found = []
    for name, line, node in listed.entries() if listed else ():
        if node.is_mapping:
            work = _work(project, path, node)
            found.append(_Service(name, line, node, work, _is_python(path, node)))
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


def _is_infrastructure(image: str) -> bool:
    return bool(_INFRASTRUCTURE.search(image))


def _judge_step(manifest: Manifest, step: _Service, services: list[_Service]) -> None:
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
    for database in services:
        if database.is_database and step.condition_on(database.name) != "service_healthy":
            line = step.node.own_line("depends_on") or step.line
            manifest.add(
                line,
                f"{step.name}: wait for {database.name} with condition: service_healthy.",
            )
        elif database.is_database and database.node.get("healthcheck") is None:
            manifest.add(database.line, f"{database.name}: service_healthy needs a healthcheck here.")
    _judge_command(manifest, step)


def _judge_command(manifest: Manifest, service: _Service) -> None:
    line = service.node.own_line("command") or service.line
    if service.work.syncs:
        manifest.add(
            line, f"{service.name}: `uv run` may install packages at its start; write `uv run --no-sync`."
        )
    if service.work.ignores_failure:
        manifest.add(line, f"{service.name}: the new code starts although the migration failed.")


def _judge_inside(manifest: Manifest, service: _Service) -> None:
    line = service.node.own_line("command") or service.line
    if not service.work.locked:
        manifest.add(
            line,
            f"{service.name}: each replica migrates when it starts, and nothing locks. Migrate once, before.",
        )
    if service.work.late:
        manifest.add(line, f"{service.name}: it serves before it migrates.")
    _judge_command(manifest, service)


def _waits(manifest: Manifest, service: _Service, steps: list[_Service]) -> bool:
    """Does a service start after a migration that has succeeded?"""
    conditions = {step.name: service.condition_on(step.name) for step in steps}
    if "service_completed_successfully" in conditions.values():
        return True
    name = steps[0].name
    line = service.node.own_line("depends_on") or service.line
    manifest.add(line, f"{service.name}: wait for {name} with condition: service_completed_successfully.")
    return False


# --- the draft


def _draft(
    project: Project,
    path: Path,
    services: list[_Service],
    steps: list[_Service],
    code: list[_Service],
    inside: list[_Service],
) -> str | None:
    text = path.read_text(encoding="utf-8")
    document = _document(path)
    here = {name for name, _, _ in document.get("services").entries()} if document else set()  # type: ignore[union-attr]
    own = [service for service in code if service.name in here]
    if not own or "\t" in text:
        return None
    draft = Draft(project.root, path)
    listed = document.get("services") if document else None
    assert listed is not None
    name = steps[0].name if steps else _free_name(services)
    column = listed.column
    if not steps:
        first = _first_line(listed)
        databases = [service.name for service in services if service.is_database]
        draft.insert(first, _new_service(project, text, own[0], name, column, databases))
        for service in services:
            if service.is_database and service.name in here and service.node.get("healthcheck") is None:
                _make_health_known(draft, text.splitlines(), service)
    for service in own:
        if service.condition_on(name) != "service_completed_successfully":
            _make_wait(draft, text.splitlines(), service, name, column)
        if service in inside:
            _take_out(draft, text.splitlines(), service)
    return draft.diff() or None


def _free_name(services: list[_Service]) -> str:
    names = {service.name for service in services}
    return "migrate" if "migrate" not in names else "migrate-database"


def _first_line(listed: Node) -> int:
    return next(line for _, line, _ in listed.entries())


def _new_service(
    project: Project, text: str, like: _Service, name: str, column: int, databases: list[str]
) -> list[str]:
    """The migrating service, with the image and the surroundings of the application's own."""
    indent, inner = " " * column, " " * (column + 2)
    lines = [f"{indent}{name}:"]
    lines += _copied(text.splitlines(), like, column)
    lines.append(f"{inner}command: [{', '.join(f'{word!r}' for word in project.command)}]".replace("'", '"'))
    if databases:
        lines.append(f"{inner}depends_on:")
        lines += [f"{inner}  {database}: {{ condition: service_healthy }}" for database in databases]
    return [*lines, f'{inner}restart: "no"', ""]


def _make_health_known(draft: Draft, lines: list[str], database: _Service) -> None:
    """Let a database say when it is ready: Compose refuses to wait for the health of one that does not."""
    if database.node.is_flow or database.node.own_line("image") is None:
        return
    check = next(check for name, check in _HEALTHCHECKS.items() if name in database.image.lower())
    indent = " " * database.node.column
    end = next(end for key, _, end in _keys(lines, database) if key == "image")
    draft.insert(
        end,
        [
            f"{indent}healthcheck:",
            f'{indent}  test: ["CMD-SHELL", "{check}"]',
            f"{indent}  interval: 2s",
            f"{indent}  timeout: 3s",
            f"{indent}  retries: 30",
        ],
    )


def _copied(lines: list[str], like: _Service, column: int) -> list[str]:
    """The lines of the application that say what it is made of and what it finds around it."""
    wanted = ("<<", "image", "build", "env_file", "environment", "networks", "secrets", "volumes", "platform")
    kept: list[str] = []
    for key, start, end in _keys(lines, like):
        if key in wanted:
            kept += [line.rstrip() for line in lines[start - 1 : end - 1] if line.strip()]
    depth = min((len(line) - len(line.lstrip()) for line in kept), default=column + 2)
    return [" " * (column + 2) + line[depth:] for line in kept]


def _keys(lines: list[str], service: _Service) -> list[tuple[str, int, int]]:
    """The keys that stand in a service itself: name, first line, the line after."""
    pairs = [(k.value, k.start_mark.line + 1) for k, _ in service.node._node.value]
    ends = [start for _, start in pairs[1:]] + [_end(lines, service)]
    return [(key, start, end) for (key, start), end in zip(pairs, ends, strict=True)]


def _end(lines: list[str], service: _Service) -> int:
    """The line after a service: the next one that is indented no deeper than its name."""
    depth = len(lines[service.line - 1]) - len(lines[service.line - 1].lstrip())
    for number in range(service.line + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= depth:
            return number
    return len(lines) + 1


def _make_wait(draft: Draft, lines: list[str], service: _Service, name: str, column: int) -> None:
    depends = service.node.get("depends_on")
    start = service.node.own_line("depends_on")
    indent = " " * service.node.column
    wait = f"{indent}  {name}: {{ condition: service_completed_successfully }}"
    if start is None or depends is None:
        last = max(end for _, _, end in _keys(lines, service))
        while last > 1 and (not lines[last - 2].strip() or lines[last - 2].lstrip().startswith("#")):
            last -= 1
        draft.insert(last, [f"{indent}depends_on:", wait])
        return
    end = next(end for key, _, end in _keys(lines, service) if key == "depends_on")
    while end > start + 1 and not lines[end - 2].strip():
        end -= 1
    if depends.is_list:
        others = [item.text for item in depends.items() if item.text != name]
        kept = [line for line in lines[start : end - 1] if line.lstrip().startswith("#")]
        entries = [f"{indent}  {other}: {{ condition: service_started }}" for other in others]
        draft.replace(start, end, [f"{indent}depends_on:", *kept, *entries, wait])
    elif depends.get(name) is None and not depends.is_flow:
        draft.insert(end, [wait])
    elif depends.is_flow:
        entries = [
            f"{indent}  {other}: {{ condition: {service.condition_on(other)} }}"
            for other, _, _ in depends.entries()
            if other != name
        ]
        draft.replace(start, end, [f"{indent}depends_on:", *entries, wait])
    else:
        entry = depends.get(name)
        condition = entry.get("condition") if entry else None
        if condition is not None:
            old = lines[condition.line - 1]
            draft.replace(
                condition.line,
                condition.line + 1,
                [old.replace(condition.text, "service_completed_successfully", 1)],
            )


_INLINE = re.compile(
    r"(?:uv run (?:--\S+ )*)?(?:python[\d.]* -m )?(?:aerich upgrade|tortoise migrate)\s*(?:&&|;)\s*"
)


def _take_out(draft: Draft, lines: list[str], service: _Service) -> None:
    """Take the migration out of a command that goes on to serve, where it stands on one line."""
    start = service.node.own_line("command")
    if start is not None and _INLINE.search(lines[start - 1]):
        draft.replace(start, start + 1, [_INLINE.sub("", lines[start - 1], count=1)])
