# snippet: needs="sqlite|postgres|mysql, aerich"
"""Proofs of the page personal-data.md. This file reads the program from the page.

By hand: DATABASE_URL=postgres://user:password@host/empty python examples/personal_data.py
"""

import asyncio
import contextvars
import hashlib
import logging
import os
import re
import sys
import types
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aerich.models import Aerich
from tortoise import fields
from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.connection import get_connection
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError, ValidationError
from tortoise.expressions import RawSQL
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.signals import post_delete

PAGE = Path(__file__).resolve().parents[1] / "references" / "personal-data.md"


UUIDS = {  # what the blocks say, and what they say if persons have UUIDs
    "    email =": "    id = fields.UUIDField(primary_key=True)\n    email =",
    "    person_id = fields.IntField(": "    person_id = fields.UUIDField(",
    "id = fields.IntField(primary_key=True, generated=False)": "id = fields.UUIDField(primary_key=True)",
}


def program(name: str, with_uuids: bool = False) -> Any:
    """The page's blocks, each without its test, as one module."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    blocks = re.findall(
        r"^```python [^\n]*name=(?:declare|erase|export)\n(.*?)^async with tables",
        PAGE.read_text(encoding="utf-8"),
        re.M | re.S,
    )
    assert len(blocks) == 3
    for old, new in UUIDS.items() if with_uuids else ():
        assert blocks[0].count(old) == 1
        blocks[0] = blocks[0].replace(old, new)
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), module.__dict__)
    return module


personal = program("personal")
Person, Order, Erased = personal.Person, personal.Order, personal.Erased


class Author(Model):
    """Its `delete()` only hides the row."""

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=20)
    alive = fields.BooleanField(default=True)

    async def delete(self, using_db: BaseDBAsyncClient | None = None) -> None:
        self.alive = False
        await self.save(update_fields=["alive"])


class Comment(Model):
    """It stays, without its author."""

    author: fields.ForeignKeyNullableRelation[Author] = fields.ForeignKeyField(
        "models.Author", related_name="comments", null=True, on_delete=fields.OnDelete.SET_NULL
    )
    text = fields.TextField()


class Photo(Model):
    """The database deletes it together with its author."""

    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField(
        "models.Author", related_name="photos", on_delete=fields.OnDelete.CASCADE
    )
    path = fields.CharField(max_length=20)


class PersonHistory(Model):
    """What a trigger writes."""

    class Meta:
        table = "person_history"

    person_id = fields.IntField()
    old: Any = fields.JSONField()


@asynccontextmanager
async def connected(*models: type[Model], url: str = os.environ["DATABASE_URL"]) -> AsyncIterator[None]:
    """The tables of these models, for as long as the block runs."""
    module = sys.modules["shown"] = types.ModuleType("shown")
    module.__dict__.update({model.__name__: model for model in models})
    async with TortoiseContext() as context:
        await context.init(db_url=url, modules={"models": ["shown"]})
        await context.generate_schemas()
        yield


async def raised(work: Awaitable[Any]) -> Exception | None:
    try:
        await work
    except Exception as error:
        return error
    return None


async def empty() -> None:
    for model in personal.PERSONAL:
        await QuerySet(model).all().delete()


async def replacements() -> None:
    """One value for all breaks a unique column at the second person. RawSQL is stored as text."""
    await empty()
    ann, bob = await personal.fill("ann"), await personal.fill("bob")
    assert await QuerySet(Person).filter(id=ann.id).update(email="erased@x.invalid") == 1
    error = await raised(QuerySet(Person).filter(id=bob.id).update(email="erased@x.invalid"))
    assert isinstance(error, IntegrityError)
    await QuerySet(Person).filter(id=ann.id).update(name=RawSQL("upper(email)"))
    assert (await QuerySet(Person).get(id=ann.id)).name == "upper(email)"
    leaked = hashlib.sha256(b"ann@x.test").hexdigest()
    known = {hashlib.sha256(text.encode()).hexdigest(): text for text in ("bob@x.test", "ann@x.test")}
    assert known[leaked] == "ann@x.test"


async def hidden_rows() -> None:
    """Calls that start at the model miss a row that the manager hides. `clean()` finds it."""
    await empty()
    ann = await personal.fill("ann")
    await Person.filter(id=ann.id).update(deleted_at=personal.timezone.now())
    ann.name = "x"
    assert await Person.filter(id=ann.id).update(name="x") == 0
    assert await Person.filter(id=ann.id).delete() == 0
    assert await Person.bulk_update([ann], ["name"]) == 0
    assert await personal.tables_with("ann") == ["Mail", "Parcel", "Order", "Person"]
    assert "ann@x.test" in await personal.export(ann.id)
    await personal.erase(ann.id)
    assert await personal.tables_with("ann") == []


async def all_or_nothing() -> None:
    """An error in the last table leaves every table as it was."""
    await empty()
    ann = await personal.fill("ann")
    await Person.filter(id=ann.id).update(name="ann")
    with personal.patch.dict(personal.PERSONAL, {Person: personal.Rule("id", replace={"name": "x" * 101})}):
        assert isinstance(await raised(personal.erase(ann.id)), Exception)
    assert await personal.tables_with("ann") == ["Mail", "Parcel", "Order", "Person"]
    assert not await Erased.exists()


NEXT_ID = {
    "sqlite": "UPDATE sqlite_sequence SET seq = {} WHERE name = 'person'",
    "postgres": "SELECT setval(pg_get_serial_sequence('person', 'id'), {})",
    "mysql": "ALTER TABLE person AUTO_INCREMENT = {}",  # of the empty table
}


def dialect() -> str:
    return str(get_connection("default").capabilities.dialect)


async def backup() -> None:
    """A backup brings back the rows, the old table of the erased ids, and the next id of a person."""
    await empty()
    ann = await personal.fill("ann")
    dump = {model: await QuerySet(model).all().values() for model in personal.PERSONAL}
    eve = await personal.fill("eve")  # later than the backup
    await personal.erase(ann.id)
    await personal.erase(eve.id)
    kept = await Erased.all().order_by("id").values_list("id", flat=True)  # before the restore
    assert kept == [ann.id, eve.id]
    await empty()
    await get_connection("default").execute_script(NEXT_ID[dialect()].format(ann.id))
    for model in reversed(personal.PERSONAL):
        await QuerySet(model).bulk_create(model(**row) for row in dump[model])
    assert await personal.tables_with("ann") == ["Mail", "Parcel", "Order", "Person"]
    assert not await Erased.exists()
    await personal.erase_again()
    assert len(await personal.tables_with("ann")) == 4  # Erased is empty
    await personal.erase_again(kept)
    assert await personal.tables_with("ann") == []
    assert await Erased.all().values_list("id", flat=True) == [ann.id]

    new = await personal.fill("new")
    assert new.id == eve.id  # the same id again
    await personal.erase_again()
    assert len(await personal.tables_with("new")) == 4
    await Erased.create(id=eve.id)  # WRONG: an id that the backup lacks
    await personal.erase_again()
    assert await personal.tables_with("new") == []


async def unknown() -> None:
    """An id that no person has is not noted: a person who gets this id later would be erased each night."""
    await empty()
    ann = await personal.fill("ann")
    await personal.erase(ann.id + 1)
    assert not await Erased.exists()
    eve = await personal.fill("eve")
    assert eve.id == ann.id + 1
    await personal.erase_again(range(eve.id + 1, eve.id + 40_000))  # more than one query of asyncpg can take
    assert not await Erased.exists()
    assert len(await personal.tables_with("eve")) == 4


async def erased_while(person_id: int, insert: Awaitable[Any]) -> Exception | None:
    """Erase a person, and start an INSERT after the orders were done. Return how the INSERT failed."""
    clean, outside = personal.clean, contextvars.copy_context()
    tasks: list[asyncio.Task[Exception | None]] = []

    async def orders_are_done(query: QuerySet[Any], rule: Any) -> None:
        if query.model is Person:
            tasks.append(asyncio.create_task(raised(insert), context=outside))
            done, _ = await asyncio.wait(tasks, timeout=0.3)
            assert not done  # it waits
        await clean(query, rule)

    with personal.patch.object(personal, "clean", orders_are_done):
        await personal.erase(person_id)
    return await tasks[0]


async def inserted_meanwhile() -> None:
    """PostgreSQL, MariaDB: a plain INSERT waits for the COMMIT and stores the row. `add_order()` refuses."""
    await empty()
    ann, bob = await personal.fill("ann"), await personal.fill("bob")
    assert await erased_while(ann.id, Order.create(person_id=ann.id, total=7, address={"to": "ann"})) is None
    assert await personal.tables_with("ann") == ["Order"]
    await personal.erase_again()
    assert await personal.tables_with("ann") == []

    error = await erased_while(bob.id, personal.add_order(bob.id, 7, {"to": "bob"}))
    assert type(error) is personal.ErasedError
    assert await personal.tables_with("bob") == []


async def whole_person() -> None:
    """Without rows that must stay, every rule may delete. An order that stays refuses the delete."""
    await empty()
    ann, bob = await personal.fill("ann"), await personal.fill("bob")
    paths = {model: rule.person for model, rule in personal.PERSONAL.items() if rule.person}
    own = {model: personal.Rule(path, delete=True) for model, path in paths.items()}
    with personal.patch.dict(personal.PERSONAL, {Person: own[Person]}):
        assert isinstance(await raised(personal.erase(bob.id)), IntegrityError)
    with personal.patch.dict(personal.PERSONAL, own):
        assert personal.forgotten() == []
        await personal.erase(ann.id)
    assert await QuerySet(Person).all().values_list("id", flat=True) == [bob.id]
    assert await Order.all().values_list("person_id", flat=True) == [bob.id]


async def declaration() -> None:
    """None becomes NULL in a JSON column."""
    await empty()
    ann = await personal.fill("ann")
    await personal.erase(ann.id)
    assert await Order.filter(address__isnull=True).count() == 1


async def links() -> None:
    """erase() deletes the links of a person, and keeps those of others."""
    await empty()
    ann, bob = await personal.fill("ann"), await personal.fill("bob")
    groups = await personal.Group.all().order_by("id")
    await ann.groups.add(*groups)
    with personal.patch.dict(personal.PERSONAL):
        rules, rule = personal.PERSONAL, personal.PERSONAL[Person]
        rules[Person] = personal.Rule("id", replace=rule.replace, keep="deleted_at groups")  # WRONG
        await personal.erase(ann.id)
        assert await personal.tables_with("ann") == []
        assert await personal.Group.filter(people=ann.id).count() == 2
    await personal.erase(ann.id)
    assert await personal.Group.filter(people=ann.id).count() == 0
    assert await personal.Group.filter(people=bob.id).count() == 1
    assert await personal.Group.all().count() == 2


async def with_uuids() -> None:
    """Persons with UUIDs: the batches of clean() follow their order, too."""
    other = program("personal_with_uuids", with_uuids=True)
    for model in other.PERSONAL:
        model._meta.db_table = f"uuid_{model.__name__.lower()}"  # other tables than those above
    async with connected(*other.PERSONAL):
        persons = [await other.fill(f"person-{number}") for number in range(7)]
        await other.erase(persons[0].id)
        assert await other.tables_with("person-0") == []
        await persons[0].save()
        assert await other.tables_with("person-0") == ["Person"]
        await other.erase_again()
        assert await other.tables_with("person-0") == []
        assert type(await raised(other.add_order(persons[0].id, 5, {}))) is other.ErasedError
        for model, rule in other.PERSONAL.items():
            await other.clean(QuerySet(model).all(), rule, size=2)
        assert await other.tables_with("person-") == []
        assert await other.Order.filter(total=5).count() == 7


async def with_aerich() -> None:
    """The model of Aerich needs a rule."""
    assert personal.forgotten() == ["Aerich: no rule"]
    with personal.patch.dict(personal.PERSONAL, {Aerich: personal.Rule(keep="version app content")}):
        assert personal.forgotten() == []


async def files(path: Path) -> None:
    """SQLite, in WAL mode: the files keep what an UPDATE replaced."""

    def has_old_bytes() -> bool:
        return any(b"ann@x.test" in file.read_bytes() for file in path.parent.iterdir())

    async with connected(*personal.PERSONAL, url=f"sqlite://{path}"):
        ann = await personal.fill("ann")
        await personal.erase(ann.id)
        assert await personal.tables_with("ann") == []
        assert has_old_bytes()
        await get_connection("default").execute_script("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)")
        assert not has_old_bytes()
        assert await QuerySet(Person).filter(id=ann.id).exists()


async def messages() -> None:
    """What an error and the log of SQL show of a person."""
    await empty()
    await personal.fill("ann")
    error = await raised(Person.create(email="ann@x.test", name="a"))
    assert isinstance(error, IntegrityError)
    is_sqlite = get_connection("default").capabilities.dialect == "sqlite"
    assert ("ann@x.test" in str(error)) == (not is_sqlite)
    error = await raised(Person.create(email="b@x.test", name="ann" * 50))
    assert isinstance(error, ValidationError)
    assert "annann" in str(error)

    texts: list[str] = []
    handler, logger = logging.Handler(), logging.getLogger("tortoise.db_client")
    handler.emit = lambda record: texts.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    await Person.filter(email="ann@x.test").exists()
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)
    assert any("ann@x.test" in text for text in texts)


async def authors() -> None:
    """Overridden methods, signals and foreign keys."""
    heard: list[str] = []

    @post_delete(Author)
    @post_delete(Photo)
    async def hear(sender: Any, instance: Any, using_db: Any) -> None:
        heard.append(sender.__name__)

    ann, bob = await Author.create(name="ann"), await Author.create(name="bob")
    await Comment.create(author=ann, text="I am ann")
    await Photo.create(author=ann, path="ann.png")
    await ann.delete()
    await bob.delete()
    assert await Author.filter(name="ann").count() == 1  # the method only hides the row
    await QuerySet(Author).filter(id=ann.id).delete()
    assert not await Author.exists(name="ann")
    assert not await Photo.exists()  # CASCADE
    assert await Comment.filter(author_id=ann.id).count() == 0
    assert (await Comment.get()).text == "I am ann"  # SET_NULL: nothing leads to ann
    assert heard == []  # neither the query nor CASCADE calls a handler
    await Model.delete(bob)
    assert heard == ["Author"]


TRIGGER = """
CREATE FUNCTION keep_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO person_history (person_id, old) VALUES (OLD.id, to_jsonb(OLD));
  RETURN NULL;
END $$;
CREATE TRIGGER keep_person AFTER UPDATE OR DELETE ON person FOR EACH ROW EXECUTE FUNCTION keep_person();
"""


async def history_by_trigger() -> None:
    """PostgreSQL: the UPDATE that replaces the e-mail writes the old e-mail to the history."""
    rule = personal.Rule("person_id", delete=True)
    rules = personal.PERSONAL
    async with connected(*rules, PersonHistory):
        await empty()
        await get_connection("default").execute_script(TRIGGER)
        for is_last in (False, True):
            ann = await personal.fill("ann")
            order = {**rules, PersonHistory: rule} if is_last else {PersonHistory: rule, **rules}
            with personal.patch.object(personal, "PERSONAL", order):
                await personal.erase(ann.id)
                assert await personal.tables_with("ann") == ([] if is_last else ["PersonHistory"])
                await QuerySet(PersonHistory).all().delete()
        await get_connection("default").execute_script("DROP FUNCTION keep_person CASCADE")


async def main() -> None:
    async with connected(*personal.PERSONAL):
        dialect = get_connection("default").capabilities.dialect
        await declaration()
        await links()
        await replacements()
        await whole_person()
        await hidden_rows()
        await all_or_nothing()
        await backup()
        await unknown()
        await messages()
        if dialect != "sqlite":
            await inserted_meanwhile()
    async with connected(*personal.PERSONAL, Aerich):
        await with_aerich()
    async with connected(Author, Comment, Photo):
        await authors()
    await with_uuids()
    if dialect == "sqlite":
        with TemporaryDirectory() as folder:
            await files(Path(folder) / "shop.db")
    if dialect == "postgres":
        await history_by_trigger()


if __name__ == "__main__":
    asyncio.run(main())
