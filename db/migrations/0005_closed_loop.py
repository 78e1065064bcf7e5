from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from uuid import uuid4
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0004_revision')]

    initial = False

    operations = [
        ops.CreateModel(
            name='ClockPauseRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('clock', fields.ForeignKeyField('models.ClockRow', source_field='clock_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('from_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('to_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('row', fields.CharField(max_length=8)),
            ],
            options={'table': 'clock_pause', 'app': 'models', 'indexes': [Index(fields=['clock_id', 'from_at'])], 'pk_attr': 'id', 'table_description': 'A span of a clock that did not count.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='DictionaryChangeRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('noun', fields.CharField(max_length=24)),
                ('subject_id', fields.UUIDField()),
                ('version', fields.IntField()),
                ('data', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('valid_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reason', fields.TextField(null=True, unique=False)),
                ('changed_by', fields.ForeignKeyField('models.PersonRow', source_field='changed_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('changed_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'dictionary_change', 'app': 'models', 'unique_together': (('noun', 'subject_id', 'version'),), 'pk_attr': 'id', 'table_description': '字典历史: one version of an entry, as it was set; running cases know it through their snapshots alone.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='MilestoneRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('category', fields.ForeignKeyField('models.CategoryRow', source_field='category_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('seq', fields.IntField()),
                ('name', fields.CharField(max_length=40)),
                ('amount', fields.IntField()),
                ('unit', fields.CharField(max_length=16)),
                ('valid_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('valid_to', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'milestone', 'app': 'models', 'indexes': [Index(fields=['category_id', 'seq'])], 'pk_attr': 'id', 'table_description': '阶段时限: a stage of handling that a category sets a limit for (R24).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='OrgCalendarDayRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('date', fields.DateField()),
                ('is_workday', fields.BooleanField()),
                ('name', fields.CharField(max_length=40)),
                ('source', fields.CharField(max_length=100)),
            ],
            options={'table': 'org_calendar_day', 'app': 'models', 'unique_together': (('org_id', 'date'),), 'pk_attr': 'id', 'table_description': '单位日历日: a day on which one unit works, or rests, otherwise than the notices say.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RecusalRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('person', fields.ForeignKeyField('models.PersonRow', source_field='person_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('reason', fields.TextField(unique=False)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'recusal', 'app': 'models', 'unique_together': (('person_id', 'incident_id'),), 'indexes': [Index(fields=['incident_id'])], 'pk_attr': 'id', 'table_description': '回避 (R82).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RequestRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('assignment', fields.ForeignKeyField('models.AssignmentRow', source_field='assignment_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=16)),
                ('state', fields.CharField(max_length=16)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('asked_by', fields.ForeignKeyField('models.PersonRow', source_field='asked_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('asked_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('reason', fields.CharField(null=True, max_length=24)),
                ('detail', fields.CharField(null=True, max_length=24)),
                ('text', fields.TextField(null=True, unique=False)),
                ('basis', fields.TextField(null=True, unique=False)),
                ('suggested_org_id', fields.UUIDField(null=True)),
                ('target_id', fields.UUIDField(null=True)),
                ('ordinal', fields.IntField(null=True)),
                ('days', fields.IntField(null=True)),
                ('approved_days', fields.IntField(null=True)),
                ('informed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('review_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('max_until', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('participants', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('leads', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('supports', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('mode', fields.CharField(null=True, max_length=16)),
                ('decided_by', fields.ForeignKeyField('models.PersonRow', source_field='decided_by_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('decided_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('answer', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'request', 'app': 'models', 'indexes': [Index(fields=['incident_id', 'asked_at']), Index(fields=['kind', 'state', 'asked_at']), Index(fields=['org_id', 'kind', 'asked_at'])], 'pk_attr': 'id', 'table_description': '申请.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ScoreEntryRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('key', fields.CharField(unique=True, max_length=120)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('assignment', fields.ForeignKeyField('models.AssignmentRow', source_field='assignment_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('type', fields.CharField(max_length=24)),
                ('amount', fields.FloatField()),
                ('row', fields.CharField(max_length=8)),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'score_entry', 'app': 'models', 'indexes': [Index(fields=['org_id', 'at']), Index(fields=['incident_id', 'at'])], 'pk_attr': 'id', 'table_description': '计分: append-only; the unique key books a thing once.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StatementRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('request', fields.ForeignKeyField('models.RequestRow', source_field='request_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('author', fields.ForeignKeyField('models.PersonRow', source_field='author_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('text', fields.TextField(unique=False)),
                ('volunteers', fields.BooleanField()),
                ('at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'statement', 'app': 'models', 'indexes': [Index(fields=['request_id', 'at']), Index(fields=['incident_id', 'at'])], 'pk_attr': 'id', 'table_description': '陈述.'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WhistleRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('kind', fields.CharField(max_length=16)),
                ('text', fields.TextField(unique=False)),
                ('blown_by', fields.ForeignKeyField('models.PersonRow', source_field='blown_by_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('blown_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'whistle', 'app': 'models', 'indexes': [Index(fields=['incident_id', 'blown_at'])], 'pk_attr': 'id', 'table_description': '吹哨 (R33).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WhistleCallRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('whistle', fields.ForeignKeyField('models.WhistleRow', source_field='whistle_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('incident', fields.ForeignKeyField('models.IncidentRow', source_field='incident_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('sign_due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('contact_due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('arrive_due_at', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('signed_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('contacted_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('arrived_at', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('rating', fields.IntField(null=True)),
                ('rating_text', fields.TextField(null=True, unique=False)),
                ('rated_back', fields.IntField(null=True)),
                ('rated_back_text', fields.TextField(null=True, unique=False)),
            ],
            options={'table': 'whistle_call', 'app': 'models', 'indexes': [Index(fields=['whistle_id']), Index(fields=['org_id', 'arrive_due_at'])], 'pk_attr': 'id', 'table_description': '报到 (R33, R34).'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='WorkWindowRow',
            fields=[
                ('id', fields.UUIDField(primary_key=True, default=uuid4, unique=True, db_index=True)),
                ('org', fields.ForeignKeyField('models.OrgUnitRow', source_field='org_id', null=True, db_constraint=True, to_field='id', related_name=False, on_delete=OnDelete.RESTRICT)),
                ('opens', fields.IntField()),
                ('closes', fields.IntField()),
                ('valid_from', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'work_window', 'app': 'models', 'indexes': [Index(fields=['org_id', 'valid_from'])], 'pk_attr': 'id', 'table_description': '工作时段: office hours from a day on, of one unit or (without one) of the district; minutes after midnight.'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='AssignmentRow',
            name='born_by',
            field=fields.CharField(null=True, max_length=8),
        ),
        ops.AddField(
            model_name='AssignmentRow',
            name='close_hung',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='AssignmentRow',
            name='policy_version',
            field=fields.IntField(null=True),
        ),
        ops.AddField(
            model_name='AssignmentRow',
            name='push_down_reason',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='AssignmentRow',
            name='return_due_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='closing_condition',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='filing_condition',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='patrol_visible',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='requires_opinion',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='requires_verify',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='self_handling',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='CategoryRow',
            name='version',
            field=fields.IntField(db_default=1),
        ),
        ops.AddField(
            model_name='ClockRow',
            name='paused_seconds',
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name='ClockRow',
            name='repeated',
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name='ComplainantRow',
            name='withdrawn_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AlterModelOptions(
            name='CredentialRow',
            options={'table': 'credential', 'app': 'models', 'pk_attr': 'person_id', 'table_description': '登录凭据 (R84).'},
        ),
        ops.AddField(
            model_name='DispatchRuleRow',
            name='arbitration_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='DispatchRuleRow',
            name='group_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='DispatchRuleRow',
            name='mode',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='DispatchRuleRow',
            name='role',
            field=fields.CharField(null=True, max_length=8),
        ),
        ops.AddField(
            model_name='DispatchRuleRow',
            name='version',
            field=fields.IntField(db_default=1),
        ),
        ops.AddField(
            model_name='DutyItemRow',
            name='source',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='DutyItemRow',
            name='version',
            field=fields.IntField(db_default=1),
        ),
        ops.AddField(
            model_name='FollowUpRow',
            name='complainant_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='FollowUpRow',
            name='sampled',
            field=fields.BooleanField(null=True),
        ),
        ops.AddIndex(
            model_name='FollowUpRow',
            index=Index(fields=['state', 'due_at']),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='archived_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='claim_until',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='ended_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='grid_confirmed',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='historic',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='merged_count',
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='merged_from',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='reopened',
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='request_count',
            field=fields.IntField(db_default=0),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='transfer_receiver',
            field=fields.CharField(null=True, max_length=60),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='transfer_target',
            field=fields.CharField(null=True, max_length=24),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='urgent',
            field=fields.BooleanField(null=True),
        ),
        ops.AddField(
            model_name='IncidentRow',
            name='void_reason',
            field=fields.CharField(null=True, max_length=16),
        ),
        ops.AddIndex(
            model_name='IncidentRow',
            index=Index(fields=['master_id']),
        ),
        ops.AddField(
            model_name='NoteRow',
            name='kind',
            field=fields.CharField(db_default='NOTE', max_length=16),
        ),
        ops.AddField(
            model_name='NoteRow',
            name='received_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='NoteRow',
            name='received_by_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='cancel_reason',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='cancelled_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='cancelled_by_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='clock_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='replied_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='replied_by_id',
            field=fields.UUIDField(null=True),
        ),
        ops.AddField(
            model_name='SupervisionRow',
            name='reply',
            field=fields.TextField(null=True, unique=False),
        ),
        ops.AddField(
            model_name='VerificationRow',
            name='phase',
            field=fields.CharField(db_default='COMPLETION', max_length=16),
        ),
        ops.AddIndex(
            model_name='VerificationRow',
            index=Index(fields=['state', 'due_at']),
        ),
    ]
