"""Merging, reopening, false completion, the case meeting and open loops through the schema (T7, T30 to T34, S50)."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from db import cases
from db.unit_of_work import in_transaction
from domain.assignment import AssignmentState
from domain.case import Case
from domain.incident import IncidentState
from tests.api.client import Client, gid
from tests.db.factories import (
    NOW,
    District,
    a_case,
    a_complainant,
    a_district,
    an_assignment,
    build_case,
    new_id,
)

pytestmark = pytest.mark.usefixtures("store")
Row = dict[str, Any]
FIELDS = "id no version state round outcome publicStatus reportCount master { id }"
CASE = f"incident {{ {FIELDS} }}"
EVENTS = """query ($no: String!) { incident(no: $no) {
    history(first: 50) { nodes { action subjectId version } } } }"""
LOOPS = """query ($days: Int!, $first: Int!, $after: Cursor) {
    openLoops(olderThanDays: $days, first: $first, after: $after) {
    totalCount nodes { no state loopCompleteness } pageInfo { hasNextPage endCursor } } }"""


@dataclass
class Office:
    """The district's people at their clients."""

    district: District
    now: datetime = NOW

    def as_(self, username: str) -> Client:
        """Somebody's client."""
        return Client(self.district.viewer(username), now=self.now)

    async def told(self, state: IncidentState = IncidentState.REPORTED, **changes: Any) -> Row:
        """A case in a state, with a complainant of its own."""
        case = await a_case(self.district, state, complainant=a_complainant(), **changes)
        return shown(case)

    async def seen(self, row: Row) -> Row:
        """The case as the director reads it."""
        more = "followUps { id state layer complainantId sampled } notes { text }"
        document = f"query ($no: String!) {{ incident(no: $no) {{ {FIELDS} {more} }} }}"
        found: Row = (await self.as_("director").ask(document, no=row["no"]))["incident"]
        return found


def shown(case: Case) -> Row:
    """A stored case as a client knows it."""
    return {
        "id": gid("Incident", case.incident.id),
        "version": case.incident.version,
        "no": case.incident.no,
        "code": case.incident.public_code,
        "complainant": gid("Complainant", case.incident.complainant_id) if case.complainant else None,
    }


def at(row: Row, **changes: Any) -> Row:
    """A command's input on a case."""
    return {"id": row["id"], "expectedVersion": row["version"], **changes}


async def worked_out(office: Office, state: IncidentState) -> Row:
    """A case in its third round, after two reworks."""
    case = build_case(office.district, state, complainant=a_complainant(), round=3)
    unit = office.district.orgs["HOUSING"].id
    past = [
        replace(
            an_assignment(replace(case.incident, round=number), unit, AssignmentState.REJECTED_RESULT),
            born_by="T30",
        )
        for number in (1, 2)
    ]
    rows = (*past, replace(case.assignments[0], born_by="T30"))
    stored = replace(case, assignments=rows)
    await in_transaction(lambda work: cases.insert(work, stored))
    return shown(stored)


@pytest.fixture
async def office() -> Office:
    return Office(await a_district())


async def refusals(client: Client, mutation: str, given: Row) -> list[tuple[str, str | None, str | None]]:
    """Code, field and rule of each refusal of a mutation."""
    name = f"{mutation[0].upper()}{mutation[1:]}Input!"
    document = f"mutation ($input: {name}) {{ {mutation}(input: $input) {{ __typename }} }}"
    reply = await client.run(document, input={"idempotencyKey": str(uuid4()), **given})
    told = [it["extensions"] for it in reply.errors]
    return [(it["code"], it.get("field"), it.get("rule")) for it in told]


async def replayed(client: Client, mutation: str, given: Row) -> Row:
    """A command that is sent twice under one key, and answers the same."""
    keyed = {"idempotencyKey": str(uuid4()), **given}
    first: Row = await client.do(mutation, CASE, keyed)
    assert await client.do(mutation, CASE, keyed) == first
    assert await refusals(client, mutation, given) == [("CONFLICT", "expectedVersion", None)]
    incident: Row = first["incident"]
    return incident


async def test_a_second_report_is_merged_and_shows_its_masters_status(office: Office) -> None:
    master, child = await office.told(IncidentState.FOLLOWUP), await office.told()
    made = await replayed(office.as_("acceptor"), "mergeIncident", at(child, masterId=master["id"]))
    assert (made["state"], made["outcome"], made["master"]) == ("MERGED", "DUPLICATE", {"id": master["id"]})
    assert made["publicStatus"] == "AWAITING_RATING"
    page = "query ($code: String!) { publicCase(code: $code) { publicCode publicStatus } }"
    public = (await Client().ask(page, code=child["code"]))["publicCase"]
    assert public == {"publicCode": child["code"], "publicStatus": "AWAITING_RATING"}
    document = "query ($no: String!) { incident(no: $no) { merged { no complainant { id } } } }"
    answer = (await office.as_("callback").ask(document, no=master["no"]))["incident"]["merged"]
    assert answer == [{"no": child["no"], "complainant": {"id": child["complainant"]}}]
    assert (await office.as_("callback").ask(document, no=child["no"]))["incident"]["merged"] == []
    kept = await office.seen(master)
    assert (kept["reportCount"], kept["version"]) == (2, 2)
    tasks = [(it["state"], it["complainantId"]) for it in kept["followUps"]]
    assert tasks == [("PENDING", None), ("PENDING", child["complainant"])]
    for row in (master, child):
        events = (await office.as_("director").ask(EVENTS, no=row["no"]))["incident"]["history"]["nodes"]
        assert [(it["action"], it["subjectId"], it["version"]) for it in events] == [
            ("mergeIncident", row["id"], 2)
        ]


async def test_a_merge_is_refused_with_its_reason(office: Office) -> None:
    child = await office.told()
    acceptor = office.as_("acceptor")
    elsewhere = await office.told(address="别处", spot=None)
    long_ago = await office.told(IncidentState.CLOSED, at=NOW - timedelta(days=60))
    handled = await office.told(IncidentState.HANDLING)
    hung = await office.told(IncidentState.SUBMITTED)
    for given, refusal in (
        (at(child, masterId=elsewhere["id"]), ("GUARD_FAILED", "masterId", "T7")),
        (at(child, masterId=child["id"]), ("GUARD_FAILED", "masterId", "T7")),
        (at(child, masterId=long_ago["id"]), ("GUARD_FAILED", "masterId", "R05")),
        (at(child, masterId=gid("Incident", new_id())), ("NOT_FOUND", "masterId", None)),
        (at(child, masterId="x"), ("BAD_ID", "masterId", None)),
        (at(handled, masterId=child["id"]), ("FORBIDDEN", None, "T7")),
        (at(hung, masterId=child["id"]), ("ILLEGAL_TRANSITION", None, "T7")),
    ):
        assert await refusals(acceptor, "mergeIncident", given) == [refusal]
    merge = at(child, masterId=handled["id"])
    assert await refusals(office.as_("callback"), "mergeIncident", merge) == [("FORBIDDEN", None, None)]


async def test_a_dispatched_case_is_merged_with_the_directors_word(office: Office) -> None:
    master, child = await office.told(), await office.told(IncidentState.HANDLING)
    shift = office.as_("shift_leader")
    made = await shift.do(
        "mergeIncident", f"{CASE} request {{ kind state }}", at(child, masterId=master["id"])
    )
    assert (made["incident"]["state"], made["request"]) == ("HANDLING", {"kind": "MERGE", "state": "PENDING"})
    merge = at(made["incident"], masterId=master["id"])
    assert await refusals(shift, "mergeIncident", merge) == [("ILLEGAL_TRANSITION", None, "B.5")]
    answer = at(made["incident"], accept=True, text="同意并案")
    assert await refusals(shift, "decideEnding", answer) == [("FORBIDDEN", None, "B.5")]
    made = await office.as_("director").do("decideEnding", CASE, answer)
    assert (made["incident"]["state"], made["incident"]["master"]) == ("MERGED", {"id": master["id"]})


async def test_a_merge_is_undone(office: Office) -> None:
    master, child = await office.told(), await office.told()
    made = await office.as_("acceptor").do("mergeIncident", CASE, at(child, masterId=master["id"]))
    merged = made["incident"]
    undo = at(merged, reason="两处路灯")
    assert await refusals(office.as_("acceptor"), "unmergeIncident", undo) == [("FORBIDDEN", None, None)]
    assert await refusals(office.as_("shift_leader"), "unmergeIncident", at(merged, reason=" ")) == [
        ("BAD_INPUT", "reason", None)
    ]
    assert await refusals(
        office.as_("shift_leader"), "unmergeIncident", at(master | {"version": 2}, reason="误")
    ) == [("ILLEGAL_TRANSITION", None, "T7u")]
    late = replace(office, now=NOW + timedelta(hours=25)).as_("shift_leader")
    assert await refusals(late, "unmergeIncident", undo) == [("GUARD_FAILED", None, "T7u")]
    back = await replayed(office.as_("shift_leader"), "unmergeIncident", undo)
    assert (back["state"], back["master"], back["publicStatus"]) == ("REPORTED", None, "RECEIVED")
    assert (await office.seen(master))["reportCount"] == 1


async def test_trap_15_me_too_raises_the_number_of_reports_and_not_of_cases(office: Office) -> None:
    row = await office.told()
    made = await replayed(office.as_("worker"), "joinIncident", at(row))
    assert made["reportCount"] == 2
    closed = await office.told(IncidentState.CLOSED)
    assert await refusals(office.as_("acceptor"), "joinIncident", at(closed)) == [
        ("ILLEGAL_TRANSITION", None, "R03")
    ]
    assert await refusals(office.as_("callback"), "joinIncident", at(made)) == [("FORBIDDEN", None, None)]
    count = "{ incidents(first: 10) { totalCount } }"
    assert (await office.as_("director").ask(count))["incidents"]["totalCount"] == 2


async def test_me_too_by_the_public_code_shows_nothing_of_the_case_and_counts_each_person_once(
    office: Office,
) -> None:
    row = await office.told()
    resident, page = office.as_("resident"), "publicCase { publicCode publicStatus }"
    reading = "query ($id: ID!) { incident(id: $id) { no } }"
    assert (await resident.run(reading, id=row["id"])).refusals == [("NOT_FOUND", "id")]
    for _ in range(2):  # a second time, under a new key
        made = await resident.do("joinPublicCase", page, {"publicCode": row["code"]})
        assert made["publicCase"] == {"publicCode": row["code"], "publicStatus": "RECEIVED"}
    await office.as_("volunteer").do("joinPublicCase", page, {"publicCode": row["code"]})
    assert (await office.seen(row))["reportCount"] == 3
    assert (await resident.run(reading, id=row["id"])).refusals == [("NOT_FOUND", "id")]
    closed = await office.told(IncidentState.CLOSED)
    for username, code, refusal in (
        ("resident", "000000000000", ("NOT_FOUND", "publicCode", "R03")),
        ("resident", closed["code"], ("ILLEGAL_TRANSITION", None, "R03")),
        ("callback", row["code"], ("FORBIDDEN", None, None)),
    ):
        given = {"publicCode": code}
        assert await refusals(office.as_(username), "joinPublicCase", given) == [refusal]


async def test_a_closed_case_is_reopened(office: Office) -> None:
    row = await office.told(IncidentState.CLOSED)
    acceptor = office.as_("acceptor")
    civil = gid("OrgUnit", office.district.orgs["CIVIL"].id)
    for given, refusal in (
        (at(row, reason="又坏了", leads=[civil]), ("NOT_FOUND", "leads", "T34")),
        (at(row, reason=" "), ("BAD_INPUT", "reason", None)),
        (at(row, reason="又坏了", mediaIds=[gid("Media", new_id())]), ("NOT_FOUND", "mediaIds", None)),
    ):
        assert await refusals(acceptor, "reopenIncident", given) == [refusal]
    again = at(row, reason="又坏了")
    assert await refusals(office.as_("shift_leader"), "reopenIncident", again) == [("FORBIDDEN", None, None)]
    late = replace(office, now=NOW + timedelta(days=40)).as_("acceptor")
    assert await refusals(late, "reopenIncident", again) == [("GUARD_FAILED", None, "T34")]
    made = await replayed(acceptor, "reopenIncident", again)
    assert (made["state"], made["round"], made["outcome"]) == ("HANDLING", 2, None)
    assert await refusals(acceptor, "reopenIncident", at(made, reason="又坏了")) == [
        ("ILLEGAL_TRANSITION", None, "T34")
    ]
    events = (await office.as_("director").ask(EVENTS, no=row["no"]))["incident"]["history"]["nodes"]
    assert len({it["subjectId"] for it in events}) == len(events) == 2  # the case and its new row


async def test_nobody_done_before_sends_a_reopened_case_to_the_dispatcher(office: Office) -> None:
    case = build_case(office.district, IncidentState.CLOSED, complainant=a_complainant())
    rows = tuple(replace(it, state=AssignmentState.CANCELLED) for it in case.assignments)
    stored = replace(case, assignments=rows)
    await in_transaction(lambda work: cases.insert(work, stored))
    made = await office.as_("acceptor").do(
        "reopenIncident", f"{CASE} assignments {{ id }}", at(shown(stored), reason="又坏了")
    )
    assert (made["incident"]["state"], made["incident"]["round"], made["assignments"]) == ("FILED", 1, [])


async def test_a_false_completion_costs_five_points_and_a_red_card(office: Office) -> None:
    row = await office.told(IncidentState.CHECKING)
    inspector = office.as_("inspector")
    passed = at(row, result="PASS", note="已到场", falseCompletion=True)
    assert await refusals(inspector, "recordCheck", passed) == [("BAD_INPUT", "falseCompletion", "T30")]
    housing = gid("OrgUnit", office.district.orgs["HOUSING"].id)
    civil = gid("OrgUnit", office.district.orgs["CIVIL"].id)
    failed = at(row, result="FAIL", note="未整改", falseCompletion=True, leads=[civil])
    assert await refusals(inspector, "recordCheck", failed) == [("NOT_FOUND", "leads", "T30")]
    selection = "incident { id version supervisionLevel supervisions { trigger level } }"
    made = await inspector.do("recordCheck", selection, failed | {"leads": [housing]})
    assert made["incident"]["supervisionLevel"] == "RED"
    assert made["incident"]["supervisions"] == [{"trigger": "T30.E5", "level": "RED"}]


@pytest.mark.parametrize("state", [IncidentState.CHECKING, IncidentState.FOLLOWUP])
async def test_the_case_meeting_closes_in_part_or_sends_back(office: Office, state: IncidentState) -> None:
    row = await worked_out(office, state)
    if state is IncidentState.FOLLOWUP:
        unhappy = {"layer": "COMMAND", "channel": "PHONE", "reached": True, "solved": "NO"}
        row = (await office.as_("callback").do("recordFollowUp", CASE, at(row, **unhappy)))["incident"]
    director, shift = office.as_("director"), office.as_("shift_leader")
    again = at(row, reason="RESULT", text="重办")
    illegal = state is IncidentState.CHECKING
    assert await refusals(shift, "reworkIncident", again) == [
        ("ILLEGAL_TRANSITION" if illegal else "GUARD_FAILED", None, "T32")
    ]
    assert await refusals(director, "reworkIncident", again) == [("BAD_INPUT", "minutes", None)]
    half = at(row, partly=True)
    assert await refusals(director, "closeIncident", half) == [("BAD_INPUT", "minutes", None)]
    assert await refusals(director, "closeIncident", at(row, minutes="纪要")) == [
        ("BAD_INPUT", "partly", "T32b")
    ]
    closed = await replayed(director, "closeIncident", half | {"minutes": "会商纪要"})
    assert (closed["state"], closed["outcome"]) == ("CLOSED", "PARTLY")
    other = await worked_out(office, IncidentState.CHECKING)
    given = at(other, reason="RESULT", text="重办", minutes="会商纪要")
    back = await replayed(director, "reworkIncident", given)
    assert (back["state"], back["round"]) == ("HANDLING", 4)


async def test_a_follow_up_names_the_complainant_of_a_merged_case(office: Office) -> None:
    master, child = await office.told(IncidentState.FOLLOWUP), await office.told()
    await office.as_("acceptor").do("mergeIncident", CASE, at(child, masterId=master["id"]))
    callback = office.as_("callback")
    happy = {"layer": "COMMAND", "channel": "PHONE", "reached": True, "satisfaction": "SATISFIED"}
    row = await office.seen(master)
    stranger = at(row, **happy, complainantId=gid("Complainant", new_id()))
    assert await refusals(callback, "recordFollowUp", stranger) == [("NOT_FOUND", "complainantId", "T31")]
    made = await callback.do("recordFollowUp", CASE, at(row, **happy, complainantId=master["complainant"]))
    assert await refusals(office.as_("shift_leader"), "closeIncident", at(made["incident"])) == [
        ("FOLLOWUP_REQUIRED", None, "T31")
    ]
    selection = f"{CASE} followUp {{ complainantId valid sampled }}"
    named = at(made["incident"], **happy, complainantId=child["complainant"])
    made = await callback.do("recordFollowUp", selection, named)
    assert made["followUp"] == {"complainantId": child["complainant"], "valid": True, "sampled": False}
    made = await office.as_("shift_leader").do("closeIncident", CASE, at(made["incident"]))
    assert made["incident"]["state"] == "CLOSED"
    assert len((await office.seen(master))["notes"]) == 2


@pytest.mark.parametrize(
    ("mutation", "answer"), [("closeIncident", {}), ("decideEnding", {"accept": True, "text": "同意"})]
)
async def test_an_unreasonable_request_is_closed_by_the_second_reviewer(
    office: Office, mutation: str, answer: Row
) -> None:
    row = await office.told(IncidentState.FOLLOWUP)
    unhappy = {"layer": "COMMAND", "channel": "PHONE", "reached": True, "solved": "NO"}
    row = (await office.as_("callback").do("recordFollowUp", CASE, at(row, **unhappy)))["incident"]
    director = office.as_("director")
    assert await refusals(director, "closeIncident", at(row)) == [("GUARD_FAILED", None, "T33")]
    proposal = at(row, kind="UNREASONABLE", text="无政策依据，已解释")
    row = (await office.as_("callback").do("proposeEnding", CASE, proposal))["incident"]
    closed = await replayed(director, mutation, at(row, **answer))
    assert (closed["state"], closed["outcome"]) == ("CLOSED", "EXPLAINED")
    assert (await office.seen(row))["notes"] == [{"text": "无政策依据，已解释"}]


async def test_open_loops_are_listed_by_age(office: Office) -> None:
    old = await office.told(IncidentState.HANDLING, at=NOW - timedelta(days=9))
    older = await office.told(at=NOW - timedelta(days=12))
    await office.told(IncidentState.CLOSED, at=NOW - timedelta(days=12))
    await office.told()
    director = office.as_("director")
    page = (await director.ask(LOOPS, days=9, first=1))["openLoops"]
    assert (page["totalCount"], [it["no"] for it in page["nodes"]]) == (2, [older["no"]])
    rest = (await director.ask(LOOPS, days=9, first=5, after=page["pageInfo"]["endCursor"]))["openLoops"]
    assert [it["no"] for it in rest["nodes"]] == [old["no"]]
    assert all(it["loopCompleteness"] < 100 for it in (*page["nodes"], *rest["nodes"]))
    assert (await director.ask(LOOPS, days=0, first=1))["openLoops"]["totalCount"] == 3
    assert (await director.run(LOOPS, days=-1, first=1)).refusals == [("BAD_INPUT", "olderThanDays")]
    assert (await director.run(LOOPS, days=1, first=0)).refusals == [("PAGE_SIZE_REQUIRED", "first")]
    assert (await office.as_("resident").run(LOOPS, days=1, first=1)).refusals == [("FORBIDDEN", None)]
    found = (await office.as_("civil").ask(LOOPS, days=0, first=5))["openLoops"]["nodes"]
    assert found == []
