from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [
        ops.AddField(
            model_name="Customer",
            name="phone",
            field=fields.CharField(null=True, max_length=20),
        ),
    ]
