"""One person calls again about what was taken up before: answered with its progress (domain.md R05)."""

from dataclasses import replace

from domain import text
from domain.calendar import local_day
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import IncidentState, RejectReason, public_status
from domain.life.outcome import Outcome, conclude
from domain.rules.act import Act
from domain.rules.incident import rejected, told
from domain.rules.loop.merging import family, same_place

_TAKEN_UP = frozenset({IncidentState.CLOSED, *(it for it in IncidentState if it.open)})


def repeats(case: Case, earlier: Case) -> bool:
    """Whether the same complainant reported the same facts before: by account or phone, by kind and place (R05)."""
    one, other = case.complainant, earlier.complainant
    if one is None or other is None or case.incident.id == earlier.incident.id:
        return False
    by_account = one.person_id is not None and one.person_id == other.person_id
    same_person = by_account or (one.phone is not None and one.phone == other.phone)
    before = earlier.incident.reported_at <= case.incident.reported_at
    taken_up = before and earlier.incident.state in _TAKEN_UP
    return (
        same_person
        and taken_up
        and family(case) == family(earlier)
        and same_place(case.incident, earlier.incident)
    )


def progress(earlier: Case) -> str:
    """What may be told of the earlier case: its public code, how it stands, and when it is due."""
    it = earlier.incident
    due = f"，预计 {local_day(it.due_at).isoformat()} 前办结" if it.due_at and it.state.open else ""
    return f"您反映的事项已在办理，查询码 {it.public_code}，目前{public_status(it.state).zh}{due}。"


def answered(act: Act, case: Case, earlier: Case, words: str | None) -> tuple[Outcome, Outcome]:
    """R05: the call is answered with the progress, by default as proposed; it is no new case and counts as a 件次 more.

    GUARD_FAILED (field `earlierId`) where person, kind or place differ, BAD_INPUT (field `replyText`).
    """
    if not repeats(case, earlier):
        raise DomainError(ErrorCode.GUARD_FAILED, "earlierId", rule="R05")
    reply = text.checked(words, "replyText") if words else progress(earlier)
    after = rejected(act, case, RejectReason.NO_NEW_FACTS, reply)
    data: dict[str, Fact] = {"earlier": str(earlier.incident.id), "complainants": told(case)}
    count = earlier.incident.report_count + 1
    counted = replace(earlier, incident=replace(earlier.incident, report_count=count))
    known: dict[str, Fact] = {"repeat": str(case.incident.id), "reportCount": count}
    return (
        conclude(case, after, [act.happening("R05", data=data)]),
        conclude(earlier, counted, [act.happening("R05", data=known)]),
    )
