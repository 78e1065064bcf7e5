"""Cases, their notes and the counter of their numbers."""

from tortoise import fields
from tortoise.models import Model


class IncidentRow(Model):
    """民生事项."""

    id = fields.UUIDField(primary_key=True)
    no = fields.CharField(max_length=30, unique=True)
    public_code = fields.CharField(max_length=20, unique=True)
    domain = fields.CharField(max_length=16)
    kind = fields.CharField(max_length=16)
    category = fields.ForeignKeyField("models.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    category_version = fields.IntField(null=True)
    title = fields.CharField(max_length=50)
    content = fields.TextField(null=True)
    source = fields.CharField(max_length=24)
    source_external_id = fields.CharField(max_length=80, null=True)
    external_due_at = fields.DatetimeField(null=True)
    urgency = fields.CharField(max_length=16)
    state = fields.CharField(max_length=16)
    outcome = fields.CharField(max_length=16, null=True)
    reject_reason = fields.CharField(max_length=24, null=True)
    reply_text = fields.TextField(null=True)
    round = fields.IntField()
    return_pending = fields.BooleanField()
    light = fields.CharField(max_length=8)
    supervision_level = fields.CharField(max_length=8)
    escalation_step = fields.IntField()
    raw_lng = fields.FloatField(null=True)
    raw_lat = fields.FloatField(null=True)
    crs = fields.CharField(max_length=10, null=True)
    accuracy_m = fields.FloatField(null=True)
    lng = fields.FloatField(null=True)
    lat = fields.FloatField(null=True)
    given_by = fields.CharField(max_length=60, null=True)
    address = fields.CharField(max_length=200, null=True)
    grid = fields.ForeignKeyField("models.GridRow", related_name=False, on_delete=fields.RESTRICT, null=True)
    grid_version = fields.IntField(null=True)
    region = fields.ForeignKeyField("models.RegionRow", related_name=False, on_delete=fields.RESTRICT)
    reporter = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    complainant = fields.ForeignKeyField(
        "models.ComplainantRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    complained_org = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    occurred_at = fields.DatetimeField(null=True)
    reported_at = fields.DatetimeField()
    due_at = fields.DatetimeField(null=True)
    closed_at = fields.DatetimeField(null=True)
    on_time = fields.BooleanField(null=True)
    report_count = fields.IntField()
    master = fields.ForeignKeyField(
        "models.IncidentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    loop_completeness = fields.IntField()
    urgent = fields.BooleanField(null=True)
    historic = fields.BooleanField(null=True)
    claim_until = fields.DatetimeField(null=True)
    ended_at = fields.DatetimeField(null=True)
    archived_at = fields.DatetimeField(null=True)
    merged_from = fields.CharField(max_length=16, null=True)
    merged_count = fields.IntField(db_default=0)
    request_count = fields.IntField(db_default=0)
    reopened = fields.IntField(db_default=0)
    transfer_target = fields.CharField(max_length=24, null=True)
    transfer_receiver = fields.CharField(max_length=60, null=True)
    void_reason = fields.CharField(max_length=16, null=True)
    grid_confirmed = fields.BooleanField(null=True)
    version = fields.IntField()
    revision = fields.IntField(default=0, db_default=0)

    class Meta:
        """Table and indexes."""

        table = "incident"
        indexes = (
            ("reported_at", "id"),
            ("due_at", "id"),
            ("state", "reported_at"),
            ("light", "reported_at"),
            ("closed_at",),
            ("grid_id", "reported_at"),
            ("region_id", "reported_at"),
            ("category_id", "reported_at"),
            ("reporter_id", "reported_at"),
            ("complainant_id",),
            ("master_id",),
        )
        unique_together = (("source", "source_external_id"),)


class NoteRow(Model):
    """办理记录."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    author = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    text = fields.TextField()
    at = fields.DatetimeField()
    kind = fields.CharField(max_length=16, db_default="NOTE")
    received_by_id = fields.UUIDField(null=True)
    received_at = fields.DatetimeField(null=True)

    class Meta:
        """Table and indexes."""

        table = "note"
        indexes = (("incident_id", "at"),)


class DayCounterRow(Model):
    """The last case number given on a district day (yyyymmdd)."""

    day = fields.CharField(max_length=8, primary_key=True)
    value = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "day_counter"
