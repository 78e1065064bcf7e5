"""Follow-ups."""

from tortoise import fields
from tortoise.models import Model


class FollowUpRow(Model):
    """回访."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    assignment = fields.ForeignKeyField(
        "models.AssignmentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    round = fields.IntField()
    layer = fields.CharField(max_length=16)
    state = fields.CharField(max_length=16)
    channel = fields.CharField(max_length=16, null=True)
    reached = fields.BooleanField(null=True)
    valid = fields.BooleanField()
    solved = fields.CharField(max_length=8, null=True)
    satisfaction = fields.CharField(max_length=24, null=True)
    dissatisfaction_reason = fields.CharField(max_length=16, null=True)
    contacted_by_handler = fields.BooleanField(null=True)
    opinion = fields.TextField(null=True)
    recorded_by = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    due_at = fields.DatetimeField(null=True)
    created_at = fields.DatetimeField()
    attempted_at = fields.DatetimeField(null=True)
    complainant_id = fields.UUIDField(null=True)
    sampled = fields.BooleanField(null=True)

    class Meta:
        """Table and indexes."""

        table = "follow_up"
        indexes = (("incident_id", "created_at"), ("state", "due_at"))
