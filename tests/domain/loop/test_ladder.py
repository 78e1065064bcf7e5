"""The ladders: every step once, in its order, at its own moment, whenever the sweep comes by (B.4, B.6, T35)."""

import random
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import Clock, ClockStep, ClockType, Light
from domain.event import EventKind
from domain.incident import Incident, IncidentState, RejectReason, Urgency
from domain.life.derivation import derive
from domain.life.outcome import Outcome
from domain.loop.ladder import LADDER, OWED_BY, rise_of
from domain.loop.request import Request, RequestKind, RequestState
from domain.loop.score import ScoreType
from domain.rules import incident
from domain.rules.act import Act
from domain.rules.clock import paused, start, with_clocks
from domain.rules.ending import left_open
from domain.rules.loop import archive
from domain.rules.loop.breach import booked
from domain.rules.step import Fired, due_steps
from domain.rules.supervision import Grounds, cancel, raised, reply
from domain.supervision import Supervision, SupervisionLevel
from tests.domain.stage import (
    ACCEPTOR,
    CALENDAR,
    DIRECTOR,
    HOUSING,
    LEAD,
    NOW,
    SHIFT,
    SYSTEM,
    Story,
    act,
    new_id,
    story_at,
)

# NOW is Thursday 10:00. SIGN is due on Friday at 17:00, HANDLE on the next Thursday at 17:00.
FRIDAY, MONDAY = datetime(2024, 10, 25, 9, tzinfo=UTC), datetime(2024, 10, 28, 9, tzinfo=UTC)
WEDNESDAY = datetime(2024, 10, 30, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def swept(case: Case, at: datetime, grounds: Grounds | None = None) -> tuple[Case, list[Fired]]:
    steps = list(due_steps(act(SYSTEM, at=at), case, grounds))
    return (steps[-1].outcome.case if steps else case), steps


def of(kind: ClockType, steps: list[Fired]) -> list[ClockStep]:
    return [it.step for it in steps if it.clock.type is kind]


def rows(outcome: Outcome) -> list[str]:
    return [it.row for it in outcome.events if it.subject.noun == "Incident"]


def points(case: Case) -> dict[ScoreType, float]:
    """By kind; the store keeps one entry of a key."""
    by_key = {it.key: it for it in case.scores}
    total: dict[ScoreType, float] = {}
    for it in by_key.values():
        total[it.type] = total.get(it.type, 0) + it.amount
    return total


def test_every_clock_that_somebody_owes_has_a_ladder_and_the_others_have_none() -> None:
    silent = {ClockType.READ, ClockType.SUBMIT_WAIT, ClockType.ARCHIVE}
    assert set(LADDER) == set(ClockType) - silent
    assert all(rise_of(kind, step) is None for kind in silent for step in ClockStep)
    for kind in OWED_BY:
        named = [rise.row for step in ClockStep if (rise := rise_of(kind, step))]
        assert named == ["I1", "I2", "I3", "I4"]
    handling = [rise.row for step in ClockStep if (rise := rise_of(ClockType.HANDLE, step))]
    assert handling == ["E0", "E1", "E3", "E4", "E5"]


def test_a_silent_unit_is_urged_then_gets_yellow_then_red_each_once() -> None:
    case, _ = swept(story_at(2).case, FRIDAY)
    assert case.incident.supervision_level is SupervisionLevel.URGE  # first contact was due at 10:00
    case, _ = swept(case, MONDAY - SECOND)
    assert case.incident.supervision_level is SupervisionLevel.URGE
    case, _ = swept(case, MONDAY)
    assert (case.incident.supervision_level, case.incident.escalation_step) == (SupervisionLevel.YELLOW, 4)
    case, _ = swept(case, WEDNESDAY)
    assert (case.incident.supervision_level, case.incident.escalation_step) == (SupervisionLevel.RED, 5)
    assert [card.level.value for card in case.supervisions] == ["URGE", "YELLOW", "RED"]
    assert [card.trigger for card in case.supervisions] == ["CONTACT.E2", "SIGN.E4", "SIGN.E5"]
    assert {card.assignment_id for card in case.supervisions} == {case.assignments[0].id}
    assert points(case)[ScoreType.YELLOW_CARD] == -3
    assert points(case)[ScoreType.RED_CARD] == -6


def test_urgent_cases_climb_by_minutes() -> None:
    story = Story().filed(Urgency.URGENT).dispatched()
    (sign,) = story.case.running(ClockType.SIGN)

    def level(at: datetime) -> SupervisionLevel:
        return swept(story.case, at)[0].incident.supervision_level

    assert level(sign.due_at + timedelta(minutes=29)) is SupervisionLevel.URGE
    assert level(sign.due_at + timedelta(minutes=30)) is SupervisionLevel.YELLOW
    assert level(sign.due_at + timedelta(hours=2)) is SupervisionLevel.RED


def test_late_handling_costs_two_points_and_half_a_point_a_day_down_to_five() -> None:
    case, steps = swept(story_at(4).case, NOW + timedelta(days=60))
    assert of(ClockType.HANDLE, steps) == [
        *(ClockStep.E0, ClockStep.YELLOW, ClockStep.RED, ClockStep.E4, ClockStep.D1, ClockStep.D2),
        *(ClockStep.E5, ClockStep.D3, ClockStep.D4, ClockStep.D5, ClockStep.D6),
    ]
    assert (points(case)[ScoreType.LATE_HANDLE], points(case)[ScoreType.LATE_DAYS]) == (-2, -3)
    assert case.assignments[0].on_time_handle is False
    (clock,) = case.running(ClockType.HANDLE)
    assert (clock.next_step, clock.next_at) == (None, None)


def test_a_late_support_answers_for_its_reply_alone_and_a_copy_for_nothing() -> None:
    story = story_at(4)
    for role, lost in (
        (
            AssignmentRole.SUPPORT,
            {ScoreType.LATE_REPLY: -1, ScoreType.YELLOW_CARD: -3, ScoreType.RED_CARD: -6},
        ),
        (AssignmentRole.CC, {}),
    ):
        row = replace(story.row, role=role)
        (handle,) = story.case.running(ClockType.HANDLE)
        kind = ClockType.HANDLE if role is AssignmentRole.SUPPORT else ClockType.READ
        bare = replace(story.case, assignments=(row,), clocks=(replace(handle, type=kind),))
        case, steps = swept(bare, NOW + timedelta(days=60))
        assert points(case) == lost
        assert "T25" not in [row for it in steps for row in rows(it.outcome)]


def test_half_the_time_gone_without_contact_reminds_and_bumps_no_version() -> None:
    story = story_at(3)
    (handle,) = story.case.running(ClockType.HANDLE)
    assert (handle.next_step, handle.next_at) == (ClockStep.E0, datetime(2024, 10, 29, 1, 15, tzinfo=UTC))
    silent = [it for it in swept(story.case, MONDAY + timedelta(days=1))[1] if it.step is ClockStep.E0]
    assert rows(silent[0].outcome) == ["E0"]
    version = story_at(3).case.incident.version
    assert version == story.case.incident.version
    called = story_at(4)
    (quiet,) = [it for it in swept(called.case, MONDAY + timedelta(days=1))[1] if it.step is ClockStep.E0]
    assert quiet.outcome.events == ()
    assert quiet.outcome.case.incident == called.case.incident


def test_what_posts_owe_is_told_upwards_again_every_working_day_and_costs_no_points() -> None:
    case, steps = swept(Story().case, MONDAY + timedelta(days=2))  # INTAKE was due on Thursday at 13:30
    assert [it.outcome.events[-1].row for it in steps] == ["I1", "I2", "I3", "I4", "I4"]
    assert [it.clock.repeated for it in steps] == [0, 0, 0, 0, 1]
    (clock,) = case.running(ClockType.INTAKE)
    assert (clock.next_step, clock.repeated) == (ClockStep.I4, 2)
    assert (case.scores, case.supervisions, case.incident.escalation_step) == ((), (), 0)
    assert steps[0].outcome.events[-1].data["to"] == ["ACCEPTOR"]
    assert steps[-1].outcome.events[-1].data["to"] == ["LEADER"]


def test_an_unanswered_red_card_proposes_a_listing_every_five_working_days_and_never_lists() -> None:
    _, steps = swept(story_at(2).case, WEDNESDAY + timedelta(days=15))
    told = [(it, event) for it in steps for event in it.outcome.events if event.row == "E6"]
    card = next(it for it in steps[-1].outcome.case.supervisions if it.level is SupervisionLevel.RED)
    assert {it.clock.id for it, _ in told} == {card.clock_id}
    assert [it.step for it, _ in told] == [ClockStep.RED, ClockStep.I4, ClockStep.I4]
    assert {event.data["level"] for _, event in told} == {"LISTED"}
    assert {event.kind for _, event in told} == {EventKind.ESCALATED}
    assert steps[-1].outcome.case.incident.supervision_level is SupervisionLevel.RED
    assert steps[-1].outcome.case.incident.escalation_step == 6


def test_an_urgent_case_is_proposed_for_listing_no_sooner_again_than_after_five_working_days() -> None:
    story = Story().filed(Urgency.URGENT).dispatched()
    _, steps = swept(story.case, NOW + timedelta(days=10))
    over = [it.clock.repeated for it in steps if "E6" in rows(it.outcome)]
    assert over == [0, 5]


def test_a_third_red_card_of_a_unit_in_thirty_days_proposes_a_listing_at_once() -> None:
    two = Grounds(reds={HOUSING: 2})
    _, steps = swept(story_at(2).case, WEDNESDAY, two)
    (red,) = [it for it in steps if "E6" in rows(it.outcome)]
    assert (red.clock.type, red.step) == (ClockType.SIGN, ClockStep.E5)
    assert not [it for it in swept(story_at(2).case, WEDNESDAY)[1] if "E6" in rows(it.outcome)]


def test_an_answered_card_is_asked_about_no_more() -> None:
    case, _ = swept(story_at(2).case, WEDNESDAY)
    for card in case.supervisions:
        case = reply(act(LEAD, at=WEDNESDAY), case, card.id, "已安排").case
    _, steps = swept(case, WEDNESDAY + timedelta(days=15))
    assert of(ClockType.REPLY, steps) == []


def test_after_a_cancelled_supervision_the_ladder_may_rise_again_without_new_points() -> None:
    case, _ = swept(story_at(2).case, MONDAY)
    cancelled = cancel(act(DIRECTOR, at=MONDAY), case, "情况特殊").case
    assert cancelled.incident.supervision_level is SupervisionLevel.NONE
    assert not any(card.open for card in cancelled.supervisions)
    assert not cancelled.running(ClockType.REPLY)
    assert points(cancelled) == points(case)
    again, _ = swept(cancelled, WEDNESDAY)
    assert again.incident.supervision_level is SupervisionLevel.RED


def test_the_limit_of_a_reply_is_the_one_in_force_when_the_case_was_reported() -> None:
    story = story_at(2)
    hour = replace(act(SYSTEM).policy, limits={**act(SYSTEM).policy.limits})
    hour.limits["SUPERVISION_REPLY.URGE"] = replace(hour.supervision_reply("URGE"), amount=60)  # type: ignore[index]  # a dict made just above
    now = replace(act(SYSTEM, at=FRIDAY), policy=hour)
    frozen = list(due_steps(now, story.case, Grounds(policy=act(SYSTEM).policy)))[-1].outcome.case
    moved = list(due_steps(now, story.case))[-1].outcome.case
    assert frozen.supervisions[0].reply_due_at > moved.supervisions[0].reply_due_at


def test_clocks_that_stand_still_or_have_stopped_fire_nothing() -> None:
    story = story_at(2)
    still = with_clocks(story.case, *(replace(it, paused_at=NOW) for it in story.case.clocks))
    assert swept(still, NOW + timedelta(days=90))[1] == []


def test_a_second_extension_that_runs_out_is_a_red_card_at_once() -> None:
    story = story_at(4)
    row = story.row
    asked = [
        Request(
            id=new_id(),
            incident_id=story.case.incident.id,
            assignment_id=row.id,
            kind=RequestKind.EXTENSION,
            state=RequestState.APPROVED,
            org_id=row.org_id,
            asked_by_id=LEAD.person_id,
            asked_at=NOW,
            ordinal=number,
        )
        for number in (1, 2)
    ]
    late = row.handle_due_at
    assert late is not None
    case, _ = swept(replace(story.case, requests=tuple(asked)), late + SECOND)
    assert [(it.level.value, it.trigger) for it in case.supervisions] == [
        ("URGE", "HANDLE.E3"),
        ("RED", "HANDLE.E5"),
    ]


def test_a_missed_hang_review_is_yellow_only_where_the_unit_reported_no_progress() -> None:
    story = story_at(4)
    doing = act(DIRECTOR)
    clock = start(doing, story.case.incident, ClockType.HANG_REVIEW, assignment_id=story.row.id)
    case = replace(with_clocks(story.case, clock), clocks=(clock,))
    late = clock.due_at + SECOND
    assert swept(case, late)[0].incident.supervision_level is SupervisionLevel.YELLOW
    handler = story.row.handler_id
    assert handler is not None
    told = replace(
        incident.noted(replace(act(SYSTEM), actor=LEAD), case, "资金已列入计划").notes[-1], author_id=handler
    )
    assert swept(replace(case, notes=(told,)), late)[0].incident.supervision_level is SupervisionLevel.NONE


def test_a_breach_is_booked_once_whether_the_sweep_or_the_command_finds_it() -> None:
    case, _ = swept(story_at(2).case, FRIDAY + SECOND)
    (sign,) = (it for it in case.clocks if it.type is ClockType.SIGN)
    again = booked(case, replace(sign, stopped_at=MONDAY))
    assert again.scores == case.scores
    assert points(case) == {ScoreType.NO_CONTACT: -1, ScoreType.LATE_SIGN: -1}


STORIES: tuple[Callable[[], Story], ...] = (
    lambda: story_at(2),
    lambda: story_at(4),
    Story,
    lambda: story_at(5),
    lambda: Story().filed(Urgency.CRITICAL).dispatched(),
    lambda: story_at(9),
)
_MADE = frozenset({"id", "clock_id", "version"})


def facts(case: Case) -> object:
    """The case without ids that are given anew each time, and without how often it was stored."""

    def told(row: Incident | Clock | Assignment | Supervision) -> object:
        return sorted((it.name, repr(getattr(row, it.name))) for it in fields(row) if it.name not in _MADE)

    parts: list[Clock | Assignment | Supervision] = [*case.clocks, *case.assignments, *case.supervisions]
    scores = {it.key: it.amount for it in case.scores}
    return told(case.incident), sorted(repr(told(it)) for it in parts), scores


@pytest.mark.parametrize("story", STORIES)
def test_whenever_the_sweep_comes_each_step_fires_once_and_the_end_is_the_same(
    story: Callable[[], Story],
) -> None:
    begun, chance = story().case, random.Random(5)  # noqa: S311 - the same times every time
    end = NOW + timedelta(days=70)
    once, whole = swept(begun, end)
    for _ in range(6):
        case, seen = begun, []
        moments = sorted(NOW + timedelta(minutes=chance.randrange(70 * 1440)) for _ in range(25))
        for moment in [*moments, end]:
            case, steps = swept(case, moment)
            seen += steps
        keys = [(it.clock.type, it.clock.start_at, it.step, it.clock.repeated) for it in seen]
        assert keys == [(it.clock.type, it.clock.start_at, it.step, it.clock.repeated) for it in whole]
        assert facts(case) == facts(once)
    ids = [(it.clock.id, it.step, it.clock.repeated) for it in whole]
    assert len(set(ids)) == len(ids)


def test_a_closed_case_is_archived_after_thirty_days_and_lights_nothing_meanwhile() -> None:
    story = story_at(9)
    case = story.case
    (clock,) = case.running(ClockType.ARCHIVE)
    assert clock.due_at == datetime(2024, 11, 25, 9, tzinfo=UTC)  # the thirtieth day is a Saturday
    before, _ = swept(case, clock.due_at)
    assert (before.incident.state, before.incident.light) == (IncidentState.CLOSED, Light.GREEN)
    after, (step,) = swept(case, clock.due_at + SECOND)
    assert (after.incident.state, after.incident.archived_at) == (IncidentState.ARCHIVED, clock.due_at)
    assert not any(it.running for it in after.clocks)
    assert (rows(step.outcome), after.incident.due_at) == (["T35"], case.incident.due_at)


def test_what_was_rejected_or_voided_is_sealed_in_its_state() -> None:
    story = Story()
    rejected = incident.reject(act(ACCEPTOR), story.case, RejectReason.OUTSIDE_DUTY, "请拨打热线").case
    voided = left_open(act(SHIFT), Story().case, IncidentState.VOIDED)
    for ended in (rejected, voided):
        after, _ = swept(ended, NOW + timedelta(days=60))
        assert after.incident.state is ended.incident.state
        assert after.incident.archived_at is not None


def test_a_merged_case_has_no_clock_and_is_sealed_with_its_master() -> None:
    merged = left_open(act(SHIFT), Story().case, IncidentState.MERGED)
    assert not any(it.running for it in merged.clocks)
    master = archive.archived(act(SYSTEM), story_at(9).case).case
    sealed = archive.sealed_with(act(SYSTEM), merged, master).case
    assert (sealed.incident.state, sealed.incident.archived_at) == (IncidentState.MERGED, NOW)


def test_a_case_that_is_open_again_only_loses_the_clock() -> None:
    doing: Act = act(SYSTEM)
    case = archive.archiving(doing, Story().case)
    after = archive.archived(doing, case).case
    assert (after.incident.state, after.incident.archived_at) == (IncidentState.REPORTED, None)
    assert not after.running(ClockType.ARCHIVE)


def test_the_timer_never_lowers_a_card() -> None:
    story = story_at(2)
    red = raised(act(SYSTEM), story.case, SupervisionLevel.RED, "T30.FALSE_DONE", story.row.id)
    assert raised(act(SYSTEM), red, SupervisionLevel.YELLOW, "SIGN.E4", story.row.id) is red
    clocks: tuple[Clock, ...] = red.running(ClockType.REPLY)
    assert [it.due_at for it in clocks] == [CALENDAR.closing(CALENDAR.workday_after(NOW.date(), 1))]


@pytest.mark.parametrize("reviewed_in", [10, 30])
def test_a_hung_row_works_again_once_the_time_agreed_is_over(reviewed_in: int) -> None:
    story, over = story_at(4), NOW + timedelta(days=30)
    asked = Request(
        id=new_id(),
        incident_id=story.case.incident.id,
        assignment_id=story.row.id,
        kind=RequestKind.HANG,
        state=RequestState.APPROVED,
        org_id=story.row.org_id,
        asked_by_id=LEAD.person_id,
        asked_at=NOW,
        max_until=over,
    )
    review = start(
        act(DIRECTOR),
        story.case.incident,
        ClockType.HANG_REVIEW,
        assignment_id=story.row.id,
        external_due=NOW + timedelta(days=reviewed_in),
    )
    case = paused(story.case, NOW, (ClockType.HANDLE,), story.row.id)
    case = with_clocks(replace(case, requests=(asked,)), review)
    hung = put(case.assignments, replace(story.row, state=AssignmentState.HUNG))
    case = derive(replace(case, assignments=hung))
    before, _ = swept(case, over - SECOND)
    assert before.incident.state is IncidentState.HUNG
    after, steps = swept(before, over + timedelta(days=1))
    assert (after.incident.state, after.assignments[0].state) == (
        IncidentState.HANDLING,
        AssignmentState.ACCEPTED,
    )
    assert len(after.running(ClockType.HANDLE)) == 1
    assert not after.running(ClockType.HANG_REVIEW)
    assert [rows(it.outcome) for it in steps if "T24" in rows(it.outcome)] == [["T24"]]
