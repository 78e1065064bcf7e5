"""Stored documents."""

from tortoise import fields
from tortoise.models import Model


class DocumentRow(Model):
    """存储文档."""

    id = fields.UUIDField(primary_key=True)
    sha256 = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=100)
    text = fields.TextField()
    kind = fields.CharField(max_length=16)
    operation_name = fields.TextField(null=True)
    created_at = fields.DatetimeField()
    created_by = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    retired_at = fields.DatetimeField(null=True)
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "document"
        indexes = (("created_at", "id"),)
