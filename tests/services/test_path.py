"""The main path and its branches as commands, on both stores (domain.md B.3, B.6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import dictionaries, event_log, media, regions
from db.unit_of_work import Work, in_transaction
from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.errors import DomainError, ErrorCode, Warned
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import IncidentDomain, IncidentKind, IncidentState, RejectReason, Source
from domain.life.derivation import derive
from domain.media import Media
from domain.place import Crs
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult
from services import followups, incidents, supervisions
from services.assignments import HandlerFollowUp
from services.command import Call, PointGiven
from tests.db.district import SIDE, SOUTH, WEST, new_id
from tests.db.factories import NOW
from tests.domain.stage import CHANNEL
from tests.services.desk import ASKING, IN_G1, Desk, a_desk


async def refused(doing: Any, code: ErrorCode, field: str | None = None) -> None:
    with pytest.raises(DomainError) as refusal:
        await doing
    assert (refusal.value.code, refusal.value.field) == (code, field)


async def a_picture(desk: Desk, username: str) -> Media:
    uploaded = Media(
        id=new_id(),
        content_type="image/png",
        sha256="0" * 64,
        bytes=3,
        uploaded_by_id=desk.district.people[username].id,
        uploaded_at=desk.now,
    )
    await in_transaction(lambda work: _put(work, uploaded))
    return uploaded


async def _put(work: Work, uploaded: Media) -> None:
    await media.insert(work, uploaded)


@pytest.mark.usefixtures("store")
async def test_a_case_goes_from_report_to_closure_and_the_log_says_so() -> None:
    desk = await (await a_desk()).walk(10)
    case = await desk.case()
    assert case.incident.state is IncidentState.CLOSED
    assert (case.incident.on_time, case.incident.loop_completeness) == (True, 100)
    assert derive(case) == case
    logged = await event_log.of_incident(desk.id, 0, 100)
    told = [it.event.action for it in logged if it.event.subject.noun == "Incident"]
    assert told == [
        A.reportIncident,
        A.fileIncident,
        A.dispatchIncident,
        A.acceptAssignment,
        A.recordFirstContact,
        A.submitResult,
        A.requestCheck,
        A.recordCheck,
        A.recordFollowUp,
        A.closeIncident,
    ]


@pytest.mark.usefixtures("store")
async def test_what_a_command_made_is_answered_by_noun() -> None:
    desk = await a_desk()
    made = [sorted((await step()).made) for step in desk._steps()]
    assert made == [
        [],
        [],
        ["assignments"],
        [],
        [],
        ["followup"],
        ["verification"],
        ["followup", "verification"],
        ["followup"],
        ["note"],  # the reply
    ]


@pytest.mark.usefixtures("sqlite_store")
async def test_the_place_of_a_case_comes_from_its_point_or_from_its_reporter() -> None:
    desk = await a_desk()
    places, grids = desk.district.regions, desk.district.grids
    for point, username, source, region, grid in (
        (IN_G1, "acceptor", Source.PLATFORM, "C1", "G1"),
        (
            PointGiven(lng=WEST + SIDE / 2, lat=SOUTH + 0.01, crs=Crs.WGS84),
            "acceptor",
            Source.PLATFORM,
            "C1",
            "G1",
        ),
        (
            PointGiven(lng=WEST + 0.03, lat=SOUTH + 0.03, crs=Crs.WGS84),
            "acceptor",
            Source.PLATFORM,
            "C3",
            None,
        ),
        (None, "worker", Source.GRID_PATROL, "C1", None),
        (None, "housing", Source.DEPT_INSPECTION, "D", None),
        (None, "resident", Source.RESIDENT_MP, "D", None),
    ):
        await desk.report(username, point=point, address="东园小区", source=source)
        case = await desk.case()
        assert case.incident.region_id == places[region].id
        assert case.incident.grid_id == (grids[grid].id if grid else None)


@pytest.mark.usefixtures("sqlite_store")
async def test_a_point_outside_the_district_only_warns() -> None:
    desk = await a_desk()
    result = await desk.report(point=PointGiven(lng=100.0, lat=30.0, crs=Crs.GCJ02, source="地图选点"))
    assert Warned(ErrorCode.OUTSIDE_DISTRICT, "point") in result.warnings
    case = await desk.case()
    assert (case.incident.grid_id, case.incident.region_id) == (None, desk.district.regions["D"].id)


@pytest.mark.usefixtures("sqlite_store")
async def test_a_due_time_in_a_year_without_calendar_only_warns() -> None:
    desk = await a_desk()
    result = await desk.report(external_due_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert result.warnings == (Warned(ErrorCode.CALENDAR_MISSING, "externalDueAt"),)


@pytest.mark.usefixtures("sqlite_store")
async def test_members_of_the_public_ask_for_themselves() -> None:
    desk = await a_desk()
    picture = await a_picture(desk, "volunteer")
    await desk.report(
        "volunteer",
        source=Source.VOLUNTEER_MP,
        category_code="LAMP",
        media_ids=(picture.id,),
        complainant=None,
        kind=IncidentKind.REPORT,
    )
    case = await desk.case()
    assert case.complainant is not None
    assert case.complainant.person_id == desk.district.people["volunteer"].id
    assert case.media[0].incident_id == desk.id


@pytest.mark.usefixtures("sqlite_store")
async def test_a_report_is_refused_naming_the_field_and_leaves_nothing() -> None:
    desk = await a_desk()
    mine, other = await a_picture(desk, "acceptor"), await a_picture(desk, "volunteer")
    before = await event_log.head()
    for changes, code, field in (
        ({"point": PointGiven(lng=112.0, lat=32.0)}, ErrorCode.CRS_REQUIRED, "point.crs"),
        ({"point": None}, ErrorCode.GUARD_FAILED, "point"),
        ({"category_code": "X"}, ErrorCode.NOT_FOUND, "categoryCode"),
        ({"category_code": "LAMP"}, ErrorCode.GUARD_FAILED, "mediaIds"),
        ({"media_ids": (other.id,)}, ErrorCode.NOT_FOUND, "mediaIds"),
        ({"complained_org_unit_id": new_id()}, ErrorCode.NOT_FOUND, "complainedOrgUnitId"),
        ({"title": "\x00路灯"}, ErrorCode.BAD_INPUT, "title"),
        ({"source": Source.RESIDENT_MP}, ErrorCode.FORBIDDEN, "source"),
    ):
        await refused(desk.report(**changes), code, field)
    assert await event_log.head() == before
    await desk.report(category_code="LAMP", media_ids=(mine.id,))
    await refused(desk.report(media_ids=(mine.id,)), ErrorCode.BAD_INPUT, "mediaIds")


@pytest.mark.usefixtures("sqlite_store")
async def test_nothing_is_reported_before_the_divisions_are_loaded() -> None:
    desk = await a_desk()
    for code in ("C1", "C2", "C3", "S1", "S2", "D"):
        await in_transaction(partial(_end, region_id=desk.district.regions[code].id))
    await refused(desk.report(point=PointGiven(lng=100.0, lat=30.0, crs=Crs.WGS84)), ErrorCode.UNAVAILABLE)


async def _end(work: Work, region_id: UUID) -> None:
    await regions.close(work, region_id, NOW.date())


@pytest.mark.usefixtures("sqlite_store")
async def test_a_case_is_rejected_with_its_reply() -> None:
    desk = await (await a_desk()).walk(1)
    given = incidents.RejectIncident(
        **await desk.target(), reason=RejectReason.OUTSIDE_DUTY, reply_text="不属于政府职责"
    )
    await incidents.reject(desk.call("acceptor"), given)
    assert (await desk.case()).incident.state is IncidentState.REJECTED


@pytest.mark.usefixtures("sqlite_store")
async def test_a_case_is_amended_and_its_grid_follows_the_point() -> None:
    desk = await (await a_desk()).walk(2)
    point = PointGiven(lng=WEST + SIDE + 0.01, lat=SOUTH + 0.01, crs=Crs.WGS84)
    given = incidents.AmendIncident(
        **await desk.target(), reason="核实位置", point=point, category_code="PIT", title="井盖破损"
    )
    await incidents.amend(desk.call("acceptor"), given)
    case = await desk.case()
    assert (case.incident.grid_id, case.category.code) == (desk.district.grids["G3"].id, "PIT")
    given = incidents.AmendIncident(**await desk.target(), reason="补充", address="西园小区")
    await incidents.amend(desk.call("acceptor"), given)
    case = await desk.case()
    assert (case.incident.address, case.incident.grid_id) == ("西园小区", desk.district.grids["G3"].id)
    bad = incidents.AmendIncident(**await desk.target(), reason="x", category_code="a\x00b")
    await refused(incidents.amend(desk.call("acceptor"), bad), ErrorCode.BAD_INPUT, "categoryCode")


@pytest.mark.usefixtures("store")
async def test_a_dispatch_needs_a_duty_a_rule_or_words() -> None:
    desk = await (await a_desk()).walk(2)
    await refused(desk.dispatch("CIVIL"), ErrorCode.GUARD_FAILED, "basis")
    await refused(desk.dispatch(leads=(new_id(),)), ErrorCode.NOT_FOUND, "leads")
    await refused(desk.dispatch(mode=AssignmentMode.EQUAL_JOINT), ErrorCode.GUARD_FAILED, "leads")
    await desk.dispatch("HOUSING")
    dictionaries.forget()  # the rules as they are kept do not follow the count
    row = (await desk.case()).assignments[0]
    assert (row.basis, row.rule_id) == ("派单目录", desk.district.rule.id)
    rule = await in_transaction(
        lambda work: dictionaries.dispatch_rule(
            work, desk.district.categories["NOISE"].id, (), row.org_id, desk.now
        )
    )
    assert rule is not None
    assert rule.hit_count == 1
    other = await (Desk(desk.district)).walk(1)
    await other.file("PIT")
    await other.dispatch()
    assert (await other.case()).assignments[0].basis == "城市道路管理条例"
    third = await (Desk(desk.district)).walk(2)
    await third.dispatch("CIVIL", basis="区政府会议纪要")
    assert (await third.case()).assignments[0].basis == "区政府会议纪要"


@pytest.mark.usefixtures("sqlite_store")
async def test_other_units_see_nothing_of_the_case() -> None:
    desk = await (await a_desk()).walk(3)
    await refused(desk.accept("civil"), ErrorCode.NOT_FOUND, "id")
    await refused(desk.accept("acceptor"), ErrorCode.FORBIDDEN)


@pytest.mark.usefixtures("sqlite_store")
async def test_a_contact_and_a_result_carry_their_time_and_pictures() -> None:
    desk = await (await a_desk()).walk(4)
    await desk.later(hours=1).contact(contacted_at=NOW + timedelta(minutes=30), note="约好上门")
    picture = await a_picture(desk, "housing_lead")
    asked_at = NOW + timedelta(minutes=40)
    asked = HandlerFollowUp(channel=ReplyChannel.VISIT, reached=True, at=asked_at, solved=Solved.PARTLY)
    await desk.submit(after_media_ids=(picture.id,), follow_up=asked)
    case = await desk.case()
    assert case.assignments[0].first_contact_at == NOW + timedelta(minutes=30)
    assert (case.followups[0].attempted_at, case.followups[0].solved) == (asked_at, Solved.PARTLY)
    assert case.media[0].purpose == "AFTER"


@pytest.mark.usefixtures("sqlite_store")
async def test_a_result_without_a_follow_up_gives_its_reason() -> None:
    desk = await (await a_desk()).walk(5)
    await refused(desk.submit(follow_up=None), ErrorCode.FOLLOWUP_REQUIRED, "followUp")
    await desk.submit(follow_up=None, no_contact_reason="三次无人接听")
    assert (await desk.case()).assignments[0].no_contact_reason == "三次无人接听"


@pytest.mark.usefixtures("sqlite_store")
async def test_a_check_on_site_measures_the_distance() -> None:
    desk = await (await a_desk()).walk(1)
    await desk.file("PIT")
    for step in desk._steps()[2:6]:
        await step()
    await refused(
        desk.request_check(inspector_org_unit_id=new_id()), ErrorCode.NOT_FOUND, "inspectorOrgUnitId"
    )
    await desk.request_check(inspector_org_unit_id=desk.district.orgs["COMMUNITY"].id)
    picture = await a_picture(desk, "inspector")
    await desk.check(point=IN_G1, media_ids=(picture.id,))
    assert (await desk.case()).verifications[0].distance_m == 0


@pytest.mark.usefixtures("store")
async def test_the_way_back_leads_to_a_second_round_and_on_to_closure() -> None:
    desk = await (await a_desk()).walk(7)
    await desk.check(result=CheckResult.UNABLE)
    await refused(desk.check(), ErrorCode.FORBIDDEN)
    await desk.check("inspector2", result=CheckResult.FAIL)
    for step in desk._steps()[5:8]:
        await step()
    await desk.ask(satisfaction=Satisfaction.DISSATISFIED)
    case = await desk.case()
    given = followups.ReworkIncident(
        **await desk.target(),
        reason=DissatisfactionReason.RESULT,
        text="重新办理",
        leads=(case.assignments[-1].org_id,),
    )
    await followups.rework(desk.call("shift_leader"), given)
    for step in desk._steps()[5:]:
        await step()
    case = await desk.case()
    assert (case.incident.state, case.incident.round) == (IncidentState.CLOSED, 3)
    assert [row.state.value for row in case.assignments] == ["REJECTED_RESULT", "REJECTED_RESULT", "DONE"]


@pytest.mark.usefixtures("sqlite_store")
async def test_the_community_is_asked_at_the_door() -> None:
    desk = await (await a_desk()).walk(8)
    await desk.ask("worker", layer=FollowUpLayer.COMMUNITY, opinion="已解决")
    assert (await desk.case()).followups[-1].layer is FollowUpLayer.COMMUNITY


@pytest.mark.usefixtures("sqlite_store")
async def test_supervision_rises_and_notes_are_kept() -> None:
    desk = await (await a_desk()).walk(3)
    card = supervisions.SuperviseIncident(**await desk.target(), level=SupervisionLevel.YELLOW, text="请抓紧")
    made = await supervisions.supervise(desk.call("director"), card)
    note = incidents.AddNote(**await desk.target(), text="已电话催办")
    await incidents.add_note(desk.call("housing"), note)
    case = await desk.case()
    assert made.made["supervision"] == (case.supervisions[0].id,)
    assert case.notes[0].text == "已电话催办"


@pytest.mark.usefixtures("store")
async def test_a_masked_value_is_shown_once_for_a_reason_and_every_reading_is_logged() -> None:
    desk = await (await a_desk()).walk(3)
    given = incidents.UnmaskField(
        **await desk.target(), field=incidents.MaskedField.COMPLAINANT_PHONE, reason="上门前联系"
    )
    call = desk.call("housing")
    first, again = await incidents.unmask_field(call, given), await incidents.unmask_field(call, given)
    assert first.facts["value"] == ASKING.phone
    assert "value" not in again.facts
    case = await desk.case()
    assert [note.text for note in case.notes] == ["上门前联系"]
    last = (await event_log.of_incident(desk.id, 0, 100))[-1].event
    assert (last.row, last.data) == ("R80", {"field": "COMPLAINANT_PHONE"})
    name = incidents.UnmaskField(
        **await desk.target(), field=incidents.MaskedField.COMPLAINANT_NAME, reason="核对"
    )
    assert (await incidents.unmask_field(desk.call("callback"), name)).facts["value"] == "李四"
    await refused(incidents.unmask_field(desk.call("auditor"), name), ErrorCode.FORBIDDEN)


@pytest.mark.usefixtures("sqlite_store")
async def test_there_is_nothing_to_unmask_where_nobody_asks() -> None:
    desk = await a_desk()
    await desk.report(complainant=None)
    given = incidents.UnmaskField(
        **await desk.target(), field=incidents.MaskedField.COMPLAINANT_PHONE, reason="核对"
    )
    await refused(incidents.unmask_field(desk.call("acceptor"), given), ErrorCode.NOT_FOUND, "field")


@pytest.mark.usefixtures("store")
async def test_a_channel_reports_each_of_its_cases_once() -> None:
    desk = await a_desk()
    channel = replace(CHANNEL, person_id=desk.district.people["acceptor"].id)
    given = incidents.ReportIncident(
        domain=IncidentDomain.LIVELIHOOD,
        kind=IncidentKind.COMPLAINT,
        category_code="NOISE",
        title="工地夜间施工",
        source=Source.HOTLINE_12345,
        address="东园小区",
        complainant=ASKING,
        complained_org_unit_id=desk.district.orgs["CIVIL"].id,
        external_id="12345-20241024-1",
    )
    await incidents.report(Call(channel, desk.now, new_id, uuid4()), given)
    again = incidents.report(Call(channel, desk.now, new_id, uuid4()), given)
    await refused(again, ErrorCode.BAD_INPUT, "externalId")
