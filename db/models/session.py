"""Sessions."""

from tortoise import fields
from tortoise.models import Model


class SessionRow(Model):
    """会话."""

    id = fields.UUIDField(primary_key=True)
    person = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    refresh_hash = fields.BinaryField()
    created_at = fields.DatetimeField()
    refreshed_at = fields.DatetimeField()
    expires_at = fields.DatetimeField()
    ended_at = fields.DatetimeField(null=True)

    class Meta:
        """Table and indexes."""

        table = "session"
        indexes = (("person_id",),)
