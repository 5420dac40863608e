"""What a customer owes: CASCADE, a number that is not unique, Meta last, no base class, no migration."""

from datetime import datetime

from tortoise import fields

from apps.common.models import BaseModel


class Invoice(BaseModel):
    number = fields.CharField(max_length=32)
    amount = fields.FloatField()
    paid = fields.BooleanField(default=False)
    due_at = fields.DatetimeField(null=True)
    customer = fields.ForeignKeyField("models.Customer", related_name="invoices")

    def is_overdue(self, now: datetime) -> bool:
        return self.due_at < now

    class Meta:
        table = "invoice"
