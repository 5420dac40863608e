# snippet: needs="sqlite|postgres"
"""Soft delete by a manager: where hidden rows still show, and an index that frees their unique values.

MariaDB has no partial index.
"""

import asyncio
import os

from tortoise import fields, timezone
from tortoise.context import TortoiseContext
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.functions import Count
from tortoise.manager import Manager
from tortoise.models import Model
from tortoise.queryset import QuerySet
from tortoise.transactions import in_transaction

URL = os.environ.get("DATABASE_URL", "sqlite://:memory:")


class Live(Manager):
    def get_queryset(self) -> QuerySet:
        return super().get_queryset().filter(deleted_at__isnull=True)


class Folder(Model):
    name = fields.CharField(max_length=9, default="")
    files: fields.ReverseRelation["File"]


class File(Model):
    class Meta:
        manager = Live()

    name = fields.CharField(max_length=9)
    deleted_at = fields.DatetimeField(null=True)
    folder: fields.ForeignKeyRelation[Folder] = fields.ForeignKeyField("models.Folder", related_name="files")
    everything = Manager()


async def locks(statement: str) -> set[str]:
    """The locks of the table that a transaction holds after this statement."""
    async with in_transaction() as connection:
        await connection.execute_query(statement)
        mine = "SELECT mode FROM pg_locks WHERE relation = 'file'::regclass AND pid = pg_backend_pid()"
        modes = {row["mode"] for row in await connection.execute_query_dict(mine)}
        await connection.rollback()
    return modes


async def main() -> None:
    async with TortoiseContext() as context:
        await context.init(db_url=URL, modules={"models": ["__main__"]})
        await context.generate_schemas()
        sql = "CREATE UNIQUE INDEX uq_file_name_live ON file (name) WHERE deleted_at IS NULL"
        await context.db().execute_script(sql)  # in a migration: RunSQL

        folder = await Folder.create()
        kept = await File.create(name="a", folder=folder)
        gone = await File.create(name="b", folder=folder, deleted_at=timezone.now())

        # Own queries, prefetching and the reverse relation use the manager, joins do not.
        assert await File.all().count() == await folder.files.all().count() == 1
        assert len((await Folder.get().prefetch_related("files")).files) == 1
        assert await Folder.filter(files__name="b").exists()
        counted = Folder.annotate(files_count=Count("files"))
        assert await counted.values_list("files_count", flat=True) == [2]
        alive = Count("files", _filter=Q(files__deleted_at__isnull=True))
        assert await Folder.annotate(n=alive).values_list("n", flat=True) == [1]

        # The instance is not hidden from itself.
        await gone.refresh_from_db()
        await gone.save()

        # The partial index frees the name of a deleted row, and only that.
        await File.create(name="b", folder=folder)
        try:
            await File.create(name=kept.name, folder=folder)
        except IntegrityError:
            pass
        else:
            raise AssertionError("two living files of one name")

        # What a migration with unique_together locks until its transaction ends. Reads, too, wait for the
        # first two statements, and both migration tools begin with one of them.
        if context.db().capabilities.dialect == "postgres":
            alter, both = "ALTER TABLE file ADD", "UNIQUE (name, id)"
            assert await locks(f"{alter} alive BOOL DEFAULT TRUE") == {"AccessExclusiveLock"}
            assert "AccessExclusiveLock" in await locks(f"{alter} CONSTRAINT uid_file {both}")
            assert "AccessExclusiveLock" not in await locks("CREATE UNIQUE INDEX uid_file ON file (name, id)")


asyncio.run(main())
