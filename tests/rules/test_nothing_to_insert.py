"""TD135 beside the library: of the models that are reported, `create()` saves no row; of the others, one."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model

MODELS = """\
from tortoise import fields
from tortoise.models import Model


class Bare(Model):
    pass


class Big(Model):
    id = fields.BigIntField(primary_key=True)


class Team(Model):
    id = fields.SmallIntField(primary_key=True)
    players = fields.ManyToManyField("models.Player", related_name="teams")


class Player(Model):
    name = fields.TextField(default="")


class Ticket(Model):
    id = fields.UUIDField(primary_key=True)


class Stamped(Model):
    at = fields.DatetimeField(auto_now_add=True)


class Note(Model):
    text = fields.TextField(null=True)


class Size(Model):
    size = fields.IntField(db_default=1)
"""


@pytest.mark.asyncio
async def test_what_is_reported_saves_no_row(
    project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "models_to_insert.py"
    file.write_text(MODELS)
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, file.stem, module)
    spec.loader.exec_module(module)
    models = [one for one in vars(module).values() if isinstance(one, type) and issubclass(one, Model)]
    empty = set()
    async with tortoise_test_context([file.stem]):
        for model in models[1:]:
            await model.create()
            if not await model.all().exists():
                empty.add(model.__name__)
    lines = MODELS.split("\n")
    found = project.write({"models.py": MODELS}).found("--preview", "--select", "TD135")
    reported = {lines[line - 1].split("(")[0].removeprefix("class ") for _, line, _ in found}
    assert reported == empty == {"Bare", "Big", "Team"}
