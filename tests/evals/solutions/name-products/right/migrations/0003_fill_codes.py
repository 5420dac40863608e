from tortoise import migrations
from tortoise.migrations import operations as ops

BATCH = 1_000


async def fill(apps, schema_editor):
    Product = apps.get_model("models.Product")
    empty = Product.filter(code=None).order_by("id").limit(BATCH)
    while products := await empty:
        for product in products:
            product.code = f"P-{product.id}"
        await Product.bulk_update(products, fields=["code"])


class Migration(migrations.Migration):
    dependencies = [("models", "0002_product_code")]
    atomic = False  # each batch commits

    operations = [ops.RunPython(fill, ops.RunPython.noop)]
