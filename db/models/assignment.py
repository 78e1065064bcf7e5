"""Assignments."""

from tortoise import fields
from tortoise.models import Model


class AssignmentRow(Model):
    """交办单."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    incident_no = fields.CharField(max_length=30)
    round = fields.IntField()
    seq = fields.IntField()
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    role = fields.CharField(max_length=8)
    mode = fields.CharField(max_length=16)
    state = fields.CharField(max_length=16)
    designated = fields.BooleanField()
    rule = fields.ForeignKeyField(
        "models.DispatchRuleRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    basis = fields.TextField(null=True)
    dispatched_by = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    dispatched_at = fields.DatetimeField()
    accept_due_at = fields.DatetimeField(null=True)
    contact_due_at = fields.DatetimeField(null=True)
    handle_due_at = fields.DatetimeField(null=True)
    accepted_at = fields.DatetimeField(null=True)
    first_contact_at = fields.DatetimeField(null=True)
    first_contact_channel = fields.CharField(max_length=16, null=True)
    first_contact_note = fields.TextField(null=True)
    submitted_at = fields.DatetimeField(null=True)
    outcome = fields.CharField(max_length=16, null=True)
    result_text = fields.TextField(null=True)
    no_contact_reason = fields.TextField(null=True)
    handler = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    on_time_accept = fields.BooleanField(null=True)
    on_time_handle = fields.BooleanField(null=True)
    return_due_at = fields.DatetimeField(null=True)
    policy_version = fields.IntField(null=True)
    born_by = fields.CharField(max_length=8, null=True)
    close_hung = fields.BooleanField(null=True)
    push_down_reason = fields.TextField(null=True)
    stages = fields.JSONField(null=True)
    light = fields.CharField(max_length=8)
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "assignment"
        indexes = (
            ("incident_id", "round", "seq"),
            ("org_id", "state", "handle_due_at"),
            ("handle_due_at", "id"),
        )
