"""Who works here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from .team import Team


class BasePerson(Model):
    """A person's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80)


class Person(BasePerson):
    """The table of persons."""

    class Meta:
        table = "person"
        indexes = (Index(fields=("team_id",), name="ix_person_team_id"),)

    team: fields.ForeignKeyNullableRelation[Team] = fields.ForeignKeyField(
        "models.Team", related_name="people", null=True, on_delete=fields.OnDelete.SET_NULL
    )
    leads: fields.ReverseRelation[Team]
