"""Uploads."""

from tortoise import fields
from tortoise.models import Model


class MediaRow(Model):
    """媒体."""

    id = fields.UUIDField(primary_key=True)
    content_type = fields.CharField(max_length=40)
    sha256 = fields.CharField(max_length=64)
    bytes = fields.IntField()
    uploaded_by = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    uploaded_at = fields.DatetimeField()
    incident = fields.ForeignKeyField(
        "models.IncidentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    purpose = fields.CharField(max_length=16, null=True)

    class Meta:
        """Table and indexes."""

        table = "media"
        indexes = (("incident_id", "uploaded_at"),)
