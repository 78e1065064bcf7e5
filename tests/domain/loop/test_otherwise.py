"""The other ways out of a case, and back (domain.md B.3 T5, T6, T36, T40, B.5, B.6 C, E)."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentState
from domain.case import Case
from domain.clock import ClockType as C
from domain.complainant import Complainant
from domain.errors import DomainError, ErrorCode
from domain.followup import FollowUpLayer
from domain.incident import CaseOutcome, IncidentState, NoteKind, RejectReason
from domain.loop.request import EndingKind, Request, RequestKind, RequestState, TransferTarget
from domain.rules import incident
from domain.rules.loop import otherwise, withdrawal
from domain.verification import TaskState
from domain.viewer import Viewer
from tests.domain.loop.play.steps_intake import (
    a_proposal,
    decided,
    in_state,
    own_find,
    proposed,
    self_handled,
    sent_to_verify,
    shared,
    withdrawing,
)
from tests.domain.stage import (
    ACCEPTOR,
    CALLBACK,
    DIRECTOR,
    DISPATCHER,
    NOW,
    RESIDENT,
    SHIFT,
    Story,
    a_complainant,
    act,
    new_id,
    person,
    story_at,
)

K = EndingKind
S = IncidentState


def refused(attempt: Callable[[], object]) -> tuple[ErrorCode, str | None, str | None]:
    with pytest.raises(DomainError) as caught:
        attempt()
    return caught.value.code, caught.value.field, caught.value.rule


def replies(case: Case) -> list[str]:
    return [note.text for note in case.notes if note.kind is NoteKind.REPLY]


def nothing_lives_on(case: Case) -> bool:
    rows = any(row.state.live for row in case.assignments)
    clocks = any(clock.running for clock in case.clocks if clock.type is not C.ARCHIVE)
    tasks = TaskState.PENDING in {
        *(it.state for it in case.verifications),
        *(it.state for it in case.followups),
    }
    return not (rows or clocks or tasks or any(it.pending for it in case.requests))


def test_trap_10_every_complainant_is_told_that_the_case_is_not_taken() -> None:
    case = shared(story_at(0).case, 2)
    outcome = incident.reject(act(ACCEPTOR), case, RejectReason.OUTSIDE_DUTY, "不属受理范围")
    assert replies(outcome.case) == ["不属受理范围"] * 3
    assert outcome.events[0].data["complainants"] == [str(it.id) for it in case.complainants]
    assert (outcome.case.incident.ended_at, outcome.case.incident.reply_text) == (NOW, "不属受理范围")
    assert nothing_lives_on(outcome.case)


def test_trap_10_every_complainant_is_told_where_the_case_went() -> None:
    case = shared(story_at(0).case, 1)
    outcome = otherwise.transfer(act(ACCEPTOR), case, TransferTarget.PETITION, None, "请到信访局")
    after = outcome.case.incident
    assert (after.state, after.transfer_target, after.transfer_receiver) == (S.TRANSFERRED, "PETITION", None)
    assert len(replies(outcome.case)) == 2
    assert outcome.events[0].data["target"] == "PETITION"
    assert nothing_lives_on(outcome.case)


@pytest.mark.parametrize("target", sorted(otherwise.EMERGENCIES))
def test_an_emergency_is_handed_to_somebody_who_is_named(target: TransferTarget) -> None:
    story = story_at(0)
    doing = story.by(ACCEPTOR, A.transferIncident)
    refusal = (ErrorCode.GUARD_FAILED, "receiver", "T6")
    assert refused(lambda: otherwise.transfer(doing, story.case, target, " ", "已转"))[1] == "receiver"
    assert refused(lambda: otherwise.transfer(doing, story.case, target, None, "已转")) == refusal
    proposal = a_proposal(K.TRANSFER, transfer_target=target)
    filed = story_at(1)
    ask = filed.by(DISPATCHER, A.proposeEnding)
    assert refused(lambda: otherwise.propose(ask, filed.case, proposal)) == refusal
    taken = otherwise.transfer(doing, story.case, target, "接警员 7 号", "已转").case.incident
    assert taken.transfer_receiver == "接警员 7 号"


def transferred() -> Story:
    story = story_at(0)
    doing = story.by(ACCEPTOR, A.transferIncident)
    return story.take(otherwise.transfer(doing, story.case, TransferTarget.COURT, "立案庭", "请到法院"))


def reinstated(story: Story, *, receiver_refused: bool = False) -> Case:
    doing = story.by(SHIFT, A.reinstateIncident)
    return otherwise.reinstate(doing, story.case, "诉求人申诉", receiver_refused=receiver_refused).case


def test_five_working_days_are_given_to_take_a_case_back() -> None:
    last = transferred().later(days=7, hours=7)  # Thursday to the fifth working day after, 17:00
    back = reinstated(last)
    (clock,) = [it for it in back.clocks if it.running]
    assert clock.type is C.INTAKE
    assert (back.incident.state, back.incident.ended_at, back.incident.transfer_target) == (
        S.REPORTED,
        None,
        None,
    )
    assert (clock.start_at, clock.limit) == (last.now, 120)
    assert [note.kind for note in back.notes] == [NoteKind.REPLY, NoteKind.NOTE]
    late = last.later(minutes=1)
    assert refused(lambda: reinstated(late)) == (ErrorCode.GUARD_FAILED, None, "T5b")
    assert reinstated(late, receiver_refused=True).incident.state is S.REPORTED


def test_a_rejected_case_has_no_receiver_who_refuses() -> None:
    story = story_at(0)
    story.take(
        incident.reject(story.by(ACCEPTOR, A.rejectIncident), story.case, RejectReason.UNLAWFUL, "答复")
    )
    assert reinstated(story).incident.reject_reason is None
    late = story.later(days=9)
    assert refused(lambda: reinstated(late, receiver_refused=True)) == (ErrorCode.GUARD_FAILED, None, "T5b")


def test_what_is_sealed_stays_ended() -> None:
    story = transferred().later(days=31)
    sealed = replace(story.case, incident=replace(story.case.incident, archived_at=story.now))
    doing = act(SHIFT, at=story.now)
    refusal = refused(lambda: otherwise.reinstate(doing, sealed, "理由", receiver_refused=True))
    assert refusal == (ErrorCode.GUARD_FAILED, None, "T5b")


OPEN = [state for state in S if state.open]
FITS = {
    K.REJECT: (DISPATCHER, [S.FILED, S.ARBITRATING], "T5"),
    K.TRANSFER: (DISPATCHER, [S.FILED, S.ARBITRATING], "T6"),
    K.VERIFY: (DISPATCHER, [S.FILED], "T8"),
    K.VOID: (ACCEPTOR, OPEN, "T36"),
    K.UNREASONABLE: (CALLBACK, [S.FOLLOWUP], "T33"),
}


@pytest.mark.parametrize("state", OPEN)
@pytest.mark.parametrize("kind", FITS)
def test_an_ending_is_proposed_where_it_fits_and_nowhere_else(kind: EndingKind, state: IncidentState) -> None:
    viewer, states, row = FITS[kind]
    case = in_state(story_at(1).case, state)
    if state in states:
        after = otherwise.propose(act(viewer), case, a_proposal(kind))
        assert [it.reason for it in after.case.waiting(RequestKind.ENDING)] == [kind.value]
        assert after.events[0].row == row
    else:
        refusal = refused(lambda: otherwise.propose(act(viewer), case, a_proposal(kind)))
        assert refusal == (ErrorCode.ILLEGAL_TRANSITION, None, row)


@pytest.mark.parametrize(
    ("kind", "viewer"),
    [(K.REJECT, ACCEPTOR), (K.TRANSFER, SHIFT), (K.VERIFY, CALLBACK), (K.UNREASONABLE, DISPATCHER)],
)
def test_each_ending_has_its_proposers(kind: EndingKind, viewer: Viewer) -> None:
    case = in_state(story_at(1).case, S.FOLLOWUP)
    refusal = refused(lambda: otherwise.propose(act(viewer), case, a_proposal(kind)))
    assert refusal == (ErrorCode.FORBIDDEN, "kind", FITS[kind][2])


@pytest.mark.parametrize(
    ("kind", "missing", "field"),
    [
        (K.REJECT, "reject_reason", "rejectReason"),
        (K.REJECT, "reply_text", "replyText"),
        (K.TRANSFER, "transfer_target", "transferTarget"),
        (K.TRANSFER, "reply_text", "replyText"),
        (K.VOID, "void_reason", "voidReason"),
        (K.VOID, "reply_text", "replyText"),
    ],
)
def test_a_proposal_says_what_its_kind_needs(kind: EndingKind, missing: str, field: str) -> None:
    story = story_at(1)
    proposal = a_proposal(kind, **{missing: None})
    refusal = refused(lambda: otherwise.propose(act(DISPATCHER), story.case, proposal))
    assert refusal == (ErrorCode.GUARD_FAILED, field, FITS[kind][2])


def test_nobody_has_to_be_told_of_a_voided_report_that_nobody_asked_for() -> None:
    story = Story()
    proposal = a_proposal(K.VOID, reply_text=None)
    story.take(otherwise.propose(story.by(ACCEPTOR, A.proposeEnding), story.case, proposal))
    assert replies(decided(story).case) == []


def test_two_people_end_a_case_and_one_proposal_waits_at_a_time() -> None:
    both = person(*(viewer.posts[0].type for viewer in (DISPATCHER, SHIFT, CALLBACK)))
    story = proposed(story_at(1), K.REJECT, both)
    assert refused(lambda: story.by(both, A.decideEnding)) == (ErrorCode.FORBIDDEN, None, "B.5")
    assert refused(lambda: story.by(CALLBACK, A.decideEnding)) == (ErrorCode.FORBIDDEN, None, "B.5")
    assert refused(lambda: story.by(DISPATCHER, A.proposeEnding))[0] is ErrorCode.ILLEGAL_TRANSITION
    assert refused(lambda: story.by(ACCEPTOR, A.withdrawIncident))[0] is ErrorCode.ILLEGAL_TRANSITION
    assert refused(lambda: story.by(SHIFT, A.voidIncident)) == (ErrorCode.GUARD_FAILED, None, "T36")
    assert refused(lambda: story_at(1).by(SHIFT, A.decideEnding))[0] is ErrorCode.ILLEGAL_TRANSITION


def test_what_is_refused_changes_nothing_but_the_proposal() -> None:
    story = proposed(story_at(1), K.TRANSFER)
    before = story.case
    after = decided(story, accept=False).case
    assert after.requests[0].state is RequestState.REJECTED
    assert (after.incident.state, after.clocks, after.notes) == (S.FILED, before.clocks, before.notes)
    assert after.incident.version == before.incident.version + 1
    assert proposed(story, K.TRANSFER).case.waiting(RequestKind.ENDING)


def test_what_was_proposed_is_carried_out_as_proposed() -> None:
    case = decided(proposed(story_at(1), K.REJECT)).case
    assert (case.incident.state, case.incident.reject_reason) == (S.REJECTED, RejectReason.OUTSIDE_DUTY)
    assert replies(case) == ["答复"]
    proposal = a_proposal(K.TRANSFER, transfer_target=TransferTarget.FIRE_119, receiver="接警员")
    story = story_at(1)
    story.take(otherwise.propose(story.by(DISPATCHER, A.proposeEnding), story.case, proposal))
    gone = decided(story).case.incident
    assert (gone.state, gone.transfer_target, gone.transfer_receiver) == (S.TRANSFERRED, "FIRE_119", "接警员")
    assert nothing_lives_on(story.case)


def test_a_proposal_that_no_longer_fits_can_only_be_refused() -> None:
    story = proposed(story_at(1), K.REJECT).dispatched()
    assert refused(lambda: decided(story)) == (ErrorCode.ILLEGAL_TRANSITION, None, "T5")
    assert decided(story, accept=False).case.requests[0].state is RequestState.REJECTED


def pending(kind: RequestKind, incident_id: UUID) -> Request:
    return Request(
        id=new_id(), incident_id=incident_id, kind=kind, asked_by_id=DIRECTOR.person_id, asked_at=NOW
    )


def test_rejecting_from_arbitration_closes_it_without_a_ruling() -> None:
    story = story_at(2)
    ruling = pending(RequestKind.ARBITRATION, story.case.incident.id)
    case = in_state(replace(story.case, requests=(ruling,)), S.ARBITRATING)
    asked = otherwise.propose(act(DISPATCHER), case, a_proposal(K.REJECT)).case
    ended = otherwise.decide(act(SHIFT), asked, "同意", accept=True).case
    assert [it.state for it in ended.requests] == [RequestState.LAPSED, RequestState.APPROVED]
    assert ended.incident.state is S.REJECTED
    assert ended.assignments[0].state is AssignmentState.CANCELLED


def test_an_open_claim_is_refused_when_the_case_is_verified_first() -> None:
    story = story_at(1)
    claim = pending(RequestKind.CLAIM, story.case.incident.id)
    asked = otherwise.propose(act(DISPATCHER), replace(story.case, requests=(claim,)), a_proposal(K.VERIFY))
    ended = otherwise.decide(act(SHIFT), asked.case, "同意", accept=True).case
    assert [it.state for it in ended.requests] == [RequestState.REJECTED, RequestState.APPROVED]


@pytest.mark.parametrize("stages", range(8))
def test_trap_10_a_case_is_voided_from_every_state_and_everybody_is_told(stages: int) -> None:
    story = story_at(stages)
    story.take(replace(story.outcome, case=shared(story.case, 1)))
    story = proposed(story, K.VOID, ACCEPTOR)
    done = otherwise.decide(story.by(SHIFT, A.voidIncident), story.case, "属误报", accept=True)
    after = done.case.incident
    assert (after.state, after.outcome, after.void_reason) == (S.VOIDED, CaseOutcome.VOID, "MISTAKEN")
    assert replies(done.case)[-2:] == ["答复", "答复"]
    assert nothing_lives_on(done.case)
    assert done.events[0].row == "T36"


@pytest.mark.parametrize("story", [sent_to_verify(Story()), self_handled(own_find())])
def test_what_waits_before_filing_is_voided_too(story: Story) -> None:
    assert nothing_lives_on(decided(proposed(story, K.VOID, ACCEPTOR)).case)


def test_whoever_proposed_to_void_does_not_approve_it() -> None:
    story = proposed(story_at(3), K.VOID, SHIFT)
    assert refused(lambda: story.by(SHIFT, A.voidIncident)) == (ErrorCode.FORBIDDEN, None, "T36")
    assert refused(lambda: story_at(3).by(SHIFT, A.voidIncident)) == (ErrorCode.GUARD_FAILED, None, "T36")


LATE = {5: AssignmentState.DONE, 6: AssignmentState.DONE, 7: AssignmentState.DONE}


@pytest.mark.parametrize("stages", range(8))
def test_a_case_ends_with_its_last_complainant_once_a_call_has_confirmed_it(stages: int) -> None:
    story = withdrawing(story_at(stages))
    state = story.case.incident.state
    assert story.case.complainants
    assert decided(withdrawing(story_at(stages)), accept=False).case.incident.state is state
    case = decided(story).case
    after = case.incident
    assert (after.state, after.outcome, after.closed_at) == (S.CLOSED, CaseOutcome.WITHDRAWN, story.now)
    assert (after.on_time, after.ended_at) == (True, None)
    assert {row.state for row in case.assignments} <= {LATE.get(stages, AssignmentState.CANCELLED)}
    assert replies(case) == ["已定"]
    assert nothing_lives_on(case)


def test_a_breach_stays_when_the_complainant_withdraws() -> None:
    story = withdrawing(story_at(3).later(days=30))
    assert decided(story).case.incident.on_time is False


def test_one_of_several_complainants_leaves_and_the_case_goes_on() -> None:
    story = story_at(7)
    story.take(replace(story.outcome, case=shared(story.case, 1)))
    own, other = story.case.complainants
    decided(withdrawing(story, 0))
    assert (story.case.incident.state, story.case.complainants) == (S.FOLLOWUP, (other,))
    assert story.case.complainant == replace(own, withdrawn_at=story.now)
    command = [it for it in story.case.followups if it.layer is FollowUpLayer.COMMAND]
    assert [it.state for it in command] == [TaskState.CANCELLED]
    assert replies(story.case) == ["已定"]
    assert story.outcome.events[0].data["complainants"] == [str(own.id)]
    decided(withdrawing(story, 0))
    assert story.case.incident.state is S.CLOSED
    assert len(replies(story.case)) == 2


def one_of(*who: Complainant) -> Case:
    story = Story(complainant=who[0])
    return replace(story.case, others=who[1:])


def test_who_withdraws_is_named_or_clear() -> None:
    mine = replace(a_complainant(), person_id=RESIDENT.person_id)
    other = a_complainant()
    case = one_of(other, mine)
    refusal = (ErrorCode.GUARD_FAILED, "complainantId", "T40")
    assert refused(lambda: withdrawal.withdraw(act(ACCEPTOR), case, "撤回")) == refusal
    for viewer, given in ((RESIDENT, None), (RESIDENT, mine.id), (ACCEPTOR, mine.id)):
        asked = withdrawal.withdraw(act(viewer), case, "撤回", given).case.requests[0]
        assert asked.target_id == mine.id
    refusal = (ErrorCode.FORBIDDEN, "complainantId", "T40")
    assert refused(lambda: withdrawal.withdraw(act(RESIDENT), case, "撤回", other.id)) == refusal
    refusal = (ErrorCode.NOT_FOUND, "complainantId", "T40")
    assert refused(lambda: withdrawal.withdraw(act(ACCEPTOR), case, "撤回", new_id())) == refusal
    alone = withdrawal.withdraw(act(ACCEPTOR), one_of(other), "撤回").case
    assert alone.requests[0].target_id == other.id


def test_nobody_withdraws_what_nobody_asked_for_or_what_is_not_theirs() -> None:
    assert refused(lambda: Story().by(ACCEPTOR, A.withdrawIncident)) == (ErrorCode.GUARD_FAILED, None, "T40")
    asked = story_at(0)
    assert refused(lambda: asked.by(RESIDENT, A.withdrawIncident)) == (ErrorCode.FORBIDDEN, None, "T40")


def test_a_withdrawal_of_somebody_no_longer_linked_cannot_be_confirmed() -> None:
    story = story_at(1)
    story.take(replace(story.outcome, case=shared(story.case, 1)))
    withdrawing(story, 1)
    story.take(replace(story.outcome, case=replace(story.case, others=())))  # unmerged meanwhile
    assert refused(lambda: decided(story)) == (ErrorCode.GUARD_FAILED, None, "T40")


def test_the_log_holds_no_words() -> None:
    story = proposed(story_at(1), K.REJECT)
    events = [*story.outcome.events, *decided(story).outcome.events]
    said = {"理由", "答复", "已定"}
    assert not any(said & {str(value) for value in event.data.values()} for event in events)
    assert [event.subject.noun for event in events] == ["Incident", "Incident"]
    assert events[1].data["accepted"] is True
