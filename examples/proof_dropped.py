"""What is dropped without a word, exit status 0: rules TD112 to TD117 stand on it."""

import asyncio

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.signals import post_save
from tortoise.transactions import atomic
from tortoise.utils import get_schema_sql


class Visible(Manager):
    def get_queryset(self) -> QuerySet[Model]:
        return super().get_queryset().filter(hidden=False)


class BaseNote(Model):
    class Meta:
        abstract = True
        table_description = "notes"
        manager = Visible()
        unique_together = (("text", "size"),)
        indexes = (("size",),)

    text = fields.CharField(max_length=10)
    size = fields.IntField(default=0)
    hidden = fields.BooleanField(default=False)


class Note(BaseNote):
    class Meta:
        table = "note"


class Link(Model):
    note = fields.ForeignKeyField("models.Note", related_name="links", null=True)
    other = fields.ForeignKeyField("models.Note", related_name="others", null=True)


heard: list[Model] = []


@post_save(BaseNote)
async def on_base(sender, instance, created, using_db, update_fields) -> None:
    heard.append(instance)


@atomic
async def settle(note: Note) -> str:
    return "settled"


async def main() -> None:
    async with tortoise_test_context(["__main__"]) as context:
        # TD117: of the abstract Meta nothing of this arrives
        table = next(
            part for part in get_schema_sql(context.db(), safe=False).split(";") if '"note" (' in part
        )
        assert "UNIQUE" not in table and "INDEX" not in get_schema_sql(context.db(), safe=False)
        await Note.create(text="a", size=1, hidden=True)
        await Note.create(text="a", size=2)
        assert await Note.all().count() == 2  # the hidden one too

        # TD113: an argument that is no field, wherever a row takes arguments; and pk=, which is none
        note = await Note.create(text="b", colour="red", pk=77)
        assert note.pk == 3 and not hasattr(note, "colour")
        note, created = await Note.get_or_create(pk=78, defaults={"text": "d"})
        assert created and note.pk == 4  # not 78: each further call makes a row, too
        await note.delete()
        note, created = await Note.get_or_create(text="c", defaults={"colour": "red"})
        assert created and not hasattr(note, "colour")
        note, created = await Note.update_or_create(text="c", defaults={"colour": "red"})
        assert not created and not hasattr(note, "colour")
        assert not hasattr(note.update_from_dict({"colour": "red"}), "colour")

        # TD116: four rows were saved
        assert heard == []

        # TD114: the second call replaces the first, select_related adds up
        await Link.create(note=note, other=note)
        (link,) = await Link.all().prefetch_related("note").prefetch_related("other")
        assert isinstance(link.note, QuerySet) and isinstance(link.other, Note)
        (link,) = await Link.all().select_related("note").select_related("other")
        assert isinstance(link.note, Note) and isinstance(link.other, Note)

        # TD115: nothing runs, a function comes back
        assert callable(settle(note))

        # TD112: SQLite, and PostgreSQL likewise
        for narrowed in (
            Note.all().limit(1),
            Note.all().offset(2),
            Note.all()[:1],
            Note.all().order_by("id").first(),
        ):
            assert narrowed.delete().sql() == 'DELETE FROM "note"'
        for narrowed in (
            Note.all().order_by("id").last(),
            Note.latest("id"),
            Note.earliest("id"),
            Note.first(),
        ):
            assert narrowed.update(size=0).sql() == 'UPDATE "note" SET "size"=?'


asyncio.run(main())
