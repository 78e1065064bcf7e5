"""Declaring an interest through the schema (R82), and who learns what of a complaint about a unit (R81)."""

from typing import Any

import pytest

from domain.incident import IncidentState
from tests.api.client import Client
from tests.db.factories import District, a_case, a_complainant, a_district

SELECTION = "incident { id version no availableActions { name allowed } }"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


async def a_complaint(district: District) -> dict[str, Any]:
    """A case about noise, as the shift leader sees it."""
    made = await a_case(district, IncidentState.FILED, complainant=a_complainant())
    shift = Client(district.viewer("shift_leader"))
    found = await shift.ask("query ($no: String!) { incident(no: $no) { id version } }", no=made.incident.no)
    row: dict[str, Any] = found["incident"]
    return row


async def test_a_declaration_answers_the_case_with_nothing_left_to_do(district: District) -> None:
    row = await a_complaint(district)
    given = {"id": row["id"], "expectedVersion": row["version"], "reason": "当事人是我亲属"}
    shown = (await Client(district.viewer("shift_leader")).do("declareRecusal", SELECTION, given))["incident"]
    assert shown["version"] == row["version"]
    assert not [it["name"] for it in shown["availableActions"] if it["allowed"]]


async def test_declarations_are_refused_with_the_codes_of_the_table(district: District) -> None:
    row = await a_complaint(district)
    given = {"id": row["id"], "expectedVersion": row["version"], "reason": "亲属"}
    shift, volunteer = (Client(district.viewer(name)) for name in ("shift_leader", "volunteer"))
    assert await volunteer.refused("declareRecusal", given) == [("FORBIDDEN", None)]
    stale = given | {"expectedVersion": row["version"] + 1}
    assert await shift.refused("declareRecusal", stale) == [("CONFLICT", "expectedVersion")]
    assert await shift.refused("declareRecusal", given | {"reason": ""}) == [("BAD_INPUT", "reason")]
    await shift.do("declareRecusal", SELECTION, given)
    assert await shift.refused("declareRecusal", given) == [("GUARD_FAILED", None)]


async def test_a_replay_answers_what_was_answered(district: District) -> None:
    row = await a_complaint(district)
    given = {"id": row["id"], "expectedVersion": row["version"], "reason": "亲属"}
    key = {"idempotencyKey": "6f3b7a86-0d40-4b6f-9b2c-5f9f5e2d1c11"}
    shift = Client(district.viewer("shift_leader"))
    first = await shift.do("declareRecusal", SELECTION, given | key)
    assert await shift.do("declareRecusal", SELECTION, given | key) == first
