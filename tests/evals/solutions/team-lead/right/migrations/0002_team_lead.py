from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0001_initial')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Team',
            name='lead',
            field=fields.ForeignKeyField('models.Person', source_field='lead_id', null=True, db_constraint=True, to_field='id', related_name='leads', on_delete=OnDelete.SET_NULL),
        ),
        ops.AddIndex(
            model_name='Team',
            index=Index(fields=['lead_id'], name='ix_team_lead_id'),
        ),
    ]
