# snippet: needs="postgres, tortoise>=1.1.8"
"""A small table is made unique in one transaction while others write: who waits, and who is refused.

On a busy computer with 2 cores, it took 0.6 seconds with 40,000 rows, of which a tenth were in pairs, and
3 seconds with 200,000 rows. So a table is small up to about 100,000 rows.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/unique_values.py
"""

import asyncio
import contextvars
import os
from collections.abc import Awaitable, Iterable
from typing import Any

from tortoise import Tortoise, fields, migrations
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.functions import Lower
from tortoise.migrations import operations as ops
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model
from tortoise.transactions import in_transaction

ROWS = 20_000
MOVES = {"book": "UPDATE book SET author_id = kept FROM author_merged AS m WHERE author_id = m.id;"}


def lock(table: str, moves: Iterable[str]) -> str:
    return f"""
SET LOCAL lock_timeout = '2s';
LOCK TABLE {", ".join([table, *moves])} IN SHARE ROW EXCLUSIVE MODE;
DO $$
DECLARE
  forgotten text := (SELECT string_agg(conrelid::regclass::text, ', ') FROM pg_constraint
    WHERE contype = 'f' AND confrelid = '{table}'::regclass
      AND conrelid <> ALL (ARRAY{[*moves]}::regclass[]));
BEGIN
  IF forgotten IS NOT NULL THEN
    RAISE foreign_key_violation USING MESSAGE = 'move the rows of ' || forgotten;
  END IF;
END $$;
"""


def merge(moves: dict[str, str]) -> str:
    return f"""
CREATE TABLE author_merged AS SELECT * FROM (
  SELECT author.*, first_value(id) OVER (PARTITION BY lower(trim(name)) ORDER BY id) AS kept FROM author
  WHERE trim(name) <> ''
) AS one WHERE kept <> id;
{" ".join(moves.values())}
DELETE FROM author WHERE id IN (SELECT id FROM author_merged);
"""


LOCK, MERGE = lock("author", MOVES), merge(MOVES)
UNIQUE = "CREATE UNIQUE INDEX uq_key ON author (lower(trim(name)));"


class Author(Model):
    class Meta:
        table = "author"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20, null=True)


class Book(Model):
    class Meta:
        table = "book"

    id = fields.IntField(primary_key=True)
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="books")
    title = fields.CharField(max_length=20)


async def sql(statement: str) -> list[dict[str, Any]]:
    return await Tortoise.get_connection("default").execute_query_dict(statement)


async def script(statement: str) -> None:
    await Tortoise.get_connection("default").execute_script(statement)


async def refused(call: Awaitable[Any], says: str, error: type[Exception]) -> None:
    try:
        await call
    except error as found:
        assert says in str(found), found
    else:
        raise AssertionError(f"not refused: {says}")


async def waits(count: int) -> None:
    """So many sessions wait for a lock."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(500):
        if len(await sql(waiting)) == count:
            return
        await asyncio.wait([asyncio.create_task(asyncio.sleep(0.01))])
    raise AssertionError("they do not wait")


async def step(text: str) -> None:
    """Apply it as a migration of the built-in tool, in its transaction."""

    async def forward(apps: Any, editor: Any) -> None:
        await editor.client.execute_script(text)

    class Step(migrations.Migration):
        pass

    Step.operations = [ops.RunPython(forward)]

    state = State(models={}, apps=StateApps(default_connections={"models": "default"}))
    db = Tortoise.get_connection("default")
    editor = MigrationExecutor(db, {})._schema_editor(atomic=True)
    async with in_transaction(db.connection_name) as tx:
        editor.client = tx
        await Step("step", "models").apply(state, schema_editor=editor)


async def merged_while_others_write() -> None:
    """Readers go on. Writers wait; then a duplicate and a child of a deleted row are refused."""
    kept, other = await Author.create(name="Ann"), await Author.create(name=" ANN")
    old = await Book.create(author=other, title="old")
    unnamed = [await Author.create(name=None) for _ in range(2)]
    await script(f"INSERT INTO author (name) SELECT 'author ' || i FROM generate_series(1, {ROWS}) AS i")
    outside = contextvars.copy_context()  # a task in it is no part of the transaction below
    async with in_transaction() as tx:
        await tx.execute_script(LOCK + MERGE)
        calls = (  # three, because the pool has five connections
            Author.create(name="ann"),
            Book.create(author=other, title="late"),
            Book.create(author=kept, title="new"),
        )
        tasks = [asyncio.create_task(finished(call), context=outside) for call in calls]
        await asyncio.create_task(waits(len(tasks)), context=outside)
        seen = await asyncio.create_task(finished(Author.filter(name=" ANN").count()), context=outside)
        assert seen == 1  # a reader does not wait, and sees the rows from before
        await tx.execute_script(UNIQUE)
    twin, late, new = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(twin, IntegrityError) and "uq_key" in str(twin)
    assert isinstance(late, IntegrityError) and "foreign key constraint" in str(late)
    assert new.title == "new"
    await old.refresh_from_db()
    assert old.author_id == kept.id  # type: ignore[attr-defined]
    assert await Author.filter(name=None).order_by("id") == unnamed  # no duplicates for the index
    assert await sql("SELECT name, kept FROM author_merged") == [{"name": " ANN", "kept": kept.id}]


async def without_a_name() -> None:
    """Rows with an empty text stay, and the index refuses them. Another condition makes one row of them."""
    rows = [await Author.create(name=name) for name in ("", " ", None, None)]
    await refused(step(MERGE + UNIQUE), "uq_key", IntegrityError)
    assert await Author.all().order_by("id") == rows
    for condition, left in (("name IS NOT NULL", 3), ("true", 2)):
        async with in_transaction() as tx:
            await tx.execute_script(MERGE.replace("trim(name) <> ''", condition))
            assert len(await tx.execute_query_dict("SELECT id FROM author")) == left
            await tx.rollback()
    await Author.all().delete()


async def finished(call: Awaitable[Any]) -> Any:
    return await call


async def looked_up() -> None:
    """A search by Lower uses an index on lower(name); `iexact` compares UPPER, and does not."""
    await script("CREATE UNIQUE INDEX uq_lower ON author (lower(name)); ANALYZE author")
    by_lower = Author.annotate(key=Lower("name")).filter(key="ann")
    assert (await by_lower.get()).name == "Ann"  # old rows keep their case
    assert "uq_lower" in str(await by_lower.explain())
    same = Author.filter(name__iexact="ann")
    assert (await same.get()).name == "Ann"
    assert "Seq Scan" in str(await same.explain())
    await script("DROP INDEX uq_lower")


async def undone() -> None:
    await script("DROP INDEX uq_key; DROP TABLE author_merged")
    await Author.create(name="ANN ")


async def refused_steps() -> None:
    """A long transaction ends the migration after 2 seconds, a forgotten child at once, without a change."""
    outside = contextvars.copy_context()
    async with in_transaction():
        await Author.create(name="long transaction")
        task = asyncio.create_task(step(LOCK + MERGE + UNIQUE), context=outside)
        await asyncio.wait([task])
    await refused(task, "lock timeout", Exception)  # asyncpg has an error of its own
    await script("CREATE TABLE award (author_id INT REFERENCES author ON DELETE CASCADE)")
    await refused(step(LOCK + MERGE + UNIQUE), "move the rows of award", IntegrityError)
    await refused(step(lock("author", ["award"])), "move the rows of book", IntegrityError)
    await refused(step(lock("author", [])), "move the rows of book, award", IntegrityError)
    assert await sql("SELECT to_regclass('uq_key') AS made, to_regclass('author_merged') AS kept") == [
        {"made": None, "kept": None}
    ]

    # Without the check, the rows of a forgotten table are deleted without an error.
    other = await Author.filter(name="ANN ").get()
    await script(f"INSERT INTO award VALUES ({other.id})")
    async with in_transaction() as tx:
        await tx.execute_script(MERGE)
        assert await tx.execute_query_dict("SELECT * FROM award") == []
        await tx.rollback()

    moves = MOVES | {
        "award": "UPDATE award SET author_id = kept FROM author_merged AS m WHERE author_id = m.id;"
    }
    await step(lock("author", moves) + merge(moves) + UNIQUE)
    assert await Author.filter(name__icontains="ann").count() == 1
    kept = await Author.filter(name__icontains="ann").get()
    assert await sql("SELECT author_id FROM award") == [{"author_id": kept.id}]


async def itself_and_links() -> None:
    """A column that refers to its own table needs qualified names. Links that both rows have are refused."""
    await undone()
    await script("ALTER TABLE author ADD parent_id INT REFERENCES author")
    await script("CREATE TABLE prize (author_id INT, title TEXT, UNIQUE (author_id, title))")
    kept, twin = await Author.filter(name__icontains="ann").order_by("id").values_list("id", flat=True)
    await Author.create(name="Eve")
    await script(f"UPDATE author SET parent_id = {twin} WHERE name = 'Eve'")
    plain, move = (
        f"UPDATE author SET parent_id = m.kept FROM author_merged AS m WHERE {column} = m.id;"
        for column in ("parent_id", "author.parent_id")
    )
    await refused(step(merge(MOVES | {"author": plain})), "ambiguous", Exception)
    await script(f"INSERT INTO prize VALUES ({kept}, 'x'), ({twin}, 'x')")
    prize = "UPDATE prize SET author_id = kept FROM author_merged AS m WHERE author_id = m.id;"
    moves = MOVES | {"author": move, "prize": prize}
    await refused(step(merge(moves)), "duplicate key", Exception)
    await script(f"DELETE FROM prize WHERE author_id = {twin}")
    await step(lock("author", [*moves, "award"]) + merge(moves))
    assert await sql("SELECT parent_id FROM author WHERE name = 'Eve'") == [{"parent_id": kept}]


async def reserved() -> None:
    """A table whose name is reserved: quoted everywhere, also in the text before ::regclass."""
    await script('CREATE TABLE "user" (id INT, name TEXT)')
    await step(lock('"user"', []))
    await refused(script("LOCK TABLE user IN SHARE ROW EXCLUSIVE MODE"), "syntax error", Exception)
    async with in_transaction() as tx:
        await tx.execute_script('LOCK TABLE "user" IN SHARE ROW EXCLUSIVE MODE')
        name = """SELECT '"user"'::regclass::text AS name"""
        assert await tx.execute_query_dict(name) == [{"name": '"user"'}]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        for proof in (without_a_name, merged_while_others_write, looked_up, undone, refused_steps):
            await proof()
        await itself_and_links()
        await reserved()


asyncio.run(main())
