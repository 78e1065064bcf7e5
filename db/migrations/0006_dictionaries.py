from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0005_closed_loop')]

    initial = False

    operations = [
        ops.CreateModel(
            name='CalendarMoveRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('change_id', fields.UUIDField()),
                ('incident_id', fields.UUIDField()),
                ('clock_id', fields.UUIDField()),
                ('type', fields.CharField(max_length=16)),
                ('incident_no', fields.CharField(max_length=30)),
                ('before', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('after', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'calendar_move', 'app': 'models', 'unique_together': (('change_id', 'clock_id'),), 'pk_attr': 'id', 'table_description': '时限变动: a clock that one change of a calendar moved, so that a request sent again answers the same (R78).'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='milestones',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='valid_from',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='valid_to',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='category_version',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='PolicyValueRow',
            name='valid_to',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='PolicyValueRow',
            name='version',
            field=fields.IntField(db_default=1),
        ),
    ]
