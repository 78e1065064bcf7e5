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

    class Meta:
        """Table and indexes."""

        table = "policy_value"
        unique_together = (("key", "valid_from"),)
