"""# TD214 null-in-index-condition

## What it does
None in the `condition=` of a `PartialIndex`.

It also reports index classes that extend `PartialIndex`. The rule is silent in migrations, and if the class
of the project may write other SQL. Such a class has an `__init__`, or a text with `null` in its `get_sql()`.

## Why is this bad
Its SQL has `= null`, so the index is empty. A unique one accepts duplicates, and no query can use a plain
one. Neither the migration tools nor the database reports an error.

Write `IS NULL` in the `get_sql()` of an index class, or in a migration with `RunSQL`.

## Fix safety
Not fixed by `--fix`: an index that begins to work may refuse rows that are stored already.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..analysis.modules import Class, Entity, External
from ..analysis.syntax import FUNCTIONS, FunctionNode, keyword, text_of
from .base import Context, Hit, Rule
from .migrations import migration_in

BAD = """\
# file: apps/billing/models/__init__.py
from apps.billing.models.member import BaseMember, Member

__all__ = ["BaseMember", "Member"]
# file: apps/billing/models/member.py
from tortoise import fields
from tortoise.indexes import PartialIndex
from tortoise.models import Model


class BaseMember(Model):
    class Meta:
        abstract = True

    email = fields.CharField(max_length=254)
    left_at = fields.DatetimeField(null=True)


class Member(BaseMember):
    class Meta:
        table = "member"
        indexes = (PartialIndex(fields=("email",), name="ix_member_email", condition={"left_at": None}),)
"""

GOOD = BAD.replace('condition={"left_at": None}', 'condition={"email": "a@example.com"}')

_PARTIAL = frozenset(
    {
        "tortoise.indexes.PartialIndex",
        *(
            f"tortoise.contrib.postgres.indexes.{kind}Index"
            for kind in ("Bloom", "Brin", "Gin", "Gist", "Hash", "PostgreSQL", "SpGist")
        ),
    }
)


def check(context: Context) -> Iterator[Hit]:
    """At each None in the condition."""
    if migration_in(context) is not None:
        return
    for call, entities in context.known_calls:
        given = keyword(call, "condition")
        if not isinstance(given, ast.Dict) or len(entities) != 1 or not _writes_equals(context, entities[0]):
            continue
        for key, value in zip(given.keys, given.values, strict=True):
            if isinstance(value, ast.Constant) and value.value is None and text_of(key):
                problem = f"'{text_of(key)} = null' is true for no row, so the index is empty"
                yield Hit(value, f"{problem}: see locks.md")


def _writes_equals(context: Context, entity: Entity) -> bool:
    """Does an index class certainly write its condition as Tortoise does?"""
    if isinstance(entity, External):
        return entity.name in _PARTIAL
    if not isinstance(entity, Class):
        return False
    classes = (entity, *context.models.ancestors(entity))
    own = [one for one in classes if isinstance(one, Class)]
    others = [one.name for one in classes if isinstance(one, External)]
    return len(others) == 1 and others[0] in _PARTIAL and all(_keeps_condition(one) for one in own)


def _keeps_condition(cls: Class) -> bool:
    node = cls.node
    if len(node.bases) != 1 or node.keywords or node.decorator_list:
        return False
    for statement in node.body:
        match statement:
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
            case ast.Assign(targets=[ast.Name(id="INDEX_TYPE")]):
                continue
            case _ if isinstance(statement, FUNCTIONS) and statement.name == "get_sql":
                if not _keeps_null(statement):
                    return False
            case _:
                return False
    return True


def _keeps_null(function: FunctionNode) -> bool:
    """Does a ``get_sql`` change the SQL of Tortoise only by ``replace()``, with texts that have no NULL?"""
    for node in ast.walk(function):
        match node:
            case ast.Constant(value=str(text)) if "null" in text.lower():
                return False
            case ast.Call(func=ast.Name(id="super")):
                continue
            case ast.Call(func=ast.Attribute(attr="get_sql")):
                continue
            case ast.Call(func=ast.Attribute(attr="replace"), args=texts) if all(map(_is_constant, texts)):
                continue
            case ast.Call():
                return False
    return True


def _is_constant(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant)


RULE = Rule("TD214", "null-in-index-condition", check, judges_models=True)
