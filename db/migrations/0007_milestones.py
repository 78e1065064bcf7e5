from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0006_dictionaries')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DraftRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('models.PersonRow', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('offline_id', fields.CharField(max_length=64)),
                ('form_sealed', fields.BinaryField()),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('version', fields.IntField()),
            ],
            options={'table': 'draft', 'app': 'models', 'unique_together': (('person_id', 'offline_id'),), 'pk_attr': 'id', 'table_description': '草稿.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='AssignmentRow',
            name='stages',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
    ]
