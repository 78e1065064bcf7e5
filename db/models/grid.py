"""Grids and their outlines (R61)."""

from tortoise import fields
from tortoise.models import Model


class GridRow(Model):
    """网格."""

    id = fields.UUIDField(primary_key=True)
    code = fields.CharField(max_length=20, unique=True)
    name = fields.CharField(max_length=100)
    kind = fields.CharField(max_length=16)
    region = fields.ForeignKeyField("models.RegionRow", related_name=False, on_delete=fields.RESTRICT)
    households = fields.IntField(null=True)
    population = fields.IntField(null=True)
    polygon = fields.JSONField()
    area_m2 = fields.FloatField()
    outline_version = fields.IntField()
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "grid"
        indexes = (("region_id",),)


class GridOutlineRow(Model):
    """网格边界版本."""

    id = fields.UUIDField(primary_key=True)
    grid = fields.ForeignKeyField("models.GridRow", related_name=False, on_delete=fields.RESTRICT)
    number = fields.IntField()
    polygon = fields.JSONField()
    area_m2 = fields.FloatField()
    drawn_crs = fields.CharField(max_length=10)
    valid_from = fields.DatetimeField()
    valid_to = fields.DatetimeField(null=True)

    class Meta:
        """Table and indexes."""

        table = "grid_outline"
        unique_together = (("grid_id", "number"),)
