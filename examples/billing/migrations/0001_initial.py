from uuid import uuid4

from tortoise import fields, migrations
from tortoise.fields.base import OnDelete
from tortoise.indexes import Index
from tortoise.migrations import operations as ops

from apps.billing.models.payment import PaymentMethod


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="AuditLog",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ("entity", fields.CharField(max_length=50)),
                ("entity_id", fields.UUIDField()),
                ("action", fields.CharField(max_length=50)),
            ],
            options={
                "table": "audit_log",
                "app": "models",
                "indexes": [Index(fields=["entity", "entity_id"], name="ix_audit_log_entity")],
                "pk_attr": "id",
                "table_description": "What happened to which row",
            },
            bases=["BaseAuditLog"],
        ),
        ops.CreateModel(
            name="Customer",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ("name", fields.CharField(max_length=100)),
                ("email", fields.CharField(unique=True, max_length=254)),
            ],
            options={
                "table": "customer",
                "app": "models",
                "pk_attr": "id",
                "table_description": "Who is billed",
            },
            bases=["BaseCustomer"],
        ),
        ops.CreateModel(
            name="Invoice",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ("number", fields.CharField(unique=True, max_length=32)),
                ("amount", fields.DecimalField(max_digits=12, decimal_places=2)),
                ("paid", fields.BooleanField(default=False)),
                ("issued_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ("due_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("note", fields.TextField(null=True, unique=False)),
                (
                    "customer",
                    fields.ForeignKeyField(
                        "models.Customer",
                        source_field="customer_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="invoices",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "invoice",
                "app": "models",
                "indexes": [
                    Index(fields=["paid", "due_at"], name="ix_invoice_paid_due_at"),
                    Index(fields=["customer_id"], name="ix_invoice_customer_id"),
                ],
                "pk_attr": "id",
                "table_description": "Customer invoices",
            },
            bases=["BaseInvoice"],
        ),
        ops.CreateModel(
            name="Payment",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ("amount", fields.DecimalField(max_digits=12, decimal_places=2)),
                (
                    "method",
                    fields.CharEnumField(
                        default=PaymentMethod.TRANSFER,
                        description="",
                        enum_type=PaymentMethod,
                        max_length=16,
                    ),
                ),
                ("paid_at", fields.DatetimeField(auto_now=False, auto_now_add=False)),
                (
                    "invoice",
                    fields.ForeignKeyField(
                        "models.Invoice",
                        source_field="invoice_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="payments",
                        on_delete=OnDelete.RESTRICT,
                    ),
                ),
            ],
            options={
                "table": "payment",
                "app": "models",
                "indexes": [Index(fields=["invoice_id"], name="ix_payment_invoice_id")],
                "pk_attr": "id",
                "table_description": "Money received for an invoice",
            },
            bases=["BasePayment"],
        ),
        ops.CreateModel(
            name="User",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ("created_at", fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ("updated_at", fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ("deleted_at", fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ("email", fields.CharField(unique=True, max_length=254)),
                ("full_name", fields.CharField(max_length=100)),
            ],
            options={
                "table": "app_user",
                "app": "models",
                "pk_attr": "id",
                "table_description": "People who work with the system",
            },
            bases=["BaseUser"],
        ),
    ]
