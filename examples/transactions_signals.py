"""Signals: what each handler is called with, when, and what its error does."""

import asyncio
from typing import Any

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model
from tortoise.signals import post_delete, post_save, pre_delete, pre_save
from tortoise.transactions import in_transaction


class Note(Model):
    id = fields.UUIDField(primary_key=True)
    text = fields.CharField(max_length=10)


class Audit(Model):
    """A handler writes a row for each saved note."""

    id = fields.IntField(primary_key=True)
    note_id = fields.UUIDField()


class Plain(Model):
    """Its handler is no coroutine function."""

    id = fields.IntField(primary_key=True)
    text = fields.CharField(max_length=10)


class Reminder(Note):
    """A concrete model of a concrete model."""


heard: list[tuple[Any, ...]] = []


@pre_save(Note)
async def before_save(sender, instance, using_db, update_fields) -> None:
    heard.append(("pre_save", sender, update_fields))
    if instance.text == "refuse":
        raise ValueError(instance.text)


@post_save(Note)
async def after_save(sender, instance, created, using_db, update_fields) -> None:
    heard.append(("post_save", created, update_fields, type(using_db).__name__))
    if instance.text == "regret":
        raise ValueError(instance.text)


@post_save(Note)
async def audit(sender, instance, created, using_db, update_fields) -> None:
    _ = await Audit.create(note_id=instance.id)


@pre_delete(Note)
async def before_delete(sender, instance, using_db) -> None:
    heard.append(("pre_delete", instance.text))


@post_delete(Note)
async def after_delete(sender, instance, using_db) -> None:
    heard.append(("post_delete", instance.text))


@pre_save(Plain)
def not_async(sender, instance, using_db, update_fields) -> None:
    heard.append(("not_async", instance.text))


async def refused(text: str) -> int:
    """How many rows there are after a handler has raised."""
    try:
        _ = await Note.create(text=text)
    except ValueError:
        return await Note.all().count()
    raise AssertionError(f"{text}: no handler has raised")


async def main() -> None:
    async with tortoise_test_context(["__main__"]):
        note = await Note.create(text="a")
        await note.save(update_fields=["text"])
        await note.delete()
        assert heard == [
            ("pre_save", Note, None),
            ("post_save", True, None, "SqliteClient"),
            ("pre_save", Note, ["text"]),
            ("post_save", False, ["text"], "SqliteClient"),
            ("pre_delete", "a"),
            ("post_delete", "a"),
        ]

        async with in_transaction():
            _ = await Note.create(text="b")
        assert heard[-1] == ("post_save", True, None, "SqliteTransactionWrapper")  # pass using_db on
        await Note.all().delete()

        undone = Note(text="undone")
        try:
            async with in_transaction():
                await undone.save()
                assert await Audit.exists(note_id=undone.id)
                raise ValueError
        except ValueError:  # the handler's row was in the transaction, without using_db
            assert not await Audit.exists(note_id=undone.id)

        assert await refused("refuse") == 0
        assert await refused("regret") == 1  # too late: the row is there
        try:
            _ = await Plain.create(text="c")
        except TypeError:  # before the write; a plain function for post_save raises after it
            assert heard[-1] == ("not_async", "c")
            assert await Plain.all().count() == 0
        else:
            raise AssertionError("a plain function is accepted")

        heard.clear()
        _ = await Reminder.create(text="e")
        assert heard == []  # the handlers of Note are not called for its subclass
        _ = await Note.get_or_create(text="e")
        _ = await Note.update_or_create({"text": "f"}, text="e")
        assert [event[0] for event in heard] == ["pre_save", "post_save"] * 2
        await Note.filter(text="f").delete()

        try:
            async with in_transaction():
                _ = await Note.create(text="regret")
        except ValueError:
            assert await Note.all().count() == 1


asyncio.run(main())
