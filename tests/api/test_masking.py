"""Personal data by every path of the graph (R80, R81): the rule is in the type, so no path goes around it."""

from dataclasses import replace
from typing import Any

import pytest

from db import cases, media
from db.unit_of_work import in_transaction
from domain.case import Case
from domain.incident import IncidentState
from domain.loop.request import Request, RequestKind
from domain.media import Media, MediaPurpose
from tests.api.client import Client, gid
from tests.db.factories import NOW, District, a_case, a_complainant, a_district, build_case, new_id

SECRETS = "content address reporter { name } complainant { name phone } media { url } maskedFields title"
CASE = f"query ($no: String!) {{ incident(no: $no) {{ {SECRETS} }} }}"


@pytest.fixture
async def district(store: str) -> District:  # noqa: ARG001 - the store must be open
    return await a_district()


@pytest.fixture
async def case(district: District) -> Case:
    """A complaint about the housing office, which nevertheless holds it."""
    return await a_case(
        district,
        IncidentState.HANDLING,
        complainant=a_complainant(),
        complained_org_id=district.orgs["HOUSING"].id,
        address="东园小区3号楼2单元501",
    )


@pytest.fixture
async def photo(district: District, case: Case) -> Media:
    taken = Media(
        id=new_id(),
        content_type="image/jpeg",
        sha256="0" * 64,
        bytes=1,
        uploaded_by_id=district.people["volunteer"].id,
        uploaded_at=NOW,
        incident_id=case.incident.id,
        purpose=MediaPurpose.REPORT,
    )
    await in_transaction(lambda work: media.insert(work, taken))
    return taken


def hidden(shown: dict[str, Any]) -> bool:
    """Whether everything R81 protects is absent."""
    protected = (shown["content"], shown["reporter"], shown["complainant"])
    return protected == (None, None, None) and shown["media"] == []


async def test_the_words_of_a_withdrawal_are_the_complainants_own(district: District) -> None:
    """R81: neither they nor the call that confirmed them reach the office; another request's words do."""
    bureau = district.orgs["HOUSING"].id
    made = build_case(district, IncidentState.HANDLING, complainant=a_complainant(), complained_org_id=bureau)
    words: dict[str, Any] = {
        "incident_id": made.incident.id,
        "asked_at": NOW,
        "asked_by_id": None,
        "text": "住三楼的李四不告了",
    }
    asked = (
        Request(id=new_id(), kind=RequestKind.WITHDRAWAL, answer="李四确认", **words),
        Request(id=new_id(), kind=RequestKind.MERGE, answer="同意", **words),
    )
    case = replace(made, requests=asked, incident=replace(made.incident, request_count=2))
    await in_transaction(lambda work: cases.insert(work, case))
    document = "query ($no: String!) { incident(no: $no) { requests { kind text answer } } }"
    read = {}
    for who in ("housing", "dispatcher"):
        shown = (await Client(district.viewer(who)).ask(document, no=case.incident.no))["incident"][
            "requests"
        ]
        read[who] = {it["kind"]: (it["text"], it["answer"]) for it in shown}
    assert read["dispatcher"]["WITHDRAWAL"] == (words["text"], "李四确认")
    assert read["housing"] == {"WITHDRAWAL": (None, None), "MERGE": (words["text"], "同意")}


@pytest.mark.usefixtures("photo")
async def test_the_office_reads_the_case_with_the_complainant_masked(district: District, case: Case) -> None:
    shown = (await Client(district.viewer("acceptor")).ask(CASE, no=case.incident.no))["incident"]
    assert shown["complainant"] == {"name": "李*", "phone": "138****5678"}
    assert shown["content"] == case.incident.content
    assert shown["address"] == case.incident.address
    assert shown["reporter"] == {"name": "张*"}  # a volunteer's name is the public's
    assert len(shown["media"]) == 1
    assert shown["maskedFields"] == ["complainant.name", "complainant.phone", "reporter.name"]


async def test_the_complained_about_unit_reads_nothing_of_the_reporters_side_on_any_path(
    district: District, case: Case, photo: Media
) -> None:
    housing = Client(district.viewer("housing"))
    shown = (await housing.ask(CASE, no=case.incident.no))["incident"]
    assert hidden(shown)
    assert shown["maskedFields"] == ["complainant", "reporter", "content", "media", "followUps.opinion"]
    lists = await housing.ask(
        f"""{{ incidents(first: 1) {{ nodes {{ {SECRETS} assignments {{ incident {{ {SECRETS} }} }} }} }}
        assignments(first: 1) {{ nodes {{ incident {{ {SECRETS}
        assignments {{ incident {{ {SECRETS} }} }} }} }} }} }}"""
    )
    node = lists["incidents"]["nodes"][0]
    row = lists["assignments"]["nodes"][0]["incident"]
    assert all(
        map(hidden, (node, node["assignments"][0]["incident"], row, row["assignments"][0]["incident"]))
    )
    document = (
        "query ($ids: [ID!]!) { nodes(ids: $ids) { id ... on Complainant { name } ... on Media { url } } }"
    )
    ids = [gid("Complainant", case.incident.complainant_id), gid("Media", photo.id)]
    assert (await housing.ask(document, ids=ids))["nodes"] == [None, None]
    office = (await Client(district.viewer("acceptor")).ask(document, ids=ids))["nodes"]
    assert [it["id"] for it in office] == ids


async def test_what_the_resident_said_afterwards_is_kept_from_the_complained_about_unit(
    district: District,
) -> None:
    bureau = district.orgs["HOUSING"].id
    case = await a_case(
        district, IncidentState.FOLLOWUP, complainant=a_complainant(), complained_org_id=bureau
    )
    said = tuple(replace(it, opinion="是住建局的人态度不好") for it in case.followups)
    await in_transaction(lambda work: cases.save(work, case, replace(case, followups=said)))
    document = "query ($no: String!) { incident(no: $no) { followUps { layer opinion } } }"
    office = await Client(district.viewer("acceptor")).ask(document, no=case.incident.no)
    assert [it["opinion"] for it in office["incident"]["followUps"]] == ["是住建局的人态度不好"]
    housing = await Client(district.viewer("housing")).ask(document, no=case.incident.no)
    assert [it["opinion"] for it in housing["incident"]["followUps"]] == [None]


async def test_who_reported_and_worked_on_the_case_since_is_not_told_apart_by_the_gap_in_its_history(
    district: District,
) -> None:
    """R81: history keeps silent on every act of the reporter's, so no other field may name who acted."""
    bureau, worker = district.orgs["HOUSING"].id, district.people["worker"].id
    case = await a_case(
        district,
        IncidentState.FOLLOWUP,
        complainant=a_complainant(),
        complained_org_id=bureau,
        reporter_id=worker,
    )
    another = district.people["callback"].id
    after = replace(
        case,
        verifications=tuple(replace(it, inspector_id=worker) for it in case.verifications),
        followups=tuple(
            replace(it, recorded_by_id=worker, complainant_id=case.incident.complainant_id)
            for it in case.followups
        ),
    )
    await in_transaction(lambda work: cases.save(work, case, after))
    document = """query ($no: String!) { incident(no: $no) {
      verifications { inspector { id } } followUps { complainantId recordedBy { id } } } }"""
    office = (await Client(district.viewer("acceptor")).ask(document, no=case.incident.no))["incident"]
    assert {it["inspector"]["id"] for it in office["verifications"]} == {gid("Person", worker)}
    assert {it["recordedBy"]["id"] for it in office["followUps"]} == {gid("Person", worker)}
    assert all(it["complainantId"] for it in office["followUps"])
    housing = Client(district.viewer("housing"))
    shown = (await housing.ask(document, no=case.incident.no))["incident"]
    assert {it["inspector"] for it in shown["verifications"]} == {None}
    assert {(it["complainantId"], it["recordedBy"]) for it in shown["followUps"]} == {(None, None)}
    checked = replace(
        after, verifications=tuple(replace(it, inspector_id=another) for it in after.verifications)
    )
    await in_transaction(lambda work: cases.save(work, after, checked))
    shown = (await housing.ask(document, no=case.incident.no))["incident"]
    assert {it["inspector"]["id"] for it in shown["verifications"]} == {gid("Person", another)}


async def test_neither_search_nor_filter_tells_what_is_hidden(district: District, case: Case) -> None:
    housing = Client(district.viewer("housing"))
    document = """query ($where: IncidentFilter, $search: String) {
        incidents(first: 5, where: $where, search: $search) { nodes { no } totalCount } }"""
    by_reporter = {"reporter": {"eq": gid("Person", case.incident.reporter_id)}}
    for which in ({"where": by_reporter}, {"search": "路灯坏了三天"}):
        assert (await housing.ask(document, **which))["incidents"] == {"nodes": [], "totalCount": 0}
        office = (await Client(district.viewer("acceptor")).ask(document, **which))["incidents"]
        assert office["totalCount"] == 1


async def test_the_events_do_not_name_a_protected_reporter(district: District) -> None:
    given = {
        "idempotencyKey": str(new_id()), "domain": "LIVELIHOOD", "kind": "COMPLAINT", "categoryCode": "NOISE",
        "title": "态度不好", "source": "GRID_VISIT", "address": "东园小区3号楼",
        "complainedOrgUnitId": gid("OrgUnit", district.orgs["HOUSING"].id),
    }  # fmt: skip
    worker = Client(district.viewer("worker"))
    made = (await worker.do("reportIncident", "incident { id version no }", given))["incident"]
    seen = {"id": made["id"], "expectedVersion": made["version"]}
    made = (await worker.do("addNote", "incident { id version no } note { id }", {**seen, "text": "已上门"}))[
        "incident"
    ]
    document = """query ($no: String!) { incident(no: $no) { reporter { name } notes { text author { name } }
        history(first: 9) { nodes { actor { name } subjectId } } } }"""
    office = (await Client(district.viewer("acceptor")).ask(document, no=made["no"]))["incident"]
    assert [it["actor"] for it in office["history"]["nodes"]] == [{"name": "张三"}] * 2
    director = district.viewer("director")
    accused = Client(replace(director, org_id=district.orgs["HOUSING"].id))
    shown = (await accused.ask(document, no=made["no"]))["incident"]
    assert shown["reporter"] is None
    assert shown["notes"] == [{"text": "已上门", "author": None}]
    assert [it["actor"] for it in shown["history"]["nodes"]] == [None, None]
    events = (await accused.ask("{ events(first: 9) { nodes { actor { name } } } }"))["events"]
    assert [it["actor"] for it in events["nodes"]] == [None, None]


@pytest.mark.usefixtures("photo")
async def test_the_auditor_reads_every_case_and_no_personal_data(district: District, case: Case) -> None:
    auditor = Client(district.viewer("auditor"))
    shown = (await auditor.ask(CASE, no=case.incident.no))["incident"]
    assert shown["address"] == "东园小区3号楼*"
    assert shown["reporter"] == {"name": "张*"}
    assert shown["complainant"] == {"name": "李*", "phone": "138****5678"}
    assert {"address", "reporter.name"} <= set(shown["maskedFields"])
    people = await auditor.ask(
        '{ people(first: 5, where: { username: { eq: "civil" } }) { nodes { name } } }'
    )
    assert people["people"]["nodes"] == [{"name": "张*"}]


async def test_the_public_sees_its_own_case_and_itself_alone(district: District, case: Case) -> None:
    volunteer = Client(district.viewer("volunteer"))
    document = "query ($no: String!) { incident(no: $no) { reporter { name } } }"
    shown = (await volunteer.ask(document, no=case.incident.no))["incident"]
    assert shown["reporter"] == {"name": "张三"}
    people = await volunteer.ask(
        "{ people(first: 5) { totalCount nodes { name } } grids(first: 1) { nodes { workers { name } } } }"
    )
    assert people["people"] == {"totalCount": 1, "nodes": [{"name": "张三"}]}
    assert people["grids"]["nodes"][0]["workers"] == []
    resident = Client(district.viewer("resident"))
    assert (await resident.run(CASE, no=case.incident.no)).refusals == [("NOT_FOUND", "no")]


async def test_another_unit_sees_neither_the_case_nor_what_hangs_on_it(
    district: District, case: Case
) -> None:
    civil = Client(district.viewer("civil"))
    ids = [
        gid("Incident", case.incident.id),
        gid("Assignment", case.assignments[0].id),
        gid("Clock", case.clocks[0].id),
        gid("Complainant", case.incident.complainant_id),
    ]
    document = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    assert (await civil.ask(document, ids=ids))["nodes"] == [None] * 4
    assert (await civil.ask("{ assignments(first: 1) { totalCount } }"))["assignments"]["totalCount"] == 0
