"""# TD003 meta-first

## What it does
Every model has a `class Meta`, and it is the first member of the class. Only a docstring may stand before it.

A `class Meta(BaseInvoice.Meta)` that inherits `abstract = True` is reported too: that model has no table.

## Why is this bad
Meta says what the class is: abstract or a table, its name, its indexes. The reader needs that first.

## Fix safety
`--fix` moves a misplaced `class Meta` up, with its comments. That is safe, because a nested class does not
see the names of the class around it. It leaves Meta where it is if a base or a decorator of Meta is a
name of the class body. It writes no Meta if none is there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.models import Rank, members_of, metas_of
from ..analysis.modules import Class
from .base import Context, Hit, Rule
from .fixes import Fix
from .reorder import can_lead

BAD = """\
# file: apps/billing/models/base.py
from tortoise import fields
from tortoise.models import Model


class BaseModel(Model):
    id = fields.UUIDField(primary_key=True)

    class Meta:
        abstract = True
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


def check(context: Context) -> Iterator[Hit]:
    """At the Meta that is misplaced or inherits too much, or at the class that has none."""
    for cls in context.own:
        metas = metas_of(cls.node)
        if not metas:
            yield Hit(cls.node, f"{cls.name} has no class Meta")
            continue
        members = members_of(cls.node)
        inherited = inherits_abstract(context, cls)
        if inherited is not None and not context.project.children(cls):  # a base of others means it
            yield Hit(inherited, f"Meta of {cls.name} inherits abstract = True: the model has no table")
            continue
        for member in members[1:]:
            if member.rank is Rank.META:
                fix = Fix(order="lead") if can_lead(context.module, cls.node, member) else None
                yield Hit(member.node, f"Meta of {cls.name} is not its first member", fix)


def inherits_abstract(context: Context, cls: Class) -> ast.stmt | None:
    """The Meta that is abstract only because its base is."""
    metas = metas_of(cls.node)
    meta = metas[0] if len(metas) == 1 else None
    if not isinstance(meta, ast.ClassDef) or not meta.bases:
        return None
    says = any(
        isinstance(node, ast.Name) and node.id == "abstract" and isinstance(node.ctx, ast.Store)
        for statement in meta.body
        for node in ast.walk(statement)
    )
    return meta if not says and context.models.is_abstract(cls) else None


RULE = Rule("TD003", "meta-first", check, fixable=True)
