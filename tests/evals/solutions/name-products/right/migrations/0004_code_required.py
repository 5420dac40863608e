from apps.common.operations import SetNotNull
from tortoise import fields, migrations


class Migration(migrations.Migration):
    dependencies = [("models", "0003_fill_codes")]
    atomic = False

    operations = [SetNotNull("Product", "code", fields.CharField(max_length=20))]
