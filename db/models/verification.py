"""Checks."""

from tortoise import fields
from tortoise.models import Model


class VerificationRow(Model):
    """核查."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    round = fields.IntField()
    state = fields.CharField(max_length=16)
    org = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    inspector = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    not_by = fields.UUIDField(null=True)
    result = fields.CharField(max_length=8, null=True)
    distance_m = fields.FloatField(null=True)
    note = fields.TextField(null=True)
    due_at = fields.DatetimeField()
    created_at = fields.DatetimeField()
    recorded_at = fields.DatetimeField(null=True)
    phase = fields.CharField(max_length=16, db_default="COMPLETION")

    class Meta:
        """Table and indexes."""

        table = "verification"
        indexes = (("incident_id", "created_at"), ("state", "due_at"))
