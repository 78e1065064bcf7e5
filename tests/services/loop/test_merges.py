"""Merging, undoing it and reopening over both stores, also at the same time (T7, T7u, T34, R03)."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from db import cases
from db.connection import fetch
from db.loop.merges import merged_into
from domain.assignment import AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.followup import Solved
from domain.incident import IncidentState
from domain.loop.request import EndingKind, VoidReason
from domain.verification import CheckResult, TaskState
from services import followups
from services.command import SYSTEM, Result
from services.loop import merges, otherwise
from tests.db.factories import new_id
from tests.services.desk import a_desk
from tests.services.loop.steps_review import at, decided, merged, reopened, reworked, told, unmerged

pytestmark = pytest.mark.usefixtures("store")
S = IncidentState


def refused(
    code: ErrorCode, field: str | None = None, rule: str | None = None
) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(
        DomainError, check=lambda e: (e.code, e.field) == (code, field) and rule in {None, e.rule}
    )


async def case_of(incident_id: UUID) -> Case:
    return (await cases.cases([incident_id], viewer=SYSTEM))[incident_id]


async def events_of(incident_id: UUID) -> list[tuple[str, int]]:
    """Subject and version of the last command's events on a case."""
    found = await fetch("SELECT * FROM event_log ORDER BY seq")
    mine = [it for it in found if UUID(str(it["incident_id"])) == incident_id]
    return [(str(it["subject_noun"]), it["subject_version"]) for it in mine]


async def test_a_second_report_is_merged_and_both_are_told_of() -> None:
    desk = await a_desk()
    master, child = await told(desk), await told(desk)
    result = await merged(desk, child, master)
    assert result.incident_id == child
    ended, kept = await case_of(child), await case_of(master)
    assert (ended.incident.state, ended.incident.master_id, ended.incident.version) == (S.MERGED, master, 2)
    assert (kept.incident.merged_count, kept.incident.report_count, kept.incident.version) == (1, 2, 2)
    assert [it.id for it in kept.others] == [ended.incident.complainant_id]
    assert await merged_into(master, viewer=SYSTEM) == (child,)


async def test_trap_10_every_reporter_of_one_matter_is_followed_up_before_it_closes() -> None:
    desk = await a_desk()
    master = await told(desk)
    await (at(desk, master)).file()
    child = await told(desk)
    await merged(desk, child, master)
    at(desk, master)
    for step in (desk.dispatch, desk.accept, desk.contact, desk.submit, desk.request_check, desk.check):
        await step()
    await desk.ask()
    with refused(ErrorCode.FOLLOWUP_REQUIRED, rule="T31"):
        await desk.close()
    other = (await desk.case()).others[0].id
    await desk.ask(complainant_id=other)
    await desk.close()
    case = await desk.case()
    assert [note.kind.value for note in case.notes] == ["REPLY", "REPLY"]
    assert [it.complainant_id for it in case.followups if it.layer.value == "COMMAND"] == [None, other]


async def test_merging_needs_two_visible_cases_and_the_version_that_was_seen() -> None:
    desk = await a_desk()
    child = await told(desk)
    with refused(ErrorCode.NOT_FOUND, "masterId"):
        await merged(desk, child, new_id())
    with refused(ErrorCode.NOT_FOUND, "id"):
        given = merges.MergeIncident(id=new_id(), expected_version=1, master_id=child)
        await merges.merge(desk.call("acceptor"), given)
    with refused(ErrorCode.CONFLICT, "expectedVersion"):
        stale = merges.MergeIncident(id=child, expected_version=9, master_id=child)
        await merges.merge(desk.call("acceptor"), stale)
    with refused(ErrorCode.GUARD_FAILED, "masterId", "T7"):
        await merged(desk, child, child)
    with refused(ErrorCode.FORBIDDEN):
        await merged(desk, child, child, "callback")


async def test_a_merge_that_is_sent_twice_happens_once() -> None:
    desk = await a_desk()
    master, child = await told(desk), await told(desk)
    given = merges.MergeIncident(id=child, expected_version=1, master_id=master)
    key = uuid4()
    first = await merges.merge(desk.call("acceptor", key), given)
    again = await merges.merge(desk.call("acceptor", key), given)
    assert (again.incident_id, again.made) == (first.incident_id, first.made)
    assert (await case_of(master)).incident.report_count == 2


async def test_a_merge_is_undone_as_if_nothing_had_been() -> None:
    desk = await a_desk()
    master, child = await told(desk), await told(desk)
    before = await case_of(child)
    await merged(desk, child, master)
    desk.later(hours=1)
    await unmerged(desk, child)
    after, left = await case_of(child), await case_of(master)
    assert after.clocks == before.clocks
    assert (after.incident.state, after.incident.master_id) == (S.REPORTED, None)
    assert (left.incident.merged_count, left.incident.report_count, left.others) == (0, 1, ())
    with refused(ErrorCode.ILLEGAL_TRANSITION, rule="T7u"):
        await unmerged(desk, child)


async def test_what_was_late_before_a_merge_is_late_after_it_is_undone() -> None:
    desk = await a_desk()
    master, child = await told(desk), await told(desk)
    desk.later(hours=5)
    await merged(desk, child, master)
    assert [it.breached for it in (await case_of(child)).clocks] == [True]
    desk.later(hours=20)
    await unmerged(desk, child)
    (clock,) = (await case_of(child)).clocks
    assert (clock.light.value, clock.stopped_at, clock.breached) == ("RED", None, True)
    fired = await fetch("SELECT step FROM clock_step ORDER BY at, step")
    desk.later(days=4)
    await merged(desk, child, master)
    steps = [it["step"] for it in await fetch("SELECT step FROM clock_step ORDER BY at, step")]
    assert len(steps) > len(fired)
    assert {"YELLOW", "RED", "I3"} <= set(steps)


async def test_what_hung_on_a_merged_case_hangs_on_its_master() -> None:
    desk = await a_desk()
    master, child, grand = await told(desk), await told(desk), await told(desk)
    await merged(desk, grand, child)
    await merged(desk, child, master)
    kept = await case_of(master)
    assert (kept.incident.merged_count, kept.incident.report_count, len(kept.others)) == (2, 3, 2)
    assert (await case_of(grand)).incident.master_id == master
    assert (await case_of(child)).incident.report_count == 1


async def test_after_dispatch_the_director_confirms_a_merge() -> None:
    desk = await a_desk()
    master = await told(desk)
    child = (await (await desk.walk(3)).case()).incident.id
    with refused(ErrorCode.FORBIDDEN, rule="T7"):
        await merged(desk, child, master)
    result = await merged(desk, child, master, "shift_leader")
    assert (await case_of(child)).incident.state is S.DISPATCHED
    assert len(result.made["request"]) == 1
    with refused(ErrorCode.FORBIDDEN, rule="B.5"):
        await decided(desk, accept=True, username="callback")
    await decided(desk, accept=True)
    ended = await case_of(child)
    assert (ended.incident.state, ended.assignments[0].state) == (S.MERGED, AssignmentState.CANCELLED)
    assert ended.requests[0].answer == "同意"
    assert (await case_of(master)).incident.merged_count == 1
    await unmerged(desk, child)
    back = await case_of(child)
    assert back.incident.state is S.FILED
    assert {it.type for it in back.clocks if it.running} == {ClockType.DISPATCH}


async def test_a_dispatched_master_takes_its_children_along() -> None:
    desk = await a_desk()
    master, grand = await told(desk), await told(desk)
    child = (await (await desk.walk(3)).case()).incident.id
    await merged(desk, grand, child)
    await merged(desk, child, master, "shift_leader")
    await decided(desk, accept=True)
    assert (await case_of(grand)).incident.master_id == master
    assert (await case_of(master)).incident.report_count == 3


async def test_a_merge_that_the_director_refuses_changes_nothing_else() -> None:
    desk = await a_desk()
    master = await told(desk)
    child = (await (await desk.walk(3)).case()).incident.id
    await merged(desk, child, master, "shift_leader")
    await decided(desk, accept=False)
    assert (await case_of(child)).incident.state is S.DISPATCHED
    assert (await case_of(master)).incident.merged_count == 0


async def test_the_children_of_a_void_case_go_on_by_themselves() -> None:
    desk = await a_desk()
    master, child = await told(desk), await told(desk)
    await merged(desk, child, master)
    at(desk, master)
    proposal = otherwise.ProposeEnding(
        **await desk.target(),
        kind=EndingKind.VOID,
        text="误报",
        void_reason=VoidReason.MISTAKEN,
        reply_text="经核实属误报",
    )
    await otherwise.propose(desk.call("acceptor"), proposal)
    desk.later(days=3)
    given = otherwise.VoidIncident(**await desk.target(), text="同意")
    await otherwise.void(desk.call("shift_leader"), given)
    assert (await case_of(master)).incident.merged_count == 0
    assert (await case_of(child)).incident.state is S.REPORTED


async def both(*acts: Coroutine[Any, Any, Result]) -> list[Result | BaseException]:
    return await asyncio.gather(*acts, return_exceptions=True)


async def test_two_who_merge_the_same_pair_both_ways_make_one_merge() -> None:
    desk = await a_desk()
    one, other = await told(desk), await told(desk)
    made = await both(
        *(
            merges.merge(desk.call("acceptor"), merges.MergeIncident(id=a, expected_version=1, master_id=b))
            for a, b in ((one, other), (other, one))
        )
    )
    faults = [it for it in made if isinstance(it, BaseException)]
    assert len(faults) == 1
    assert isinstance(faults[0], DomainError)
    assert faults[0].code in {ErrorCode.GUARD_FAILED, ErrorCode.CONFLICT}
    found = [await case_of(it) for it in (one, other)]
    assert sorted(it.incident.state.value for it in found) == ["MERGED", "REPORTED"]
    assert sorted(it.incident.merged_count for it in found) == [0, 1]


async def test_two_cases_merged_into_one_at_the_same_time_both_count() -> None:
    desk = await a_desk()
    master, one, other = await told(desk), await told(desk), await told(desk)
    made = await both(
        *(
            merges.merge(
                desk.call("acceptor"), merges.MergeIncident(id=it, expected_version=1, master_id=master)
            )
            for it in (one, other)
        )
    )
    assert not [it for it in made if isinstance(it, BaseException)]
    kept = await case_of(master)
    assert (kept.incident.merged_count, kept.incident.report_count, kept.incident.version) == (2, 3, 3)
    assert len(kept.others) == 2


async def test_me_too_counts_and_changes_nothing_else() -> None:
    desk = await a_desk()
    await told(desk)
    given = merges.JoinIncident(**await desk.target())
    await merges.join(desk.call("worker"), given)
    case = await desk.case()
    assert (case.incident.report_count, case.incident.version) == (2, 2)
    with refused(ErrorCode.FORBIDDEN):
        await merges.join(desk.call("callback"), merges.JoinIncident(**await desk.target()))


async def test_a_closed_case_is_reopened_and_closed_again_with_one_reply_more() -> None:
    desk = await (await a_desk()).walk(10)
    desk.later(days=5)
    with refused(ErrorCode.NOT_FOUND, "leads", "T34"):
        await reopened(desk, leads=(desk.district.orgs["CIVIL"].id,))
    result = await reopened(desk)
    case = await desk.case()
    assert (case.incident.state, case.incident.round, case.incident.reopened) == (S.HANDLING, 2, 1)
    assert result.made["assignments"] == (case.assignments[-1].id,)
    for step in (desk.submit, desk.request_check, desk.check, desk.ask, desk.close):
        await step()
    assert [note.kind.value for note in (await desk.case()).notes].count("REPLY") == 2
    desk.later(days=31)
    with pytest.raises(DomainError):
        await reopened(desk)


async def test_a_false_completion_is_booked_once_and_carded() -> None:
    desk = await (await a_desk()).walk(7)
    await desk.check(result=CheckResult.FAIL, note="未修", false_completion=True)
    scores = await fetch("SELECT type, amount FROM score_entry ORDER BY type")
    assert [(it["type"], it["amount"]) for it in scores] == [("FALSE_DONE", -5), ("RED_CARD", -6)]
    assert (await desk.case()).incident.supervision_level.value == "RED"


async def test_the_meeting_after_two_reworks_sends_back_or_ends() -> None:
    desk = await (await a_desk()).walk(7)
    for _ in range(2):
        await desk.check(result=CheckResult.FAIL, note="未修")
        await desk.submit()
        await desk.request_check()
    with refused(ErrorCode.GUARD_FAILED, rule="T30"):
        await desk.check(result=CheckResult.FAIL, note="未修")
    await desk.check()
    await desk.ask(solved=Solved.NO)
    with refused(ErrorCode.GUARD_FAILED, rule="T32"):
        await reworked(desk)
    await reworked(desk, "director", minutes="会商纪要")
    case = await desk.case()
    assert (case.incident.round, case.assignments[-1].born_by) == (4, "T32b")
    assert not [it for it in case.followups if it.state is TaskState.PENDING]
    for step in (desk.submit, desk.request_check):
        await step()
    given = followups.CloseIncident(**await desk.target(), partly=True, minutes="会商纪要二")
    await followups.close(desk.call("director"), given)
    closed = (await desk.case()).incident
    assert (closed.state, closed.outcome and closed.outcome.value) == (S.CLOSED, "PARTLY")


async def test_a_merge_tells_of_every_case_it_changed() -> None:
    desk = await a_desk()
    master, child = await told(desk), await told(desk)
    await merged(desk, child, master)
    assert (await events_of(child))[-1] == ("Incident", 2)
    assert (await events_of(master))[-1] == ("Incident", 2)
