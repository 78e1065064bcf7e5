"""Lives of made-up cases, written down as they stood at one moment: load data, never a command."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from channels.demo.known import Known
from channels.demo.pace import (
    ACCEPTED,
    CHECKED,
    CONTACTED_AT,
    DISPATCHED,
    FILED,
    SHORTEST,
    after,
    span,
    stopped,
)
from channels.demo.plans import BY_OFFICE, Plan
from channels.demo.steps import CONTACTED, REPLIES
from domain.assignment import Assignment, AssignmentMode, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import Clock, ClockStep, ClockType, case_light, start_clock, step
from domain.complainant import Complainant, Confidentiality
from domain.followup import ReplyChannel
from domain.incident import CaseOutcome, Incident, IncidentKind, IncidentState, RejectReason, Source, Spot
from domain.life.derivation import loop_completeness
from domain.place import Crs

BASIS = "演示载入数据 Load data of the demo"
REFUSAL = "经核，您反映的事项不属于受理范围，已告知途径。"
REFUSED_SHARE, RETURNED_SHARE, ACCUSED_SHARE = 0.03, 0.12, 0.02
CONTACT_MADE = {"first_contact_channel": ReplyChannel.PHONE, "first_contact_note": CONTACTED}


@dataclass(frozen=True, slots=True)
class Fired:
    """A step of a clock that was due before the end."""

    clock: Clock
    step: ClockStep
    at: datetime


@dataclass(frozen=True, slots=True)
class Life:
    """A case as it stands, and the steps its running clocks have fired."""

    case: Case
    fired: tuple[Fired, ...]


class Lives:
    """Writes lives down, drawing from one seeded source; `new_id` takes the moment a row was made."""

    def __init__(self, known: Known, chance: random.Random, new_id: Callable[[datetime], UUID]) -> None:
        self._known = known
        self._chance = chance
        self._new_id = new_id
        self._units = sorted(known.leads)

    def life(self, plan: Plan, no: str, public_code: str, taken: timedelta) -> Life:
        """The case of a plan that needs the time `taken` for its whole way, as it stands at the end."""
        case = self._reported(plan, no, public_code)
        taken = max(taken, SHORTEST)
        if self._chance.random() < REFUSED_SHARE:
            case = self._refused(case, plan, taken)
        elif self._chance.random() < RETURNED_SHARE:
            case = self._handled(self._returned(case, plan, taken), plan, taken)
        else:
            case = self._handled(case, plan, taken)
        return self._settled(case)

    def _reported(self, plan: Plan, no: str, public_code: str) -> Case:
        known, grid = self._known, self._known.grids[plan.grid.code]
        category, case_id = known.categories[plan.category.code], self._new_id(plan.reported_at)
        complainant = self._complainant(plan)
        accused = plan.source in BY_OFFICE and self._chance.random() < ACCUSED_SHARE
        incident = Incident(
            id=case_id,
            no=no,
            public_code=public_code,
            domain=plan.domain,
            kind=plan.kind,
            category_id=category.id,
            title=plan.title,
            content=plan.content,
            source=plan.source,
            urgency=plan.urgency,
            state=IncidentState.REPORTED,
            spot=_spot(plan.lng, plan.lat),
            address=plan.address,
            grid_id=grid.id,
            grid_version=grid.outline_version,
            region_id=grid.region_id,
            reporter_id=self._reporter(plan),
            complainant_id=complainant.id if complainant else None,
            complained_org_id=known.orgs[plan.lead] if accused else None,
            occurred_at=None,
            reported_at=plan.reported_at,
        )
        return Case(
            incident=incident,
            category=category,
            region_ids=known.regions[grid.region_id],
            complainant=complainant,
        )

    def _reporter(self, plan: Plan) -> UUID:
        if plan.source is Source.GRID_PATROL:
            return self._known.workers[plan.grid.code]
        own = self._known.public.get(plan.source)
        return own.person_id if own and own.person_id else self._known.acceptor

    def _complainant(self, plan: Plan) -> Complainant | None:
        """Whoever asks by phone, window or letter; an account's one entry stands for all its own cases."""
        if plan.source not in BY_OFFICE:
            return self._known.public.get(plan.source)
        name, phone = plan.complainant
        return Complainant(
            id=self._new_id(plan.reported_at),
            name=name,
            phone=phone,
            confidentiality=Confidentiality.NORMAL,
            reply_wanted=True,
            preferred_channel=None,
            person_id=None,
        )

    def _refused(self, case: Case, plan: Plan, taken: timedelta) -> Case:
        """T5, within the time an answer takes."""
        clock = self._started(case, ClockType.INTAKE, plan.reported_at, None)
        answered = after(plan.reported_at, taken, FILED)
        if answered > self._known.end:
            return replace(case, clocks=(clock,))
        ended = replace(
            case.incident,
            state=IncidentState.REJECTED,
            reject_reason=RejectReason.OUTSIDE_DUTY,
            reply_text=REFUSAL,
            due_at=clock.due_at,
        )
        return replace(case, incident=ended, clocks=(stopped(clock, answered),))

    def _returned(self, case: Case, plan: Plan, taken: timedelta) -> Case:
        """T15, T17: a first unit had the case, and gave it back before the right one got it."""
        given = after(plan.reported_at, taken, FILED)
        back = given + (after(plan.reported_at, taken, DISPATCHED) - given) / 2
        if back > self._known.end:
            return case
        unit = self._chance.choice(self._units)
        row, clocks = self._row(case, unit, given)
        row = replace(row, state=AssignmentState.RETURNED)
        return replace(case, assignments=(row,), clocks=tuple(stopped(it, back) for it in clocks))

    def _handled(self, case: Case, plan: Plan, taken: timedelta) -> Case:
        """From filing to close, as far as the time until the end allows (T4 to T29)."""
        end, start = self._known.end, plan.reported_at
        given = after(start, taken, DISPATCHED)
        if given > end:
            return self._waiting(case, start, after(start, taken, FILED))
        row, (sign, contact, handle) = self._row(case, plan.lead, given)
        accepted, asked = (after(start, taken, it) for it in (ACCEPTED, CONTACTED_AT))
        submitted, closed = start + taken - span(taken, CHECKED), start + taken
        changes: dict[str, object] = {}
        state, more = IncidentState.DISPATCHED, []
        if accepted <= end:
            sign, state = stopped(sign, accepted), IncidentState.HANDLING
            changes |= self._accepted(plan.lead, sign, accepted)
        if asked <= end:
            contact = stopped(contact, asked)
            changes |= CONTACT_MADE | {"first_contact_at": asked}
        if submitted <= end:
            handle, state = stopped(handle, submitted), IncidentState.SUBMITTED
            changes |= _submitted(plan, handle, submitted)
            more = [self._started(case, ClockType.SUBMIT_WAIT, submitted, None)] if closed > end else []
        ending: dict[str, object] = {"state": state, "due_at": row.handle_due_at}
        if closed <= end:
            changes |= {"state": AssignmentState.DONE, "on_time_handle": not handle.breached}
            ending |= _ended(closed, changes)
        row = replace(row, **changes)  # type: ignore[arg-type]  # the names are its fields
        incident = replace(case.incident, **ending)  # type: ignore[arg-type]  # the names are its fields
        clocks = (*case.clocks, sign, contact, handle, *more)
        return replace(case, incident=incident, assignments=(*case.assignments, row), clocks=clocks)

    def _waiting(self, case: Case, reported: datetime, filed: datetime) -> Case:
        """Not dispatched yet: the intake's time runs, or the dispatcher's."""
        if filed > self._known.end:
            return replace(case, clocks=(self._started(case, ClockType.INTAKE, reported, None),))
        dispatch = self._started(case, ClockType.DISPATCH, filed, None)
        state = replace(case.incident, state=IncidentState.FILED)
        return replace(case, incident=state, clocks=(*case.clocks, dispatch))

    def _row(self, case: Case, unit: str, at: datetime) -> tuple[Assignment, tuple[Clock, Clock, Clock]]:
        """T11: the row of a unit, with the three clocks that start."""
        row_id = self._new_id(at)
        kinds = (ClockType.SIGN, ClockType.CONTACT, ClockType.HANDLE)
        sign, contact, handle = (self._started(case, kind, at, row_id) for kind in kinds)
        row = Assignment(
            id=row_id,
            incident_id=case.incident.id,
            incident_no=case.incident.no,
            round=1,
            seq=1 + len(case.assignments),
            org_id=self._known.orgs[unit],
            role=AssignmentRole.LEAD,
            mode=AssignmentMode.SINGLE,
            state=AssignmentState.PENDING,
            basis=BASIS,
            dispatched_by_id=self._known.dispatcher,
            dispatched_at=at,
            accept_due_at=sign.due_at,
            contact_due_at=contact.due_at,
            handle_due_at=handle.due_at,
        )
        return row, (sign, contact, handle)

    def _accepted(self, unit: str, sign: Clock, at: datetime) -> dict[str, object]:
        return {
            "state": AssignmentState.ACCEPTED,
            "accepted_at": at,
            "handler_id": self._known.leads[unit],
            "on_time_accept": not sign.breached,
        }

    def _started(self, case: Case, kind: ClockType, at: datetime, row_id: UUID | None) -> Clock:
        incident = case.incident
        consult = incident.kind is IncidentKind.CONSULT
        return start_clock(
            clock_id=self._new_id(at),
            incident_id=incident.id,
            assignment_id=row_id,
            clock_type=kind,
            round_number=1,
            limit=self._known.book.policy.limit(kind, incident.urgency.value, consult=consult),
            start=at,
            calendar=self._known.book.calendar,
        )

    def _settled(self, case: Case) -> Life:
        """Running clocks caught up with the end, and every stored derivation made true."""
        fired: list[Fired] = []
        clocks: list[Clock] = []
        late: set[tuple[UUID | None, ClockType]] = set()
        for started in case.clocks:
            clock = started
            while turned := step(clock, self._known.end):
                fired.append(Fired(clock, turned[1], clock.next_at or self._known.end))
                clock = turned[0]
            clocks.append(clock)
            if clock.breached and clock.running:
                late.add((clock.assignment_id, clock.type))
        rows = tuple(_judged(row, late, clocks) for row in case.assignments)
        incident = case.incident
        running = [clock.due_at for clock in clocks if clock.running]
        due = incident.due_at if incident.due_at or case.assignments else min(running, default=None)
        case = replace(case, clocks=tuple(clocks), assignments=rows)
        incident = replace(
            incident, light=case_light(clocks), due_at=due, loop_completeness=loop_completeness(case)
        )
        return Life(replace(case, incident=incident), tuple(fired))


def _submitted(plan: Plan, handle: Clock, at: datetime) -> dict[str, object]:
    return {
        "state": AssignmentState.SUBMITTED,
        "submitted_at": at,
        "outcome": CaseOutcome.SOLVED if plan.number % 5 else CaseOutcome.EXPLAINED,
        "result_text": REPLIES[plan.number % len(REPLIES)],
        "on_time_handle": False if handle.breached else None,
    }


def _ended(at: datetime, row: Mapping[str, object]) -> dict[str, object]:
    """T29: what a closed case takes from its row (B.6 D)."""
    return {
        "state": IncidentState.CLOSED,
        "closed_at": at,
        "on_time": row["on_time_handle"],
        "outcome": row["outcome"],
    }


def _judged(row: Assignment, late: set[tuple[UUID | None, ClockType]], clocks: list[Clock]) -> Assignment:
    """The row with the lateness of its running clocks written on it (B.6 D), and their light."""
    light = case_light(it for it in clocks if it.assignment_id == row.id)
    row = row if light is row.light else replace(row, light=light)
    if (row.id, ClockType.SIGN) in late:
        row = replace(row, on_time_accept=False)
    return replace(row, on_time_handle=False) if (row.id, ClockType.HANDLE) in late else row


def _spot(lng: float, lat: float) -> Spot:
    """A place known in WGS84, by nobody in particular."""
    return Spot(raw_lng=lng, raw_lat=lat, crs=Crs.WGS84, accuracy_m=None, lng=lng, lat=lat, given_by=None)
