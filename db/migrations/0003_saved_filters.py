from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0002_documents')]

    initial = False

    operations = [
        ops.CreateModel(
            name='SavedFilterRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('person', fields.ForeignKeyField('models.PersonRow', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('noun', fields.CharField(max_length=16)),
                ('name', fields.CharField(max_length=40)),
                ('conditions', fields.TextField(unique=False)),
                ('saved_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('version', fields.IntField()),
            ],
            options={'table': 'saved_filter', 'app': 'models', 'unique_together': (('person_id', 'noun', 'name'),), 'pk_attr': 'id', 'table_description': '常用过滤.'},
            bases=['Model'],
        ),
    ]
