"""One matter reported twice, and a matter that comes back (T7, T7u, T34, R03, R05)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.action import ActionName as A
from domain.assignment import AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUpLayer
from domain.incident import CaseOutcome, IncidentState, NoteKind, Urgency
from domain.life.derivation import derive
from domain.life.outcome import Outcome
from domain.life.transition import require
from domain.loop.request import Request, RequestKind, RequestState
from domain.rules import followup
from domain.rules.clock import paused, start, with_clocks
from domain.rules.loop import joint, merging, reopening
from domain.rules.loop.merging import Merge
from domain.rules.step import due_steps
from domain.verification import TaskState, Verification, VerificationPhase
from tests.domain.loop.play.steps_review import HAPPY, asked, failed, handed_in
from tests.domain.stage import (
    ACCEPTOR,
    CALLBACK,
    CIVIL,
    DIRECTOR,
    DISPATCHER,
    HOUSING,
    LEAD,
    NOW,
    SHIFT,
    SPOT,
    Story,
    a_category,
    a_complainant,
    a_picture,
    act,
    new_id,
    story_at,
)

GUARD = ErrorCode.GUARD_FAILED
LAMP = a_category()
S = IncidentState


def refused(
    code: ErrorCode, field: str | None = None, rule: str | None = None
) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(
        DomainError, check=lambda e: (e.code, e.field) == (code, field) and rule in {None, e.rule}
    )


def told(stages: int = 0, **changes: Any) -> Case:
    """A report of the one dead lamp, after so many steps."""
    return story_at(stages, category=LAMP, **changes).case


def merged(child: Case, master: Case, at: datetime = NOW, moved: tuple[Case, ...] = ()) -> Merge:
    return merging.merge(act(ACCEPTOR, A.mergeIncident, at), child, master, moved)


def unmerged(made: Merge, at: datetime = NOW) -> Merge:
    child, master = made.child.case, made.master.case
    return merging.unmerge(act(SHIFT, A.unmergeIncident, at), child, master, "不是同一盏灯")


def plain(case: Case) -> Case:
    """A case without what any two moments differ in: versions, notes of why, points."""
    rows = tuple(replace(row, version=0) for row in case.assignments)
    incident = replace(case.incident, version=0)
    return replace(case, incident=incident, assignments=rows, notes=(), scores=())


def verifying() -> Case:
    """A case in VERIFYING, its INTAKE clock standing still."""
    case = told()
    doing = act(ACCEPTOR)
    task = Verification(
        id=new_id(),
        incident_id=case.incident.id,
        round=1,
        state=TaskState.PENDING,
        org_id=None,
        inspector_id=None,
        not_by=None,
        result=None,
        distance_m=None,
        note=None,
        due_at=NOW,
        created_at=NOW,
        recorded_at=None,
        phase=VerificationPhase.INTAKE,
    )
    case = paused(case, NOW + timedelta(minutes=5), (ClockType.INTAKE,))
    incident = replace(case.incident, state=S.VERIFYING)
    case = replace(case, incident=incident, verifications=(task,))
    return derive(with_clocks(case, start(doing, incident, ClockType.VERIFY)))


def test_a_merged_case_ends_and_its_master_answers_for_it() -> None:
    child, master = told(1), told(2)
    made = merged(child, master)
    ended, kept = made.child.case, made.master.case
    assert (ended.incident.state, ended.incident.merged_from) == (S.MERGED, S.FILED)
    assert (ended.incident.master_id, ended.incident.outcome) == (master.incident.id, CaseOutcome.DUPLICATE)
    assert not [it for it in ended.clocks if it.running]
    assert kept.complainants == (master.complainant, child.complainant)
    assert kept.incident.version == master.incident.version + 1
    assert ended.incident.version == child.incident.version + 1
    assert [it.subject.id for it in (*made.child.events, *made.master.events)] == [
        child.incident.id,
        master.incident.id,
    ]


def test_trap_15_one_case_may_be_several_reports() -> None:
    joined = merging.join(act(ACCEPTOR), told()).case
    assert joined.incident.report_count == 2
    third = merged(joined, told()).master.case
    assert (third.incident.report_count, third.incident.merged_count) == (3, 1)
    fourth = merged(told(), third).master.case
    assert (fourth.incident.report_count, fourth.incident.merged_count) == (4, 2)
    cases = [merged(joined, told()).child.case, third]
    assert sum(it.incident.state is not S.MERGED for it in cases) == 1  # 件


def test_trap_10_the_second_complainant_is_asked_even_when_merged_late() -> None:
    master = told(7)
    child = told()
    made = merged(child, master).master
    waiting = [it for it in made.case.followups if it.state is TaskState.PENDING]
    assert child.complainant is not None
    assert [(it.layer, it.complainant_id) for it in waiting] == [
        (FollowUpLayer.COMMAND, None),
        (FollowUpLayer.COMMAND, child.complainant.id),
    ]


@pytest.mark.parametrize("stages", [0, 1])
def test_merging_and_undoing_it_is_as_if_nothing_had_been(stages: int) -> None:
    child, master = told(stages), told(2)
    made = unmerged(merged(child, master, NOW + timedelta(minutes=1)), NOW + timedelta(minutes=9))
    assert plain(made.child.case) == plain(child)
    assert plain(made.master.case) == plain(master)


def test_a_case_under_verification_is_so_again() -> None:
    child = verifying()
    at = NOW + timedelta(hours=1)
    made = unmerged(merged(child, told(2), at), at + timedelta(hours=1))
    assert plain(made.child.case) == plain(child)


def lived(case: Case, at: datetime) -> Case:
    """The case with everything that time alone has done by then."""
    for fired in due_steps(act(SHIFT, at=at), case):
        case = fired.outcome.case
    return case


def beginning(stage: str, urgency: Urgency) -> Case:
    """A case in REPORTED, VERIFYING or FILED."""
    case = verifying() if stage == "VERIFYING" else told(1 if stage == "FILED" else 0)
    return replace(case, incident=replace(case.incident, urgency=urgency))


def test_a_dispatch_withdrawn_in_the_moment_of_the_merge_stays_withdrawn() -> None:
    """T7u: what the merge stopped runs again; the rows had ended before it, at the same time by the clock."""
    story = story_at(2, category=LAMP)
    story.take(joint.withdraw(story.by(DISPATCHER, A.withdrawDispatch), story.case, "派错了"))
    back = unmerged(merged(story.case, told())).child.case
    assert back.incident.state is S.FILED
    running = [(it.type, it.assignment_id) for it in back.clocks if it.running]
    assert running == [(ClockType.DISPATCH, None)]


@settings(max_examples=300, deadline=None)
@given(
    stage=st.sampled_from(["REPORTED", "VERIFYING", "FILED"]),
    urgency=st.sampled_from(list(Urgency)),
    minutes=st.integers(10, 60 * 24 * 30),
    undone=st.integers(0, 60 * 24),
    after=st.integers(0, 60 * 24 * 20),
)
def test_a_case_lives_on_after_an_undone_merge_as_if_never_merged(
    stage: str, urgency: Urgency, minutes: int, undone: int, after: int
) -> None:
    at = NOW + timedelta(minutes=minutes)
    back_at = at + timedelta(minutes=undone)
    later = back_at + timedelta(minutes=after)
    before, master = lived(beginning(stage, urgency), at), told(2)
    made = unmerged(merged(before, master, at), back_at)
    assert plain(made.master.case) == plain(master)
    assert plain(made.child.case) == plain(before)
    there, never = lived(made.child.case, later), lived(before, later)
    assert there.clocks == never.clocks
    assert there.incident.light is never.incident.light


def test_a_claim_that_the_merge_refused_waits_again() -> None:
    child = told(1)
    claim = Request(
        id=new_id(),
        incident_id=child.incident.id,
        kind=RequestKind.CLAIM,
        org_id=HOUSING,
        asked_by_id=DIRECTOR.person_id,
        asked_at=NOW,
    )
    child = replace(child, requests=(claim,), incident=replace(child.incident, request_count=1))
    made = merged(child, told(2))
    assert made.child.case.requests[0].state is RequestState.REJECTED
    assert unmerged(made).child.case.requests == (claim,)


def test_a_dispatched_case_is_filed_again_with_a_new_clock() -> None:
    made = merged(told(3), told(2))
    assert made.child.case.assignments[0].state is AssignmentState.CANCELLED
    back = unmerged(made).child.case
    assert back.incident.state is S.FILED
    assert {it.type for it in back.clocks if it.running} == {ClockType.DISPATCH}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"state": S.MERGED}, "T7"),
        ({"state": S.REJECTED}, "T7"),
        ({"state": S.DRAFT}, "T7"),
        ({"state": S.CLOSED, "closed_at": NOW - timedelta(days=40)}, "R05"),
        ({"address": "别处", "spot": replace(SPOT, lng=123.44)}, "T7"),
        ({"address": None, "spot": None}, "T7"),
    ],
)
def test_not_every_case_can_be_a_master(change: dict[str, Any], rule: str) -> None:
    master = told(2)
    other = replace(master, incident=replace(master.incident, **change))
    with refused(GUARD, "masterId", rule):
        merged(told(), other)


def test_a_master_is_another_case_of_the_same_kind_at_the_same_place() -> None:
    child = told()
    with refused(GUARD, "masterId", "T7"):
        merged(child, child)
    with refused(GUARD, "masterId", "T7"):
        merged(child, replace(told(2), category=replace(a_category(), parent_id=new_id())))
    above = replace(LAMP, level=2)
    with refused(GUARD, "masterId", "T7"):
        merged(replace(child, category=above), told(2))
    master = told(2)
    there = replace(master.incident, address="安胜社区西门", spot=replace(SPOT, lng=123.4305))
    assert merged(child, replace(master, incident=there)).master.case.incident.merged_count == 1


def test_a_closed_master_is_reopened_by_the_merge() -> None:
    made = merged(told(), told(9)).master
    assert (made.case.incident.state, made.case.incident.round) == (S.HANDLING, 2)
    assert made.case.incident.reopened == 1
    assert [it.row for it in made.events if it.subject.noun == "Incident"] == ["T7", "T34"]


def test_what_was_merged_before_moves_to_the_new_master() -> None:
    first = merged(told(), told(1))
    grand, child = first.child.case, first.master.case
    made = merged(child, told(2), moved=(grand,))
    (moved,) = made.moved
    assert moved.case.incident.master_id == made.master.case.incident.id
    assert moved.case.incident.version == grand.incident.version + 1
    master, ended = made.master.case.incident, made.child.case.incident
    assert (master.report_count, master.merged_count) == (3, 2)
    assert (ended.report_count, ended.merged_count) == (1, 0)
    assert len(made.master.case.complainants) == 3
    left = unmerged(made).master.case
    assert (left.incident.report_count, left.incident.merged_count) == (2, 1)
    assert len(left.complainants) == 2


def test_after_dispatch_a_merge_is_asked_for_and_then_agreed_to() -> None:
    child, master = told(3), told(2)
    with refused(ErrorCode.FORBIDDEN, rule="T7"):
        require(ACCEPTOR, A.mergeIncident, child)
    require(SHIFT, A.mergeIncident, child)
    waiting = merging.ask_merge(act(SHIFT), child, master).case
    assert (waiting.incident.state, waiting.requests[0].target_id) == (S.HANDLING, master.incident.id)
    with refused(ErrorCode.ILLEGAL_TRANSITION):
        require(SHIFT, A.mergeIncident, waiting)
    ended = merging.merge(act(DIRECTOR), waiting, master).child.case
    assert ended.requests[0].state is RequestState.APPROVED
    assert ended.requests[0].decided_by_id == DIRECTOR.person_id


def test_a_merge_is_undone_within_a_day_while_nobody_was_answered() -> None:
    made = merged(told(), told(7))
    with refused(GUARD, rule="T7u"):
        unmerged(made, NOW + timedelta(hours=24, seconds=1))
    with refused(ErrorCode.BAD_INPUT, "reason"):
        merging.unmerge(act(SHIFT), made.child.case, made.master.case, " ")
    over = replace(made.master.case, incident=replace(made.master.case.incident, state=S.CLOSED))
    with refused(GUARD, rule="T7u"):
        merging.unmerge(act(SHIFT), made.child.case, over, "误并")
    left = unmerged(made, NOW + timedelta(hours=24)).master.case
    assert [it.state for it in left.followups] == [TaskState.PENDING, TaskState.CANCELLED]
    person = made.child.case.incident.complainant_id
    heard = followup.record(
        act(CALLBACK, A.recordFollowUp), made.master.case, FollowUpLayer.COMMAND, HAPPY, person
    )
    with refused(GUARD, rule="T7u"):
        unmerged(replace(made, master=heard))


def test_a_merge_is_not_undone_after_the_reply() -> None:
    made = merged(told(), told(2))
    note = asked(story_at(7), HAPPY).closed().case.notes[-1]
    assert note.kind is NoteKind.REPLY
    answered = replace(made.master.case, notes=(note,))
    with refused(GUARD, rule="T7u"):
        unmerged(replace(made, master=Outcome(answered, ())))
    silent = told(complainant=None)
    unmerged(replace(merged(silent, told(2)), master=Outcome(answered, ())))


def test_the_children_of_a_void_master_go_on_however_late() -> None:
    made = merged(told(1), told(2))
    back = merging.released(act(SHIFT, at=NOW + timedelta(days=30)), made.child.case)
    assert (back.case.incident.state, back.case.incident.master_id) == (S.FILED, None)
    assert back.events[0].row == "T7u"


def reopened(story: Story, **given: Any) -> Case:
    return reopening.reopen(story.by(ACCEPTOR, A.reopenIncident), story.case, "又不亮了", **given).case


def test_a_matter_that_comes_back_begins_a_new_round() -> None:
    story = story_at(9).later(days=10)
    picture = a_picture()
    case = reopened(story, media=(picture,))
    incident = case.incident
    assert (incident.state, incident.round, incident.reopened) == (S.HANDLING, 2, 1)
    assert (incident.closed_at, incident.on_time, incident.outcome) == (None, None, None)
    old, new = case.assignments
    assert (old.state, new.state, new.born_by) == (AssignmentState.DONE, AssignmentState.ACCEPTED, "T34")
    assert {it.type for it in case.clocks if it.running} == {ClockType.HANDLE}
    assert [(it.id, it.incident_id) for it in case.media] == [(picture.id, incident.id)]
    with refused(ErrorCode.RETURN_FORBIDDEN):
        require(LEAD, A.requestReturn, case, new)


def test_it_is_reopened_within_thirty_days_of_its_closing() -> None:
    reopened(story_at(9).later(days=29))
    with refused(GUARD, rule="T34"):
        reopened(story_at(9).later(days=34))
    with refused(ErrorCode.NOT_FOUND, "leads", "T34"):
        reopened(story_at(9), leads=(CIVIL,))
    with refused(ErrorCode.ILLEGAL_TRANSITION):
        reopened(story_at(8))


def test_the_last_done_row_of_each_unit_leads_again() -> None:
    story = handed_in(failed(story_at(6))).checked().asked().closed()
    case = reopened(story, leads=(HOUSING,))
    assert [(row.round, row.state) for row in case.assignments] == [
        (1, AssignmentState.REJECTED_RESULT),
        (2, AssignmentState.DONE),
        (3, AssignmentState.ACCEPTED),
    ]


def test_where_nobody_ever_finished_it_is_filed_again() -> None:
    story = story_at(9)
    rows = tuple(replace(row, state=AssignmentState.CANCELLED) for row in story.case.assignments)
    story.take(replace(story.outcome, case=replace(story.case, assignments=rows)))
    case = reopened(story)
    assert (case.incident.state, case.incident.round) == (S.FILED, 1)
    assert {it.type for it in case.clocks if it.running} == {ClockType.DISPATCH}


def test_a_reopened_case_closes_with_one_reply_more_for_each() -> None:
    story = story_at(9)
    story.take(reopening.reopen(story.by(ACCEPTOR, A.reopenIncident), story.case, "又不亮了"))
    handed_in(story).checked().asked().closed()
    assert [note.kind for note in story.case.notes].count(NoteKind.REPLY) == 2


def test_withdrawn_complainants_join_no_call() -> None:
    gone = replace(a_complainant(), withdrawn_at=NOW)
    made = merged(told(complainant=gone), told(7)).master.case
    assert len([it for it in made.followups if it.state is TaskState.PENDING]) == 1
