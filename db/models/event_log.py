"""The event log's table and the row that names its life (design §4)."""

from tortoise import fields
from tortoise.indexes import Index
from tortoise.models import Model


class EventLogRow(Model):
    """事件日志: append-only; `seq` is the order of commit, without gaps.

    The three texts are canonical JSON: a hash is over bytes, and a JSON column would not keep them.
    """

    seq = fields.BigIntField(primary_key=True, generated=False)
    at = fields.DatetimeField()
    kind = fields.CharField(max_length=32)
    action = fields.CharField(max_length=64, null=True)
    row = fields.CharField(max_length=32)
    subject_noun = fields.CharField(max_length=32)
    subject_id = fields.UUIDField()
    subject_version = fields.IntField()
    incident_id = fields.UUIDField(null=True)
    assignment_id = fields.UUIDField(null=True)
    person_id = fields.UUIDField(null=True)
    actor_id = fields.UUIDField(null=True)
    scopes_before = fields.TextField(null=True)
    scopes_after = fields.TextField(null=True)
    data: str | None = fields.TextField(null=True)
    data_hash = fields.BinaryField()
    prev_hash = fields.BinaryField()
    hash = fields.BinaryField()

    class Meta:
        """Where it lies."""

        table = "event_log"
        indexes = (Index(fields=("incident_id", "seq"), name="event_log_incident_seq"),)


class LogEpochRow(Model):
    """The one row about the log itself: its epoch, and the last entry that retention removed."""

    id = fields.SmallIntField(primary_key=True, generated=False)
    epoch = fields.UUIDField()
    anchor_seq = fields.BigIntField(default=0)
    anchor_hash = fields.BinaryField()

    class Meta:
        """Where it lies."""

        table = "log_epoch"
