"""What hangs on a case of the closed loop: requests come back with it, points are booked once, pauses are kept."""

from dataclasses import replace
from functools import partial

import pytest

from db import cases
from db.connection import fetch
from db.unit_of_work import Work, in_transaction
from domain.assignment import AssignmentMode
from domain.case import Case
from domain.life.derivation import derive
from domain.loop.pause import Pause
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.score import ScoreType, entry
from services.command import SYSTEM
from tests.db.factories import NOW, new_id
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")


async def stored(before: Case, after: Case) -> Case:
    async def body(work: Work) -> None:
        await cases.save(work, before, after)

    await in_transaction(body)
    return await in_transaction(partial(cases.load, incident_id=before.incident.id, viewer=SYSTEM))


def asking(case: Case, desk: Desk) -> Request:
    housing, civil = desk.district.orgs["HOUSING"].id, desk.district.orgs["CIVIL"].id
    return Request(
        id=new_id(),
        incident_id=case.incident.id,
        assignment_id=case.assignments[0].id,
        kind=RequestKind.ARBITRATION,
        org_id=housing,
        asked_by_id=desk.district.people["dispatcher"].id,
        asked_at=NOW,
        text="职责不清",
        participants=(str(housing), str(civil)),
    )


async def test_a_request_comes_back_with_its_case_as_it_was_decided() -> None:
    desk = await (await a_desk()).walk(4)
    case = await desk.case()
    asked = derive(replace(case, requests=(asking(case, desk),)))
    waiting = await stored(case, asked)
    assert waiting.requests == asked.requests
    assert (waiting.incident.request_count, waiting.incident.state.value) == (1, "ARBITRATING")
    ruling = replace(
        waiting.requests[0],
        state=RequestState.APPROVED,
        decided_at=NOW,
        leads=waiting.requests[0].participants,
        mode=AssignmentMode.EQUAL_JOINT,
    )
    ruled = await stored(waiting, derive(replace(waiting, requests=(ruling,))))
    assert ruled.requests == (ruling,)
    assert ruled.incident.state.value == "HANDLING"


async def test_points_are_booked_once_whoever_comes_twice() -> None:
    desk = await (await a_desk()).walk(4)
    case = await desk.case()
    row = case.assignments[0]
    late = [
        entry(new_id(), case.incident.id, row.org_id, ScoreType.LATE_SIGN, NOW, row="T14", round_number=1)
        for _ in range(3)
    ]
    await stored(case, replace(case, scores=tuple(late[:2])))
    await stored(case, replace(case, scores=tuple(late[2:])))
    (booked,) = await fetch("SELECT type, amount FROM score_entry")
    assert (booked["type"], booked["amount"]) == ("LATE_SIGN", -1)


async def test_a_pause_is_kept_beside_its_clock() -> None:
    desk = await (await a_desk()).walk(4)
    case = await desk.case()
    clock = case.clocks[-1]
    note = Pause(id=new_id(), clock_id=clock.id, from_at=NOW, to_at=NOW, row="T24")
    after = await stored(case, replace(case, pauses=(note,)))
    assert len(await fetch("SELECT id FROM clock_pause")) == 1
    assert after.pauses == ()


async def test_the_complainants_of_merged_cases_are_loaded_with_their_master() -> None:
    desk = await (await a_desk()).walk(1)
    child = await desk.case()
    await desk.report()
    master = await desk.case()
    merged = replace(child, incident=replace(child.incident, master_id=master.incident.id))
    await stored(child, merged)
    counted = await stored(master, replace(master, incident=replace(master.incident, merged_count=1)))
    assert counted.others == (child.complainant,)
    assert counted.complainants == (counted.complainant, child.complainant)
