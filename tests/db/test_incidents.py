"""Look-ups, batches, likely duplicates and the board."""

from dataclasses import replace
from datetime import timedelta

import pytest

from db import board, cases, followups, incidents, supervisions, verifications
from db.board import OrgCount
from db.unit_of_work import in_transaction
from domain.case import put
from domain.clock import Light
from domain.incident import IncidentState, Note, Source
from domain.place import Crs, Point
from domain.supervision import Supervision, SupervisionLevel, SupervisionOrigin
from tests.db.factories import NOW, SOUTH, WEST, a_case, a_district, a_spot, new_id

pytestmark = pytest.mark.usefixtures("store")


async def test_a_case_is_found_by_number_public_code_and_outside_id() -> None:
    district = await a_district()
    case = await a_case(district, source=Source.MINXIN, source_external_id="MX-1")
    no, code = case.incident.no, case.incident.public_code
    assert await incidents.by_no(no, viewer=district.viewer("director")) == case.incident
    assert await incidents.by_no(no, viewer=district.viewer("civil")) is None
    assert await incidents.public(code) == case.incident
    assert await incidents.public("000") is None
    assert await incidents.by_external_id(Source.MINXIN, "MX-1") == case.incident
    assert await incidents.by_external_id(Source.PLATFORM, "MX-1") is None


async def test_what_hangs_on_a_case_comes_in_batches_for_those_who_see_it() -> None:
    district = await a_district()
    first = await a_case(district, IncidentState.CLOSED)
    second = await a_case(district, IncidentState.REPORTED)
    ids = [first.incident.id, second.incident.id]
    note = Note(
        id=new_id(), incident_id=ids[0], author_id=district.people["housing"].id, text="已到场", at=NOW
    )
    supervision = Supervision(
        id=new_id(),
        incident_id=ids[0],
        assignment_id=None,
        level=SupervisionLevel.YELLOW,
        origin=SupervisionOrigin.MANUAL,
        trigger=None,
        text="请抓紧",
        issued_by_id=district.people["director"].id,
        issued_at=NOW,
        reply_due_at=NOW,
        round=1,
    )
    after = replace(first, notes=(note,), supervisions=(supervision,))
    await in_transaction(lambda work: cases.save(work, first, after))
    viewer, stranger = district.viewer("housing"), district.viewer("civil")
    assert await incidents.notes_of(ids, viewer=viewer) == {ids[0]: [note], ids[1]: []}
    assert await supervisions.of_incidents(ids, viewer=viewer) == {ids[0]: [supervision], ids[1]: []}
    assert await followups.of_incidents(ids, viewer=viewer) == {ids[0]: list(first.followups), ids[1]: []}
    checks = list(first.verifications)
    assert await verifications.of_incidents(ids, viewer=viewer) == {ids[0]: checks, ids[1]: []}
    assert await verifications.of_incidents(ids, viewer=stranger) == {ids[0]: [], ids[1]: []}
    assert await verifications.get([checks[0].id], viewer=viewer) == {checks[0].id: checks[0]}
    assert await followups.get([it.id for it in first.followups], viewer=stranger) == {}
    assert await supervisions.get([supervision.id], viewer=viewer) == {supervision.id: supervision}


async def test_likely_duplicates_are_near_recent_and_of_one_family() -> None:
    district = await a_district()
    here = Point(WEST + 0.005, SOUTH + 0.01, Crs.WGS84)
    pit = district.categories["PIT"].id
    near = await a_case(district, spot=a_spot(here.lng + 0.0005, here.lat), category_id=pit)
    same = await a_case(district, IncidentState.CLOSED, spot=a_spot(here.lng, here.lat), grid_id=None)
    await a_case(district, spot=a_spot(here.lng, here.lat + 0.001))
    await a_case(district, category_id=district.categories["NOISE"].id)
    await a_case(district, at=NOW - timedelta(days=31))
    await a_case(district, IncidentState.REJECTED)
    await a_case(district, spot=None)
    for username, seen in (
        ("director", [True, True]),
        ("worker", [False, True]),
        ("resident", [False, False]),
    ):
        found = await incidents.duplicates(
            viewer=district.viewer(username),
            category_id=district.categories["LAMP"].id,
            point=here,
            now=NOW + timedelta(minutes=1),
        )
        assert [it.incident.id for it in found] == [same.incident.id, near.incident.id]
        assert [it.visible for it in found] == seen
        assert [round(it.distance_m) for it in found] == [0, 47]
    alone = await incidents.duplicates(
        viewer=district.viewer("director"),
        category_id=district.categories["CITY"].id,
        point=here,
        now=NOW,
        exclude=same.incident.id,
    )
    assert same.incident.id not in [it.incident.id for it in alone]


async def test_no_more_than_five_duplicates_are_named() -> None:
    district = await a_district()
    for _ in range(6):
        case = await a_case(district)
    spot = case.incident.spot
    assert spot
    found = await incidents.duplicates(
        viewer=district.viewer("director"),
        category_id=case.incident.category_id,
        point=Point(spot.lng, spot.lat, Crs.WGS84),
        now=NOW,
    )
    assert len(found) == 5


async def test_the_board_counts_what_its_viewer_may_see() -> None:
    district = await a_district()
    await a_case(district, at=NOW - timedelta(days=1), supervision_level=SupervisionLevel.URGE)
    await a_case(district, IncidentState.CLOSED, at=NOW - timedelta(days=3), closed_at=NOW)
    late = await a_case(district, IncidentState.HANDLING)
    await a_case(district, IncidentState.DISPATCHED, org="CIVIL")
    row = replace(late.assignments[0], light=Light.RED)
    after = replace(late, incident=replace(late.incident, light=Light.RED))
    await in_transaction(
        lambda work: cases.save(work, late, replace(after, assignments=put(late.assignments, row)))
    )
    wall = await board.counts(viewer=district.viewer("director"), now=NOW)
    assert (wall.open, wall.yellow, wall.red, wall.supervised) == (3, 0, 1, 1)
    assert (wall.reported_today, wall.closed_today) == (2, 1)
    assert dict(wall.by_state) == dict.fromkeys(
        (
            IncidentState.REPORTED,
            IncidentState.CLOSED,
            IncidentState.HANDLING,
            IncidentState.DISPATCHED,
        ),
        1,
    )
    housing, civil = district.orgs["HOUSING"].id, district.orgs["CIVIL"].id
    assert set(wall.by_org) == {OrgCount(housing, 1, 1), OrgCount(civil, 1, 0)}
    own = await board.counts(viewer=district.viewer("civil"), now=NOW)
    assert (own.open, own.red, own.by_org) == (1, 0, (OrgCount(civil, 1, 0),))
    empty = await board.counts(viewer=district.viewer("sysadmin"), now=NOW)
    assert (empty.open, empty.yellow, empty.reported_today, empty.by_state, empty.by_org) == (0, 0, 0, (), ())
