"""Administrative divisions."""

from tortoise import fields
from tortoise.models import Model


class RegionRow(Model):
    """行政区划."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=12)
    level = fields.CharField(max_length=16)
    name = fields.CharField(max_length=100)
    short_name = fields.CharField(max_length=60)
    parent = fields.ForeignKeyField(
        "models.RegionRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    path = fields.CharField(max_length=60, db_index=True)
    polygon = fields.JSONField(null=True)
    valid_from = fields.DateField()
    valid_to = fields.DateField(null=True)
    supersedes = fields.JSONField()

    class Meta:
        """Table and indexes."""

        table = "region"
        unique_together = (("code", "valid_from"),)
