"""Units."""

from tortoise import fields
from tortoise.models import Model


class OrgUnitRow(Model):
    """单位."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=100)
    short_name = fields.CharField(max_length=60)
    kind = fields.CharField(max_length=24)
    parent = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    region = fields.ForeignKeyField(
        "models.RegionRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    active = fields.BooleanField()
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "org_unit"
