"""Work that waits."""

from tortoise import fields
from tortoise.models import Model


class BaseJob(Model):
    """A job's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    name = fields.CharField(max_length=50, db_index=True)
    first_name = fields.CharField(max_length=50, default="", source_field="first")
    done = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)


class Job(BaseJob):
    """The table of jobs."""

    class Meta:
        table = "job"
