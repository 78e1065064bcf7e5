"""A closed case whose matter comes back within 30 days (domain.md B.3 T34, B.6 T34, T34b)."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case, put
from domain.clock import ClockType, due_time
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.media import Media, MediaPurpose
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.ending import born_again, named_rows
from domain.rules.incident import attached, noted


def reopen(
    act: Act, case: Case, reason: str, leads: Collection[UUID] = (), media: tuple[Media, ...] = ()
) -> Outcome:
    """T34: the same matter again. GUARD_FAILED (T34) after 30 days; NOT_FOUND (`leads`); BAD_INPUT (`reason`)."""
    if not may_reopen(act, case):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T34")
    words = text.checked(reason, "reason")
    pictures = attached(media, case.incident.id, MediaPurpose.REPORT)
    after = noted(act, reopened(act, case, leads), words)
    after = replace(after, media=put(after.media, *pictures))
    return conclude(case, after, [act.happening(row_of(after))])


def reopened(act: Act, case: Case, leads: Collection[UUID] = ()) -> Case:
    """The case at work again, by the leads named among those whose work was done, by default all; on time forgotten.

    T34b: where nobody's work was ever done it is FILED, in the same round. NOT_FOUND, field `leads`.
    """
    done = _done_leads(case)
    named = named_rows(done, leads, "leads", "T34") if leads else done
    incident = replace(
        case.incident,
        state=IncidentState.HANDLING if named else IncidentState.FILED,
        round=case.incident.round + (1 if named else 0),
        reopened=case.incident.reopened + 1,
        closed_at=None,
        ended_at=None,
        on_time=None,
        outcome=None,
    )
    after = replace(stopped(case, act.now, (ClockType.ARCHIVE,)), incident=incident)
    if named:
        return born_again(act, after, named, "T34")
    return with_clocks(after, start(act, incident, ClockType.DISPATCH))


def row_of(case: Case) -> str:
    """The row of domain.md by which a case was reopened just now."""
    return "T34b" if case.incident.state is IncidentState.FILED else "T34"


def may_reopen(act: Act, case: Case) -> bool:
    """Whether it was closed at most 30 days ago, the term of its archiving (T34, T35)."""
    until = reopens_until(act, case)
    return until is not None and act.now <= until


def reopens_until(act: Act, case: Case) -> datetime | None:
    """The last moment of T34; None for a case that is not closed."""
    incident = case.incident
    if incident.state is not IncidentState.CLOSED or incident.closed_at is None:
        return None
    limit = act.policy.limit(ClockType.ARCHIVE, incident.urgency.value)
    return due_time(incident.closed_at, limit, act.calendar)


def _done_leads(case: Case) -> tuple[Assignment, ...]:
    """The last row of each unit whose leading work was done."""
    done = (it for it in case.assignments if it.state is AssignmentState.DONE)
    last = {row.org_id: row for row in done if row.role is AssignmentRole.LEAD}
    return tuple(last.values())
