"""Cases taken over from an earlier system."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.assignment import AssignmentState
from domain.clock import ClockStep, Light
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentDomain, IncidentKind, IncidentState, Source, Urgency
from domain.rules.imported import Taken, take_over
from tests.domain.stage import DISTRICT, HOUSING, NOW, SYSTEM, a_category, act

CLOSED = Taken(
    public_code="123456789012",
    external_id="A-1",
    source=Source.PLATFORM,
    domain=IncidentDomain.LIVELIHOOD,
    kind=IncidentKind.HELP,
    urgency=Urgency.NORMAL,
    category=a_category(),
    title="路灯",
    content=None,
    address="安胜社区",
    region_id=DISTRICT,
    region_ids=(DISTRICT,),
    org_id=HOUSING,
    reported_at=NOW - timedelta(days=3),
    occurred_at=None,
    closed=True,
    closed_at=None,
    on_time=False,
    outcome=None,
)


def test_a_closed_case_ends_closed_with_its_row_done_and_no_clocks() -> None:
    outcome, past = take_over(act(SYSTEM), CLOSED)
    case = outcome.case
    assert (case.incident.state, case.assignments[0].state) == (IncidentState.CLOSED, AssignmentState.DONE)
    assert (case.incident.on_time, case.incident.closed_at, case.incident.outcome) == (False, None, None)
    assert (case.clocks, past, case.assignments[0].on_time_handle) == ((), (), False)


def test_an_open_case_runs_from_its_time_with_past_steps_recorded_and_no_cards() -> None:
    outcome, past = take_over(act(SYSTEM), replace(CLOSED, closed=False))
    case = outcome.case
    assert (case.incident.state, case.incident.light) == (IncidentState.DISPATCHED, Light.RED)
    assert {clock.start_at for clock in case.clocks} == {CLOSED.reported_at}
    steps = [(it.clock.type.value, it.step) for it in past]
    assert steps == [
        *((kind, step) for kind in ("SIGN", "CONTACT") for step in (ClockStep.YELLOW, ClockStep.RED)),
        ("HANDLE", ClockStep.E0),
    ]
    assert case.scores == ()
    assert (case.supervisions, case.incident.escalation_step, case.incident.on_time) == ((), 0, None)
    assert case.assignments[0].on_time_accept is False
    assert [event.subject.noun for event in outcome.events] == ["Incident", "Assignment"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reported_at": datetime(1900, 1, 1, tzinfo=UTC)}, "reportedAt"),
        ({"reported_at": NOW + timedelta(days=1)}, "reportedAt"),
        ({"closed_at": NOW - timedelta(days=4)}, "closedAt"),
        ({"occurred_at": datetime(1900, 1, 1, tzinfo=UTC)}, "occurredAt"),
        ({"title": ""}, "title"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_naming_the_field(
    changes: dict[str, object], field: str
) -> None:
    with pytest.raises(DomainError) as refusal:
        take_over(act(SYSTEM), replace(CLOSED, **changes))  # type: ignore[arg-type]  # its own fields
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, field)
