"""Clocks, the steps they fired, and the test clock."""

from tortoise import fields
from tortoise.models import Model


class ClockRow(Model):
    """时限钟."""

    id = fields.UUIDField(primary_key=True)
    incident = fields.ForeignKeyField("models.IncidentRow", related_name=False, on_delete=fields.RESTRICT)
    assignment = fields.ForeignKeyField(
        "models.AssignmentRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    type = fields.CharField(max_length=16)
    round = fields.IntField()
    limit = fields.IntField()
    unit = fields.CharField(max_length=16)
    start_at = fields.DatetimeField()
    due_at = fields.DatetimeField()
    yellow_at = fields.DatetimeField()
    light = fields.CharField(max_length=8)
    next_step = fields.CharField(max_length=8, null=True)
    next_at = fields.DatetimeField(null=True)
    paused_at = fields.DatetimeField(null=True)
    stopped_at = fields.DatetimeField(null=True)
    breached = fields.BooleanField()
    provisional = fields.BooleanField()
    external = fields.BooleanField()
    calendar_version = fields.IntField()
    paused_seconds = fields.IntField(db_default=0)
    repeated = fields.IntField(db_default=0)

    class Meta:
        """Table and indexes."""

        table = "clock"
        indexes = (("next_at",), ("incident_id",), ("assignment_id",))


class ClockStepRow(Model):
    """A step that fired; the unique key makes it fire once (design §6)."""

    id = fields.UUIDField(primary_key=True)
    clock = fields.ForeignKeyField("models.ClockRow", related_name=False, on_delete=fields.RESTRICT)
    round = fields.IntField()
    step = fields.CharField(max_length=8)
    at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "clock_step"
        unique_together = (("clock_id", "round", "step"),)


class ClockPauseRow(Model):
    """A span of a clock that did not count."""

    id = fields.UUIDField(primary_key=True)
    clock = fields.ForeignKeyField("models.ClockRow", related_name=False, on_delete=fields.RESTRICT)
    from_at = fields.DatetimeField()
    to_at = fields.DatetimeField()
    row = fields.CharField(max_length=8)

    class Meta:
        """Table and indexes."""

        table = "clock_pause"
        indexes = (("clock_id", "from_at"),)


class TestClockRow(Model):
    """The one row that seeds the test and demo clock (design §6)."""

    id = fields.IntField(primary_key=True, generated=False)
    wall_at = fields.DatetimeField()
    business_at = fields.DatetimeField()
    speed = fields.FloatField()

    class Meta:
        """Table and indexes."""

        table = "test_clock"
