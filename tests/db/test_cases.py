"""Whole cases come back as they went in; commands on one case follow each other."""

import asyncio
from dataclasses import replace
from datetime import date, timedelta

import pytest

from db import assignments, cases, complainants, incidents, media
from db.connection import fetch
from db.unit_of_work import Work, in_transaction
from domain.assignment import AssignmentState
from domain.case import Case, put
from domain.clock import stop
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState, Note
from domain.media import Media, MediaPurpose
from domain.supervision import Supervision, SupervisionLevel, SupervisionOrigin
from tests.db.factories import NOW, District, a_case, a_complainant, a_district, build_case, new_id

pytestmark = pytest.mark.usefixtures("store")


async def loaded(district: District, case: Case, by: str = "director") -> Case:
    return (await cases.cases([case.incident.id], viewer=district.viewer(by)))[case.incident.id]


def a_picture(district: District) -> Media:
    return Media(
        id=new_id(),
        content_type="image/jpeg",
        sha256="0" * 64,
        bytes=10,
        uploaded_by_id=district.people["volunteer"].id,
        uploaded_at=NOW,
    )


async def test_a_case_of_any_state_comes_back_as_it_was_stored() -> None:
    district = await a_district()
    for state in (
        IncidentState.REPORTED,
        IncidentState.DISPATCHED,
        IncidentState.CHECKING,
        IncidentState.FOLLOWUP,
        IncidentState.CLOSED,
    ):
        case = await a_case(district, state, complainant=a_complainant())
        assert await loaded(district, case) == case


async def test_a_case_without_place_and_complainant_comes_back_too() -> None:
    district = await a_district()
    case = await a_case(district, spot=None, grid_id=None, region_id=district.regions["D"].id, content=None)
    found = await loaded(district, case)
    assert found == case
    assert found.region_ids == (district.regions["D"].id,)


async def test_an_incident_that_was_shown_is_not_read_again() -> None:
    district = await a_district()
    first, second = [await a_case(district, IncidentState.HANDLING, no=no) for no in ("A", "B")]
    read = replace(first.incident, title="as it was shown")
    ids, viewer = [first.incident.id, second.incident.id], district.viewer("director")
    found = await cases.cases(ids, viewer=viewer, shown={read.id: read, new_id(): second.incident})
    assert found == {ids[0]: replace(first, incident=read), ids[1]: second}


async def test_saving_stores_what_changed_what_is_new_and_attaches_pictures() -> None:
    district = await a_district()
    before = await a_case(district, IncidentState.HANDLING, complainant=a_complainant())
    picture = a_picture(district)
    await in_transaction(lambda work: media.insert(work, picture))
    person = district.people["housing"].id
    after = replace(
        before,
        incident=replace(before.incident, title="井盖松动", version=2, spot=None),
        complainant=replace(before.complainant or a_complainant(), phone="13900001111"),
        assignments=put(before.assignments, replace(before.assignments[0], handler_id=person, version=2)),
        clocks=put(before.clocks, stop(before.clocks[0], NOW)),
        media=(replace(picture, incident_id=before.incident.id, purpose=MediaPurpose.AFTER),),
        notes=(Note(id=new_id(), incident_id=before.incident.id, author_id=person, text="已联系", at=NOW),),
        supervisions=(
            Supervision(
                id=new_id(),
                incident_id=before.incident.id,
                assignment_id=before.assignments[0].id,
                level=SupervisionLevel.URGE,
                origin=SupervisionOrigin.AUTO,
                trigger="SIGN.E2",
                text=None,
                issued_by_id=None,
                issued_at=NOW,
                reply_due_at=NOW + timedelta(hours=4),
                round=1,
            ),
        ),
    )
    await in_transaction(lambda work: cases.save(work, before, after))
    assert await loaded(district, before) == after


async def test_a_case_gets_its_first_complainant_later() -> None:
    district = await a_district()
    before = await a_case(district)
    known = a_complainant(phone=None)
    after = replace(before, incident=replace(before.incident, complainant_id=known.id), complainant=known)
    await in_transaction(lambda work: cases.save(work, before, after))
    assert await loaded(district, before) == after


async def test_saving_an_unchanged_case_touches_no_row(store: str) -> None:
    district = await a_district()
    case = await a_case(district, IncidentState.DISPATCHED)

    async def save(work: Work) -> int:
        first = work.connection.execute_query
        asked: list[str] = []

        async def counted(query: str, values: list[object] | None = None) -> object:
            asked.append(query)
            return await first(query, values)

        work.connection.execute_query = counted  # type: ignore[method-assign,assignment]  # counts statements
        await cases.save(work, case, case)
        return len(asked)

    assert store
    assert await in_transaction(save) == 0


async def test_a_picture_is_attached_to_one_case_alone() -> None:
    district = await a_district()
    first, second = await a_case(district), await a_case(district)
    picture = a_picture(district)
    await in_transaction(lambda work: media.insert(work, picture))

    async def attach(case: Case) -> None:
        row = replace(picture, incident_id=case.incident.id, purpose=MediaPurpose.REPORT)
        await in_transaction(lambda work: cases.save(work, case, replace(case, media=(row,))))

    await attach(first)
    with pytest.raises(DomainError) as refused:
        await attach(second)
    assert (refused.value.code, refused.value.field) == (ErrorCode.BAD_INPUT, "mediaIds")
    found = await media.of_incidents([first.incident.id], viewer=district.viewer("worker"))
    assert [it.id for it in found[first.incident.id]] == [picture.id]


async def test_an_upload_is_its_uploaders_until_it_belongs_to_a_case() -> None:
    district = await a_district()
    picture = a_picture(district)
    await in_transaction(lambda work: media.insert(work, picture))
    assert await media.get([picture.id], viewer=district.viewer("volunteer")) == {picture.id: picture}
    assert await media.get([picture.id], viewer=district.viewer("director")) == {}
    case = build_case(district, complained_org_id=district.orgs["HOUSING"].id, grid_id=None)
    attached = replace(picture, incident_id=case.incident.id, purpose=MediaPurpose.REPORT)
    await in_transaction(lambda work: cases.insert(work, replace(case, media=(attached,))))
    assert await media.get([picture.id], viewer=district.viewer("director")) == {picture.id: attached}
    assert await media.get([picture.id], viewer=district.viewer("housing")) == {}


async def test_loading_refuses_what_is_absent_or_invisible() -> None:
    district = await a_district()
    case = await a_case(district, IncidentState.DISPATCHED)
    row = case.assignments[0].id

    async def load(work: Work) -> None:
        assert await incidents.load(work, case.incident.id, viewer=district.viewer("housing")) == case
        assert await incidents.load_of_assignment(work, row, viewer=district.viewer("housing")) == case
        for attempt in (
            incidents.load(work, new_id(), viewer=district.viewer("director")),
            incidents.load(work, case.incident.id, viewer=district.viewer("civil")),
            incidents.load_of_assignment(work, row, viewer=district.viewer("civil")),
            incidents.load_of_assignment(work, new_id(), viewer=district.viewer("director")),
        ):
            with pytest.raises(DomainError) as refused:
                await attempt
            assert (refused.value.code, refused.value.field) == (ErrorCode.NOT_FOUND, "id")

    await in_transaction(load)


async def test_two_commands_on_one_case_follow_each_other() -> None:
    district = await a_district()
    case = await a_case(district)
    viewer = district.viewer("director")

    async def count_up(work: Work) -> None:
        found = await cases.load(work, case.incident.id, viewer=viewer)
        await asyncio.sleep(0.01)
        changed = replace(found.incident, report_count=found.incident.report_count + 1)
        await cases.save(work, found, replace(found, incident=changed))

    await asyncio.gather(*(in_transaction(count_up) for _ in range(4)))
    assert (await loaded(district, case)).incident.report_count == 5


async def test_numbers_of_a_day_have_no_gap_and_no_double() -> None:
    day = date(2024, 10, 24)

    async def number(work: Work) -> str:
        return await incidents.next_number(work, day)

    found = await asyncio.gather(*(in_transaction(number) for _ in range(5)))
    assert sorted(found) == [f"GCL-I-20241024-{n:06d}" for n in range(1, 6)]
    other = await in_transaction(lambda work: incidents.next_number(work, date(2024, 10, 25)))
    assert other == "GCL-I-20241025-000001"


async def test_names_and_phones_lie_sealed_in_the_store() -> None:
    district = await a_district()
    complainant = a_complainant()
    await a_case(district, complainant=complainant, complained_org_id=district.orgs["HOUSING"].id)
    (row,) = await fetch("SELECT * FROM complainant")
    assert "李四".encode() not in bytes(row["name_sealed"])
    assert b"13812345678" not in bytes(row["phone_sealed"]) + bytes(row["phone_index"])
    one = [complainant.id]
    assert await complainants.get(one, viewer=district.viewer("director")) == {complainant.id: complainant}
    assert await complainants.get(one, viewer=district.viewer("civil")) == {}
    housing = replace(district.viewer("director"), org_id=district.orgs["HOUSING"].id)
    assert await complainants.get(one, viewer=housing) == {}


async def test_a_unit_keeps_its_own_row_after_it_gave_the_case_up() -> None:
    district = await a_district()
    case = await a_case(district, IncidentState.DISPATCHED)
    row = replace(case.assignments[0], state=AssignmentState.CANCELLED)
    after = replace(case, assignments=(row,))
    await in_transaction(lambda work: cases.save(work, case, after))
    viewer = district.viewer("housing")
    assert await incidents.get([case.incident.id], viewer=viewer) == {}
    assert await assignments.get([row.id], viewer=viewer) == {row.id: row}
    assert await assignments.of_incidents([case.incident.id], viewer=viewer) == {case.incident.id: []}
    assert await assignments.get([row.id], viewer=district.viewer("civil")) == {}
