"""The proof: what it lets pass, what it stops, and that nothing is written then."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from refactor_cases import findings, planned, write
from tortoise_dev.analysis.project import load_project
from tortoise_dev.commands import split
from tortoise_dev.refactor.orm_settings import dotted_name, settings_of
from tortoise_dev.refactor.plan import SplitPlan
from tortoise_dev.refactor.proof import prove
from tortoise_dev.refactor.refusals import RefusedError
from tortoise_dev.refactor.writing import apply

SHOP = '''"""The shop's models."""

import uuid
from enum import StrEnum

from pydantic import BaseModel
from tortoise import Tortoise, fields
from tortoise.contrib.pydantic import pydantic_model_creator
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.signals import post_save

__models__: list[type]


class Unit(StrEnum):
    PIECE = "piece"
    METRE = "metre"


def number() -> str:
    return uuid.uuid4().hex


class Stamped(Model):
    at = fields.DatetimeField(auto_now_add=True)

    class Meta:
        abstract = True
        ordering = ("-at",)


class Animal(Model):
    name = fields.CharField(max_length=9)


class Dog(Animal):
    barks = fields.BooleanField(default=True)


class Order(Stamped):
    """An order of a customer."""

    #: what is printed
    number = fields.CharField(max_length=32, default=number)
    lines: fields.ReverseRelation["Line"]
    dog: fields.ForeignKeyNullableRelation[Dog] = fields.ForeignKeyField("models.Dog", "orders", null=True)
    unit = fields.CharEnumField(Unit, default=Unit.PIECE)
    tags: fields.ManyToManyRelation["Tag"] = fields.ManyToManyField("models.Tag", related_name="orders")
    live = Manager()

    async def first_line(self):
        return await Line.filter(order=self).first()

    def __str__(self) -> str:
        return self.number

    class Meta:
        indexes = (("number", "unit"),)


class Line(Model):
    order: fields.ForeignKeyRelation[Order] = fields.ForeignKeyField("models.Order", "lines")
    unit = fields.CharEnumField(Unit, max_length=9)
    rank = fields.IntField(default=0)

    class Meta:
        unique_together = (("order", "rank"),)


class Tag(Model):
    class Kind(StrEnum):
        COLD = "cold"

    kind = fields.CharEnumField(Kind, default=Kind.COLD)


saved: list[str] = []


@post_save(Order)
async def remember(sender, instance, *rest) -> None:
    saved.append(instance.number)


__models__ = [Tag, Line, Order, Dog, Animal]
Tortoise.init_models(["shop.models"], "models")
OrderOut = pydantic_model_creator(Order, name="OrderOut")


class Page(BaseModel):
    orders: list[OrderOut]
'''
CONFIG = """TORTOISE_ORM = {
    "connections": {"default": "asyncpg://nobody:x@localhost:1/none", "log": "sqlite://log.sqlite3"},
    "apps": {
        "models": {"models": ["shop.models"], "default_connection": "default"},
    },
}
"""
FILES = {"shop/models.py": SHOP, "shop/__init__.py": "", "conf.py": CONFIG}

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_module_with_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(FILES, tmp_path)
    assert split.main(["shop/models.py", "--format", "json", "--python", sys.executable]) == 0
    report = json.loads(capsys.readouterr().out)
    assert [(one["path"], one["action"]) for one in report["files"][-2:]] == [
        ("shop/models/__init__.py", "create"),
        ("shop/models.py", "delete"),
    ]
    assert report["refused"] == []
    assert report["notes"][0] == (
        "the same as before: CREATE statements on postgres and sqlite, 5 models, 7 JSON schemas"
    )
    assert "another order" in report["notes"][1]
    assert not (tmp_path / "shop/models.py").exists()
    assert not list(tmp_path.glob("*.sqlite3*"))
    assert findings(tmp_path, capsys) == []
    assert split.main(["shop/models.py"]) == 0
    assert capsys.readouterr().err == "note: nothing to do: shop/models is a package\n"


def test_the_url_in_the_environment_says_what_is_compared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    read = CONFIG.replace('"asyncpg://', 'os.environ.get("DATABASE_URL", "sqlite://x") or "')
    assert read != CONFIG
    dry = ["shop/models.py", "--dry-run", "--python", sys.executable]
    write(FILES | {"conf.py": f"import os\n{read}"}, tmp_path)
    for url, dialects in (("sqlite://x", "sqlite"), ("asyncpg://localhost/x", "postgres and sqlite")):
        monkeypatch.setenv("DATABASE_URL", url)
        assert split.main(dry) == 1
        notes = capsys.readouterr().err
        assert f"the same as before: CREATE statements on {dialects}," in notes
        assert ("not compared: CREATE statements" in notes) is (dialects == "sqlite")
    (tmp_path / "conf.py").unlink()
    assert split.main(dry) == 1
    assert "because no settings of Tortoise were found" in capsys.readouterr().err


def tampered(file: str, old: str, new: str) -> Callable[[SplitPlan], None]:
    """A plan with an error in one file."""

    def tamper(plan: SplitPlan) -> None:
        path = plan.package / file
        text = plan.files[path].decode()
        assert text.count(old) == 1, text
        plan.files[path] = text.replace(old, new).encode()

    return tamper


BREAKS = {
    "columns": ("order.py", "    number = fields.CharField(max_length=32, default=number)\n", ""),
    "index": ("order.py", 'indexes = (("number", "unit"),)', ""),
    "name": ("__init__.py", "uuid as uuid", "uuid as other"),
    "method": ("order.py", "async def first_line", "async def last_line"),
    "schema": ("schemas.py", 'name="OrderOut"', 'name="OrderOut", exclude=("number",)'),
    "import": ("line.py", "from .enums import Unit\n", ""),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_a_difference_is_shown(kind: str, tmp_path: Path) -> None:
    write(FILES, tmp_path)
    plan = planned(tmp_path)
    tampered(*BREAKS[kind])(plan)
    project = load_project([tmp_path / "shop/models.py"], here=tmp_path)
    with pytest.raises(RefusedError) as caught:
        prove(plan, project, sys.executable)
    assert [one.code for one in caught.value.refusals] == ["proof-differs"]
    assert str(tmp_path) not in str(caught.value)


CIRCLE = """from tortoise import fields
from tortoise.models import Model


class Team(Model):
    lead = fields.ForeignKeyField("models.Worker", related_name="leads", null=True)


class Worker(Model):
    name = fields.CharField(max_length=9)
    team = fields.ForeignKeyField("models.Team", related_name="workers", null=True)
"""


def test_a_name_of_a_model_may_end_with_any_letter(tmp_path: Path) -> None:
    write({**FILES, "shop/models.py": CIRCLE.replace("Worker", "Né")}, tmp_path)
    project = load_project([tmp_path / "shop/models.py"], here=tmp_path)
    assert prove(planned(tmp_path), project, sys.executable).schemas == 2


def test_tables_that_refer_in_a_circle_are_compared_too(tmp_path: Path) -> None:
    write({**FILES, "shop/models.py": CIRCLE}, tmp_path)
    project = load_project([tmp_path / "shop/models.py"], here=tmp_path)
    prove(planned(tmp_path), project, sys.executable)
    plan = planned(tmp_path)
    tampered("worker.py", "max_length=9", "max_length=8")(plan)
    with pytest.raises(RefusedError) as caught:
        prove(plan, project, sys.executable)
    assert "VARCHAR(8)" in str(caught.value)


def test_nothing_is_written_where_nothing_can_be_proved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write({**FILES, "shop/__init__.py": "import no_such_package\n"}, tmp_path)
    assert split.main(["shop/models.py", "--format", "json", "--python", sys.executable]) == 1
    report = json.loads(capsys.readouterr().out)
    assert [one["code"] for one in report["refused"]] == ["not-importable"]
    assert "No module named 'no_such_package' (line 1 of shop/__init__.py)" in report["refused"][0]["message"]
    assert not (tmp_path / "shop/models").exists()
    write(FILES, tmp_path)
    assert split.main(["shop/models.py", "--python", str(tmp_path / "no-python")]) == 1
    assert "no-python cannot import the project as it is: cannot be started" in capsys.readouterr().out
    assert sorted(path.name for path in (tmp_path / "shop").iterdir()) == ["__init__.py", "models.py"]


def test_sqlite_stands_in_for_a_driver_that_is_missing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write({**FILES, "conf.py": CONFIG.replace("asyncpg://", "mssql://")}, tmp_path)
    (tmp_path / "asyncodbc.py").write_text("raise ImportError('no ODBC here')\n", encoding="utf-8")
    assert split.main(["shop/models.py", "--python", sys.executable, "--dry-run"]) == 1
    output = capsys.readouterr()
    assert "the same as before" not in output.out
    told = "CREATE statements on sqlite in place of {} ({}), 5 models, 7 JSON schemas"
    same = f"note: the same as before: {told}"
    assert output.err.splitlines()[0] == same.format("mssql", "ImportError: no ODBC here")
    write({"conf.py": CONFIG + "\nraise KeyError('SECRET')\n"}, tmp_path)
    assert split.main(["shop/models.py", "--python", sys.executable, "--dry-run"]) == 1
    own = "the project's own settings"
    assert capsys.readouterr().err.splitlines()[0] == same.format(own, "KeyError: 'SECRET'")


def test_where_settings_are_looked_for(tmp_path: Path) -> None:
    path = tmp_path / "src/shop/models.py"
    label = SHOP.replace('"models.', '"sales.')
    start = """from tortoise import Tortoise


async def main():
    await Tortoise.init(db_url="x", modules={"sales": ["shop.models"]})
"""
    write({"src/shop/models.py": label, "src/shop/__init__.py": "", "main.py": start}, tmp_path)
    write(
        {"pyproject.toml": '[tool.aerich]\ntortoise_orm = "shop.conf.ORM"\n', "src/conf.py": CONFIG}, tmp_path
    )
    project = load_project([path], here=tmp_path)
    assert dotted_name(path, project) == ("shop.models", tmp_path / "src")
    found = settings_of(project, "shop.models")
    assert found[:2] == [
        {"module": "shop.conf", "name": "ORM"},
        {"module": "conf", "name": "TORTOISE_ORM"},
    ]
    assert found[2]["config"]["apps"] == {
        "sales": {"models": ["shop.models"], "default_connection": "default"}
    }
    assert found[-1] == found[2]


@pytest.mark.parametrize("modules", ["{'models': None}", "{'models': {[]}}", "['shop.models']", "MODULES"])
def test_modules_that_are_not_written_out_are_no_settings(modules: str, tmp_path: Path) -> None:
    start = f"from tortoise import Tortoise\n\nTortoise.init(modules={modules})\n"
    write({"shop/models.py": SHOP, "start.py": start}, tmp_path)
    project = load_project([tmp_path / "shop/models.py"], here=tmp_path)
    assert len(settings_of(project, "shop.models")) == 1, "the guess"


def test_old_migrations_import_what_they_did(tmp_path: Path) -> None:
    """And the next migration would be empty."""
    config = CONFIG.replace("asyncpg://nobody:x@localhost:1/none", "sqlite://db.sqlite3")
    config = config.replace('"default_connection"', '"migrations": "steps", "default_connection"')

    write({**FILES, "conf.py": config, "steps/__init__.py": ""}, tmp_path)

    def make() -> str:
        command = [sys.executable, "-m", "tortoise", "-c", "conf.TORTOISE_ORM", "makemigrations"]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout

    assert "Created models.0001_initial" in make()
    assert "from shop.models import" in (tmp_path / "steps/0001_initial.py").read_text(encoding="utf-8")
    apply(planned(tmp_path))
    assert "No changes detected" in make()


SETS = """from unittest.mock import patch

from shop import models

tag = models.Tag()
with patch("shop.models.uuid") as uuid, patch.object(models, "shout", lambda text: "patched"):
    uuid.uuid4().hex = "7"
    print(models.number(), models.loud(), models.shout("a"))
print(models.loud())
models.WORD = "set"
print(models.loud())
"""


def test_a_name_that_other_files_set_is_read_as_before(tmp_path: Path) -> None:
    """Functions in the package's files see what a patch of the package does."""
    functions = """
WORD = "loud"


def shout(text):
    return text.upper()


def loud():
    return shout(WORD)
"""
    write({**FILES, "shop/models.py": SHOP + functions, "sets.py": SETS}, tmp_path)

    def printed() -> list[str]:
        command = [sys.executable, "-m", "sets"]
        return subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.split()

    before = printed()
    assert before == ["7", "patched", "patched", "LOUD", "SET"]
    assert split.main(["shop/models.py", "--python", sys.executable]) == 0
    assert printed() == before


def test_folders_without_permissions_do_not_stop_the_proof(tmp_path: Path) -> None:
    write({**FILES, "shop/models.py": CIRCLE, "data/x": ""}, tmp_path)
    (tmp_path / "data").chmod(0)
    (tmp_path / "shop").chmod(0o555)
    try:
        if os.access(tmp_path / "data", os.R_OK):
            pytest.skip("this user reads and writes everything")
        project = load_project([tmp_path / "shop/models.py"], here=tmp_path)
        assert prove(planned(tmp_path), project, sys.executable).models == 2
    finally:
        (tmp_path / "data").chmod(0o755)
        (tmp_path / "shop").chmod(0o755)
