"""The pages grouped by what the reader wants to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

GROUPS: Mapping[str, Sequence[str]] = {
    "Start": (
        "SKILL",
        "fastapi",
        "frameworks",
        "coming-from-django",
        "coming-from-sqlalchemy",
        "upgrading",
        "upgrading-times",
        "upgrading-aerich",
    ),
    "Describe data": (
        "models",
        "fields",
        "relations",
        "many-to-many",
        "abstract-bases",
        "soft-delete",
        "json",
    ),
    "Read and write": (
        "queries",
        "lists",
        "aggregation",
        "typed-results",
        "writes",
        "batches",
        "imports",
        "times",
        "decimals",
        "search",
    ),
    "Keep data right": ("transactions", "locks", "jobs", "counters", "tenants"),
    "Change tables": (
        "migrations-tools",
        "migrations-aerich",
        "migrations-aerich-more",
        "migrations",
        "fill-columns",
        "renames",
        "zero-downtime",
        "unique-values",
        "make-unique",
        "unique-keep-rows",
        "partitions",
    ),
    "Test": ("testing", "races"),
    "Run in production": ("deployment", "deployment-kubernetes", "operations", "metrics", "workers", "mysql"),
    "Look up": ("errors", "rules"),
    "Tools": ("checker", "harness"),
}
"""Group -> names of its pages. A page that stands nowhere here comes into the group of its first word."""

OTHERS = "More topics"
SHORT = {
    "SKILL": "The handbook in short",
    "frameworks": "Other frameworks",
    "coming-from-django": "From Django",
    "coming-from-sqlalchemy": "From SQLAlchemy, Rails",
    "upgrading": "Upgrade from 0.x",
    "upgrading-times": "Upgrade: times",
    "upgrading-aerich": "Upgrade: Aerich's files",
    "abstract-bases": "Base classes, inheritance",
    "queries": "Read rows",
    "aggregation": "Totals, groups, reports",
    "typed-results": "Typed rows",
    "writes": "Write rows",
    "transactions": "Transactions, signals",
    "locks": "Locks",
    "jobs": "Jobs that send",
    "migrations-tools": "Choose a tool",
    "migrations-aerich": "Aerich",
    "migrations-aerich-more": "Aerich: apps, SQLite",
    "migrations": "Built-in migrations",
    "renames": "Renames, built-in",
    "zero-downtime": "Without downtime",
    "unique-values": "Unique values",
    "make-unique": "Unique: large tables",
    "unique-keep-rows": "Unique: keep all rows",
    "partitions": "Partitions",
    "deployment-kubernetes": "Kubernetes, containers",
    "metrics": "Metrics",
    "operations": "Pools, limits, TLS",
    "workers": "Celery, websockets, Lambda",
    "mysql": "MySQL, MariaDB",
}
"""Titles for the navigation, where a page's own heading up to its colon is too long or says too little."""


@dataclass(frozen=True)
class Entry:
    """A page in the navigation, or with ``children`` a group of them; ``file`` is relative to the sources."""

    title: str
    file: str = ""
    children: tuple[Entry, ...] = field(default=())

    def to_config(self) -> dict[str, object]:
        """As Zensical's configuration has it."""
        if not self.children:
            return {self.title: self.file}
        first = [self.file] if self.file else []
        return {self.title: [*first, *(child.to_config() for child in self.children)]}


def grouped(pages: Mapping[str, str]) -> list[Entry]:
    """The pages (file → title) in their groups. Every page is in exactly one; no group is empty."""
    by_group: dict[str, list[tuple[int, str, str]]] = {group: [] for group in (*GROUPS, OTHERS)}
    for file, title in pages.items():
        name = _name(file)
        group = group_of(name)
        known = GROUPS.get(group, ())
        place = known.index(name) if name in known else len(known)
        by_group[group].append((place, title, file))
    return [
        Entry(group, children=tuple(Entry(title, file) for _, title, file in sorted(entries)))
        for group, entries in by_group.items()
        if entries
    ]


def group_of(name: str) -> str:
    """The group of a page: its own, or that of the page whose name it continues (``models-json``)."""
    known = {page: group for group, names in GROUPS.items() for page in names}
    stems = [name, *(name[: -len(tail)] for tail in _tails(name))]
    return next((known[stem] for stem in stems if stem in known), OTHERS)


def short_title(name: str, heading: str) -> str:
    """A title for the navigation: ``Models: fields, indexes`` is ``Models``."""
    return SHORT.get(name) or heading.split(":")[0].replace("`", "").strip()


def _tails(name: str) -> Iterable[str]:
    parts = name.split("-")
    return ("-" + "-".join(parts[count:]) for count in range(len(parts) - 1, 0, -1))


def _name(file: str) -> str:
    return file.rpartition("/")[2].removesuffix(".md")
