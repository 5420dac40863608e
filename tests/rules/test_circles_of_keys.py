"""TD119 beside the library: a circle is reported if, and only if, the first built-in migration loses something."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tortoise_dev.analysis.project import load_project
from tortoise_dev.rules.engine import violations_of

HEAD = "from tortoise import fields\nfrom tortoise.models import Model\n"
FIELDS = {"fk": "ForeignKeyField", "one": "OneToOneField", "m2m": "ManyToManyField"}
APPS = 50


def _edges(seed: int) -> list[tuple[str, str, str]]:
    """Relations between up to four models: who, how, to whom; itself too."""
    chance = random.Random(seed)
    models = "ABCD"[: chance.choice((2, 3, 4))]
    pairs = [(one, two) for one in models for two in models]
    chosen = chance.sample(pairs, chance.randint(2, 4))
    return [(one, chance.choice(("fk", "fk", "one", "m2m")), two) for one, two in chosen]


def _source(app: str, edges: list[tuple[str, str, str]]) -> str:
    """The models of one app; their names are those of no other app."""
    lines = [HEAD]
    for model in sorted({*(one for one, _, _ in edges), *(two for _, _, two in edges)}):
        lines.append(f"\n\nclass {app.title()}{model}(Model):\n    size = fields.IntField(null=True)")
        for one, kind, two in edges:
            if one == model:
                null = "" if kind == "m2m" else "null=True, "
                related = f'related_name="{one}{two}_back".lower()' if kind == "m2m" else "related_name=False"
                target = f"{app}.{app.title()}{two}"
                lines.append(f'    to_{two.lower()} = fields.{FIELDS[kind]}("{target}", {null}{related})')
    return "\n".join(lines) + "\n"


def _is_whole(tables: dict[str, set[str]], app: str, edges: list[tuple[str, str, str]]) -> bool:
    """Is there a column for each foreign key, and a table for each many-to-many field?"""
    for one, kind, two in edges:
        mine, other = f"{app}{one}".lower(), f"{app}{two}".lower()
        if kind == "m2m" and f"{mine}_{other}" not in tables:
            return False
        if kind != "m2m" and f"to_{two.lower()}_id" not in tables[mine]:
            return False
    return True


@pytest.mark.slow
def test_what_is_reported_is_what_the_migration_loses(tmp_path: Path) -> None:
    apps = {f"app{number:02}": _edges(number) for number in range(APPS)}
    for app, edges in apps.items():
        (tmp_path / f"{app}.py").write_text(_source(app, edges), encoding="utf-8")
    config = {
        app: {"models": [app], "default_connection": "default", "migrations": f"m_{app}"} for app in apps
    }
    settings = f"TORTOISE_ORM = {{'connections': {{'default': 'sqlite://db.sqlite3'}}, 'apps': {config}}}\n"
    (tmp_path / "settings.py").write_text(settings, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")

    project = load_project([tmp_path], here=tmp_path)
    violations = violations_of(project, lambda _: frozenset({"TD119"}))
    reported = {violation.path.stem for violation in violations}

    for command in ("init", "makemigrations", "migrate"):
        subprocess.run(
            [sys.executable, "-m", "tortoise", "-c", "settings.TORTOISE_ORM", command],
            cwd=tmp_path,
            check=True,
            capture_output=True,
        )
    with sqlite3.connect(tmp_path / "db.sqlite3") as connection:
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        tables = {
            name: {row[1] for row in connection.execute(f'PRAGMA table_info("{name}")')} for name in names
        }
    connection.close()
    lost = {app for app, edges in apps.items() if not _is_whole(tables, app, edges)}
    assert reported == lost
    assert 10 <= len(lost) <= APPS - 10
