"""Work that waits."""

from tortoise import fields
from tortoise.models import Model


class BaseJob(Model):
    """A job's own fields."""

    class Meta:
        abstract = True

    id = fields.IntField(pk=True)
    name = fields.CharField(max_length=50, index=True)
    done = fields.BooleanField(default=False)
    created_at = fields.DatetimeField(auto_now_add=True)


class Job(BaseJob):
    """The table of jobs."""

    class Meta:
        table = "job"
