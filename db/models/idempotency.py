"""Answers kept for replays (design §8)."""

from tortoise import fields
from tortoise.models import Model


class IdempotencyRow(Model):
    """幂等记录: (actor, key) is unique; kept 30 days."""

    id = fields.UUIDField(primary_key=True)
    actor_id = fields.UUIDField()
    key = fields.UUIDField()
    command = fields.CharField(max_length=40)
    input_hash = fields.BinaryField()
    result = fields.JSONField()
    at = fields.DatetimeField(db_index=True)

    class Meta:
        """Table and indexes."""

        table = "idempotency"
        unique_together = (("actor_id", "key"),)
