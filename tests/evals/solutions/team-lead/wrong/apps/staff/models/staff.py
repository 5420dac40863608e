"""Both in one file, and both in the first migration."""

from tortoise import fields
from tortoise.models import Model


class Team(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=90)
    lead = fields.ForeignKeyField("models.Person", related_name="leads", null=True)

    class Meta:
        table = "team"


class Person(Model):
    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=80)
    team = fields.ForeignKeyField("models.Team", related_name="people", null=True)

    class Meta:
        table = "person"
