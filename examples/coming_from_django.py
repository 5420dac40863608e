"""What Tortoise names or does differently from Django, and what only Django has."""

import asyncio
import inspect
import os
from collections.abc import Callable
from importlib.metadata import version
from typing import Any
from uuid import uuid4

import psycopg
from tortoise import exceptions, expressions, fields, query_utils, transactions
from tortoise.context import TortoiseContext
from tortoise.exceptions import (
    FieldError,
    IncompleteInstanceError,
    IntegrityError,
    NoValuesFetched,
    OperationalError,
    ParamsError,
    ValidationError,
)
from tortoise.expressions import Case, F, Q, RawSQL, Subquery, When
from tortoise.fields.relational import ForeignKeyFieldInstance
from tortoise.functions import Count, Sum
from tortoise.models import Model
from tortoise.query_utils import Prefetch
from tortoise.queryset import QuerySet
from tortoise.signals import post_delete, post_save
from tortoise.transactions import in_transaction

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")
IS_NEW = tuple(int(part) for part in version("tortoise-orm").split(".")[:3]) >= (1, 1, 9)


class Author(Model):
    class Meta:
        ordering = ("id",)

    name = fields.CharField(max_length=9)
    books: fields.ReverseRelation["Book"]


class Book(Model):
    class Meta:
        ordering = ("id",)

    title = fields.CharField(max_length=9)
    pages = fields.IntField(default=1)
    author: fields.ForeignKeyNullableRelation[Author] = fields.ForeignKeyField("models.Author", null=True)
    tags: fields.ManyToManyRelation["Tag"] = fields.ManyToManyField("models.Tag", related_name="books")


class Tag(Model):
    name = fields.CharField(max_length=9)


class Card(Model):
    author: fields.OneToOneRelation[Author] = fields.OneToOneField("models.Author")


class Visit(Model):
    author: fields.ForeignKeyRelation[Author] = fields.ForeignKeyField("models.Author", related_name=False)


class Note(Model):
    id = fields.UUIDField(primary_key=True)
    text = fields.CharField(max_length=9)


saved: list[str] = []
deleted: list[str] = []


@post_save(Note)
async def keep(
    sender: type[Note], instance: Note, created: bool, using_db: object, update_fields: object
) -> None:
    saved.append(instance.text)


@post_delete(Book)
async def remember(sender: type[Book], instance: Book, using_db: object) -> None:
    deleted.append(instance.title)


def refuses(error: type[Exception], use: Callable[[], Any], message: str = "") -> None:
    try:
        use()
    except error as raised:
        assert message in str(raised), raised
    else:
        raise AssertionError(f"{message or error.__name__}: it was taken")


def names() -> None:
    """Names that exist in Tortoise, and names of Django that do not exist in Tortoise."""
    query = set(dir(Author.all()))
    assert {"first", "last", "latest", "earliest", "values", "values_list", "only"} <= query
    assert not {"defer", "iterator", "none", "reverse", "dates", "aggregate", "extra", "alias"} & query
    assert not {"intersection", "difference", "using", "aget", "acount"} & query
    assert {"F", "Q", "Subquery", "RawSQL", "Case", "When"} <= set(dir(expressions))
    assert not {"OuterRef", "Exists", "Window"} & set(dir(expressions))
    assert "Prefetch" in dir(query_utils)
    assert {"in_transaction", "atomic"} <= set(dir(transactions))
    assert not {"on_commit", "savepoint"} & set(dir(transactions))
    assert not {"objects", "DoesNotExist", "MultipleObjectsReturned"} & set(dir(Author))
    assert {"DoesNotExist", "MultipleObjectsReturned"} <= set(dir(exceptions))
    assert {"IntField", "DatetimeField", "ForeignKeyField", "TextField", "CharEnumField"} <= set(dir(fields))
    assert not {"EmailField", "URLField", "SlugField", "FileField", "AutoField"} & set(dir(fields))
    assert {"RESTRICT", "NO_ACTION", "CASCADE", "SET_NULL"} <= set(dir(fields))
    assert not {"PROTECT", "DO_NOTHING"} & set(dir(fields))
    assert {"refresh_from_db", "save", "delete", "clone"} <= set(dir(Author))
    assert not {"full_clean", "clean", "from_db", "asave"} & set(dir(Author))
    assert {"books", "cards"} <= set(dir(Author))
    assert "visits" not in dir(Author)  # related_name=False
    assert "sender" in inspect.signature(remember).parameters
    refuses(FieldError, lambda: Author.all().order_by("?").sql(), "Unknown field ?")


async def a_query_is_no_list() -> None:
    query = Author.all()
    refuses(TypeError, lambda: len(query), "has no len()")  # type: ignore[arg-type]
    refuses(ParamsError, lambda: list(query), "QuerySet indices must be slices")  # type: ignore[call-overload]
    refuses(ParamsError, lambda: query[0], "QuerySet indices must be slices")  # type: ignore[call-overload]
    refuses(ParamsError, lambda: query[-1:], "should be non-negative")
    nobody = Author.filter(name="Nobody")
    assert bool(nobody)
    assert not await nobody.exists()
    assert [author.name for author in await query[1:3]] == ["Bob"]
    assert [author.name async for author in query] == ["Ann", "Bob"]
    assert await Author.filter(id__in=[]) == []  # Django: none()
    assert "ORDER BY" not in Note.all().first().sql()
    assert "ORDER BY" in Note.all().last().sql()
    assert await Author.filter(name="Nobody").latest("id") is None
    assert (await Author.all().latest("id")).name == "Bob"
    assert await nobody.first() is None
    for call in (Author.create, Author.get_or_create, Author.save, Author.delete):
        assert inspect.iscoroutinefunction(call)  # without await, Python warns
    for lazy in (Author.filter, QuerySet.delete, QuerySet.update, Author.bulk_create):
        assert not inspect.iscoroutinefunction(lazy)  # without await, nothing warns
    named = await Author.filter(name="Bob").only("name").get()
    try:
        await named.save(update_fields=["name"])
    except IncompleteInstanceError as error:
        assert "without primary key" in str(error)
    else:
        raise AssertionError("saved without the key")
    keyed = await Author.filter(name="Bob").only("id", "name").get()
    await keyed.save(update_fields=["name"])
    part = await Author.all().only("id").first()
    assert part
    refuses(AttributeError, lambda: part.name, "has no attribute 'name'")
    try:
        await part.save()
    except IncompleteInstanceError as error:
        assert "can only be saved with the relevant update_field" in str(error)
    else:
        raise AssertionError("saved without the name")


async def conditions() -> None:
    ann = await Author.get(name="Ann")
    assert await Author.get_or_none(name="Cid") is None
    assert ("FOR UPDATE" in Author.select_for_update().sql()) == (not URL.startswith("sqlite"))
    for lookup in ("author__in", "author__isnull", "title__exact", "title__regex", "title__iregex"):
        refuses(FieldError, lambda lookup=lookup: Book.filter(**{lookup: ann}).sql(), "Unknown filter param")
    assert await Book.filter(author_id__in=[ann.id]).count() == 2
    assert await Book.filter(author_id__isnull=True).count() == 1
    assert await Book.filter(author=ann, title="sql").count() == 1
    assert await Author.filter(books__isnull=True).values_list("name", flat=True) == ["Bob"]
    try:
        assert await Book.filter(title__posix_regex="^s.l$").count() == 1
    except OperationalError as error:
        assert "no such function: REGEXP" in str(error)
        assert URL.startswith("sqlite")
    else:
        assert not URL.startswith("sqlite")

    # A reverse relation takes a key, not an object. A query inside a condition must be a Subquery.
    book = await Book.get(title="sql")
    assert await Author.filter(books=book.id) == [ann]
    for wrong in (
        lambda: Author.filter(books=book).sql(),
        lambda: Book.filter(author_id__in=[ann]).sql(),
        lambda: Book.filter(author_id__in=Author.all().values("id")).sql(),
    ):
        refuses(TypeError, wrong)
    assert await Book.filter(author_id__in=Subquery(Author.filter(name="Ann").values("id"))).count() == 2
    assert await Book.filter(Q(title="sql") | Q(pages__gt=F("id") + 99)).count() == 1
    (row,) = await Book.all().annotate(sum=Sum("pages")).values("sum")
    assert row == {"sum": 3}
    # When() joins nothing: compare the key with a subquery.
    by_ann = Subquery(Author.filter(name="Ann").values("id"))
    whose = Case(When(author_id__in=by_ann, then="hers"), default="other")
    kinds = await Book.annotate(whose=whose).values_list("whose", flat=True)
    assert sorted(kinds) == ["hers", "hers", "other"]
    # With a column of the relation as annotation, a "total" comes once for each row.
    totals = await Book.annotate(whose=F("author__name"), n=Count("id", _filter=Q(whose="Ann"))).values("n")
    assert len(totals) == 3


async def spelt_otherwise() -> None:
    refuses(RecursionError, lambda: Book.annotate(pages=F("pages") * 2).values("pages").sql(), "recursion")
    assert "ORDER BY" in Book.all().order_by().sql()  # the ordering of Meta stays
    assert Author(name="new") == Author(name="other") and Author() != Tag() and Note() != Note()
    random = RawSQL("RAND()" if URL.startswith("mysql") else "RANDOM()")
    assert await Book.annotate(r=random).order_by("r").limit(2).count() == 2
    by_book = Author.filter(books__pages=1).distinct()
    assert await by_book.order_by("name").values_list("name", flat=True) == ["Ann"]
    try:
        assert await by_book.values_list("name", flat=True) == ["Ann"]
    except Exception as error:  # psycopg has a class of its own
        assert "ORDER BY expressions must appear in select list" in str(error)
        assert "postgres" in URL or "psycopg" in URL
    else:
        assert not URL.startswith(("postgres", "asyncpg", "psycopg"))
    if hasattr(QuerySet, "union"):  # 1.1.8+
        sql, python = Book.filter(title="sql"), Book.filter(title="python")
        assert {book.title for book in await sql.union(python)} == {"sql", "python"}
        both = sql.union(python)
        taken = {name for name in dir(both) if name[0] != "_" and callable(getattr(both, name))} - {"model"}
        assert taken == {"count", "limit", "offset", "order_by", "union"}
        assert [book.title for book in await both.order_by("-title").limit(1)] == ["sql"]
        assert await both.count() == 2
    refuses(TypeError, lambda: Note.bulk_create([], update_conflicts=True), "update_conflicts")  # type: ignore[call-arg]


async def relations() -> None:
    ann = await Author.get(name="Ann")
    assert not hasattr(ann, "book_set")
    await ann.books.create(title="new")  # type: ignore[attr-defined]
    assert await ann.books.filter(title="new").delete() == 1  # the default name: the table's, and an "s"
    assert not {"add", "set", "count"} & set(dir(ann.books))
    assert "cards" in Author._meta.backward_o2o_fields
    author = Book._meta.fields_map["author"]
    assert isinstance(author, ForeignKeyFieldInstance) and author.on_delete == fields.CASCADE

    book, tag = await Book.get(title="sql"), await Tag.create(name="db")
    assert {"add", "remove", "clear"} <= set(dir(book.tags))
    assert "set" not in dir(book.tags)
    await book.tags.add(tag)
    assert await Book.filter(tags=tag.id) == [book]
    for too_long in ({"tags__name": "x" * 10}, {"tags__name__in": ["x" * 10]}):
        try:
            await Book.filter(**too_long)  # Django finds nothing
        except ValidationError as error:
            assert "Length of 'xxxxxxxxxx' 10 > 9" in str(error)
        else:
            raise AssertionError(f"it has taken {too_long}")
    assert not await Tag.filter(name__icontains=None).exists()
    await Tag.create(name="None")
    assert await Tag.filter(name__icontains=None).values_list("name", flat=True) == ["None"]
    await Tag.filter(name="None").delete()

    one = Author.all().prefetch_related(Prefetch("books", Book.filter(title="sql")))
    assert [len(author.books) for author in await one] == [1, 0]
    book = await Book.get(title="sql").prefetch_related("author", "tags")
    assert len(book.tags) == 1
    book = await Book.get(title="sql").prefetch_related("tags").prefetch_related("author")
    refuses(NoValuesFetched, lambda: len(book.tags))


async def values() -> None:
    refuses(ValueError, lambda: Note(text=None), "non nullable")
    try:
        await Note.create()  # Django stores ""
    except ValidationError as error:
        assert str(error) == "text: Value must not be None"
    else:
        raise AssertionError("stored without a text")
    assert (await Note.create(text="")).text == ""
    assert Note(text="a" * 99, typo=1).text == "a" * 99  # nothing is checked here


async def errors_and_counts() -> None:
    """What an update by a relation, a lost row and values that do not fit give, and the order of a count."""
    book, other = await Book.create(title="a"), await Book.create(title="b")
    for name in ("x", "y"):
        await book.tags.add(await Tag.create(name=name))
    by_tags = Book.filter(tags__name__in=["x", "y"])
    try:
        changed = await by_tags.update(pages=7)
    except OperationalError:
        assert not IS_NEW
    else:
        assert changed == 1  # once, although two tags match
        assert await Book.filter(pages=7).get() == book
    try:
        await Book.filter(tags__name="none").delete()
    except Exception:  # psycopg has a class of its own
        assert not IS_NEW
    else:
        assert IS_NEW
    tagged_twice = Book.annotate(n=Count("tags")).filter(n=2)
    try:
        changed = await tagged_twice.update(pages=8)
    except OperationalError:
        assert not IS_NEW and not URL.startswith("mysql")
    else:
        assert changed == await Book.filter(pages=8).count()
        assert changed == (1 if IS_NEW else await Book.all().count())  # WRONG on MariaDB: all rows
    assert await Book.all().count() > 1
    counts = await Book.annotate(n=Count("tags")).group_by("id").order_by("id").values("id", "n")
    assert len(counts) == await Book.all().count() > 1
    try:
        rows = await Book.annotate(n=Count("id")).values("title", "n")  # without group_by()
        assert len(rows) == 1 and not URL.startswith(("postgres", "asyncpg", "psycopg"))
    except Exception as error:  # psycopg has a class of its own
        assert "GROUP BY" in str(error)
    assert not await Book.filter(pages__gt=None).exists()
    query = Book.all()
    assert await query[:1].update(title="all") == (1 if URL.startswith("mysql") else len(counts))
    stored = await Book.get(id=book.id)
    same = Book.filter(id=book.id).update(pages=stored.pages)
    assert await same == (0 if URL.startswith("mysql") else 1)  # MariaDB counts changed rows
    by_tag = Book.annotate(n=Count("tags"))
    assert "ORDER BY" in Book.all().sql() and "ORDER BY" not in by_tag.sql()

    await other.delete()
    await other.save(update_fields=["title"])
    for options in ({}, {"update_fields": ["title"]}):
        try:
            await other.save(force_update=True, **options)  # type: ignore[arg-type]
        except IntegrityError as error:
            assert "Can't update object that doesn't exist" in str(error)
        else:
            raise AssertionError("no row was missing")

    try:
        await Book.filter(id=book.id).update(title="x" * 10)
    except ValidationError as error:
        assert "10 > 9" in str(error)
    else:
        raise AssertionError("the text is too long")
    try:
        assert await Book.filter(id=book.id).update(pages=2**40) == 1
        assert URL.startswith("sqlite")
    except (OperationalError, psycopg.DataError) as error:
        assert not URL.startswith("sqlite")
        assert isinstance(error, psycopg.DataError) == URL.startswith("psycopg")
    try:
        await Book.filter(id=book.id).update(pages=2**64)
        raise AssertionError("no error")
    except OverflowError:
        assert URL.startswith("sqlite")
    except (OperationalError, psycopg.DataError):
        assert not URL.startswith("sqlite")


async def copies() -> None:
    note = await Note.create(text="copied")
    copy = note.clone(pk=uuid4())
    await copy.save()
    assert await Note.filter(text="copied").count() == 2
    try:
        await note.clone().save()
    except IntegrityError:
        pass
    else:
        raise AssertionError("clone() makes a UUID key")
    try:
        await Note(id=note.id, text="again").save()  # an INSERT
    except IntegrityError:
        assert await Note.filter(text="again").count() == 0
    else:
        raise AssertionError("save() of a new object updated a row")
    book = await Book.get(title="sql")
    await book.clone().save()  # a generated key
    assert await Book.filter(title="sql").count() == 2
    tags = await book.tags.all()
    assert tags
    copy_of_book = book.clone()
    await copy_of_book.save()
    await copy_of_book.tags.clear()  # of `book`, because clone() copies the manager of the tags
    assert not await Book.filter(id=book.id, tags__id__in=[tag.id for tag in tags]).exists()
    copy_of_book = await Book.get(id=copy_of_book.id)
    await copy_of_book.tags.add(*tags)
    assert await Book.filter(tags=tags[0].id) == [copy_of_book]
    await book.tags.add(*tags)
    await Book.filter(title="sql").exclude(id=book.id).delete()
    copied = await Book.get(id=book.id)
    copied.pk = None
    await copied.save()  # an INSERT
    assert copied.id != book.id and await Book.filter(title="sql").count() == 2
    await Book.filter(id=copied.id).delete()
    cid = Author(name="Cid")
    await cid.save(update_fields=["name"])  # an INSERT: the key is None
    assert await Author.filter(id=cid.id, name="Cid").delete() == 1


async def after_a_rollback() -> None:
    note = Note(text="undone")
    try:
        async with in_transaction():
            await note.save()
            raise RuntimeError
    except RuntimeError:
        pass
    await note.save()  # an UPDATE of no row
    assert await Note.filter(text="undone").count() == 0
    await note.save(force_create=True)
    assert await Note.filter(text="undone").count() == 1
    try:
        async with in_transaction():
            note.text = "changed"
            await note.save()
            raise RuntimeError
    except RuntimeError:
        assert note.text == "changed"
    assert await Note.filter(text="changed").count() == 0


async def signals() -> None:
    saved.clear()
    await Note.bulk_create([Note(text="bulk")])
    await Note.filter(text="bulk").update(text="query")
    assert await Note.filter(text="query").count() == 1
    assert saved == []
    note = await Note.create(text="one")
    note.text = "two"
    await note.save(update_fields=["text"])
    assert saved == ["one", "two"]


async def cascades() -> None:
    ann = await Author.get(name="Ann")
    kept = await Book.get(title="python")
    kept.author = None
    await kept.save(update_fields=["author_id"])
    # SQLite also counts the rows that CASCADE deleted: the book, and the row that joins it to its tag.
    assert await Author.filter(id=ann.id).delete() == (3 if URL.startswith("sqlite") else 1)
    assert await Book.filter(title="sql").count() == 0
    assert deleted == []
    await kept.delete()
    assert deleted == ["python"]


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        names()
        ann, _ = await Author.create(name="Ann"), await Author.create(name="Bob")
        for title, author in (("sql", ann), ("python", ann), ("nobody's", None)):
            await Book.create(title=title, author=author)
        await a_query_is_no_list()
        await conditions()
        await spelt_otherwise()
        await relations()
        await values()
        await copies()
        await after_a_rollback()
        await signals()
        await cascades()
        await errors_and_counts()


asyncio.run(main())
