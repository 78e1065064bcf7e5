"""Whistles and who came."""

from tortoise import fields
from tortoise.models import Model


class WhistleRow(Model):
    """吹哨 (R33)."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    kind = fields.CharField(max_length=16)
    text = fields.TextField()
    blown_by = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    blown_at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "whistle"
        indexes = (("incident_id", "blown_at"),)


class WhistleCallRow(Model):
    """报到 (R33, R34)."""

    id = fields.UUIDField(primary_key=True)
    whistle = fields.ForeignKeyField("models.WhistleRow", related_name=False, on_delete=fields.RESTRICT)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    sign_due_at = fields.DatetimeField()
    contact_due_at = fields.DatetimeField()
    arrive_due_at = fields.DatetimeField()
    signed_at = fields.DatetimeField(null=True)
    contacted_at = fields.DatetimeField(null=True)
    arrived_at = fields.DatetimeField(null=True)
    rating = fields.IntField(null=True)
    rating_text = fields.TextField(null=True)
    rated_back = fields.IntField(null=True)
    rated_back_text = fields.TextField(null=True)

    class Meta:
        """Table and indexes."""

        table = "whistle_call"
        indexes = (("whistle_id",), ("org_id", "arrive_due_at"))
