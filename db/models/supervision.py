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
    clock_id = fields.UUIDField(null=True)
    replied_at = fields.DatetimeField(null=True)
    replied_by_id = fields.UUIDField(null=True)
    reply = fields.TextField(null=True)
    cancelled_at = fields.DatetimeField(null=True)
    cancelled_by_id = fields.UUIDField(null=True)
    cancel_reason = fields.TextField(null=True)

    class Meta:
        """Table and indexes."""

        table = "supervision"
        indexes = (("incident_id", "issued_at"),)
