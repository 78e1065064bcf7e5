"""Inputs and payloads of whistles: blow, answer, rate."""

import strawberry

from api.schema.command.given import Command, IncidentChange, needed, option
from api.schema.incident import Incident
from api.schema.loop.whistle import Whistle, WhistleCall
from domain.loop.whistle import WhistleKind, WhistleStep


@strawberry.input(description="吹哨（R33）。Call units to the spot.")
class BlowWhistleInput(IncidentChange):
    """R33."""

    kind: WhistleKind = needed("哨型。What is called for.")
    text: str = needed("事由。The matter in words.")
    org_unit_ids: list[strawberry.ID] = needed("被吹哨单位。The units called.", "OrgUnit")


@strawberry.type(description="吹哨的结果。What whistling answers.")
class BlowWhistlePayload:
    """R33."""

    incident: Incident = strawberry.field(description="事项。The case.")
    whistle: Whistle = strawberry.field(description="哨。The whistle.")


@strawberry.input(description="报到（R33）。Answer a whistle.")
class AnswerWhistleInput(Command):
    """R33."""

    call_id: strawberry.ID = needed("报到。Which call.", "WhistleCall")
    step: WhistleStep = needed("步骤；先签收，每步一次。What was done; signing first, each once.")


@strawberry.type(description="报到的结果。What answering a whistle answers.")
class AnswerWhistlePayload:
    """R33."""

    call: WhistleCall = strawberry.field(description="报到。The call.")


@strawberry.input(description="吹哨互评（R34）。Rate the other side of a whistle.")
class RateWhistleInput(Command):
    """R34."""

    call_id: strawberry.ID = needed("报到。Which call.", "WhistleCall")
    rating: int = needed("评价，1 至 5。The rating, 1 to 5.")
    text: str | None = option("说明。In words.")


@strawberry.type(description="吹哨互评的结果。What rating answers.")
class RateWhistlePayload:
    """R34."""

    call: WhistleCall = strawberry.field(description="报到。The call.")
