# snippet: needs="postgres, tortoise>=1.1.8"
"""Values are made unique while others write: what is lost without a lock, and what a failed build leaves.

By hand, on an empty database: DATABASE_URL=postgres://… python examples/make_unique.py
"""

import asyncio
import contextvars
import os
from collections.abc import Awaitable
from typing import Any

from tortoise import Tortoise, fields, migrations
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.functions import Lower
from tortoise.indexes import Index
from tortoise.migrations import operations as ops
from tortoise.migrations.constraints import UniqueConstraint
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.schema_generator.state import State
from tortoise.migrations.schema_generator.state_apps import StateApps
from tortoise.models import Model
from tortoise.transactions import in_transaction

KEY = "lower(trim(name))"
GUARD = f"""
CREATE FUNCTION guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  wanted text := lower(trim(NEW.name));
BEGIN
  IF TG_OP = 'UPDATE' AND wanted = lower(trim(OLD.name)) THEN
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('author' || wanted, 0));
  IF EXISTS (SELECT FROM author WHERE {KEY} = wanted AND id <> NEW.id) THEN
    RAISE unique_violation USING MESSAGE = 'duplicate key: ' || wanted;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER guard BEFORE INSERT OR UPDATE OF name ON author FOR EACH ROW EXECUTE FUNCTION guard();
"""
UNIQUE = f"CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS uq_key ON author ({KEY})"


class Author(Model):
    class Meta:
        table = "author"

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)
    code = fields.CharField(max_length=9, null=True, unique=True)
    books: fields.ReverseRelation["Book"]


class Book(Model):
    class Meta:
        table = "book"
        unique_together = (("title", "edition"),)

    id = fields.IntField(primary_key=True)
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name="books")
    title = fields.CharField(max_length=20)
    edition = fields.IntField(null=True)


async def sql(statement: str) -> list[dict[str, Any]]:
    return await Tortoise.get_connection("default").execute_query_dict(statement)


async def script(statement: str) -> None:
    await Tortoise.get_connection("default").execute_script(statement)


async def refused(call: Awaitable[Any], says: str, error: type[Exception] = IntegrityError) -> None:
    try:
        await call
    except error as found:
        assert says in str(found), found
    else:
        raise AssertionError(f"not refused: {says}")


async def waits(task: asyncio.Task[Any]) -> None:
    """Another transaction makes the task wait."""
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    for _ in range(500):
        if await sql(waiting):
            return
        await asyncio.wait([task], timeout=0.01)
        assert not task.done()
    raise AssertionError("it does not wait")


async def late_book(lock: bool) -> asyncio.Task[Book]:
    """Two authors become one. After the books have moved, somebody adds a book to the second author."""
    await Author.all().delete()
    kept, other = await Author.create(name="Ann"), await Author.create(name=" ANN")
    old = await Book.create(author=other, title="old")
    outside = contextvars.copy_context()  # a task in it is no part of the transaction below
    async with in_transaction() as tx:
        if lock:
            await tx.execute_query(f"SELECT id FROM author WHERE {KEY} = 'ann' ORDER BY id FOR UPDATE")
        await tx.execute_query(f"UPDATE book SET author_id = {kept.id} WHERE author_id = {other.id}")
        late = asyncio.create_task(add_book(other), context=outside)
        if lock:
            await asyncio.create_task(waits(late), context=outside)
        else:
            await asyncio.wait([late])
        await tx.execute_query(f"DELETE FROM author WHERE id = {other.id}")
    await asyncio.wait([late])
    await old.refresh_from_db()
    assert old.author_id == kept.id  # type: ignore[attr-defined]
    return late


async def add_book(author: Author) -> Book:
    return await Book.create(author=author, title="late")


async def add_author(name: str) -> Author:
    return await Author.create(name=name)


async def locked() -> None:
    """Without the lock the new book is stored, and CASCADE deletes it. With the lock it is refused."""
    children = "SELECT conrelid::regclass::text AS child FROM pg_constraint"
    children += " WHERE contype = 'f' AND confrelid = 'author'::regclass"
    assert await sql(children) == [{"child": "book"}]
    late = await late_book(lock=False)
    assert late.result().title == "late"
    assert [book.title for book in await Book.all()] == ["old"]  # lost without an error
    late = await late_book(lock=True)
    await refused(late, "violates foreign key constraint")
    await script("ALTER TABLE book DROP CONSTRAINT book_author_id_fkey")
    await script(
        "ALTER TABLE book ADD CONSTRAINT book_author_id_fkey"
        " FOREIGN KEY (author_id) REFERENCES author ON DELETE RESTRICT"
    )
    await Book.all().delete()
    await refused(late_book(lock=False), "violates foreign key constraint")  # the merge fails


async def guarded() -> None:
    """The trigger refuses what a unique index would refuse, also of two that write at the same time."""
    await Book.all().delete()
    await Author.all().delete()
    first, second = await Author.create(name="Ann"), await Author.create(name="ann ")
    await script(GUARD)
    await first.save()  # an old duplicate
    await second.save()
    await refused(Author.create(name="ANN"), "duplicate key: ann")
    third = await Author.create(name="Bob")
    third.name = "Ann"
    await refused(third.save(), "duplicate key: ann")
    outside = contextvars.copy_context()
    async with in_transaction() as tx:
        await Author.create(name="Cid", using_db=tx)
        other = asyncio.create_task(add_author("CID"), context=outside)
        await asyncio.create_task(waits(other), context=outside)
    await refused(other, "duplicate key: cid")
    await refused(Author.bulk_create([Author(name="CID")], ignore_conflicts=True), "duplicate key: cid")

    # At another isolation level the trigger does not see a row that came in since the transaction began.
    async with in_transaction() as tx:
        await tx.execute_query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await tx.execute_query("SELECT 1 FROM author")
        await asyncio.create_task(add_author("Dan"), context=outside)
        await Author.create(name="DAN", using_db=tx)
    assert await Author.filter(name__iexact="dan").count() == 2
    await script("DROP FUNCTION guard() CASCADE")


async def built() -> None:
    """A build that fails leaves an invalid index, which IF NOT EXISTS takes for the right one."""
    valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 'uq_key'::regclass"
    await refused(script(UNIQUE), "could not create unique index")
    assert await sql(valid) == [{"indisvalid": False}]
    await Author.all().delete()
    await script(UNIQUE)
    kept = await sql(valid)
    assert kept == [{"indisvalid": False}]
    await script("DROP INDEX CONCURRENTLY uq_key")
    await script(UNIQUE)
    assert await sql(valid) == [{"indisvalid": True}]

    await Author.create(name="Ann")
    await refused(Author.create(name=" ANN"), 'duplicate key value violates unique constraint "uq_key"')
    await Author.bulk_create([Author(name=" ANN")], ignore_conflicts=True)
    assert await Author.all().count() == 1
    use = "ALTER TABLE author ADD CONSTRAINT uq_key UNIQUE USING INDEX uq_key"
    await refused(script(use), 'index "uq_key" contains expressions', Exception)


async def declared() -> None:
    """Tortoise's own classes are not unique on an expression: unique_index.py has one that is."""
    try:
        Index(Lower("name"), name="uq_key", unique=True)  # type: ignore[call-arg]
    except TypeError as error:
        assert "unique" in str(error)
    else:
        raise AssertionError("Index takes unique=")
    for wrong in (Lower("a"), "lower(a)"):
        constraint = UniqueConstraint(fields=(wrong,), name="uq_lower")  # type: ignore[arg-type]
        await refused(step(ops.AddConstraint("Part", constraint)), "named in key does not exist", Exception)

    # trim() removes spaces alone.
    assert await sql("SELECT trim(E' a\\t ') = E'a\\t' AS same") == [{"same": True}]

    # Rows with NULL are no duplicates, also if one of several columns is NULL.
    await Author.create(name="Bob")
    assert await Author.filter(code=None).count() == 2
    author = await Author.get(name="Bob")
    for _ in range(2):
        await Book.create(author=author, title="one", edition=None)
    await Book.create(author=author, title="one", edition=1)
    await refused(Book.create(author=author, title="one", edition=1), "duplicate key value")

    # Two columns as one text, which an index takes: NULL if one is NULL, and no two pairs give one text.
    pair = "(title || E'\\x1f' || edition::text)"
    await script(f"CREATE INDEX ix_pair ON book ({pair})")
    await Book.create(author=author, title="one1", edition=11)
    await Book.create(author=author, title="one11", edition=1)
    rows = await sql(
        f"SELECT count(*) AS number, count({pair}) AS known, count(DISTINCT {pair}) AS keys FROM book"
    )
    assert rows == [{"number": 5, "known": 3, "keys": 3}]


class SetUnique(ops.AlterField):
    """The database has the constraint: only the state changes."""

    async def database_forward(self, *args: Any, **kwargs: Any) -> None:
        return None

    database_backward = database_forward


class SetUniqueTogether(ops.AddConstraint):
    async def database_forward(self, *args: Any, **kwargs: Any) -> None:
        return None

    database_backward = database_forward


applied: list[Any] = []


async def step(*operations: Any) -> None:
    """Apply a built-in migration after those before it."""

    class Step(migrations.Migration):
        atomic = False

    Step.operations = list(operations)
    db = Tortoise.get_connection("default")
    state = State(models={}, apps=StateApps(default_connections={"models": "default"}))
    for earlier in applied:
        await earlier("earlier", "models").apply(state, dry_run=True, schema_editor=None)
    editor = MigrationExecutor(db, {})._schema_editor(atomic=False)
    editor.client = db
    await Step("step", "models").apply(state, schema_editor=editor)
    applied.append(Step)


async def built_in() -> None:
    """The index becomes the constraint, and later migrations find the constraint."""
    text, number = fields.CharField(max_length=9, null=True), fields.IntField(null=True)
    unique = fields.CharField(max_length=9, null=True, unique=True)
    key = fields.IntField(primary_key=True)
    await step(ops.CreateModel("Part", [("id", key), ("a", text), ("b", number)], options={"table": "part"}))
    constraints = "SELECT conname FROM pg_constraint WHERE conrelid = 'part'::regclass AND contype = 'u'"
    pair = UniqueConstraint(fields=("a", "b"))
    cases = (
        ("a", SetUnique("Part", "a", unique), ops.AlterField("Part", "a", text)),
        ("a, b", SetUniqueTogether("Part", pair), ops.RemoveConstraint("Part", fields=["a", "b"])),
    )
    for columns, declare, remove in cases:
        await step(
            ops.RunSQL(f"CREATE UNIQUE INDEX CONCURRENTLY uq_part ON part ({columns})", "SELECT 1"),
            ops.RunSQL("ALTER TABLE part ADD CONSTRAINT uq_part UNIQUE USING INDEX uq_part", "SELECT 1"),
            declare,
        )
        assert await sql(constraints) == [{"conname": "uq_part"}]
        await step(remove)
        assert await sql(constraints) == []


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=os.environ["DATABASE_URL"], modules={"models": ["__main__"]})
        await Tortoise.generate_schemas()
        for proof in (built_in, locked, guarded, built, declared):
            await proof()


asyncio.run(main())
