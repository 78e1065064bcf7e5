"""Versioned data the rules read."""

from tortoise import fields
from tortoise.models import Model


class CategoryRow(Model):
    """事项分类."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    level = fields.IntField()
    parent = fields.ForeignKeyField(
        "models.CategoryRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    requires_photo = fields.BooleanField()
    requires_after_photo = fields.BooleanField()
    requires_onsite_verify = fields.BooleanField()
    default_urgency = fields.CharField(max_length=16)
    self_handling = fields.BooleanField(null=True)
    requires_verify = fields.BooleanField(null=True)
    requires_opinion = fields.BooleanField(null=True)
    patrol_visible = fields.BooleanField(null=True)
    filing_condition = fields.TextField(null=True)
    closing_condition = fields.TextField(null=True)
    milestones = fields.JSONField(null=True)
    valid_from = fields.DatetimeField(null=True)
    valid_to = fields.DatetimeField(null=True)
    version = fields.IntField(db_default=1)

    class Meta:
        """Table and indexes."""

        table = "category"


class DutyItemRow(Model):
    """职责清单项."""

    id = fields.UUIDField(primary_key=True)
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    category = fields.ForeignKeyField("models.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    region = fields.ForeignKeyField(
        "models.RegionRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    legal_basis = fields.TextField()
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)
    source = fields.CharField(max_length=16, null=True)
    version = fields.IntField(db_default=1)

    class Meta:
        """Table and indexes."""

        table = "duty_item"
        indexes = (("category_id", "org_id"),)


class DispatchRuleRow(Model):
    """派单目录."""

    id = fields.UUIDField(primary_key=True)
    category = fields.ForeignKeyField("models.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    region = fields.ForeignKeyField(
        "models.RegionRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    lead_org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    basis = fields.TextField()
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)
    hit_count = fields.IntField()
    group_id = fields.UUIDField(null=True)
    role = fields.CharField(max_length=8, null=True)
    mode = fields.CharField(max_length=16, null=True)
    arbitration_id = fields.UUIDField(null=True)
    version = fields.IntField(db_default=1)

    class Meta:
        """Table and indexes."""

        table = "dispatch_rule"
        indexes = (("category_id",),)


class CalendarDayRow(Model):
    """工作日历."""

    date = fields.DateField(primary_key=True)
    is_workday = fields.BooleanField()
    name = fields.CharField(max_length=40)
    source = fields.CharField(max_length=100)

    class Meta:
        """Table and indexes."""

        table = "calendar_day"


class PolicyValueRow(Model):
    """策略值."""

    id = fields.UUIDField(primary_key=True)
    key = fields.CharField(max_length=60)
    amount = fields.IntField()
    unit = fields.CharField(max_length=16)
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)
    version = fields.IntField(db_default=1)

    class Meta:
        """Table and indexes."""

        table = "policy_value"
        unique_together = (("key", "valid_from"),)


class DictionaryChangeRow(Model):
    """字典历史: one version of an entry, as it was set; running cases know it through their snapshots alone."""

    id = fields.UUIDField(primary_key=True)
    noun = fields.CharField(max_length=24)
    subject_id = fields.UUIDField()
    version = fields.IntField()
    data = fields.JSONField()
    valid_from = fields.DatetimeField()
    reason = fields.TextField(null=True)
    changed_by = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    changed_at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "dictionary_change"
        unique_together = (("noun", "subject_id", "version"),)


class OrgCalendarDayRow(Model):
    """单位日历日: a day on which one unit works, or rests, otherwise than the notices say."""

    id = fields.UUIDField(primary_key=True)
    org = fields.ForeignKeyField("models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT)
    date = fields.DateField()
    is_workday = fields.BooleanField()
    name = fields.CharField(max_length=40)
    source = fields.CharField(max_length=100)

    class Meta:
        """Table and indexes."""

        table = "org_calendar_day"
        unique_together = (("org_id", "date"),)


class CalendarMoveRow(Model):
    """时限变动: a clock that one change of a calendar moved, so that a request sent again answers the same (R78)."""

    id = fields.UUIDField(primary_key=True)
    change_id = fields.UUIDField()
    incident_id = fields.UUIDField()
    clock_id = fields.UUIDField()
    type = fields.CharField(max_length=16)
    incident_no = fields.CharField(max_length=30)
    before = fields.DatetimeField()
    after = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "calendar_move"
        unique_together = (("change_id", "clock_id"),)


class WorkWindowRow(Model):
    """工作时段: office hours from a day on, of one unit or (without one) of the district; minutes after midnight."""

    id = fields.UUIDField(primary_key=True)
    org = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    opens = fields.IntField()
    closes = fields.IntField()
    valid_from = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "work_window"
        indexes = (("org_id", "valid_from"),)


class MilestoneRow(Model):
    """阶段时限: a stage of handling that a category sets a limit for (R24)."""

    id = fields.UUIDField(primary_key=True)
    category = fields.ForeignKeyField("models.CategoryRow", related_name=False, on_delete=fields.RESTRICT)
    seq = fields.IntField()
    name = fields.CharField(max_length=40)
    amount = fields.IntField()
    unit = fields.CharField(max_length=16)
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)

    class Meta:
        """Table and indexes."""

        table = "milestone"
        indexes = (("category_id", "seq"),)
