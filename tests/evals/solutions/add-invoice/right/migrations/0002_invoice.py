from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Invoice',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('number', fields.CharField(unique=True, max_length=32)),
                ('amount', fields.DecimalField(max_digits=12, decimal_places=2)),
                ('paid', fields.BooleanField(default=False)),
                ('due_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('customer', fields.ForeignKeyField('models.Customer', source_field='customer_id', db_constraint=True, to_field='id', related_name='invoices', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'invoice', 'app': 'models', 'indexes': [Index(fields=['customer_id'], name='ix_invoice_customer_id')], 'pk_attr': 'id', 'table_description': 'The table of invoices.'},
            bases=['BaseInvoice'],
        ),
    ]
