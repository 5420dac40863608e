from tortoise import fields, migrations
from tortoise.migrations import operations as ops


class Migration(migrations.Migration):
    dependencies = [("models", "0001_initial")]

    operations = [
        ops.AddField("Product", "code", fields.CharField(max_length=20, null=True)),
        ops.RunSQL("UPDATE product SET code = 'P' || id"),
    ]
