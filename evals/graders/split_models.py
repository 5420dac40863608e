"""Judges split-models: a package by Rules 0 to 4, with the same tables and the same behaviour."""

import json
from typing import Any

from tortoise.contrib.test import tortoise_test_context
from tortoise_dev.evals.work import Grader, Work, load

grader = Grader("tortoise.backends.sqlite.client")
SCHEMA = """
import asyncio
from tortoise.contrib.test import tortoise_test_context
from tortoise.utils import get_schema_sql

async def main():
    async with tortoise_test_context(["blog.models"]) as context:
        print(get_schema_sql(context.db(), safe=False))

asyncio.run(main())
"""
NAMES = ("Article", "Author", "Comment", "Shouting", "State", "Tag", "this_year")


def tables(sql: str) -> list[str]:
    """The statements, in an order of their own, without the blanks that no database sees."""
    return sorted(" ".join(statement.split()) for statement in sql.split(";") if statement.strip())


@grader.function("The tables are the same, statement by statement")
def same_tables(work: Work) -> str:
    before = tables(work.python("-c", SCHEMA, folder=work.start))
    after = tables(work.python("-c", SCHEMA))
    assert before == after, (
        f"differs: {json.dumps([s for s in after if s not in before] or sorted(set(before) - set(after)))}"
    )
    return f"{len(after)} statements"


@grader.function("Every name can still be imported from blog.models, and the service works")
async def names(work: Work) -> str:
    models: Any = load("blog.models")
    missing = [name for name in NAMES if not hasattr(models, name)]
    assert not missing, f"missing: {', '.join(missing)}"
    service = load("blog.service")
    async with tortoise_test_context(["blog.models"]):
        author = await models.Author.create(name="Ada")
        article = await service.write(author, "First", "a", "b")
        assert await article.tags.all().count() == 2
        assert (article.shout(), author.joined) == ("FIRST", models.this_year())
    return f"{len(NAMES)} names"


@grader.function("The signal handler runs, once")
async def signal(work: Work) -> str:
    models: Any = load("blog.models")
    service = load("blog.service")
    async with tortoise_test_context(["blog.models"]):
        author = await models.Author.create(name="Ada")
        article = await service.write(author, "First")
        await service.publish(article)
    found = getattr(models, "published", None)
    if found is None:
        found = next(
            module.published
            for name, module in __import__("sys").modules.copy().items()
            if name.startswith("blog.") and hasattr(module, "published")
        )
    assert found == ["First"], f"published is {found}"
    return "1 call"


@grader.convention(
    "check.py finds nothing: a package, one model a file, Base classes, Meta first, member order"
)
def rules(work: Work) -> str:
    return work.assert_no_findings()


@grader.convention("models.py is gone, and each of the four models has a file that is named after it")
def files(work: Work) -> str:
    folder = work.folder / "blog" / "models"
    assert not (work.folder / "blog" / "models.py").exists(), "blog/models.py is still there"
    missing = [
        name for name in ("article", "author", "comment", "tag") if not (folder / f"{name}.py").is_file()
    ]
    assert not missing, f"no file for: {', '.join(missing)}"
    return ", ".join(sorted(path.name for path in folder.glob("*.py")))


@grader.convention("The service and the configuration were left alone")
def left_alone(work: Work) -> str:
    return work.assert_changed_only(
        r"blog/models\.py", r"blog/models/.*", r"blog/signals\.py", r"tests/.*", r"migrations/.*"
    )


if __name__ == "__main__":
    grader.main()
