"""Who reads streams, process by process, and what no console received."""

from tortoise import fields
from tortoise.models import Model


class RollRow(Model):
    """接收登记."""

    id = fields.UUIDField(primary_key=True)
    told_at = fields.DatetimeField()
    received = fields.BigIntField()
    consumers = fields.TextField()

    class Meta:
        """Table."""

        table = "roll"


class UnseenEscalationRow(Model):
    """无人接收的升级."""

    id = fields.BigIntField(primary_key=True, generated=False)
    incident = fields.ForeignKeyField(
        "models.IncidentRow", related_name=False, null=True, on_delete=fields.CASCADE
    )
    at = fields.DatetimeField()
    raised_at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "unseen_escalation"
        indexes = (("raised_at",),)
