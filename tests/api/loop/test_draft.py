"""Drafts through the schema (T1, T2): kept under the device's id, seen by their author alone, gone with the report."""

import json
from typing import Any
from uuid import uuid4

import pytest

from db.rows import read, select
from tests.api.client import Client
from tests.db.factories import District, a_district

pytestmark = pytest.mark.usefixtures("store")
DRAFT = "draft { id version offlineId form state savedAt }"
MINE = "{ drafts { id version offlineId form } }"
FORM = json.dumps({"title": "井盖松动", "phone": "13812345678"}, ensure_ascii=False)
REPORT = {
    "domain": "LIVELIHOOD",
    "kind": "HELP",
    "categoryCode": "NOISE",
    "title": "井盖松动",
    "source": "VOLUNTEER_MP",
    "address": "安胜社区3号楼",
}


@pytest.fixture
async def district() -> District:
    return await a_district()


def kept(**changes: Any) -> dict[str, Any]:
    return {"offlineId": "device-1/7", "form": FORM, **changes}


async def test_a_draft_is_saved_once_under_its_devices_id_and_changed_when_it_is_saved_again(
    district: District,
) -> None:
    author = Client(district.viewer("volunteer"))
    key = {"idempotencyKey": str(uuid4())}
    made = (await author.do("saveDraft", DRAFT, kept(**key)))["draft"]
    assert (made["state"], made["version"], made["form"]) == ("DRAFT", 1, FORM)
    assert (await author.do("saveDraft", DRAFT, kept(**key)))["draft"] == made
    again = (await author.do("saveDraft", DRAFT, kept(form="{}")))["draft"]
    assert (again["id"], again["version"], again["form"]) == (made["id"], 2, "{}")


async def test_nobody_else_sees_a_draft_and_no_list_count_or_log_knows_of_it(district: District) -> None:
    author = Client(district.viewer("volunteer"))
    made = (await author.do("saveDraft", DRAFT, kept()))["draft"]
    for username in ("resident", "director", "acceptor", "auditor"):
        other = Client(district.viewer(username))
        assert (await other.ask(MINE))["drafts"] == []
    reading = "{ incidents(first: 10, where: {state: {eq: DRAFT}}) { totalCount } }"
    assert (await Client(district.viewer("director")).ask(reading))["incidents"]["totalCount"] == 0
    assert not await read(select("seq", "event_log"))
    assert not await read(select("id", "clock"))
    stored = (await read(select("form_sealed", "draft")))[0]["form_sealed"]
    assert b"13812345678" not in bytes(stored)
    taken = {**REPORT, "source": "RESIDENT_MP", "draftId": made["id"]}
    assert await Client(district.viewer("resident")).refused("reportIncident", taken) == [
        ("NOT_FOUND", "draftId")
    ]


async def test_a_report_takes_its_draft_along_and_a_refused_one_leaves_it(district: District) -> None:
    author = Client(district.viewer("volunteer"))
    made = (await author.do("saveDraft", DRAFT, kept()))["draft"]
    wrong = {**REPORT, "title": " ", "draftId": made["id"]}
    assert await author.refused("reportIncident", wrong) == [("BAD_INPUT", "title")]
    assert len((await author.ask(MINE))["drafts"]) == 1
    given = {**REPORT, "draftId": made["id"], "idempotencyKey": str(uuid4())}
    case = await author.do("reportIncident", "incident { id state clocks { type } }", given)
    assert (case["incident"]["state"], (await author.ask(MINE))["drafts"]) == ("REPORTED", [])
    assert await author.do("reportIncident", "incident { id state clocks { type } }", given) == case
    assert await author.refused("reportIncident", {**REPORT, "draftId": made["id"]}) == [
        ("NOT_FOUND", "draftId")
    ]


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"form": "[]"}, "form"),
        ({"form": "{"}, "form"),
        ({"form": json.dumps({"text": "字" * 8000}, ensure_ascii=False)}, "form"),
        ({"offlineId": " "}, "offlineId"),
        ({"offlineId": "一" * 65}, "offlineId"),
    ],
)
async def test_what_is_no_draft_is_refused(district: District, given: dict[str, str], field: str) -> None:
    author = Client(district.viewer("volunteer"))
    assert await author.refused("saveDraft", kept(**given)) == [("BAD_INPUT", field)]


async def test_who_may_not_report_keeps_no_draft_and_who_may_keeps_fifty(district: District) -> None:
    assert await Client(district.viewer("director")).refused("saveDraft", kept()) == [("FORBIDDEN", None)]
    author = Client(district.viewer("volunteer"))
    for number in range(50):
        await author.do("saveDraft", DRAFT, kept(offlineId=f"device-1/{number}"))
    assert await author.refused("saveDraft", kept(offlineId="one more")) == [("GUARD_FAILED", None)]
    await author.do("saveDraft", DRAFT, kept(offlineId="device-1/0", form="{}"))
