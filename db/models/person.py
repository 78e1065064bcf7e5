"""People, their posts and credentials."""

from tortoise import fields
from tortoise.models import Model


class PersonRow(Model):
    """人员: name and phone are sealed; `phone_index` is a blind index for exact look-up."""

    id = fields.UUIDField(primary_key=True)
    username = fields.CharField(max_length=60, unique=True)
    name_sealed = fields.BinaryField()
    phone_sealed = fields.BinaryField(null=True)
    phone_index = fields.BinaryField(null=True)
    org = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    active = fields.BooleanField()
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "person"
        indexes = (("org_id",),)


class PostRow(Model):
    """岗位."""

    id = fields.UUIDField(primary_key=True)
    person = fields.ForeignKeyField("models.PersonRow", related_name=False, on_delete=fields.RESTRICT)
    type = fields.CharField(max_length=24)
    org = fields.ForeignKeyField(
        "models.OrgUnitRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    grid = fields.ForeignKeyField("models.GridRow", related_name=False, on_delete=fields.RESTRICT, null=True)
    starts_at = fields.DatetimeField()
    ends_at = fields.DatetimeField(null=True)
    version = fields.IntField()

    class Meta:
        """Table and indexes."""

        table = "post"
        indexes = (("person_id",), ("grid_id",), ("org_id",), ("ends_at",))


class CredentialRow(Model):
    """登录凭据 (R84)."""

    person = fields.OneToOneField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, primary_key=True
    )
    password_hash = fields.CharField(max_length=200)
    must_change = fields.BooleanField()
    failures = fields.IntField()
    last_failure_at = fields.DatetimeField(null=True)
    locked_until = fields.DatetimeField(null=True)
    changed_at = fields.DatetimeField()

    class Meta:
        """Table and indexes."""

        table = "credential"
