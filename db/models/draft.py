"""Drafts of reports."""

from tortoise import fields
from tortoise.models import Model


class DraftRow(Model):
    """草稿."""

    id = fields.UUIDField(primary_key=True)
    person = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    offline_id = fields.CharField(max_length=64)
    form_sealed = fields.BinaryField()
    saved_at = fields.DatetimeField()
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "draft"
        unique_together = (("person_id", "offline_id"),)
