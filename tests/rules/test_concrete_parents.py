"""TD123 beside the library: what is reported has a table of its own, and its child another one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tortoise import Tortoise, connections
from tortoise.contrib.test import tortoise_test_context
from tortoise_dev.analysis.project import load_project
from tortoise_dev.rules.engine import violations_of

SOURCES = {
    "parents/__init__.py": "",
    "parents/hidden.py": """\
from tortoise import fields
from tortoise.models import Model


class Hidden(Model):
    a = fields.IntField(null=True)
""",
    "parents/models.py": """\
from tortoise import fields
from tortoise.models import Model

from parents import hidden


class Plain(Model):
    a = fields.IntField(null=True)


class PlainChild(Plain):
    b = fields.IntField(null=True)


class Named(Model):
    class Meta:
        table = "some_name"

    a = fields.IntField(null=True)


class Middle(Named):
    b = fields.IntField(null=True)


class Leaf(Middle):
    c = fields.IntField(null=True)


class Abstract(Model):
    class Meta:
        abstract = True

    a = fields.IntField(null=True)


class AbstractChild(Abstract):
    b = fields.IntField(null=True)


class HiddenChild(hidden.Hidden):
    b = fields.IntField(null=True)
""",
    "settings.py": """\
TORTOISE_ORM = {
    "connections": {"default": "sqlite://:memory:"},
    "apps": {"models": {"models": ["parents.models"], "default_connection": "default"}},
}
""",
}


@pytest.mark.asyncio
async def test_a_reported_parent_has_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {**SOURCES, "pyproject.toml": ""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    project = load_project([tmp_path], here=tmp_path)
    found = violations_of(project, lambda _: frozenset({"TD123"}))
    lines = {path: (tmp_path / path).read_text(encoding="utf-8").split("\n") for path in SOURCES}
    reported = {
        lines[one.path.relative_to(tmp_path).as_posix()][one.line - 1].split()[1].split("(")[0]
        for one in found
    }
    monkeypatch.syspath_prepend(tmp_path)
    async with tortoise_test_context(["parents.models"]):
        models = Tortoise.apps["models"]
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        tables = {row["name"] for row in await connections.get("default").execute_query_dict(query)}
        with_table = {name for name, model in models.items() if model._meta.db_table in tables}
        parents = {base.__name__ for model in models.values() for base in model.__bases__}
    for name in [name for name in sys.modules if name.partition(".")[0] == "parents"]:
        del sys.modules[name]
    assert reported == parents & with_table == {"Plain", "Named", "Middle"}
