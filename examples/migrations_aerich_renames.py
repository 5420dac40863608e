# snippet: needs="postgres, aerich"
"""Aerich 0.10 on PostgreSQL: when the draft of a renamed column is right; indexes, which keep their names.

Each part in a schema of its own, with the functions of migrations_aerich_postgres.py.

By hand: DATABASE_URL=postgres://user:password@host/database python examples/migrations_aerich_renames.py
"""

import importlib
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
proofs: Any = importlib.import_module("migrations_aerich_postgres")

MODELS = """
class Order(Model):
    id = fields.IntField(primary_key=True)


class Order{new}(Model):
    class Meta:
        table = "order_{small}"
        table_description = "{new} of an order"
        {indexes}
        {together}

    id = fields.IntField(primary_key=True)
    order = fields.ForeignKeyField("models.Order", related_name="{small}s")
    {at} = fields.DatetimeField()
    code = fields.CharField(max_length=9{unique})
    place = fields.IntField()
"""
INDEXES = 'indexes = (Index(fields=("{at}",), name="ix_order_{small}_{at}"),)'
TOGETHER = 'unique_together = (("place", "{at}"),)'
TABLES = """
    ALTER TABLE "order_line" RENAME TO "order_item";
    ALTER TABLE "order_item" RENAME COLUMN "placed_at" TO "ordered_at";
"""
NAMES = """
    ALTER INDEX "ix_order_line_placed_at" RENAME TO "ix_order_item_ordered_at";
    ALTER INDEX "order_line_code_key" RENAME TO "order_item_code_key";
    ALTER INDEX "uid_order_line_place_ed32ee" RENAME TO "uid_order_item_place_b89cd6";
    ALTER INDEX "order_line_pkey" RENAME TO "order_item_pkey";
    ALTER TABLE "order_item" RENAME CONSTRAINT "order_line_order_id_fkey" TO "order_item_order_id_fkey";
    ALTER SEQUENCE "order_line_id_seq" RENAME TO "order_item_id_seq";
    COMMENT ON TABLE "order_item" IS 'Item of an order';
"""
BACK = """
    COMMENT ON TABLE "order_item" IS 'Line of an order';
    ALTER SEQUENCE "order_item_id_seq" RENAME TO "order_line_id_seq";
    ALTER TABLE "order_item" RENAME CONSTRAINT "order_item_order_id_fkey" TO "order_line_order_id_fkey";
    ALTER INDEX "order_item_pkey" RENAME TO "order_line_pkey";
    ALTER INDEX "uid_order_item_place_b89cd6" RENAME TO "uid_order_line_place_ed32ee";
    ALTER INDEX "order_item_code_key" RENAME TO "order_line_code_key";
    ALTER INDEX "ix_order_item_ordered_at" RENAME TO "ix_order_line_placed_at";
    ALTER TABLE "order_item" RENAME COLUMN "ordered_at" TO "placed_at";
    ALTER TABLE "order_item" RENAME TO "order_line";
"""
OLD = ["ix_order_line_placed_at", "order_line_code_key", "order_line_pkey", "uid_order_line_place_ed32ee"]
NEW = ["ix_order_item_ordered_at", "order_item_code_key", "order_item_pkey", "uid_order_item_place_b89cd6"]
OLD_NAMES = """
    SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname LIKE '%line%'
    UNION SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace
    AND conname LIKE '%line%' UNION SELECT obj_description('{}'::regclass, 'pg_class') ORDER BY 1
"""


def models(new: str, at: str, *, is_bare: bool = False) -> None:
    """Order and OrderLine, or OrderItem; without indexes and unique columns where it is bare."""
    names = {"at": at, "small": new.lower()}
    indexes, together = ("pass", "") if is_bare else (INDEXES.format(**names), TOGETHER.format(**names))
    unique = "" if is_bare else ", unique=True"
    proofs.models(classes=MODELS.format(new=new, indexes=indexes, together=together, unique=unique, **names))


def indexes() -> list[str]:
    return [
        name
        for (name,) in proofs.sql(
            "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
            " AND tablename LIKE 'order\\_%' ORDER BY indexname"
        )
    ]


def rename(sql: str, back: str) -> None:
    """The table of OrderLine gets the name of OrderItem, by an empty file. The draft would drop the table."""
    models("Line", "placed_at")
    proofs.aerich("init-db")
    proofs.sql('INSERT INTO "order" DEFAULT VALUES')
    proofs.sql("INSERT INTO order_line (order_id, placed_at, code, place) VALUES (1, now(), 'a', 1)")
    assert indexes() == OLD
    models("Item", "ordered_at")
    proofs.aerich("migrate", "--offline", "--name", "wrong")
    draft = proofs.last().read_text()
    assert 'DROP TABLE IF EXISTS "order_line"' in draft
    for name in (NEW[0], NEW[3]):  # where the new names can be read
        assert f'"{name}"' in draft
    proofs.last().unlink()
    proofs.aerich("migrate", "--offline", "--empty", "--name", "order_item")
    proofs.edit(proofs.EMPTY, f'return """{sql}"""')
    proofs.edit(proofs.EMPTY, f'return """{back}"""')
    proofs.aerich("upgrade")
    assert "No changes detected" in proofs.aerich("migrate", "--offline")


def remove() -> str:
    """Take the index and both unique rules out of the model, and apply the draft; gives its SQL."""
    models("Item", "ordered_at", is_bare=True)
    proofs.aerich("migrate", "--offline", "--name", "later")
    proofs.aerich("upgrade")
    draft: str = proofs.last().read_text()
    return draft


def forgotten() -> None:
    """Without ALTER INDEX, what a later file drops does not exist, and it stays, without an error."""
    rename(TABLES, "SELECT 1")
    assert indexes() == OLD
    draft = remove()
    assert 'DROP INDEX IF EXISTS "ix_order_item_ordered_at"' in draft
    assert 'DROP CONSTRAINT IF EXISTS "order_item_code_key"' in draft
    assert indexes() == OLD


def followed() -> None:
    """With it they have the names of the models: a later file drops them, and downgrade() goes back."""
    rename(TABLES + NAMES, BACK)
    assert indexes() == NEW
    assert proofs.sql(OLD_NAMES.format("order_item")) == [("Item of an order",)]
    file = proofs.last()
    text = file.read_text()
    file.unlink()  # the image of the old release does not have it
    assert "FileNotFoundError" in proofs.fails("downgrade", "--yes")
    assert indexes() == NEW
    file.write_text(text)
    assert f"Success downgrading to {file.name}" in proofs.aerich("downgrade", "--yes")
    assert file.read_text() == text  # the command keeps the file
    assert indexes() == OLD
    assert ("Line of an order",) in proofs.sql(OLD_NAMES.format("order_line"))
    assert ("order_line_order_id_fkey",) in proofs.sql(OLD_NAMES.format("order_line"))
    assert proofs.sql("SELECT code FROM order_line WHERE placed_at IS NOT NULL") == [("a",)]
    assert f"Success upgrading to {file.name}" in proofs.aerich("upgrade")  # so it is applied again
    assert indexes() == NEW
    remove()
    assert indexes() == ["order_item_pkey"]
    assert proofs.sql(
        "SELECT conname FROM pg_constraint WHERE conrelid = 'order_item'::regclass ORDER BY 1"
    ) == [
        ("order_item_order_id_fkey",),
        ("order_item_pkey",),
    ]
    proofs.sql("INSERT INTO order_item (order_id, ordered_at, code, place) VALUES (1, now(), 'a', 1)")


def drafted() -> None:
    """The RENAME that Aerich drafts for a table or a column leaves a unique column its old constraint."""
    for small, at, says in (
        ("item", "code", 'ALTER TABLE "order_line" RENAME TO "order_item"'),
        ("line", "sku", 'ALTER TABLE "order_line" RENAME COLUMN "code" TO "sku"'),
    ):
        proofs.sql('DROP TABLE IF EXISTS order_item, order_line, "order", aerich')
        shutil.rmtree("migrations", ignore_errors=True)
        stage = partial(MODELS.format, new="Line", at="placed_at", indexes="pass", together="")
        proofs.models(classes=stage(small="line", unique=", unique=True"))
        proofs.aerich("init-db")
        proofs.models(classes=stage(small=small, unique=", unique=True").replace("code =", f"{at} ="))
        proofs.aerich("migrate", "--offline", "--no-input", "--name", "renamed")
        assert says in proofs.last().read_text() and "INDEX" not in proofs.last().read_text()
        proofs.aerich("upgrade")
        proofs.models(classes=stage(small=small, unique="").replace("code =", f"{at} ="))
        proofs.aerich("migrate", "--offline", "--name", "not_unique")
        assert f'DROP CONSTRAINT IF EXISTS "order_{small}_{at}_key"' in proofs.last().read_text()
        proofs.aerich("upgrade")
        assert "order_line_code_key" in indexes()  # still unique


BUYER = """
class Customer(Model):
    id = fields.IntField(primary_key=True)


class Bill(Model):
    {meta}
    id = fields.IntField(primary_key=True)
"""
KEY = '{} = fields.ForeignKeyField("models.Customer", null=True)'


def column(old: str, new: str, meta: str = "", new_meta: str = "") -> str:
    """The SQL of the draft for these fields of Bill, applied, undone and applied again. A row is there."""
    proofs.sql("DROP TABLE IF EXISTS bill, customer, aerich")
    shutil.rmtree("migrations", ignore_errors=True)
    proofs.models(*old.splitlines(), classes=BUYER.format(meta=meta))
    proofs.aerich("init-db")
    name = old.split()[0]
    proofs.sql(
        "INSERT INTO bill (id) VALUES (1)" if name == "buyer" else f"INSERT INTO bill ({name}) VALUES ('a')"
    )
    proofs.models(*new.splitlines(), classes=BUYER.format(meta=new_meta))
    proofs.aerich("migrate", "--offline", "--no-input", "--name", "renamed")
    draft: str = proofs.last().read_text().partition("async def downgrade")[0]
    proofs.aerich("upgrade")
    proofs.aerich("downgrade", "--yes")
    proofs.aerich("upgrade")
    assert "No changes detected" in proofs.aerich("migrate", "--offline")
    return draft


def columns() -> None:
    """--no-input answers yes to each rename that is possible. For one column, this is right."""
    email, contact = (f"{name} = fields.CharField(max_length=9, null=True)" for name in ("email", "contact"))
    index = 'class Meta:\n        indexes = (Index(fields=("{0}",), name="ix_{0}"),)'
    draft = column(email, contact, index.format("email"), index.format("contact"))
    assert 'RENAME COLUMN "email" TO "contact"' in draft and "DROP COLUMN" not in draft
    assert proofs.sql("SELECT contact FROM bill") == [("a",)]
    made = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = 'bill'"
    assert proofs.sql(f"{made} ORDER BY 1") == [("bill_pkey",), ("ix_contact",)]

    # It pairs columns of one type in no fixed order: two renames, or one beside a new column, can go wrong.
    for more in (email.replace("email", "town", 1), ""):
        for number in range(30):
            new = f"{contact}\n{email.replace('email', f'place{number}', 1)}"
            column(f"{email}\n{more}", new)
            if proofs.sql(f"SELECT contact, place{number} FROM bill") == [(None, "a")]:
                break
        else:
            raise AssertionError("30 times right")
    column(email, contact.replace("null=True", "null=True, description='Mail'"))
    assert proofs.sql("SELECT contact FROM bill") == [(None,)]

    column(email.replace("null", "db_index=True, null"), contact.replace("null", "db_index=True, null"))
    assert len(proofs.sql(f"{made} AND indexname LIKE 'idx_bill_email%'")) == 1
    draft = column(KEY.format("buyer"), KEY.format("payer"))
    assert "DROP CONSTRAINT IF EXISTS" in draft and 'RENAME COLUMN "buyer_id" TO "payer_id"' in draft
    keys = "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
    keys += " WHERE contype = 'f' AND conrelid = 'bill'::regclass"
    both = [("FOREIGN KEY (payer_id) REFERENCES customer(id) ON DELETE CASCADE",)] * 2
    assert proofs.sql(keys) == both


if __name__ == "__main__":
    proofs.prove(forgotten, followed, drafted, columns)
