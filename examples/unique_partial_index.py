# snippet: needs="aerich, tortoise>=1.1.8"
"""A new table in a later migration file, with a unique index on some of its rows: what both tools make of it.

Aerich's draft is unique. The draft of the built-in tool is plain, until two statements mend it. For None in
the condition, both write `= null`, so the index has no rows. The class of the page link-tables.md replaces
this. MySQL and MariaDB have no such index. There, a generated column with a unique index refuses the same
rows.
By hand: DATABASE_URL=sqlite://:memory: python examples/unique_partial_index.py
"""

import asyncio
import contextlib
import contextvars
import importlib
import io
import os
import re
import sys
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from aerich.cli import cli
from aerich.migrate import Migrate
from asyncclick.testing import CliRunner
from tortoise import Tortoise
from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.cli.cli import run_cli_async
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, OperationalError

PAGE = (Path(__file__).resolve().parents[1] / "references" / "link-tables.md").read_text(encoding="utf-8")
(INDEX,) = re.findall(r'(?ms)^```python title="apps/common/indexes.py"\n(.+?)^```', PAGE)
PROJECT = """
from tortoise import fields


class EqualsNullIndex(PartialIndex):
    def get_sql(self, schema_generator, model, safe):
        sql = super().get_sql(schema_generator, model, safe)
        return sql.replace("CREATE INDEX", "CREATE UNIQUE INDEX", 1)


class Project(Model):
    class Meta:
        table = "project"

    name = fields.CharField(max_length=9)


def config(url, **more):
    app = {{"models": ["{name}", *more.pop("models", [])], "default_connection": "default", **more}}
    return {{"connections": {{"default": url}}, "apps": {{"models": app}}}}


AERICH = config("{aerich}", models=["aerich.models"])
OWN = config("{url}", migrations="steps")
"""
MEMBERSHIP = """

class Membership(Model):
    class Meta:
        table = "membership"
        indexes = (INDEX)

    role = fields.CharField(max_length=16)
    project = fields.ForeignKeyField("models.Project", "memberships")
"""
PARTIAL = """
            UniquePartialIndex(
                fields=("project_id",), name="uq_membership_owner", condition={"role": "owner"}
            ),
        """
NULL = """
            EqualsNullIndex(fields=("project_id",), name="uq_null", condition={"role": None}),
        """
SECTION = '[tool.aerich]\ntortoise_orm = "{}.AERICH"\nlocation = "./migrations"\nsrc_folder = "./."\n'
UNIQUE = "CREATE UNIQUE INDEX uq_membership_owner ON membership (project_id) WHERE role = 'owner'"
MENDED = f"""
        ops.RunSQL("DROP INDEX uq_membership_owner", ops.RunSQL.noop),
        ops.RunSQL("{UNIQUE}", ops.RunSQL.noop),
    ]
"""
OWNS = "ALTER TABLE membership ADD owns BOOL AS (IF(role = 'owner', 1, NULL)) VIRTUAL,"
OWNS += " ADD UNIQUE INDEX uq_membership_owner (project_id, owns)"
OWNER_OF = f"""
        ops.RunSQL(
            "{OWNS}",
            ops.RunSQL.noop,
        ),
    ]
"""
SERVER = os.environ["DATABASE_URL"]


def models(name: str, text: str, aerich_url: str) -> str:
    url = "sqlite://db.sqlite3" if SERVER.startswith("sqlite") else SERVER
    Path(f"{name}.py").write_text(INDEX + PROJECT.format(name=name, url=url, aerich=aerich_url) + text)
    Path("pyproject.toml").write_text(SECTION.format(name))
    importlib.invalidate_caches()
    return name


def run(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """Run it as a new process would, outside of other contexts."""
    EXECUTOR_CACHE.clear()
    return contextvars.Context().run(asyncio.run, coroutine)


def aerich(*command: str) -> str:
    """What `aerich COMMAND` prints."""
    for value in vars(Migrate).values():  # collected in the class: the command line has a process for each
        if isinstance(value, list | set | dict):
            value.clear()
    sys.argv = ["aerich", *command]
    result = run(CliRunner().invoke(cli, list(command)))
    if result.exception:
        raise result.exception
    return str(result.output)


def tortoise(name: str, *command: str) -> None:
    for loaded in [one for one in sys.modules if one.split(".")[0] == "steps"]:
        del sys.modules[loaded]
    importlib.invalidate_caches()
    assert run(run_cli_async(["-c", f"{name}.OWN", *command])) == 0


def draft(folder: str) -> Path:
    return max(Path(folder).glob("[0-9]*.py"), key=lambda file: int(file.stem.split("_")[0]))


async def owners_on(name: str) -> int:
    """How many owners the table lets one project have, of two that are inserted. Editors may be many."""
    module = importlib.import_module(name)
    async with TortoiseContext() as context:
        await context.init(config=module.OWN)
        project = await module.Project.create(name="one")
        for role in ("editor", "editor", "owner"):
            await module.Membership.create(project=project, role=role)
        try:
            await module.Membership.create(project=project, role="owner")
        except IntegrityError as error:
            assert "uq_membership_owner" in str(error) or "membership.project_id" in str(error)
        return int(await module.Membership.filter(project=project, role="owner").count())


async def schemas(name: str) -> None:
    """MySQL and MariaDB refuse the index."""
    async with TortoiseContext() as context:
        await context.init(config=importlib.import_module(name).OWN)
        try:
            await Tortoise.generate_schemas()
        except OperationalError as error:
            assert "near 'WHERE" in str(error)
        else:
            raise AssertionError("no error")


def aerich_drafts() -> None:
    """The table is new, the file is not the first. The draft is unique, for both database products."""
    for product, url in (
        ("postgres", "postgres://nobody@127.0.0.1:1/none"),
        ("sqlite", "sqlite://a.sqlite3"),
    ):
        models(f"{product}_before", "", url)
        aerich("init-migrations")
        models(f"{product}_after", MEMBERSHIP.replace("INDEX", PARTIAL), url)
        aerich("migrate", "--offline", "--name", "membership")
        text = draft("migrations/models").read_text()
        assert 'CREATE TABLE IF NOT EXISTS "membership"' in text
        assert 'CREATE UNIQUE INDEX IF NOT EXISTS "uq_membership_owner"' in text
        assert "WHERE \"role\" = 'owner'" in text or "WHERE role = 'owner'" in text
        assert "No changes detected" in aerich("migrate", "--offline")
        Path("migrations").rename(f"migrations_{product}")


def aerich_on_mariadb() -> None:
    """The page's statement at the end of the draft: the table takes one owner."""
    models("maria_before", "", SERVER)
    aerich("init-migrations")
    models("maria_after", MEMBERSHIP.replace("INDEX", ""), SERVER)
    aerich("migrate", "--offline", "--name", "membership")
    text = draft("migrations/models").read_text()
    start = text.index("CREATE TABLE")
    end = text.index('"""', start)
    draft("migrations/models").write_text(f"{text[:end].rstrip().rstrip(';')};\n{OWNS}{text[end:]}")
    aerich("upgrade")
    assert run(owners_on("maria_after")) == 1


def built_in_drafts(index: str, more: str) -> None:
    """The draft takes a second owner. What is put at its end mends it."""
    models("before", "", "sqlite://none")
    tortoise("before", "makemigrations")
    tortoise("before", "migrate")
    models("after", MEMBERSHIP.replace("INDEX", index), "sqlite://none")
    tortoise("after", "makemigrations")
    tortoise("after", "migrate")
    assert run(owners_on("after")) == 2

    tortoise("after", "downgrade", "models", "0001_initial")
    text = draft("steps").read_text().rstrip()
    draft("steps").write_text(text.removesuffix("]").rstrip() + more)
    tortoise("after", "migrate")
    assert run(owners_on("after")) == 1
    made = len(list(Path("steps").glob("0*.py")))
    tortoise("after", "makemigrations")
    assert len(list(Path("steps").glob("0*.py"))) == made
    tortoise("after", "downgrade", "models", "0001_initial")  # drops the table with its index


async def doubled(name: str) -> int:
    """How many of two equal rows the table takes, made from the models."""
    module = importlib.import_module(name)
    async with TortoiseContext() as context:
        await context.init(config=module.OWN)
        await Tortoise.generate_schemas()
        project = await module.Project.create(name="one")
        with contextlib.suppress(IntegrityError):
            for _ in range(2):
                await module.Membership.create(project=project)
        count = await module.Membership.filter(project=project).count()
        await context.db().execute_script("DROP TABLE membership")
        return int(count)


def null_conditions() -> None:
    text = MEMBERSHIP.replace("INDEX", NULL).replace("max_length=16", "max_length=16, null=True")
    models("null_before", "", "sqlite://a.sqlite3")
    aerich("init-migrations")
    models("null_after", text, "sqlite://a.sqlite3")
    aerich("migrate", "--offline", "--name", "membership")
    aerich_draft = draft("migrations/models").read_text()
    assert "WHERE role = null" in aerich_draft

    tortoise("null_after", "makemigrations")
    own_sql = io.StringIO()
    with contextlib.redirect_stdout(own_sql):
        tortoise("null_after", "sqlmigrate", "models", draft("steps").stem)
    assert "WHERE role = null" in own_sql.getvalue()

    assert run(doubled("null_after")) == 2
    models("is_null", text.replace("EqualsNull", "UniquePartial"), "sqlite://none")
    assert run(doubled("is_null")) == 1


home, path, arguments = Path.cwd(), sys.path[0], sys.argv
os.chdir(tempfile.mkdtemp())
sys.path[0] = str(Path.cwd())
sys.dont_write_bytecode = True
try:
    if SERVER.startswith("mysql"):
        built_in_drafts("", OWNER_OF)
        aerich_on_mariadb()
        run(schemas(models("refused", MEMBERSHIP.replace("INDEX", PARTIAL), "sqlite://none")))
    else:
        aerich_drafts()
        built_in_drafts(PARTIAL, MENDED)
        null_conditions()
finally:
    os.chdir(home)
    sys.path[0], sys.argv = path, arguments
