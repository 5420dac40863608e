"""TD212 and TD213 beside the library: what is reported is missing after all random migrations ran."""

from __future__ import annotations

import asyncio
import random
import runpy
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tortoise_dev.analysis.project import load_project
from tortoise_dev.rules.base import example_files
from tortoise_dev.rules.engine import violations_of
from tortoise_dev.rules.td212_unique_index_not_made import BAD as UNIQUE_BAD
from tortoise_dev.rules.td213_constraint_not_made import BAD as CONSTRAINT_BAD

pytestmark = pytest.mark.slow

APPS = 60
DRAFT = """\
from tortoise import migrations
from tortoise.functions import Lower
from tortoise.migrations import operations as ops
from apps.billing.models.member import UniqueIndex


class Migration(migrations.Migration):
    operations = [ops.AddIndex("Member", UniqueIndex(Lower("email"), name="uq_member_email"))]
"""
MODEL = """\
from tortoise import fields
from tortoise.functions import Lower
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.models import Model
from unique import UniqueIndex


class {model}(Model):
    class Meta:
        table = "{app}"
        indexes = (UniqueIndex(Lower("email"), name="ix_{app}"),)
        constraints = (UniqueConstraint(fields=("email", "name"), name="co_{app}"),)

    email = fields.CharField(max_length=99)
    name = fields.CharField(max_length=99)
"""
UNIQUE = """\
from tortoise.indexes import Index


class UniqueIndex(Index):
    def get_sql(self, schema_generator, model, safe):
        sql = super().get_sql(schema_generator, model, safe)
        return sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)
"""
FILE = """\
from tortoise import fields, migrations
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.expressions import RawSQLTerm

from unique import UniqueIndex


class OnlyState(ops.AddIndex):
    async def database_forward(self, *args, **kwargs):
        return None

    database_backward = database_forward


{extra}
class Migration(migrations.Migration):
    dependencies = [{dependency}]
    operations = [{operations}]
"""
INDEX = "UniqueIndex(RawSQLTerm('LOWER(\"email\")'), name='{name}')"
CONSTRAINT = "UniqueConstraint(fields=('email', 'name'), name='co_{app}')"
MAKE = "CREATE UNIQUE INDEX ix_{app} ON {app} (lower(email))"
CONSTANT = f'MAKE = "{MAKE}"\n'
FORWARD = f"""
async def forward(apps, editor):
    await editor.client.execute_script("{MAKE}")

"""
AERICH = """\
async def upgrade(db):
    return '''{up}'''


async def downgrade(db):
    return '''{down}'''
"""


class BuiltIn:
    """The files of one app for the built-in tool, each step one that runs after those before it."""

    def __init__(self, app: str, seed: int) -> None:
        self.app, self.chance = app, random.Random(seed)
        self.index = INDEX.format(name=f"ix_{app}")
        self.constraint = CONSTRAINT.format(app=app)
        self.there = self.in_state = self.has_constraint = False
        self.old_name = False
        self.extra = ""

    def first(self) -> str:
        options = [f"'table': '{self.app}', 'app': '{self.app}', 'pk_attr': 'id'"]
        if self.chance.random() < 0.3:
            options.append(f"'indexes': [{self.index}]")
            self.there = self.in_state = True
        if self.chance.random() < 0.1:
            options.append(f"'constraints': [{self.constraint}]")
            self.has_constraint = True  # only in the state
        columns = "('id', fields.IntField(primary_key=True)), ('email', fields.CharField(max_length=99)), "
        columns += "('name', fields.CharField(max_length=99))"
        return f"ops.CreateModel('{self.app.title()}', [{columns}], {{{', '.join(options)}}})"

    def step(self) -> str:
        app = self.app
        steps: list[Callable[[], str]] = [self._nothing]
        steps.append(self._drop if self.there else self._make)
        steps.append(self._drop if self.there else self._make)
        steps.append(self._again if self.there else self._draft)
        if self.there and self.chance.random() < 0.5:
            steps.append(self._if_missing)
        if self.old_name and not self.there:
            steps += [self._rename] * 3
        if not self.has_constraint:
            steps.append(self._add_constraint)
        made = self.chance.choice(steps)()
        assert app in made
        return made

    def _nothing(self) -> str:
        return f'ops.RunSQL("SELECT 1", "CREATE UNIQUE INDEX ix_{self.app} ON {self.app} (email)")'

    def _make(self) -> str:
        self.there = True
        how = self.chance.randrange(4)
        if how == 0:
            self.extra = FORWARD
            return f"ops.RunPython(forward),  # {self.app}\n        "
        if how == 1:
            self.extra = CONSTANT
            return f"ops.RunSQL(MAKE, 'DROP INDEX ix_{self.app}')"
        if how == 2:
            return f"ops.RunSQL('CREATE INDEX IF NOT EXISTS \"ix_{self.app}\" ON {self.app} (lower(email))')"
        made = f"ops.RunSQL('create unique index \"ix_{self.app}\" on {self.app} (lower(email))')"
        if not self.in_state:
            self.in_state = True
            made += f", OnlyState('{self.app.title()}', {self.index})"
        return made

    def _drop(self) -> str:
        self.there = False
        if self.in_state and self.chance.random() < 0.6:
            self.in_state = False
            return f"ops.RemoveIndex('{self.app.title()}', name='ix_{self.app}')"
        return f"ops.RunSQL('DROP INDEX IF EXISTS ix_{self.app}')"

    def _draft(self) -> str:
        if self.in_state:
            return self._make()
        if not self.old_name and self.chance.random() < 0.4:
            self.old_name = True
            return f"ops.AddIndex('{self.app.title()}', {INDEX.format(name='old_' + self.app)})"
        self.there = self.in_state = True
        return f"ops.AddIndex(model_name='{self.app.title()}', index={self.index})"

    def _again(self) -> str:
        model = self.app.title()
        if self.in_state and self.chance.random() < 0.5:
            return f"ops.RemoveIndex('{model}', name='ix_{self.app}'), ops.AddIndex('{model}', {self.index})"
        self.extra = CONSTANT
        return f"ops.RunSQL('DROP INDEX ix_{self.app}'), ops.RunSQL(MAKE)"

    def _if_missing(self) -> str:
        return f"ops.RunSQL('{MAKE.format(app=self.app).replace('INDEX', 'INDEX IF NOT EXISTS')}')"

    def _rename(self) -> str:
        if self.in_state:
            return self._make()
        self.there = self.in_state = True
        self.old_name = False
        return f"ops.RenameIndex('{self.app.title()}', new_name='ix_{self.app}', old_name='old_{self.app}')"

    def _add_constraint(self) -> str:
        self.has_constraint = True
        if self.chance.random() < 0.3:
            return f"ops.RunSQL('CREATE UNIQUE INDEX co_{self.app} ON {self.app} (email, name)')"
        return f"ops.AddConstraint('{self.app.title()}', {self.constraint})"

    def write(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "__init__.py").touch()
        before = ""
        for number in range(self.chance.randint(1, 5)):
            self.extra = ""
            operations = self.first() if number == 0 else self.step()
            name = f"{number + 1:04}_step"
            text = FILE.format(
                app=self.app,
                dependency=f"('{self.app}', '{before}')" if before else "",
                operations=operations,
                extra=self.extra.format(app=self.app),
            )
            (folder / f"{name}.py").write_text(text, encoding="utf-8")
            before = name


def _aerich_files(app: str, seed: int) -> list[tuple[str, str]]:
    """The SQL of each file, forward and back."""
    chance = random.Random(seed)
    unique = f', CONSTRAINT "co_{app}" UNIQUE ("email", "name")'
    table = f'CREATE TABLE IF NOT EXISTS "{app}" ("id" INTEGER PRIMARY KEY, "email" TEXT, "name" TEXT'
    plain = f'CREATE INDEX IF NOT EXISTS "ix_{app}" ON "{app}" (LOWER("email"));'
    make = plain.replace("INDEX", "UNIQUE INDEX")
    drop = f'DROP INDEX IF EXISTS "ix_{app}";'
    constraint = f'CREATE UNIQUE INDEX "co_{app}" ON "{app}" ("email", "name");'
    files = [(f"{table}{chance.choice(('', unique))});", "")]
    if chance.random() < 0.3:
        files[0] = (files[0][0] + "\n" + make, "")
    for _ in range(chance.randint(0, 3)):
        up = chance.choice((make, plain, drop, f"{drop}\n{plain}", f"{drop}\n{make}", f"-- {make}\n{drop}"))
        files.append((up, chance.choice((make, plain, drop, f"{drop}\n{make}", constraint))))
    return files


def _reported(folder: Path) -> dict[str, set[str]]:
    """By code the apps that it is reported for."""
    project = load_project([folder], here=folder)
    found: dict[str, set[str]] = {"TD212": set(), "TD213": set()}
    for violation in violations_of(project, lambda _: frozenset(found)):
        found[violation.rule].add(violation.path.stem)
    return found


def _check(folder: Path, connection: sqlite3.Connection, apps: list[str]) -> None:
    """What is reported is missing, and most of what is missing is reported."""
    unique = {
        row[1]
        for app in apps
        for row in connection.execute(f'PRAGMA index_list("{app}")')
        if row[2] and not row[1].startswith("sqlite_autoindex")
    }
    created = " ".join(
        str(row[0]) for row in connection.execute("SELECT sql FROM sqlite_master WHERE type = 'table'")
    )
    missing = {
        "TD212": {app for app in apps if f"ix_{app}" not in unique},
        "TD213": {app for app in apps if f"co_{app}" not in unique and f"co_{app}" not in created},
    }
    reported = _reported(folder)
    for code, lacking in missing.items():
        assert reported[code] <= lacking, code
        assert len(reported[code]) >= 0.97 * len(lacking), code
        assert APPS / 4 <= len(lacking) <= APPS * 3 / 4, code


def _migrate(folder: Path) -> None:
    command = [sys.executable, "-m", "tortoise", "-c", "settings.TORTOISE_ORM", "migrate"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)


def _write_models(folder: Path, apps: list[str], keys: Callable[[str], dict[str, object]]) -> None:
    for app in apps:
        (folder / f"{app}.py").write_text(MODEL.format(app=app, model=app.title()), encoding="utf-8")
    config = {app: {"models": [app], "default_connection": "default"} | keys(app) for app in apps}
    settings = f"TORTOISE_ORM = {{'connections': {{'default': 'sqlite://db.sqlite3'}}, 'apps': {config}}}\n"
    (folder / "settings.py").write_text(settings, encoding="utf-8")
    (folder / "pyproject.toml").write_text("", encoding="utf-8")
    (folder / "unique.py").write_text(UNIQUE, encoding="utf-8")


def test_the_messages_name_the_file_and_the_tool(project) -> None:
    project.write(example_files(UNIQUE_BAD))
    [none] = project.report("--select", "TD212")["violations"]
    assert none["message"] == (
        "no migration of models makes the index uq_member_email of Member unique: both tools leave UNIQUE "
        "out of their drafts. Write CREATE UNIQUE INDEX: see unique-values.md"
    )
    project.write({"migrations/0002_x.py": DRAFT})
    [plain] = project.report("--select", "TD212")["violations"]
    assert plain["message"].startswith("after 0002_x.py, the index uq_member_email of Member is not unique: ")
    project.write(example_files(CONSTRAINT_BAD))
    [found] = project.report("--select", "TD213")["violations"]
    assert found["message"] == (
        "no migration of models adds the constraint uq_seat of Seat: the database lacks it. Write "
        "ops.AddConstraint into a migration: see migrations.md"
    )


def test_a_script_that_cannot_be_read_may_make_any(project) -> None:
    project.write(example_files(UNIQUE_BAD))
    (project.root / "dump.sql").symlink_to("nowhere.sql")
    assert project.found("--select", "TD212") == []


def test_what_is_reported_is_missing_after_the_built_in_tool_ran(tmp_path: Path) -> None:
    apps = [f"app{number:02}" for number in range(APPS)]
    _write_models(tmp_path, apps, lambda app: {"migrations": f"m_{app}"})
    for number, app in enumerate(apps):
        BuiltIn(app, number).write(tmp_path / f"m_{app}")
    _migrate(tmp_path)
    with sqlite3.connect(tmp_path / "db.sqlite3") as connection:
        _check(tmp_path, connection, apps)
    connection.close()


@pytest.mark.parametrize(
    ("operation", "is_reported"),
    [
        ("", True),
        ("ops.AddIndex('App00', UniqueIndex(RawSQLTerm('LOWER(\"email\")')))", True),
        ("ops.RunSQL('CREATE UNIQUE INDEX other ON app00 (lower(email))')", False),
    ],
)
def test_an_index_without_a_name_is_reported_if_the_built_in_tool_makes_nothing_unique(
    tmp_path: Path, operation: str, *, is_reported: bool
) -> None:
    _write_models(tmp_path, ["app00"], lambda app: {"migrations": f"m_{app}"})
    model = tmp_path / "app00.py"
    model.write_text(model.read_text(encoding="utf-8").replace(', name="ix_app00"', ""), encoding="utf-8")
    app = BuiltIn("app00", 2)
    (tmp_path / "m_app00").mkdir()
    (tmp_path / "m_app00" / "__init__.py").touch()
    for number, (before, does) in enumerate([("", app.first()), ("0001_step", operation)], 1):
        dependency = f"('app00', '{before}')" if before else ""
        text = FILE.format(app="app00", dependency=dependency, operations=does, extra="")
        (tmp_path / "m_app00" / f"{number:04}_step.py").write_text(text, encoding="utf-8")
    _migrate(tmp_path)
    with sqlite3.connect(tmp_path / "db.sqlite3") as connection:
        is_unique = [row for row in connection.execute("PRAGMA index_list(app00)") if row[2]]
    connection.close()
    assert bool(is_unique) is not is_reported
    assert _reported(tmp_path)["TD212"] == ({"app00"} if is_reported else set())


def test_what_is_reported_is_missing_after_the_sql_of_aerich_ran(tmp_path: Path) -> None:
    apps = [f"app{number:02}" for number in range(APPS)]
    _write_models(tmp_path, apps, lambda app: {"models": [app, "aerich.models"]})
    connection = sqlite3.connect(":memory:")
    for number, app in enumerate(apps):
        folder = tmp_path / "migrations" / app
        folder.mkdir(parents=True)
        for file, (up, down) in enumerate(_aerich_files(app, number)):
            path = folder / f"{file}_20260101000000_step.py"
            path.write_text(AERICH.format(up=up, down=down), encoding="utf-8")
            connection.executescript(asyncio.run(runpy.run_path(str(path))["upgrade"](connection)))
    _check(tmp_path, connection, apps)
    connection.close()
