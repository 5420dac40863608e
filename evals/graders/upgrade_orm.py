"""Judges upgrade-orm: a service of 0.20 that does on 1.1 what it did."""

import re
import tomllib

from packaging.requirements import Requirement
from tortoise.context import TortoiseContext
from tortoise_dev.evals.work import Grader, Work, load

OPTIONS = ("-q", "--color=no", "-p", "no:cacheprovider", "-p", "pytest_asyncio.plugin")
"""Other plugins of this environment stay out: they would take most of the time."""

grader = Grader("pytest", "tortoise.contrib.test", "tortoise.backends.sqlite.client")


async def opened(context: TortoiseContext) -> None:
    """Open a database in memory with the project's own settings, and make the tables."""
    config = load("config.tortoise").TORTOISE_ORM
    config["connections"]["default"] = "sqlite://:memory:"
    await context.init(config=config)
    await context.generate_schemas()


@grader.function("prune(limit) deletes at most so many jobs that are done, the oldest ones")
async def prunes(work: Work) -> str:
    models, services = load("apps.shop.models"), load("apps.shop.services")
    async with TortoiseContext() as context:
        await opened(context)
        keys = await services.add_jobs("a", "b", "c", "d", "e")
        await models.Job.filter(id__in=keys[1:]).update(done=True)
        count = await services.prune(2)
        left = await models.Job.all().order_by("id").values_list("name", flat=True)
        assert (count, left) == (2, ["a", "d", "e"]), f"{count} deleted, left {left}"
        assert await services.prune(10) == 2
    return "2 of 4 deleted, then the other 2"


@grader.function("Jobs keep the column 'first', and recent() finds those of the last minutes only")
async def stored(work: Work) -> str:
    models, services = load("apps.shop.models"), load("apps.shop.services")
    async with TortoiseContext() as context:
        await opened(context)
        await services.add_jobs("old", "new", first="x")
        rows = await context.connections.get("default").execute_query_dict('SELECT "first" FROM job')
        assert [row["first"] for row in rows] == ["x", "x"], f"rows {rows}"
        job = await models.Job.get(name="old")
        await models.Job.filter(id=job.id).update(created_at=job.created_at.replace(year=2020))
        assert await services.recent(5) == ["new"]
    return "column first, 1 recent job"


@grader.function("The project's tests pass, and none was taken away")
def tests(work: Work) -> str:
    printed = work.python("-m", "pytest", *OPTIONS, "tests", PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")
    count = re.search(r"(\d+) passed", printed)
    assert count and int(count[1]) >= 3, printed.strip()[-200:]
    return count[0]


@grader.convention("Times are aware: use_tz is not False, and no naive time is compared with them")
async def aware(work: Work) -> str:
    models, services = load("apps.shop.models"), load("apps.shop.services")
    async with TortoiseContext() as context:
        await opened(context)
        await services.add_jobs("a")
        assert (await models.Job.get()).created_at.tzinfo is not None, "created_at is naive"
    text = (work.folder / "apps/shop/services.py").read_text(encoding="utf-8")
    assert "utcnow" not in text, "services.py calls utcnow()"
    return "created_at is aware"


@grader.convention("The pin allows 1.1 and no later major release")
def pins(work: Work) -> str:
    project = tomllib.loads((work.folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (pin,) = (line for line in project["dependencies"] if line.startswith("tortoise-orm"))
    allowed = Requirement(pin).specifier
    assert allowed.contains("1.1.9") and not allowed.contains("0.25.1"), pin
    assert not allowed.contains("2.0"), pin
    return str(pin)


@grader.convention("check.py finds no old spelling and no limit on a write, in tests neither")
def rules(work: Work) -> str:
    return work.assert_no_findings("--preview", "--select", "TD1", "tests")


@grader.convention("Only pins, configuration, application and tests were changed")
def left_alone(work: Work) -> str:
    assert work.changed(), "nothing was written"
    return work.assert_changed_only(
        r"pyproject\.toml",
        r"uv\.lock",
        r"config/tortoise\.py",
        r"apps/shop/.*\.py",
        r"tests/.*",
    )


if __name__ == "__main__":
    grader.main()
