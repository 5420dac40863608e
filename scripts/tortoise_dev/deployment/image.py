"""What a container starts: ENTRYPOINT and CMD of its Dockerfile, or what a manifest puts in their place."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from .shell_commands import NOTHING, Work, expanded, work_of

_INFRASTRUCTURE = re.compile(
    r"(?:^|/)(?:postgres|postgis|timescaledb|mysql|mariadb|percona|mongo|redis|valkey|memcached|rabbitmq|nats|kafka|"
    r"zookeeper|minio|nginx|traefik|caddy|haproxy|adminer|pgadmin\d*|phpmyadmin|mailhog|mailpit|prometheus|grafana|"
    r"jaeger|elasticsearch|opensearch|clickhouse|pgbouncer|localstack|vault|consul)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Image:
    """What an image starts when nobody says otherwise."""

    entrypoint: str = ""
    command: str = ""

    def work(self, root: Path, *, entrypoint: str | None = None, command: str | None = None) -> Work:
        """What it does with another entrypoint (which drops its own command) or another command."""
        first = self.entrypoint if entrypoint is None else entrypoint
        rest = command if command is not None else self.command if entrypoint is None else ""
        return _joined(first, rest, root)


def read_dockerfile(file: Path) -> Image:
    """The last ENTRYPOINT and the last CMD of a Dockerfile; of none, an image that starts nothing known."""
    if not file.is_file():
        return Image()
    text = file.read_text("utf-8", "replace").replace("\\\n", " ")
    last: dict[str, str] = {}
    for keyword, rest in re.findall(r"(?mi)^\s*(ENTRYPOINT|CMD)\s+(.+)$", text):
        is_list = rest.strip().startswith("[")
        last[keyword.upper()] = re.sub(r'[\[\]",]+', " ", rest).strip() if is_list else rest
    return Image(last.get("ENTRYPOINT", ""), last.get("CMD", ""))


def is_infrastructure(image: str) -> bool:
    """Is it the image of a server that one takes as it is: a database, a queue, a proxy?"""
    return bool(_INFRASTRUCTURE.search(image))


def _joined(entrypoint: str, command: str, root: Path) -> Work:
    """An entrypoint that ends in ``exec "$@"`` runs the command; what else it could serve it does not."""
    first = work_of(entrypoint, root) if entrypoint else NOTHING
    rest = work_of(command, root) if command else NOTHING
    hands_over = command != "" and "$@" in expanded(entrypoint, root)
    serves = rest.serves or (first.serves and not hands_over)
    if not first.migrates:
        return replace(rest, serves=serves, late=rest.late and serves)
    locked = first.locked and (rest.locked or not rest.migrates)
    return replace(first, serves=serves, locked=locked, late=first.late and serves and not hands_over)
