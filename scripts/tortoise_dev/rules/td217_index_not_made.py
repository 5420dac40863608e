"""# TD217 index-not-made

## What it does
An index that no migration names.

It looks for the `name=` of an `Index` of Tortoise in the migrations and in all other files of the project.
The rule is silent if the app label has no migration yet, if a migration reads its SQL from a file, and if the
project calls `generate_schemas()`. It judges only tables that a migration creates.

## Why is this bad
The database lacks it.

Both tools draft indexes. So a migration by hand forgot this one, for example when a table got another name:
on PostgreSQL and SQLite, `RENAME TO` keeps the names of indexes. If you remove the index later, Aerich drafts
`DROP INDEX IF EXISTS` with the name of the model. This drops nothing, and raises no error.

If the index has another name in the database, rename it with `ALTER INDEX … RENAME TO …`. If it is missing,
make it with `CREATE INDEX`. If you have just added it, make the migration.

## Fix safety
Not fixed by `--fix`: nobody knows the name that the index has.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..analysis.migrations.possible_names import scripts
from .base import Context, Hit, Rule
from .declared_parts import plain_indexes
from .undone_parts import UndoneParts, undone_parts

BAD = """\
# file: config.py
TORTOISE_ORM = {
    "connections": {"default": "sqlite://db.sqlite3"},
    "apps": {"models": {"models": ["apps.shop.models"], "migrations": "migrations"}},
}
# file: apps/shop/models/__init__.py
from apps.shop.models.item import BaseItem, Item

__all__ = ["BaseItem", "Item"]
# file: apps/shop/models/item.py
from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class BaseItem(Model):
    class Meta:
        abstract = True

    code = fields.CharField(max_length=9)


class Item(BaseItem):
    class Meta:
        table = "item"
        indexes = (Index(fields=("code",), name="ix_item_code"),)
# file: migrations/0001_initial.py
from tortoise import fields, migrations
from tortoise.indexes import Index
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [
        ops.CreateModel(
            name="Item",
            fields=[
                ("id", fields.IntField(primary_key=True)),
                ("code", fields.CharField(max_length=9)),
            ],
            options={"table": "item", "indexes": [Index(fields=["code"], name="ix_line_code")]},
        ),
    ]
"""

GOOD = BAD.replace("ix_line_code", "ix_item_code")


def check(context: Context) -> Iterator[Hit]:
    """At the index."""
    for found in undone_parts(context, b"Index(", plain_indexes):
        name = found.declared.name or ""
        is_made = found.last is not None or context.project.once(UndoneParts).labels.makes_all
        if not is_made and not _is_named_elsewhere(context, name):
            yield Hit(
                found.declared.node,
                f"no migration of {found.label.name} names the index {name} of {found.cls.name}: make the "
                "migration. If the table was renamed, the index may still have its old name: see renames.md",
            )


def _is_named_elsewhere(context: Context, name: str) -> bool:
    """Has another file of the project the name?"""
    word = re.compile(rf"(?i)\b{re.escape(name)}\b")
    others = (file.data for file in context.project.files.values() if file is not context.module.file)
    return any(word.search(data.decode("utf-8", "replace")) for data in others) or any(
        script is None or word.search(script) for script in scripts(context.project)
    )


RULE = Rule("TD217", "index-not-made", check, preview=True, judges_models=True)
