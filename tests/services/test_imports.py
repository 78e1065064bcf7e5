"""Cases of an earlier system taken over (`importCase`)."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db import event_log
from db.connection import fetch
from domain.assignment import AssignmentState
from domain.clock import Light
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.incident import IncidentDomain, IncidentKind, IncidentState, Source
from services.command import SYSTEM, Call, new_id
from services.imports import ImportCase, import_case, import_cases
from services.sweep import drain
from tests.db.factories import NOW
from tests.services.desk import Desk, a_desk

SYSTEM_CALL = Call(SYSTEM, NOW, new_id)


def a_row(desk: Desk) -> ImportCase:
    return ImportCase(
        external_id="A-1",
        source=Source.PLATFORM,
        domain=IncidentDomain.LIVELIHOOD,
        kind=IncidentKind.HELP,
        category_id=desk.district.categories["NOISE"].id,
        title="噪音",
        region_id=desk.district.regions["C1"].id,
        org_id=desk.district.orgs["HOUSING"].id,
        reported_at=NOW - timedelta(days=20),
        closed=True,
        on_time=True,
    )


@pytest.mark.usefixtures("store")
async def test_a_closed_row_ends_closed_and_a_second_run_changes_nothing() -> None:
    desk = await a_desk()
    row = a_row(desk)
    first = await import_case(SYSTEM_CALL, row)
    assert first.incident_id is not None
    desk.id = first.incident_id
    case = await desk.case()
    assert case.incident.no == "GCL-I-20241004-000001"
    assert (case.incident.state, case.assignments[0].state) == (IncidentState.CLOSED, AssignmentState.DONE)
    assert (case.incident.on_time, case.incident.closed_at, case.clocks) == (True, None, ())
    head = await event_log.head()
    assert await import_case(SYSTEM_CALL, row) == first
    assert await event_log.head() == head


@pytest.mark.usefixtures("store")
async def test_an_open_row_has_its_past_steps_recorded_and_nobody_is_urged() -> None:
    desk = await a_desk()
    done = await import_case(SYSTEM_CALL, replace(a_row(desk), closed=False, on_time=None))
    assert done.incident_id is not None
    desk.id = done.incident_id
    case = await desk.case()
    assert (case.incident.light, case.supervisions, case.incident.escalation_step) == (Light.RED, (), 0)
    assert len(await fetch("SELECT id FROM clock_step")) == 7
    assert {it.event.kind for it in await event_log.of_incident(desk.id, 0, 50)} == {EventKind.CHANGED}
    assert await drain(NOW) == 0
    await desk.accept()
    assert (await desk.case()).incident.state is IncidentState.HANDLING


@pytest.mark.usefixtures("store")
async def test_a_refused_row_says_why_and_harms_no_other() -> None:
    desk = await a_desk()
    row = a_row(desk)
    rows = [
        row,
        replace(row, external_id="A-2", title=""),
        replace(row, external_id="A-3", category_id=new_id()),
        replace(row, external_id="A-4", org_id=new_id()),
        replace(row, external_id="A-5", region_id=new_id()),
        replace(row, external_id="A-6", reported_at=datetime(1900, 1, 1, tzinfo=UTC)),
        row,
        replace(row, external_id="A-7"),
    ]
    done = await import_cases(SYSTEM_CALL, rows)
    fields = [it.refusal.field if it.refusal else None for it in done]
    assert fields == [None, "title", "category", "org", "region", "reportedAt", None, None]
    assert [it.new for it in done] == [True, *[False] * 6, True]
    assert done[6].incident_id == done[0].incident_id
    numbers = [row["no"] for row in await fetch("SELECT no FROM incident ORDER BY no")]
    assert numbers == ["GCL-I-20241004-000001", "GCL-I-20241004-000002"]
    with pytest.raises(DomainError) as refusal:
        await import_case(SYSTEM_CALL, rows[1])
    assert refusal.value.field == "title"


@pytest.mark.usefixtures("sqlite_store")
async def test_nobody_but_the_platform_imports() -> None:
    desk = await a_desk()
    with pytest.raises(DomainError) as refusal:
        await import_cases(desk.call("sysadmin"), [a_row(desk)])
    assert refusal.value.code is ErrorCode.FORBIDDEN


@pytest.mark.usefixtures("sqlite_store")
async def test_fifty_cases_a_second_are_taken_over() -> None:
    desk = await a_desk()
    row = replace(a_row(desk), closed=False)
    rows = [replace(row, external_id=f"B-{number}") for number in range(100)]
    began = time.perf_counter()
    done = await import_cases(SYSTEM_CALL, rows)
    assert all(it.new for it in done)
    assert time.perf_counter() - began < 2
