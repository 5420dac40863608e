"""Who works together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model

if TYPE_CHECKING:
    from .person import Person


class BaseTeam(Model):
    """A team's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80)


class Team(BaseTeam):
    """The table of teams."""

    class Meta:
        table = "team"
        indexes = (Index(fields=("lead_id",), name="ix_team_lead_id"),)

    lead: fields.ForeignKeyNullableRelation[Person] = fields.ForeignKeyField(
        "models.Person", related_name="leads", null=True, on_delete=fields.OnDelete.SET_NULL
    )
    people: fields.ReverseRelation[Person]
