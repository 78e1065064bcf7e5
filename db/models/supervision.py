"""Supervisions."""

from tortoise import fields
from tortoise.models import Model


class SupervisionRow(Model):
    """督办."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    assignment = fields.ForeignKeyField(
        "models.AssignmentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    level = fields.CharField(max_length=8)
    origin = fields.CharField(max_length=8)
    trigger = fields.CharField(max_length=32, null=True)
    text = fields.TextField(null=True)
    issued_by = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    issued_at = fields.DatetimeField()
    reply_due_at = fields.DatetimeField()
    round = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "supervision"
        indexes = (("incident_id", "issued_at"),)
