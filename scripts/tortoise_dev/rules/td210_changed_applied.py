"""# TD210 changed-applied

## What it does
With `--against REF`, a migration whose content differs from its content in REF.

## Why is this bad
A database that has applied the old content never runs the new content. From then on it differs from a new
database. Undo the edit, and write another migration. Comments may change: a `noqa` is no edit.

## Fix safety
Not fixed by `--fix`.
"""

from __future__ import annotations

from .base import Rule

BAD = """\
# file: migrations/0001_initial.py
from tortoise import migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    operations = [ops.CreateSchema("shops")]
"""

GOOD = BAD.replace("shops", "shop")
"""What REF has: ``tests/rules/test_migrations.py`` commits it, and then writes BAD."""


RULE = Rule("TD210", "changed-applied", home=__name__)
"""The command reports it, with ``--against``: see edited_migrations.py."""
