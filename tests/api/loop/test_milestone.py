"""Milestones through the schema (R24): they begin with the dispatch, are done with evidence, and none may be left."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from api.ids import decode
from db import cases, dictionaries
from db.unit_of_work import in_transaction
from domain.clock import TimeUnit
from domain.dictionary import Milestone
from domain.incident import IncidentState
from services.command import SYSTEM
from tests.api.client import Client, gid
from tests.db.factories import District, a_case, a_district

pytestmark = pytest.mark.usefixtures("store")

NAMES = ("停工", "处罚")
STAGES = "milestones { name limit unit doneAt evidence doneBy { name } clock { type limit stoppedAt } }"
ROW = f"assignment {{ id version state {STAGES} availableActions {{ name allowed code }} }}"
Row = dict[str, Any]


@pytest.fixture
async def district() -> District:
    return await a_district()


async def given(district: District) -> Row:
    """A case of a category with two milestones, dispatched and signed for."""
    staged = replace(
        district.categories["NOISE"],
        id=uuid4(),
        code="SHED",
        name="私搭乱建",
        milestones=(Milestone(NAMES[0], 240, TimeUnit.WORK_MIN), Milestone(NAMES[1], 7, TimeUnit.WORK_DAY)),
    )
    await in_transaction(lambda work: dictionaries.insert_categories(work, [staged]))
    district = replace(district, categories={**district.categories, staged.code: staged})
    case = await a_case(district, IncidentState.FILED, category_id=staged.id)
    made = await Client(district.viewer("dispatcher")).do(
        "dispatchIncident",
        f"assignments {{ id version {STAGES} }}",
        {
            "id": gid("Incident", case.incident.id),
            "expectedVersion": case.incident.version,
            "mode": "SINGLE",
            "leads": [gid("OrgUnit", district.orgs["HOUSING"].id)],
            "basis": "部门职责",
        },
    )
    (row,) = made["assignments"]
    assert [(it["name"], it["doneAt"], it["clock"]["type"]) for it in row["milestones"]] == [
        (name, None, "MILESTONE") for name in NAMES
    ]
    signed = await Client(district.viewer("housing")).do("acceptAssignment", ROW, seen(row))
    found: Row = signed["assignment"]
    return found


def seen(row: Row, **changes: Any) -> Row:
    return {"id": row["id"], "expectedVersion": row["version"], **changes}


def may(row: Row, action: str) -> tuple[bool, str | None]:
    return next((it["allowed"], it["code"]) for it in row["availableActions"] if it["name"] == action)


async def test_a_result_waits_for_every_milestone_and_names_those_that_are_wanting(
    district: District,
) -> None:
    row = await given(district)
    head, handler = Client(district.viewer("housing_lead")), Client(district.viewer("housing"))
    told = {"outcome": "SOLVED", "resultText": "已拆除", "noContactReason": "已当面告知"}
    assert may(row, "completeMilestone") == (True, None)
    document = "mutation ($input: SubmitResultInput!) { submitResult(input: $input) { __typename } }"
    reply = await head.run(document, input={"idempotencyKey": str(uuid4()), **seen(row, **told)})
    refusal = reply.errors[0]["extensions"]
    assert (refusal["code"], refusal["rule"], refusal["milestones"]) == ("GUARD_FAILED", "T25", list(NAMES))
    for name in reversed(NAMES):
        key = {"idempotencyKey": str(uuid4())}
        asked = {**seen(row, milestone=name, text=f"{name}完成"), **key}
        row = (await handler.do("completeMilestone", ROW, asked))["assignment"]
        assert (await handler.do("completeMilestone", ROW, asked))["assignment"] == row  # sent again
    assert [(it["evidence"], it["doneBy"]["name"]) for it in row["milestones"]] == [
        (f"{name}完成", district.viewer("housing").name) for name in NAMES
    ]
    assert all(it["clock"]["stoppedAt"] == it["doneAt"] for it in row["milestones"])
    assert may(row, "completeMilestone") == (False, "GUARD_FAILED")
    made = await head.do("submitResult", ROW, seen(row, **told))
    assert made["assignment"]["state"] == "SUBMITTED"


async def test_bad_input_and_other_hands_are_refused_and_change_nothing(district: District) -> None:
    row = await given(district)
    handler = Client(district.viewer("housing"))
    name = {"milestone": NAMES[0], "text": "完成"}
    for client, asked, refusal in (
        (handler, seen(row, **{**name, "text": " "}), ("BAD_INPUT", "text")),
        (handler, seen(row, **{**name, "milestone": "验收"}), ("NOT_FOUND", "milestone")),
        (handler, {**seen(row, **name), "expectedVersion": 1}, ("CONFLICT", "expectedVersion")),
        (handler, seen(row, **name, mediaIds=[gid("Media", uuid4())]), ("NOT_FOUND", "mediaIds")),
        (Client(district.viewer("civil")), seen(row, **name), ("NOT_FOUND", "id")),
        (Client(district.viewer("acceptor")), seen(row, **name), ("FORBIDDEN", None)),
    ):
        assert await client.refused("completeMilestone", asked) == [refusal]
    reading = f"query ($id: ID!) {{ node(id: $id) {{ ... on Assignment {{ version {STAGES} }} }} }}"
    found = (await handler.ask(reading, id=row["id"]))["node"]
    assert (found["version"], [it["doneAt"] for it in found["milestones"]]) == (row["version"], [None, None])


async def test_what_is_stored_is_what_was_done(district: District) -> None:
    row = await given(district)
    handler = Client(district.viewer("housing"))
    asked = seen(row, milestone=NAMES[1], text="已立案处罚")
    made = await handler.do("completeMilestone", "incident { id }", asked)
    case_id = decode(made["incident"]["id"], "Incident")
    stored = (await cases.cases([case_id], viewer=SYSTEM))[case_id]
    first, second = stored.assignments[0].stages
    assert (first.done_at, second.evidence) == (None, "已立案处罚")
    assert second.done_by_id == district.viewer("housing").person_id
