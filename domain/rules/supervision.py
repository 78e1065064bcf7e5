"""Supervision by hand and by the timer: a ratchet that only rises (domain.md §0-11, R19, T37, B.4 E2)."""

from dataclasses import replace
from uuid import UUID

from domain import text
from domain.case import Case
from domain.clock import due_time
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.life.outcome import Outcome, conclude
from domain.rules.act import Act
from domain.supervision import Supervision, SupervisionLevel, SupervisionOrigin


def supervise(act: Act, case: Case, level: SupervisionLevel, words: str) -> Outcome:
    """T37: a higher card, with a reply due. SUPERVISION_EXISTS, SUPERVISION_DOWNGRADE; BAD_INPUT for NONE."""
    if level is SupervisionLevel.NONE:
        raise DomainError(ErrorCode.BAD_INPUT, "level", rule="T37")
    now = case.incident.supervision_level
    if level is now:
        raise DomainError(ErrorCode.SUPERVISION_EXISTS, "level", rule="T37")
    if level.rank < now.rank:
        raise DomainError(ErrorCode.SUPERVISION_DOWNGRADE, "level", rule="T37")
    said = text.checked(words, "text")
    after = _carded(act, case, level, origin=SupervisionOrigin.MANUAL, words=said)
    return conclude(case, after, [act.happening("T37", EventKind.SUPERVISED, data={"level": level.value})])


def urged(act: Act, case: Case, trigger: str, assignment_id: UUID | None) -> Case:
    """B.4: the timer urges; at or above that level it writes no card (B.6 decided 10)."""
    if case.incident.supervision_level.rank >= SupervisionLevel.URGE.rank:
        return case
    return _carded(
        act,
        case,
        SupervisionLevel.URGE,
        origin=SupervisionOrigin.AUTO,
        trigger=trigger,
        assignment_id=assignment_id,
    )


def _carded(
    act: Act,
    case: Case,
    level: SupervisionLevel,
    *,
    origin: SupervisionOrigin,
    trigger: str | None = None,
    words: str | None = None,
    assignment_id: UUID | None = None,
) -> Case:
    card = Supervision(
        id=act.new_id(),
        incident_id=case.incident.id,
        assignment_id=assignment_id,
        level=level,
        origin=origin,
        trigger=trigger,
        text=words,
        issued_by_id=act.actor_id,
        issued_at=act.now,
        reply_due_at=due_time(act.now, act.policy.supervision_reply(level.value), act.calendar),
        round=case.incident.round,
    )
    return replace(
        case,
        incident=replace(case.incident, supervision_level=level),
        supervisions=(*case.supervisions, card),
    )
