"""Supervision by hand and by the timer: a ratchet that only rises (domain.md §0-11, R19, T37, T38, B.4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from uuid import UUID

from domain import text
from domain.assignment import Assignment
from domain.case import Case, put
from domain.clock import ClockType, stop
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind, Fact
from domain.life.outcome import Happening, Outcome, conclude
from domain.loop.ladder import E6, REDS
from domain.person import Role
from domain.policy import Policy
from domain.rules.act import Act
from domain.rules.clock import start, with_clocks
from domain.rules.loop.breach import booked_card
from domain.supervision import Supervision, SupervisionLevel, SupervisionOrigin


@dataclass(frozen=True, slots=True)
class Grounds:
    """What a ladder is climbed by: the limits as of the report, and the units' red cards of 30 days elsewhere."""

    policy: Policy | None = None
    reds: Mapping[UUID, int] = field(default_factory=lambda: MappingProxyType({}))


def supervise(
    act: Act, case: Case, level: SupervisionLevel, words: str, grounds: Grounds | None = None
) -> Outcome:
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
    said_so = act.happening("T37", EventKind.SUPERVISED, data={"level": level.value})
    after, proposals = proposed(act, case, after, grounds or Grounds())
    return conclude(case, after, [said_so, *proposals])


def reply(act: Act, case: Case, card_id: UUID, words: str) -> Outcome:
    """T37: a unit answers a card, and its REPLY clock stops.

    NOT_FOUND (field `supervisionId`) for a card of another case, GUARD_FAILED for one that is answered or cancelled,
    FORBIDDEN for one that concerns another unit's row, BAD_INPUT for the text.
    """
    card = next((it for it in case.supervisions if it.id == card_id), None)
    if card is None:
        raise DomainError(ErrorCode.NOT_FOUND, "supervisionId", rule="T37")
    if not card.open:
        raise DomainError(ErrorCode.GUARD_FAILED, "supervisionId", rule="T37")
    if card.assignment_id is not None:
        owes = case.assignment(card.assignment_id).org_id
        if owes not in act.actor.orgs_as(Role.HANDLER_LEAD):
            raise DomainError(ErrorCode.FORBIDDEN, "supervisionId", rule="T37")
    answered = replace(
        card, replied_at=act.now, replied_by_id=act.actor_id, reply=text.checked(words, "text")
    )
    after = replace(_unclocked(act, case, card), supervisions=put(case.supervisions, answered))
    data: dict[str, Fact] = {"level": card.level.value}
    return conclude(case, after, [act.happening("T37", assignment_id=card.assignment_id, data=data)])


def cancel(act: Act, case: Case, reason: str) -> Outcome:
    """T38: the level is NONE again and every open card is cancelled; points stay. BAD_INPUT for the reason."""
    why = text.checked(reason, "reason")
    after = case
    for card in case.supervisions:
        if card.open:
            gone = replace(card, cancelled_at=act.now, cancelled_by_id=act.actor_id, cancel_reason=why)
            after = _unclocked(act, after, card)
            after = replace(after, supervisions=put(after.supervisions, gone))
    data: dict[str, Fact] = {"level": case.incident.supervision_level.value}
    after = replace(after, incident=replace(after.incident, supervision_level=SupervisionLevel.NONE))
    return conclude(case, after, [act.happening("T38", EventKind.SUPERVISED, data=data)])


def raised(act: Act, case: Case, level: SupervisionLevel, trigger: str, assignment_id: UUID | None) -> Case:
    """B.4: an automatic card with its points; at or above that level it writes nothing (B.6 decided 10)."""
    if case.incident.supervision_level.rank >= level.rank:
        return case
    return _carded(
        act, case, level, origin=SupervisionOrigin.AUTO, trigger=trigger, assignment_id=assignment_id
    )


def proposed(act: Act, before: Case, after: Case, grounds: Grounds) -> tuple[Case, list[Happening]]:
    """E6: a red card that makes three of a unit in 30 days proposes a listing, and never lists."""
    known = {it.id for it in before.supervisions}
    fresh = [it for it in after.supervisions if it.id not in known and it.level is SupervisionLevel.RED]
    rows = [row for card in fresh for row in rows_of(after, card.assignment_id)]
    return proposing(act, after, [row for row in rows if grounds.reds.get(row.org_id, 0) + 1 >= REDS])


def proposing(act: Act, case: Case, rows: Sequence[Assignment]) -> tuple[Case, list[Happening]]:
    """E6: the case with that step, and what tells the director and the leaders of each unit."""
    told = [
        act.happening(
            E6.row,
            EventKind.ESCALATED,
            assignment_id=row.id,
            data={
                "step": E6.number,
                "level": SupervisionLevel.LISTED.value,
                "org": str(row.org_id),
                "to": [role.value for role in E6.tells],
            },
        )
        for row in rows
    ]
    return (at_step(case, E6.number) if told else case), told


def at_step(case: Case, number: int) -> Case:
    """The case with the highest step of B.4 that has fired; it never falls."""
    highest = max(case.incident.escalation_step, number)
    return replace(case, incident=replace(case.incident, escalation_step=highest))


def rows_of(case: Case, row_id: UUID | None) -> tuple[Assignment, ...]:
    """Whom a card concerns: the unit of its row, else every leading unit."""
    return case.leads if row_id is None else (case.assignment(row_id),)


def _unclocked(act: Act, case: Case, card: Supervision) -> Case:
    """The case with the card's REPLY clock stopped."""
    return with_clocks(case, *(stop(clock, act.now) for clock in case.clocks if clock.id == card.clock_id))


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
    limit = act.policy.supervision_reply(level.value)
    by = act if assignment_id is None else act.at_unit(case.assignment(assignment_id).org_id)
    clock = start(by, case.incident, ClockType.REPLY, assignment_id=assignment_id, limit=limit)
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
        reply_due_at=clock.due_at,
        round=case.incident.round,
        clock_id=clock.id,
    )
    after = replace(
        case,
        incident=replace(case.incident, supervision_level=level),
        supervisions=(*case.supervisions, card),
    )
    return booked_card(act, with_clocks(after, clock), level, assignment_id)
