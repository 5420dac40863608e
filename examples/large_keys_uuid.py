# snippet: needs="postgres|mysql, aerich, tortoise>=1.1.8"
"""An integer key becomes a UUID in four releases: the code of each works with the tables of the next.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/large_keys_uuid.py
"""

import asyncio
import importlib
import re
import sys
from pathlib import Path
from typing import Any

from tortoise.backends.base.executor import EXECUTOR_CACHE
from tortoise.context import TortoiseContext

sys.path.insert(0, str(Path(__file__).resolve().parent))
keys: Any = importlib.import_module("large_keys")  # its helpers

# A key of UUIDs, by releases: what the tables get before the code of each release, and its models.

UUIDS = {
    "r1": keys.MODELS.replace(
        "9)\n", "9)\n    uid = fields.UUIDField(null=True, unique=True, default=uuid4)\n", 1
    ).replace('="books")\n', '="books")\n    author_uid = fields.UUIDField(null=True)\n'),
}
UUIDS["r2"] = (
    UUIDS["r1"]
    .replace("UUIDField(null=True, unique", "UUIDField(unique")
    .replace(
        """("models.Author", related_name="books")
    author_uid = fields.UUIDField(null=True)""",
        """(
        "models.Author", related_name="books", to_field="uid", source_field="author_uid"
    )
    old_author = fields.IntField(null=True, source_field="author_id")""",
    )
)
UUIDS["r3"] = (
    re.sub("    old_author = .*\n", "", UUIDS["r2"])
    .replace("    id = fields.IntField(primary_key=True)\n    name", "    name", 1)
    .replace("UUIDField(unique=True, default=uuid4)", "UUIDField(primary_key=True)")
)
KIND = "UUID" if keys.POSTGRES else "CHAR(36)"
NOT_NULL = (
    "ALTER TABLE {0} ALTER {1} SET NOT NULL"
    if keys.POSTGRES
    else "ALTER TABLE {0} MODIFY {1} CHAR(36) NOT NULL"
)
NEW_UUID = "gen_random_uuid()" if keys.POSTGRES else "UUID()"
FILES = {
    "r1": [f"ALTER TABLE author ADD uid {KIND} UNIQUE", f"ALTER TABLE book ADD author_uid {KIND}"],
    "r2": [
        f"UPDATE author SET uid = {NEW_UUID} WHERE uid IS NULL",  # in batches
        "UPDATE book SET author_uid = (SELECT uid FROM author WHERE author.id = author_id)"
        " WHERE author_uid IS NULL",
        NOT_NULL.format("author", "uid"),
        NOT_NULL.format("book", "author_uid"),
        "ALTER TABLE book ADD CONSTRAINT book_author_uid FOREIGN KEY (author_uid) REFERENCES author (uid)"
        " ON DELETE CASCADE",
    ],
    "r3": [
        f"ALTER TABLE book DROP {'CONSTRAINT' if keys.POSTGRES else 'FOREIGN KEY'} FOREIGN_KEY",
        "ALTER TABLE book ALTER author_id DROP NOT NULL"
        if keys.POSTGRES
        else "ALTER TABLE book MODIFY author_id INT",
    ],
    "r4": [
        "ALTER TABLE book DROP COLUMN author_id",
        "ALTER TABLE author DROP COLUMN id",
        "ALTER TABLE author ADD PRIMARY KEY (uid)",
    ],
}


async def use(release: str) -> None:
    """Do what the code of the release does: write an author and a book, and read the authors."""
    sys.path.insert(0, str(keys.APP))
    async with TortoiseContext() as context:
        await context.init(db_url=keys.URL, modules={"models": [release]})
        models = importlib.import_module(release)
        EXECUTOR_CACHE.clear()
        author = await models.Author.create(name=release)
        also = {
            "r1": {"author_uid": getattr(author, "uid", None)},
            "r2": {"old_author": getattr(author, "id", None)},
        }
        await models.Book.create(author=author, **also.get(release, {}))
        for book in await models.Book.all().select_related("author"):
            assert book.author.name in ("Ben", "r1", "r2", "r3", "r0")
        assert await models.Book.filter(author__name=release).exists()


def to_uuid() -> None:
    keys.built_in()
    name, last = keys.foreign_key(), "0001_initial"
    (keys.APP / "r0.py").write_text(keys.MODELS)
    for number, release in enumerate(FILES, 1):
        state = "" if release == "r4" else of_the_draft_for(release)
        statements = ", ".join(
            f"ops.RunSQL({each.replace('FOREIGN_KEY', name)!r}, '')" for each in FILES[release]
        )
        last = keys.write(f"000{number + 1}_{release}", f"{statements}, {state}", after=last)
        keys.tortoise("migrate")
        assert "No changes detected" in keys.tortoise("makemigrations"), release
        asyncio.run(use(f"r{min(number - 1, 3)}"))  # the code before it still works
        if release != "r4":
            asyncio.run(use(release))


def of_the_draft_for(release: str) -> str:
    (keys.APP / "shop.py").write_text(UUIDS[release])
    (keys.APP / f"{release}.py").write_text(UUIDS[release])
    return keys.of_the_draft(release)


if __name__ == "__main__":
    keys.set_up()
    to_uuid()
