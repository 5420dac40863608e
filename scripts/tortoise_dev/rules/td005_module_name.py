"""# TD005 module-name

## What it does
No module file has a name that starts with an underscore; `__init__.py` and `__main__.py` are allowed.

## Why is this bad
An underscore says that no other file imports the module, but others do. `__all__` says which
names are public.

## Fix safety
Not fixed by `--fix`: importers name the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .base import Hit, Rule

BAD = """\
# file: apps/billing/models/_base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
"""

GOOD = """\
# file: apps/billing/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    class Meta:
        abstract = True

    id = fields.UUIDField(primary_key=True)
"""


def check_path(path: Path) -> Iterator[Hit]:
    """At line 1 of the file."""
    if path.name.startswith("_") and path.name not in ("__init__.py", "__main__.py"):
        yield Hit(None, f"module {path.name} starts with an underscore: name it {path.name.lstrip('_')}")


RULE = Rule("TD005", "module-name", check_path=check_path)
