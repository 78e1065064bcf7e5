"""Integration keys, each bound to one stored document."""

from tortoise import fields
from tortoise.models import Model


class IntegrationKeyRow(Model):
    """集成密钥."""

    id = fields.UUIDField(primary_key=True)
    name = fields.CharField(max_length=100)
    secret_hash = fields.CharField(max_length=64, unique=True)
    document = fields.ForeignKeyField("models.DocumentRow", related_name=False, on_delete=fields.RESTRICT)
    person = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    created_at = fields.DatetimeField()
    created_by = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    expires_at = fields.DatetimeField(null=True)
    revoked_at = fields.DatetimeField(null=True)
    last_used_at = fields.DatetimeField(null=True)
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "integration_key"
        indexes = (("document_id",), ("person_id",), ("created_at", "id"))
