"""Declaring an interest through the schema (R82), and who learns what of a complaint about a unit (R81)."""

from dataclasses import replace
from typing import Any

import pytest

from db import cases, people
from db.unit_of_work import in_transaction
from domain.assignment import AssignmentState
from domain.incident import IncidentState
from domain.viewer import Viewer
from tests.api.client import Client, gid
from tests.db.factories import NOW, District, a_case, a_complainant, a_district

SELECTION = "incident { id version no availableActions { name allowed } }"
KEY = "6f3b7a86-0d40-4b6f-9b2c-5f9f5e2d1c11"
NODE = "query ($id: ID!) { node(id: $id) { id } }"
WHOLE = """query ($no: String!) { incident(no: $no) { id version complainant { id }
  assignments { id } clocks { id } } }"""
COUNTS = """query ($no: String!) { incidents(first: 1) { totalCount } assignments(first: 1) { totalCount }
  found: incidents(first: 1, search: $no) { totalCount } board { open } }"""
MUTATION = "mutation ($input: AddNoteInput!) { addNote(input: $input) { note { id } } }"


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
    key = {"idempotencyKey": KEY}
    shift = Client(district.viewer("shift_leader"))
    first = await shift.do("declareRecusal", SELECTION, given | key)
    assert await shift.do("declareRecusal", SELECTION, given | key) == first


async def seen_as(client: Client, no: str) -> dict[str, Any]:
    """The case with what hangs on it, as somebody sees it."""
    row: dict[str, Any] = (await client.ask(WHOLE, no=no))["incident"]
    return row


def named(row: dict[str, Any]) -> dict[str, Any]:
    """What a command on the case names."""
    return {"id": row["id"], "expectedVersion": row["version"]}


async def declared(district: District, username: str, row: dict[str, Any]) -> Viewer:
    """The person, having declared an interest in the case, as the store knows them then."""
    given = {"id": row["id"], "expectedVersion": row["version"], "reason": "亲属"}
    await Client(district.viewer(username)).do("declareRecusal", SELECTION, given)
    viewer = await people.viewer_of(district.people[username].id, NOW)
    assert viewer is not None
    return viewer


async def test_a_replay_under_the_rights_of_then_says_which_case_and_no_more_of_it(
    district: District,
) -> None:
    row = await a_complaint(district)
    given = {"id": row["id"], "expectedVersion": row["version"], "reason": "亲属"}
    key = {"idempotencyKey": KEY}
    shift = district.viewer("shift_leader")
    first = await Client(shift).do("declareRecusal", "incidentNo incident { no title }", given | key)
    assert first["incident"]["no"] == first["incidentNo"]
    known = await people.viewer_of(shift.person_id, NOW)
    again = await Client(known).do("declareRecusal", "incidentNo incident { no title }", given | key)
    assert again == {"incidentNo": first["incidentNo"], "incident": None}


async def test_nothing_that_hangs_on_the_case_is_read_counted_or_found(district: District) -> None:
    case = await a_case(district, IncidentState.FOLLOWUP, complainant=a_complainant())
    director = Client(district.viewer("director"))
    row = await seen_as(director, case.incident.no)
    await director.do("addNote", "note { id }", {**named(row), "text": "请注意"})
    row = await seen_as(director, case.incident.no)
    await director.do(
        "superviseIncident", "supervision { id }", {**named(row), "level": "YELLOW", "text": "限期"}
    )
    row = await seen_as(director, case.incident.no)
    parts = [row, row["complainant"], *row["assignments"], *row["clocks"]]
    assert len(parts) >= 4
    asked = {"no": case.incident.no}
    before = await director.ask(COUNTS, **asked)
    related = Client(await declared(district, "director", row))
    for part in parts:
        assert await director.ask(NODE, id=part["id"]) == {"node": {"id": part["id"]}}
        assert await related.ask(NODE, id=part["id"]) == {"node": None}, part
    after = await related.ask(COUNTS, **asked)
    assert before["incidents"]["totalCount"] == after["incidents"]["totalCount"] + 1
    assert before["assignments"]["totalCount"] == after["assignments"]["totalCount"] + 1
    assert before["found"]["totalCount"] == 1
    assert after["found"]["totalCount"] == 0
    assert before["board"]["open"] == after["board"]["open"] + 1
    history = await related.ask("{ events(first: 50) { nodes { incident { no } subjectId summary } } }")
    assert case.incident.no not in str(history)
    assert row["id"] not in str(history)


async def test_a_unit_keeps_its_row_and_who_keeps_out_does_not(district: District) -> None:
    case = await a_case(district, IncidentState.HANDLING)
    (kept,) = case.assignments
    returned = replace(kept, state=AssignmentState.RETURNED)
    await in_transaction(lambda work: cases.save(work, case, replace(case, assignments=(returned,))))
    lead = district.viewer("housing_lead")
    listed = "{ assignments(first: 9) { totalCount nodes { incidentNo } } }"
    own = {"totalCount": 1, "nodes": [{"incidentNo": case.incident.no}]}
    assert await Client(lead).ask(listed) == {"assignments": own}
    bound = Client(replace(lead, recused=frozenset({case.incident.id})))
    assert await bound.ask(listed) == {"assignments": {"totalCount": 0, "nodes": []}}
    assert await bound.ask(NODE, id=gid("Assignment", kept.id)) == {"node": None}


@pytest.mark.parametrize("stale", [0, 1])
async def test_a_command_is_refused_alike_whatever_became_of_the_case(district: District, stale: int) -> None:
    case = await a_case(district, IncidentState.HANDLING, complainant=a_complainant())
    bound = Client(replace(district.viewer("housing_lead"), recused=frozenset({case.incident.id})))
    of_case = {"id": gid("Incident", case.incident.id), "expectedVersion": case.incident.version + stale}
    of_row = {"id": gid("Assignment", case.assignments[0].id), "expectedVersion": 1 + stale}
    for mutation, given in (
        ("addNote", {**of_case, "text": "x"}),
        ("declareRecusal", {**of_case, "reason": "亲属"}),
        ("claimIncident", {**of_case, "text": "我局认领"}),
        ("submitStatement", {**of_case, "text": "陈述", "volunteers": False}),
        ("requestReturn", {**of_row, "reason": "LEGAL_CHANNEL", "basis": "三定方案", "text": "非本局"}),
        ("completeMilestone", {**of_row, "milestone": "方案", "text": "已完成"}),
    ):
        assert await bound.refused(mutation, given) == [("FORBIDDEN", None)], mutation
    message = (await bound.run(MUTATION, input={**of_case, "text": "x", "idempotencyKey": KEY})).errors[0]
    assert case.incident.no not in str(message)
    assert message["extensions"]["rule"] == "R82"
