"""Declared interests."""

from tortoise import fields
from tortoise.models import Model


class RecusalRow(Model):
    """回避 (R82)."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    person = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    reason = fields.TextField()
    at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "recusal"
        indexes = (("incident_id",),)
        unique_together = (("person_id", "incident_id"),)
