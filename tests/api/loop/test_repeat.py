"""Repeated calls through the schema (R05): proposed to the acceptor, answered with the progress, counted."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from db.loop import repeats
from domain.case import Case
from domain.complainant import Complainant
from domain.incident import IncidentState as S
from tests.api.client import Client, gid
from tests.db.factories import NOW, District, a_case, a_complainant, a_district, new_id

pytestmark = pytest.mark.usefixtures("store")
PROPOSED = "query ($id: ID!) { repeatCandidates(id: $id) { incident { no } proposedReply } }"
CASE = "incident { id version state rejectReason replyText publicStatus }"


@pytest.fixture
async def district() -> District:
    return await a_district()


def caller(**changes: Any) -> Complainant:
    """The same person at another call."""
    return replace(a_complainant(), id=new_id(), phone="13812345678", **changes)


def other_caller() -> Complainant:
    """Somebody else at every call."""
    return replace(a_complainant(), id=new_id(), phone="13900001111")


async def called(
    district: District, state: S = S.REPORTED, who: Complainant | None = None, **changes: Any
) -> Case:
    return await a_case(district, state, complainant=who or caller(), **changes)


async def proposed(client: Client, case: Case) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.ask(PROPOSED, id=gid("Incident", case.incident.id)))[
        "repeatCandidates"
    ]
    return found


def repeating(case: Case, earlier: Case, **changes: Any) -> dict[str, Any]:
    named = {"id": gid("Incident", case.incident.id), "expectedVersion": case.incident.version}
    return {**named, "earlierId": gid("Incident", earlier.incident.id), **changes}


async def test_the_same_persons_call_about_the_same_is_proposed_with_the_progress(district: District) -> None:
    earlier = await called(district, S.HANDLING)
    case = await called(district)
    acceptor = Client(district.viewer("acceptor"))
    (found,) = await proposed(acceptor, case)
    assert found["incident"]["no"] == earlier.incident.no
    assert earlier.incident.public_code in found["proposedReply"]
    assert "处理中" in found["proposedReply"]
    given = {**repeating(case, earlier), "idempotencyKey": str(uuid4())}
    made = (await acceptor.do("answerRepeat", CASE, given))["incident"]
    assert (made["state"], made["rejectReason"], made["publicStatus"]) == (
        "REJECTED",
        "NO_NEW_FACTS",
        "ANSWERED",
    )
    assert made["replyText"] == found["proposedReply"]
    assert (await acceptor.do("answerRepeat", CASE, given))["incident"] == made  # sent again
    count = "query ($no: String!) { incident(no: $no) { reportCount state } }"
    assert (await acceptor.ask(count, no=earlier.incident.no))["incident"] == {
        "reportCount": 2,
        "state": "HANDLING",
    }
    assert await acceptor.refused("answerRepeat", repeating(case, earlier)) == [
        ("CONFLICT", "expectedVersion")
    ]


async def test_another_person_place_or_kind_is_no_repetition(district: District) -> None:
    case = await called(district, address="甲路1号", spot=None)
    noise, lamp = district.categories["NOISE"].id, district.categories["LAMP"].id
    other_kind = lamp if case.incident.category_id == noise else noise
    others = [
        await called(district, S.HANDLING, replace(a_complainant(), id=new_id(), phone="13900000000")),
        await called(district, S.HANDLING, address="乙路9号", spot=None),
        await called(district, S.HANDLING, category_id=other_kind, address="甲路1号", spot=None),
        await called(district, S.REJECTED, address="甲路1号", spot=None),
    ]
    acceptor = Client(district.viewer("acceptor"))
    assert await proposed(acceptor, case) == []
    for it in (*others, case):
        assert await acceptor.refused("answerRepeat", repeating(case, it)) == [("GUARD_FAILED", "earlierId")]


async def test_who_answers_no_calls_is_shown_no_proposals_and_a_report_is_never_refused(
    district: District,
) -> None:
    earlier, case = await called(district, S.HANDLING), await called(district)
    for username in ("housing", "resident", "director"):
        reply = await Client(district.viewer(username)).run(PROPOSED, id=gid("Incident", case.incident.id))
        assert reply.refusals == [("FORBIDDEN", None)]
        assert await Client(district.viewer(username)).refused("answerRepeat", repeating(case, earlier)) == [
            ("FORBIDDEN", None)
        ]
    acceptor = Client(district.viewer("acceptor"))
    told = repeating(case, earlier, replyText=" ")
    assert await acceptor.refused("answerRepeat", told) == [("BAD_INPUT", "replyText")]
    report = {
        "domain": "LIVELIHOOD",
        "kind": "HELP",
        "categoryCode": "NOISE",
        "title": "工地夜间施工",
        "source": "PLATFORM",
        "address": "东园小区",
        "complainant": {"name": "王某", "phone": "13812345678"},
    }
    for _ in range(2):
        made = await acceptor.do("reportIncident", "incident { state }", report)
        assert made["incident"]["state"] == "REPORTED"


REPORT = """query ($from: DateTime!, $to: DateTime!) { repeatReport(from: $from, to: $to) {
    calls firstAt lastAt incident { no complainant { name phone } } repeats { no } } }"""


async def test_the_report_says_which_cases_were_called_about_again_by_whom_and_how_often(
    district: District, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamp, noise = await called(district, S.HANDLING), await called(district, S.HANDLING, other_caller())
    acceptor = Client(district.viewer("acceptor"))
    calls = [await called(district, at=NOW + timedelta(hours=hour)) for hour in (1, 2)]
    calls.append(await called(district, who=other_caller(), at=NOW + timedelta(hours=3)))
    for case, earlier in zip(calls, (lamp, lamp, noise), strict=True):
        await acceptor.do("answerRepeat", CASE, repeating(case, earlier))
    await called(district, at=NOW + timedelta(hours=4))  # nobody has answered it
    span = {"from": NOW.isoformat(), "to": (NOW + timedelta(days=1)).isoformat()}
    first, second = (await acceptor.ask(REPORT, **span))["repeatReport"]
    assert (first["calls"], first["incident"]["no"]) == (2, lamp.incident.no)
    assert [it["no"] for it in first["repeats"]] == [it.incident.no for it in (calls[1], calls[0])]
    assert first["incident"]["complainant"] == {"name": "李*", "phone": "138****5678"}
    assert first["firstAt"] < first["lastAt"]
    assert (second["calls"], second["incident"]["no"]) == (1, noise.incident.no)
    later = {"from": (NOW + timedelta(hours=2)).isoformat(), "to": (NOW + timedelta(hours=3)).isoformat()}
    (only,) = (await acceptor.ask(REPORT, **later))["repeatReport"]
    assert (only["calls"], only["repeats"]) == (1, [{"no": calls[1].incident.no}])
    monkeypatch.setattr(repeats, "LISTED", 2)  # and not the first of more than it can count
    assert (await acceptor.run(REPORT, **span)).refusals == [("TOO_COSTLY", "from")]
    for username in ("clerk", "housing", "resident", "sysadmin"):
        reply = await Client(district.viewer(username)).run(REPORT, **span)
        assert reply.refusals == [("FORBIDDEN", None)], username
