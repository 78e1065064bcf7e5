"""Complainants; name and phone are sealed."""

from tortoise import fields
from tortoise.models import Model


class ComplainantRow(Model):
    """诉求人."""

    id = fields.UUIDField(primary_key=True)
    name_sealed = fields.BinaryField(null=True)
    phone_sealed = fields.BinaryField(null=True)
    phone_index = fields.BinaryField(null=True)
    confidentiality = fields.CharField(max_length=16)
    reply_wanted = fields.BooleanField()
    preferred_channel = fields.CharField(max_length=16, null=True)
    person = fields.ForeignKeyField(
        "models.PersonRow", related_name=False, on_delete=fields.RESTRICT, null=True
    )
    withdrawn_at = fields.DatetimeField(null=True)

    class Meta:
        """Table and indexes."""

        table = "complainant"
        indexes = (("person_id",),)
