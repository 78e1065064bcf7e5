"""Points won and lost."""

from tortoise import fields
from tortoise.models import Model


class ScoreEntryRow(Model):
    """计分: append-only; the unique key books a thing once."""

    id = fields.UUIDField(primary_key=True)
    key = fields.CharField(max_length=120, unique=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    assignment = fields.ForeignKeyField(
        "models.AssignmentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    type = fields.CharField(max_length=24)
    amount = fields.FloatField()
    row = fields.CharField(max_length=8)
    at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "score_entry"
        indexes = (("org_id", "at"), ("incident_id", "at"))
