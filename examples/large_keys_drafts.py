# snippet: needs="postgres|mysql, aerich, tortoise>=1.1.8"
"""An integer key becomes BIGINT or a UUID: what the drafts of both tools would do.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/large_keys_drafts.py
"""

import importlib
import sys
from pathlib import Path
from typing import Any

import asyncpg
from tortoise.exceptions import OperationalError

sys.path.insert(0, str(Path(__file__).resolve().parent))
keys: Any = importlib.import_module("large_keys")  # its helpers


def drafts_of_the_built_in_tool() -> None:
    """It drops the key, and adds another one."""
    keys.built_in()
    (keys.APP / "shop.py").write_text(keys.BIG)
    text = keys.draft("big")
    assert "ops.RemoveField(model_name='Author', name='id')" in text
    assert "ops.AddField(" in text and "Book" not in text
    if keys.POSTGRES:
        said = keys.tortoise("sqlmigrate", "models", "0002_big")
        assert 'ALTER TABLE "author" DROP COLUMN "id" CASCADE' in said  # with the foreign keys to it
        assert 'column "id" of relation "author" contains null values' in keys.tortoise("migrate", expect=1)
        assert keys.foreign_key()  # the transaction was undone
        keys.sql("DELETE FROM book", "DELETE FROM author", "SELECT 1")
        keys.tortoise("migrate")  # an empty table: no error
        left = keys.sql(
            "SELECT count(*) AS n FROM pg_constraint WHERE contype = 'f' AND conrelid = 'book'::regclass"
        )
        assert left == [{"n": 0}]  # the foreign key is gone
        assert keys.column("book", "author_id") == "integer"
        default = "SELECT column_default AS sequence FROM information_schema.columns"
        assert keys.sql(f"{default} WHERE table_name = 'author' AND column_name = 'id'") == [
            {"sequence": None}
        ]
    else:
        assert "1829" in keys.tortoise("migrate", expect=1)  # needed in a foreign key: nothing has changed
        assert keys.sql("SELECT id FROM author ORDER BY id") == [{"id": 1}, {"id": 2}]

    keys.built_in()
    (keys.APP / "shop.py").write_text(
        keys.MODELS.replace("Tag(Model):\n    id = fields.Int", "Tag(Model):\n    id = fields.BigInt")
    )
    keys.draft("tag")
    if not keys.POSTGRES:
        assert "Duplicate entry '0'" in keys.tortoise("migrate", expect=1)
        assert "id" not in keys.sql("SELECT * FROM tag")[0]  # the keys are lost

    # Another column than a key.
    keys.built_in()
    (keys.APP / "shop.py").write_text(keys.MODELS.replace("uses = fields.Int", "uses = fields.BigInt"))
    assert "ops.AlterField(" in keys.draft("uses")
    if keys.POSTGRES:
        keys.tortoise("migrate")
    else:
        for _ in "12":
            said = keys.tortoise("migrate", expect=1)
            assert "1064" in said and '"uses" TYPE BIGINT' in said
    assert keys.column("tag", "uses") == "bigint"  # on MySQL, too: but the file is not recorded
    if not keys.POSTGRES:
        keys.built_in()
        (keys.APP / "shop.py").write_text(keys.MODELS.replace("uses = fields.Int", "uses = fields.BigInt"))
        modify = "ops.RunSQL('ALTER TABLE tag MODIFY uses BIGINT NOT NULL')"
        keys.write("0002_uses", f"{modify}, {keys.of_the_draft('uses')}", after="0001_initial")
        keys.tortoise("migrate")
        assert "No changes detected" in keys.tortoise("makemigrations")


def drafts_of_aerich() -> None:
    keys.with_aerich()
    (keys.APP / "shop.py").write_text(keys.BIG)
    text = keys.aerich_draft("big")
    if keys.POSTGRES:
        assert 'ALTER TABLE "author" ALTER COLUMN "id" TYPE BIGINT USING "id"::BIGINT;' in text
        assert 'ALTER TABLE "book" ALTER COLUMN "author_id" TYPE BIGINT USING "author_id"::BIGINT;' in text
        keys.aerich("upgrade")
        assert keys.column("author", "id") == keys.column("book", "author_id") == "bigint"
        top = (
            "SELECT data_type AS kind FROM information_schema.sequences WHERE sequence_name = 'author_id_seq'"
        )
        assert keys.sql(top) == [{"kind": "integer"}]  # the sequence still ends at 2147483647
        message = ""
        try:
            keys.sql("SELECT setval('author_id_seq', 2147483647)", "INSERT INTO author (name) VALUES ('Cy')")
        except OperationalError as error:
            message = str(error)
        except asyncpg.PostgresError as error:
            message = str(error)
        assert "reached maximum value of sequence" in message
        keys.sql("ALTER SEQUENCE author_id_seq AS BIGINT", "INSERT INTO author (name) VALUES ('Cy')")
        assert keys.sql("SELECT max(id) AS top FROM author") == [{"top": 2147483648}]
    else:
        assert "ALTER TABLE `author` MODIFY COLUMN `id` BIGINT NOT NULL;" in text  # without AUTO_INCREMENT
        said = keys.aerich("upgrade", expect=1)
        assert "1833" in said or "3780" in said  # a foreign key uses the column: MariaDB, MySQL
        assert keys.column("author", "id") == "int"
        keys.with_aerich()
        (keys.APP / "shop.py").write_text(
            keys.MODELS.replace("Tag(Model):\n    id = fields.Int", "Tag(Model):\n    id = fields.BigInt")
        )
        keys.aerich_draft("tag")
        keys.aerich("upgrade")  # no foreign key, no error
        message = ""
        try:
            keys.sql("INSERT INTO tag (uses) VALUES (4)", "SELECT 1")
        except OperationalError as error:
            message = str(error)
        assert "1364" in message  # Field 'id' doesn't have a default value

    keys.with_aerich()
    (keys.APP / "shop.py").write_text(keys.MODELS.replace("fields.IntField", "fields.UUIDField", 1))
    said = keys.aerich("migrate", "--offline", "--name", "uuid")
    assert (
        "Does not support change primary_key(Author.id) field type, you may need to do it manually." in said
    )
    (file,) = keys.APP.glob("aerich/models/*_uuid.py")
    assert "author_id" in file.read_text()  # the file changes the foreign key alone


if __name__ == "__main__":
    keys.set_up()
    drafts_of_the_built_in_tool()
    drafts_of_aerich()
