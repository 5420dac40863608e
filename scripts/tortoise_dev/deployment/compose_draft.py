"""The draft for a compose file: a service that migrates once, for which the applications wait."""

from __future__ import annotations

import re
from pathlib import Path

from .compose_service import Service, Services
from .copied_lines import lines_of
from .manifest import Draft
from .project import Project
from .yaml_nodes import Node

_HEALTHCHECKS = {
    "mariadb": "healthcheck.sh --connect --innodb_initialized",
    "mysql": "mysqladmin ping --host=127.0.0.1 --silent",
    "percona": "mysqladmin ping --host=127.0.0.1 --silent",
    "": "pg_isready --username=$${POSTGRES_USER:-postgres} --host=127.0.0.1",
}
"""Part of an image's name -> a command of that image that fails until the database takes connections."""
_COPIED = frozenset("<< image build env_file environment networks secrets volumes platform".split())
"""What says what an application is made of, and what it finds around it."""
_INLINE = re.compile(
    r"(?:uv run (?:--\S+ )*)?(?:python[\d.]* -m )?(?:aerich upgrade|tortoise migrate)\s*(?:&&|;)\s*"
)


def draft_of(project: Project, path: Path, listed: Node, services: Services) -> str | None:
    """The diff that makes a file migrate before its applications start; None where that cannot be written.

    ``listed`` are the services in this file, ``services`` also those of its overrides.
    """
    text = path.read_text(encoding="utf-8")
    here = {name for name, _, _ in listed.entries()}
    own = [service for service in services.code if service.name in here]
    if not own or "\t" in text:
        return None
    draft = Draft(project.root, path)
    name = services.steps[0].name if services.steps else _free_name(services.all)
    column = listed.column
    if not services.steps:
        first = next(line for _, line, _ in listed.entries())
        databases = [service.name for service in services.databases]
        draft.insert_above(first, _new_service(project, text, own[0], name, column, databases))
        for service in services.databases:
            if service.name in here and service.node.get("healthcheck") is None:
                _make_health_known(draft, text.splitlines(), service)
    for service in own:
        if service.condition_on(name) != "service_completed_successfully":
            _make_wait(draft, text.splitlines(), service, name)
        if service in services.inside:
            _take_out(draft, text.splitlines(), service)
    return draft.diff()


def _free_name(services: list[Service]) -> str:
    names = {service.name for service in services}
    return "migrate" if "migrate" not in names else "migrate-database"


def _new_service(
    project: Project, text: str, like: Service, name: str, column: int, databases: list[str]
) -> list[str]:
    """The migrating service, with the image and the surroundings of the application's own."""
    indent, inner = " " * column, " " * (column + 2)
    lines = [f"{indent}{name}:"]
    keys = [key for key, _ in like.node.own_lines() if key in _COPIED]
    lines += [f"{inner}{line}" for line in lines_of(text.splitlines(), like.node, keys)]
    lines.append(f"{inner}command: [{', '.join(f'{word!r}' for word in project.command)}]".replace("'", '"'))
    if databases:
        lines.append(f"{inner}depends_on:")
        lines += [f"{inner}  {database}: {{ condition: service_healthy }}" for database in databases]
    return [*lines, f'{inner}restart: "no"', ""]


def _make_health_known(draft: Draft, lines: list[str], database: Service) -> None:
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


def _keys(lines: list[str], service: Service) -> list[tuple[str, int, int]]:
    """The keys that stand in a service itself: name, first line, the line after."""
    pairs = service.node.own_lines()
    ends = [start for _, start in pairs[1:]] + [_end(lines, service)]
    return [(key, start, end) for (key, start), end in zip(pairs, ends, strict=True)]


def _end(lines: list[str], service: Service) -> int:
    """The line after a service: the next one that is indented no deeper than its name."""
    depth = len(lines[service.line - 1]) - len(lines[service.line - 1].lstrip())
    for number in range(service.line + 1, len(lines) + 1):
        line = lines[number - 1]
        if line.strip() and not line.lstrip().startswith("#") and len(line) - len(line.lstrip()) <= depth:
            return number
    return len(lines) + 1


def _make_wait(draft: Draft, lines: list[str], service: Service, name: str) -> None:
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


def _take_out(draft: Draft, lines: list[str], service: Service) -> None:
    """Take the migration out of a command that goes on to serve, where it stands on one line."""
    start = service.node.own_line("command")
    if start is not None and _INLINE.search(lines[start - 1]):
        draft.replace(start, start + 1, [_INLINE.sub("", lines[start - 1], count=1)])
