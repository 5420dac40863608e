from apps.common.operations import ForgetField
from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    """The column becomes nullable and stays: the next release drops it."""

    dependencies = [("models", "0001_initial")]

    operations = [
        ops.AlterField("Customer", "fax", fields.CharField(max_length=20, null=True)),
        ForgetField("Customer", "fax"),
    ]
