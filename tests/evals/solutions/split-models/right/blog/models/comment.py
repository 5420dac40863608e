"""What readers say."""

from tortoise import fields
from tortoise.models import Model


class BaseComment(Model):
    class Meta:
        abstract = True

    id = fields.IntField(primary_key=True)
    article = fields.ForeignKeyField("models.Article", related_name="comments", on_delete=fields.CASCADE)
    body = fields.TextField()
    created_at = fields.DatetimeField(auto_now_add=True)


class Comment(BaseComment):
    class Meta:
        table = "comment"
        ordering = ("created_at",)
