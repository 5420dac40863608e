"""A service of a compose file, as the verdict and the draft look at it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from .image import is_infrastructure
from .shell_commands import Work
from .work_problems import is_pooled
from .yaml_nodes import Node

_DATABASE = re.compile(r"(?:^|/)(?:postgres|postgis|timescaledb|mysql|mariadb|percona)\b", re.IGNORECASE)
_POOLER = re.compile(r"pgbouncer", re.IGNORECASE)


@dataclass
class Service:
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
    def is_pooler(self) -> bool:
        return bool(_POOLER.search(self.image))

    def pooled_url(self, poolers: Collection[str]) -> tuple[str, int] | None:
        """The variable whose URL leads through a pooler, and its line; ``poolers`` are services."""
        for name, line, value in self._environment():
            if is_pooled(value, poolers):
                return name, line
        return None

    def _environment(self) -> Iterator[tuple[str, int, str]]:
        node = self.node.get("environment")
        for name, line, value in node.entries() if node is not None else ():
            yield name, line, value.text
        for item in node.items() if node is not None and node.is_list else ():
            name, _, text = item.text.partition("=")
            yield name, item.line, text

    @property
    def is_code(self) -> bool:
        """Is it the project's own code that serves or works, and no bought-in server?"""
        built = self.node.get("build") is not None
        return (
            not self.work.migrates_only
            and self.is_python
            and (built or self.work.serves)
            and not is_infrastructure(self.image)
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


class Services:
    """The services of a compose file and its overrides, by what they do about migrations."""

    def __init__(self, services: list[Service]) -> None:
        self.all = services
        self.steps = [one for one in services if one.work.migrates_only]
        """Those that migrate and end."""
        self.code = [one for one in services if one.is_code]
        self.inside = [one for one in self.code if one.work.migrates]
        """Those that migrate when they start."""
        self.databases = [one for one in services if one.is_database]
