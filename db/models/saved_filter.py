"""Saved filters."""

from tortoise import fields
from tortoise.models import Model


class SavedFilterRow(Model):
    """常用过滤."""

    id = fields.UUIDField(primary_key=True)
    person = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    noun = fields.CharField(max_length=16)
    name = fields.CharField(max_length=40)
    conditions = fields.TextField()
    saved_at = fields.DatetimeField()
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "saved_filter"
        unique_together = (("person_id", "noun", "name"),)
