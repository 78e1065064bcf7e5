from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0007_milestones')]

    initial = False

    operations = [
        ops.CreateModel(
            name='RollRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('told_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('received', fields.BigIntField()),
                ('consumers', fields.TextField(unique=False)),
            ],
            options={'table': 'roll', 'app': 'models', 'pk_attr': 'id', 'table_description': '接收登记.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UnseenEscalationRow',
            fields=[
                ('id', fields.BigIntField(primary_key=True, generated=False, unique=True, db_index=True)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.CASCADE)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('raised_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'unseen_escalation', 'app': 'models', 'indexes': [Index(fields=['raised_at'])], 'pk_attr': 'id', 'table_description': '无人接收的升级.'},
            bases=['Model'],
        ),
    ]
