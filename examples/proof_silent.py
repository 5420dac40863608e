"""What says nothing: a write without await, writes that fire no signal, listeners that are not called."""

import asyncio
import contextlib
import subprocess
import sys

from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model
from tortoise.signals import post_delete, post_save
from tortoise.transactions import in_transaction


class BaseNote(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
    text = fields.CharField(max_length=10)


class Note(BaseNote):
    class Meta:
        table = "note"


heard: list[str] = []


@post_save(BaseNote)
async def on_base(sender, instance, created, using_db, update_fields) -> None:
    heard.append("saved, heard on the base")


@post_save(Note)
async def on_save(sender, instance, created, using_db, update_fields) -> None:
    heard.append("saved")


@post_delete(Note)
async def on_delete(sender, instance, using_db) -> None:
    heard.append("deleted")


async def main() -> None:
    async with tortoise_test_context(["__main__"]):
        note = await Note.create(text="a")
        await note.delete()
        assert heard == ["saved", "deleted"]

        # A list of objects holds no text, so a test with such a condition cannot fail.
        written = await Note.create(text="b")
        assert "b" not in await Note.all() and written in await Note.all()
        assert "b" in await Note.all().values_list("text", flat=True)
        await written.delete()

        heard.clear()
        notes = [Note(text="b"), Note(text="c")]
        await Note.bulk_create(notes)
        await Note.bulk_update(notes, fields=["text"])
        await Note.filter(text="b").update(text="d")
        await Note.all().delete()
        assert heard == []

        @post_save(Note)
        def not_async(sender, instance, created, using_db, update_fields) -> None: ...

        try:
            _ = await Note.create(text="e")
        except TypeError:
            assert await Note.all().count() == 1  # the row is there all the same
        else:
            raise AssertionError("a plain function is accepted")

        with contextlib.suppress(TypeError):
            async with in_transaction():
                _ = await Note.create(text="f")
        assert not await Note.exists(text="f")


asyncio.run(main())

# In a process of its own, where warnings are errors: here the harness would find the missing await.
FORGOTTEN = """
import asyncio
from tortoise import fields
from tortoise.contrib.test import tortoise_test_context
from tortoise.models import Model

class Note(Model):
    id = fields.UUIDField(primary_key=True)

async def main():
    async with tortoise_test_context(["__main__"]):
        await Note.create()
        Note.all().delete()
        print(await Note.all().count())

asyncio.run(main())
"""
done = subprocess.run([sys.executable, "-W", "error", "-c", FORGOTTEN], capture_output=True, text=True)
assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "1", "")
