"""Judges team-lead: two models that refer to each other, with complete tables."""

import re
import sqlite3
from contextlib import closing
from typing import Any

from tortoise.context import TortoiseContext
from tortoise_dev.evals.work import Grader, Work, load

grader = Grader("tortoise.cli.cli", "tortoise.backends.sqlite.client")


async def assert_related(context: Any, url: str) -> str:
    """Relate a team and a person both ways, and delete each."""
    models = load("apps.staff.models")
    await context.init(db_url=url, modules={"models": ["apps.staff.models"]}, use_tz=True)
    team = await models.Team.create(name="Blue")
    lead = await models.Person.create(name="Ada", team=team)
    other = await models.Person.create(name="Bob")
    await models.Team.filter(id=team.id).update(lead=lead)
    assert [person.name for person in await team.people.all()] == ["Ada"]
    assert [one.name for one in await lead.leads.all()] == ["Blue"]
    assert (await models.Person.get(id=other.id)).team_id is None
    await lead.delete()
    assert (await models.Team.get(id=team.id)).lead_id is None, "the lead is gone, the reference is not NULL"
    await models.Person.filter(id=other.id).update(team=team)
    await team.delete()
    assert (await models.Person.get(id=other.id)).team_id is None, (
        "the team is gone, the reference is not NULL"
    )
    return "both ways, NULL after each deletion"


@grader.function("migrate makes both columns in an empty SQLite database")
def columns(work: Work) -> str:
    work.python("-m", "tortoise", "migrate", DATABASE_URL="sqlite://new.sqlite3")
    load_tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    with closing(sqlite3.connect(work.folder / "new.sqlite3")) as database:
        found = {
            column
            for (table,) in database.execute(load_tables).fetchall()
            for (column,) in database.execute("SELECT name FROM pragma_table_info(?)", (table,)).fetchall()
        }
    missing = {"team_id", "lead_id"} - found
    assert not missing, f"missing: {', '.join(sorted(missing))}"
    return "team_id, lead_id"


@grader.function("Relations work in the migrated SQLite database, and become NULL when the other side goes")
async def on_sqlite(work: Work) -> str:
    work.python("-m", "tortoise", "migrate", DATABASE_URL="sqlite://new.sqlite3")
    async with TortoiseContext() as context:
        return await assert_related(context, "sqlite://new.sqlite3")


@grader.function("The same in a migrated PostgreSQL database")
async def on_postgres(work: Work) -> str:
    async with work.postgres_database() as (url, _):
        work.python("-m", "tortoise", "migrate", DATABASE_URL=url)
        async with TortoiseContext() as context:
            return await assert_related(context, url)


@grader.function("makemigrations finds no change")
def complete(work: Work) -> str:
    files = {path for path in work.changed() if re.fullmatch(r"migrations/\d.*\.py", path)}
    assert files, "no migration was written"
    work.python("-m", "tortoise", "makemigrations")
    more = {path for path in work.changed() if path.startswith("migrations/")} - files
    assert not {path for path in more if path.endswith(".py")}, f"makemigrations wrote {sorted(more)}"
    return ", ".join(sorted(files))


@grader.convention("A step of its own closes the circle, after both tables are made")
def two_steps(work: Work) -> str:
    texts = [path.read_text(encoding="utf-8") for path in sorted(work.folder.glob("migrations/0*.py"))]
    steps = re.findall(r"\b(CreateModel|AddField)\(", "".join(texts))
    assert steps[:2] == ["CreateModel"] * 2 and set(steps[2:]) == {"AddField"}, f"steps {steps}"
    return f"{', '.join(steps)} in {len(texts)} files"


@grader.convention(
    "check.py finds nothing, in preview neither, but the circle (TD119) and locks on new tables (TD206)"
)
def rules(work: Work) -> str:
    assert work.changed(), "nothing was written"
    return work.assert_no_findings("--preview", "--ignore", "TD119,TD206")


@grader.convention(
    "team.py and person.py hold one model each with its Base class, and the package exports all four"
)
def layout(work: Work) -> str:
    package = load("apps.staff.models")
    for entity in ("Team", "Person"):
        module = load(f"apps.staff.models.{entity.lower()}")
        base, model = getattr(module, f"Base{entity}"), getattr(module, entity)
        assert base._meta.abstract and issubclass(model, base)
        assert (getattr(package, f"Base{entity}"), getattr(package, entity)) == (base, model)
    return "BasePerson, BaseTeam, Person, Team"


@grader.convention("Nothing but models, migrations and tests was written")
def left_alone(work: Work) -> str:
    assert work.changed(), "nothing was written"
    return work.assert_changed_only(r"apps/(staff|common)/.*\.py", r"migrations/.*\.py", r"tests/.*")


if __name__ == "__main__":
    grader.main()
