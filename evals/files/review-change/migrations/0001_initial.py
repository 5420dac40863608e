from tortoise import migrations
from tortoise.migrations import operations as ops
from apps.shop.models.order import OrderStatus
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name='Order',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('number', fields.CharField(unique=True, max_length=20)),
                ('status', fields.CharEnumField(default=OrderStatus.OPEN, description='OPEN: open\nPAID: paid', enum_type=OrderStatus, max_length=4)),
                ('total', fields.DecimalField(max_digits=12, decimal_places=2)),
            ],
            options={'table': 'orders', 'app': 'models', 'pk_attr': 'id', 'table_description': 'The table of orders.'},
            bases=['BaseOrder'],
        ),
        ops.CreateModel(
            name='Payment',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('created_at', fields.DatetimeField(auto_now=False, auto_now_add=True)),
                ('updated_at', fields.DatetimeField(auto_now=True, auto_now_add=False)),
                ('amount', fields.DecimalField(max_digits=12, decimal_places=2)),
                ('method', fields.CharField(max_length=10)),
                ('order', fields.ForeignKeyField('models.Order', source_field='order_id', db_constraint=True, to_field='id', related_name='payments', on_delete=OnDelete.RESTRICT)),
            ],
            options={'table': 'payment', 'app': 'models', 'indexes': [Index(fields=['order_id'], name='ix_payment_order_id')], 'pk_attr': 'id', 'table_description': 'The table of payments.'},
            bases=['BasePayment'],
        ),
    ]
