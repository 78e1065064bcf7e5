"""What is asked and decided on a case, and what units say in a ruling."""

from tortoise import fields
from tortoise.models import Model


class RequestRow(Model):
    """申请."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    assignment = fields.ForeignKeyField(
        "models.AssignmentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    kind = fields.CharField(max_length=16)
    state = fields.CharField(max_length=16)
    org = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    asked_by = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    asked_at = fields.DatetimeField()
    reason = fields.CharField(max_length=24, null=True)
    detail = fields.CharField(max_length=24, null=True)
    text = fields.TextField(null=True)
    basis = fields.TextField(null=True)
    suggested_org_id = fields.UUIDField(null=True)
    target_id = fields.UUIDField(null=True)
    ordinal = fields.IntField(null=True)
    days = fields.IntField(null=True)
    approved_days = fields.IntField(null=True)
    informed_at = fields.DatetimeField(null=True)
    review_at = fields.DatetimeField(null=True)
    max_until = fields.DatetimeField(null=True)
    participants = fields.JSONField()
    leads = fields.JSONField()
    supports = fields.JSONField()
    mode = fields.CharField(max_length=16, null=True)
    decided_by = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    decided_at = fields.DatetimeField(null=True)
    answer = fields.TextField(null=True)

    class Meta:
        """Table and indexes."""

        table = "request"
        indexes = (("incident_id", "asked_at"), ("kind", "state", "asked_at"), ("org_id", "kind", "asked_at"))


class StatementRow(Model):
    """陈述."""

    id = fields.UUIDField(primary_key=True)
    request = fields.ForeignKeyField("models.RequestRow", related_name=False, on_delete=fields.RESTRICT)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    author = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    text = fields.TextField()
    volunteers = fields.BooleanField()
    at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "statement"
        indexes = (("request_id", "at"), ("incident_id", "at"))
