"""The main path to the result, by the rules alone (domain.md B.3, B.6)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.action import ActionName as A
from domain.assignment import AssignmentMode, AssignmentState
from domain.case import Case
from domain.clock import ClockType, TimeUnit
from domain.complainant import Confidentiality
from domain.errors import DomainError, ErrorCode, Warned
from domain.event import EventKind
from domain.followup import FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome, IncidentKind, IncidentState, RejectReason, Source, Urgency
from domain.life.transition import require
from domain.org import OrgKind
from domain.rules import assignment, incident
from domain.rules.complainant import complainant_of
from domain.rules.followup import Answer
from tests.domain.stage import (
    ACCEPTOR,
    CENTRE,
    CHANNEL,
    CIVIL,
    DISPATCHER,
    HANDLER,
    LEAD,
    NOW,
    PLACE,
    STAGES,
    Story,
    a_category,
    a_complainant,
    a_picture,
    a_report,
    act,
    story_at,
    unit,
)

BAD = ErrorCode.BAD_INPUT
GUARD = ErrorCode.GUARD_FAILED


def refused(code: ErrorCode, field: str | None = None) -> pytest.RaisesExc[DomainError]:
    return pytest.RaisesExc(DomainError, check=lambda e: (e.code, e.field) == (code, field))


def running(case: Case) -> set[ClockType]:
    return {clock.type for clock in case.clocks if clock.running}


def test_a_case_goes_from_report_to_closure() -> None:
    states = [story_at(count).case.incident.state for count in range(len(STAGES) + 1)]
    assert [state.value for state in states] == [
        "REPORTED",
        "FILED",
        "DISPATCHED",
        "HANDLING",
        "HANDLING",
        "SUBMITTED",
        "CHECKING",
        "FOLLOWUP",
        "FOLLOWUP",
        "CLOSED",
    ]


def test_each_state_runs_its_own_clocks() -> None:
    assert [{kind.value for kind in running(story_at(count).case)} for count in range(len(STAGES) + 1)] == [
        {"INTAKE"},
        {"DISPATCH"},
        {"SIGN", "CONTACT", "HANDLE"},
        {"CONTACT", "HANDLE"},
        {"HANDLE"},
        {"SUBMIT_WAIT"},
        {"CHECK"},
        {"FOLLOWUP"},
        {"FOLLOWUP"},
        {"ARCHIVE"},
    ]


def test_the_completeness_of_the_loop_grows_to_a_hundred() -> None:
    shares = [story_at(count).case.incident.loop_completeness for count in range(len(STAGES) + 1)]
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0, 100)


def test_the_due_time_of_a_case_is_its_case_clock_then_its_handling() -> None:
    reported, dispatched = story_at(0).case, story_at(2).case
    assert reported.incident.due_at == reported.running(ClockType.INTAKE)[0].due_at
    assert dispatched.incident.due_at == dispatched.assignments[0].handle_due_at


def test_a_closed_case_keeps_its_outcome_and_is_on_time() -> None:
    case = story_at(9).case
    assert (case.incident.outcome, case.incident.on_time, case.incident.closed_at) == (
        CaseOutcome.SOLVED,
        True,
        NOW,
    )
    assert case.assignments[0].state is AssignmentState.DONE
    assert case.assignments[0].on_time_handle is True


def test_every_command_writes_an_event_of_the_case_and_one_of_each_row_it_changed() -> None:
    story = story_at(3)
    kinds = [(event.subject.noun, event.kind, event.action) for event in story.outcome.events]
    assert kinds == [
        ("Incident", EventKind.CHANGED, A.acceptAssignment),
        ("Assignment", EventKind.CHANGED, A.acceptAssignment),
    ]
    assert [event.kind for event in story_at(2).outcome.events] == [EventKind.ASSIGNED] * 2
    assert [event.kind for event in story_at(0).outcome.events] == [EventKind.REPORTED]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"title": "灯"}, BAD, "title"),
        ({"title": "灯" * 51}, BAD, "title"),
        ({"title": "路灯\n不亮"}, BAD, "title"),
        ({"content": "坏\x00了"}, BAD, "content"),
        ({"content": "坏" * 1001}, BAD, "content"),
        ({"source": Source.GRID_PATROL}, ErrorCode.FORBIDDEN, "source"),
        ({"external_id": "12345-1"}, ErrorCode.FORBIDDEN, "externalId"),
        ({"occurred_at": datetime(1900, 1, 1, tzinfo=UTC)}, BAD, "occurredAt"),
        ({"occurred_at": datetime(2100, 1, 1, tzinfo=UTC)}, BAD, "occurredAt"),
        ({"external_due_at": datetime(1900, 1, 1, tzinfo=UTC)}, BAD, "externalDueAt"),
        ({"external_due_at": datetime(2200, 1, 1, tzinfo=UTC)}, BAD, "externalDueAt"),
        ({"place": replace(PLACE, spot=None, address=None)}, GUARD, "point"),
        ({"place": replace(PLACE, address="路" * 201)}, BAD, "address"),
        ({"category": a_category(photo=True)}, GUARD, "mediaIds"),
    ],
)
def test_a_report_is_refused_naming_the_field(
    changes: dict[str, object], code: ErrorCode, field: str
) -> None:
    with refused(code, field):
        incident.report(act(ACCEPTOR), a_report(**changes))


def test_a_channel_gives_its_own_case_number_and_names_who_asks() -> None:
    given = a_report(source=Source.HOTLINE_12345, external_id="12345-1", complainant=a_complainant())
    case = incident.report(act(CHANNEL), given).case
    assert case.incident.source_external_id == "12345-1"
    with refused(GUARD, "complainant"):
        incident.report(act(CHANNEL), replace(given, complainant=None))


def test_a_photo_of_the_report_belongs_to_the_case() -> None:
    case = Story(category=a_category(photo=True), media=(a_picture(),)).case
    assert case.media[0].incident_id == case.incident.id


def test_outside_the_district_and_a_year_without_calendar_only_warn() -> None:
    given = a_report(place=replace(PLACE, inside=False), external_due_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert incident.report_warnings(act(ACCEPTOR), given) == (
        Warned(ErrorCode.OUTSIDE_DISTRICT, "point"),
        Warned(ErrorCode.CALENDAR_MISSING, "externalDueAt"),
    )
    assert incident.report_warnings(act(ACCEPTOR), a_report(external_due_at=NOW)) == ()


@pytest.mark.parametrize(
    ("name", "phone", "field"),
    [(None, "13800001234", "complainant.name"), ("王某", None, "complainant.phone")],
)
def test_who_asks_has_a_name_and_a_phone(name: str | None, phone: str | None, field: str) -> None:
    with refused(GUARD, field):
        complainant_of(act(ACCEPTOR), IncidentKind.HELP, name=name, phone=phone)


def test_who_stays_anonymous_needs_neither() -> None:
    who = complainant_of(
        act(ACCEPTOR),
        IncidentKind.HELP,
        name=None,
        phone=None,
        confidentiality=Confidentiality.ANONYMOUS,
    )
    assert not who.reachable


def test_a_denunciation_is_confidential_unless_said_otherwise() -> None:
    who = complainant_of(act(ACCEPTOR), IncidentKind.REPORT, name="王某", phone="138 0000-1234")
    assert (who.confidentiality, who.phone) == (Confidentiality.CONFIDENTIAL, "13800001234")


def test_a_rejected_case_ends_with_its_reply() -> None:
    story = Story()
    case = incident.reject(
        story.by(ACCEPTOR, A.rejectIncident), story.case, RejectReason.OUTSIDE_DUTY, "请拨打热线"
    ).case
    assert (case.incident.state, case.incident.reply_text) == (IncidentState.REJECTED, "请拨打热线")
    assert running(case) == {ClockType.ARCHIVE}


def test_a_case_is_amended_in_every_way_and_the_reason_is_kept() -> None:
    moved = replace(PLACE, region_id=CENTRE, region_ids=(CENTRE,), grid_id=None, grid_version=None)
    change = incident.Amendment(
        kind=IncidentKind.COMPLAINT,
        category=a_category(level=2),
        title="路灯全部不亮",
        content="",
        place=moved,
        reason="电话核实",
    )
    story = Story()
    outcome = incident.amend(story.by(ACCEPTOR, A.amendIncident), story.case, change)
    case = outcome.case
    assert (case.incident.title, case.incident.content, case.incident.kind) == (
        "路灯全部不亮",
        None,
        IncidentKind.COMPLAINT,
    )
    assert (case.region_ids, case.category.level, case.notes[0].text) == ((CENTRE,), 2, "电话核实")
    assert outcome.events[0].data["fields"] == sorted(
        ["kind", "category_id", "title", "content", "spot", "address", "grid_id", "grid_version", "region_id"]
    )


def test_an_amendment_of_nothing_is_refused() -> None:
    with refused(BAD):
        incident.amend(act(ACCEPTOR), Story().case, incident.Amendment(reason="无"))


def test_a_case_is_filed_only_under_a_category_of_level_three() -> None:
    with refused(GUARD, "categoryCode"):
        incident.file(act(ACCEPTOR), Story().case, Urgency.NORMAL, a_category(level=2))


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"mode": AssignmentMode.LED_JOINT}, GUARD, "supports"),
        ({"supports": (unit(CIVIL),)}, GUARD, "supports"),
        ({"copies": (unit(CIVIL, active=False),)}, GUARD, "copies"),
        ({"leads": ()}, GUARD, "leads"),
        ({"leads": (unit(), unit(CIVIL))}, GUARD, "leads"),
        ({"leads": (unit(active=False),)}, GUARD, "leads"),
        (
            {"leads": (replace(unit(CENTRE), kind=OrgKind.COMMAND_CENTER),)},
            GUARD,
            "leads",
        ),  # who checks and calls
        ({"legal_basis": None}, GUARD, "basis"),
    ],
)
def test_a_dispatch_is_refused_naming_the_field(
    changes: dict[str, object], code: ErrorCode, field: str
) -> None:
    order = assignment.Dispatch(mode=AssignmentMode.SINGLE, leads=(unit(),), legal_basis="三定")
    with refused(code, field):
        assignment.dispatch(act(DISPATCHER), story_at(1).case, replace(order, **changes))  # type: ignore[arg-type]  # its own fields


def test_the_handling_clock_starts_at_dispatch_and_not_at_sign_off() -> None:
    case = story_at(1).later(hours=1).dispatched().later(hours=5).accepted().case
    (clock,) = case.running(ClockType.HANDLE)
    assert clock.start_at == NOW + timedelta(hours=1)


def test_a_question_has_two_working_days() -> None:
    (clock,) = story_at(2, kind=IncidentKind.CONSULT).case.running(ClockType.HANDLE)
    assert (clock.limit, clock.unit) == (2, TimeUnit.WORK_DAY)


def test_an_earlier_due_time_of_the_source_wins_with_its_buffer() -> None:
    due = datetime(2024, 10, 28, 3, 0, tzinfo=UTC)  # Monday 11:00; four working hours before is Friday 15:30
    (clock,) = story_at(2, external_due_at=due).case.running(ClockType.HANDLE)
    assert (clock.external, clock.due_at) == (True, datetime(2024, 10, 25, 7, 30, tzinfo=UTC))


def test_a_due_time_already_past_gives_a_clock_born_breached() -> None:
    (clock,) = story_at(2, external_due_at=NOW - timedelta(days=3)).case.running(ClockType.HANDLE)
    assert clock.breached


def test_a_late_sign_off_is_written_for_ever() -> None:
    row = story_at(2).later(days=5).accepted().row
    assert row.on_time_accept is False
    assert story_at(3).row.on_time_accept is True


@pytest.mark.parametrize("at", [NOW - timedelta(minutes=1), NOW + timedelta(minutes=1)])
def test_a_first_contact_lies_between_dispatch_and_now(at: datetime) -> None:
    story = story_at(3)
    with refused(BAD, "contactedAt"):
        assignment.record_first_contact(act(HANDLER), story.case, story.row, ReplyChannel.PHONE, at)


def test_contact_before_signing_is_allowed_and_a_second_one_is_not() -> None:
    story = story_at(2).contacted()
    assert story.row.first_contact_at == NOW
    with refused(ErrorCode.ILLEGAL_TRANSITION):
        require(HANDLER, A.recordFirstContact, story.case, story.row)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"outcome": CaseOutcome.DUPLICATE}, BAD, "outcome"),
        ({"result_text": " "}, BAD, "resultText"),
        ({"no_contact_reason": None}, ErrorCode.FOLLOWUP_REQUIRED, "followUp"),
        (
            {
                "follow_up": Answer(channel=ReplyChannel.PHONE, reached=True),
                "asked_at": NOW + timedelta(hours=1),
            },
            BAD,
            "followUp.at",
        ),
        (
            {"follow_up": Answer(channel=ReplyChannel.PHONE, reached=False, solved=Solved.YES)},
            BAD,
            "solved",
        ),
    ],
)
def test_a_result_is_refused_naming_the_field(
    changes: dict[str, object], code: ErrorCode, field: str
) -> None:
    story = story_at(4)
    given = assignment.Submission(
        outcome=CaseOutcome.SOLVED, result_text="已修复", no_contact_reason="无人接听"
    )
    with refused(code, field):
        assignment.submit(act(LEAD), story.case, story.row, replace(given, **changes))  # type: ignore[arg-type]  # its own fields


def test_an_after_photo_is_demanded_where_the_category_does() -> None:
    story = story_at(4, category=a_category(after=True))
    given = assignment.Submission(outcome=CaseOutcome.SOLVED, result_text="好", no_contact_reason="无")
    with refused(GUARD, "afterMediaIds"):
        assignment.submit(act(LEAD), story.case, story.row, given)
    done = assignment.submit(
        act(LEAD), story.case, story.row, replace(given, after_media=(a_picture(),))
    ).case
    assert done.media[0].purpose == "AFTER"


def test_nobody_to_ask_needs_no_follow_up_of_the_handler() -> None:
    story = story_at(4, complainant=None)
    given = assignment.Submission(outcome=CaseOutcome.SOLVED, result_text="已修复")
    case = assignment.submit(act(LEAD), story.case, story.row, given).case
    assert case.incident.state is IncidentState.SUBMITTED


def test_the_handlers_own_follow_up_is_enough_and_never_independent() -> None:
    story = story_at(4)
    answer = Answer(channel=ReplyChannel.PHONE, reached=True, satisfaction=Satisfaction.VERY_DISSATISFIED)
    given = assignment.Submission(outcome=CaseOutcome.PARTLY, result_text="已修", follow_up=answer)
    story.take(assignment.submit(story.by(LEAD, A.submitResult, row=True), story.case, story.row, given))
    story.checking().checked().asked().closed()
    assert story.case.incident.outcome is CaseOutcome.PARTLY


def test_the_handler_may_record_the_follow_up_beforehand() -> None:
    story = story_at(4).asked(HANDLER, FollowUpLayer.HANDLER)
    given = assignment.Submission(outcome=CaseOutcome.SOLVED, result_text="已修复")
    assert assignment.submit(act(LEAD), story.case, story.row, given).case.assignments[0].submitted_at


def test_a_late_result_stays_late() -> None:
    story = story_at(4).later(days=30).submitted()
    assert story.row.on_time_handle is False
    story.checking().checked().asked().closed()
    assert story.case.incident.on_time is False
