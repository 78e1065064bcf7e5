"""Complainants: name and phone are masked on every read; `unmaskField` alone shows them (R80)."""

import strawberry

from api.execution.word import Shows
from api.schema.words import Node, Shown, column, masked
from domain import complainant as rows
from domain.complainant import Confidentiality
from domain.followup import ReplyChannel
from domain.masking import mask_name, mask_phone
from domain.viewer import Viewer


def _name(_viewer: Viewer) -> Shows:
    return lambda name: mask_name(name) if name else None


def _phone(_viewer: Viewer) -> Shows:
    return lambda phone: mask_phone(phone) if phone else None


@strawberry.type(description="诉求人。Who asks for something to be done.")
class Complainant(Shown[rows.Complainant], Node):
    """诉求人."""

    name: str | None = masked(column("name", "姓名，一律脱敏。Name, always masked."), _name)
    phone: str | None = masked(column("phone", "电话，一律脱敏。Phone, always masked."), _phone)
    confidentiality: Confidentiality = column("confidentiality", "保密要求。How far identity is protected.")
    reply_wanted: bool = column("reply_wanted", "是否需要回复。Whether a reply is wanted.")
    preferred_channel: ReplyChannel | None = column(
        "preferred_channel", "希望的联系方式。The preferred way to reply."
    )
