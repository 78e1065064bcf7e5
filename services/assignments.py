"""What dispatchers and units do with a case (domain.md B.3 T11, T13b, T14, T20, T25)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db import dictionaries, orgs
from db.loop import duties
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentMode
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.followup import ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome
from domain.life.outcome import Outcome
from domain.org import LOCAL, OrgUnit
from domain.permission import permit
from domain.rules import assignment as rules
from domain.rules.act import Act
from domain.rules.followup import Answer
from domain.rules.loop import joint
from domain.rules.loop.giving import pushed_down
from services.apply import change_case, change_row, pictures
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchIncident:
    """Which units lead, support and are copied, and why; `push_down_reason` where R35 asks for it."""

    id: UUID
    expected_version: int
    mode: AssignmentMode
    leads: tuple[UUID, ...]
    supports: tuple[UUID, ...] = ()
    copies: tuple[UUID, ...] = ()
    basis: str | None = None
    push_down_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RedispatchIncident(DispatchIncident):
    """Whom the case goes to now, and why."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptAssignment:
    """Which assignment is accepted."""

    id: UUID
    expected_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFirstContact:
    """How and when the complainant was first reached; `contacted_at` defaults to now."""

    id: UUID
    expected_version: int
    channel: ReplyChannel
    contacted_at: datetime | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HandlerFollowUp:
    """The handler's own question afterwards; `at` defaults to now."""

    channel: ReplyChannel
    reached: bool
    at: datetime | None = None
    solved: Solved | None = None
    satisfaction: Satisfaction | None = None
    opinion: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitResult:
    """The result, the pictures taken after the work, and the follow-up or why there is none."""

    id: UUID
    expected_version: int
    outcome: CaseOutcome
    result_text: str
    after_media_ids: tuple[UUID, ...] = ()
    follow_up: HandlerFollowUp | None = None
    no_contact_reason: str | None = None


async def dispatch(call: Call, given: DispatchIncident) -> Result:
    """T11: give the case to units that are bound to act by a duty item, a dispatch rule or the basis given."""
    permit(call.actor, A.dispatchIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        return rules.dispatch(act, case, await _order(work, act, case, given))

    return await change_case(call, A.dispatchIncident, given, decide)


async def redispatch(call: Call, given: RedispatchIncident) -> Result:
    """T13b: the director gives the case to other units."""
    permit(call.actor, A.redispatchIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        return joint.redispatch(act, case, await _order(work, act, case, given), given.reason)

    return await change_case(call, A.redispatchIncident, given, decide)


async def accept(call: Call, given: AcceptAssignment) -> Result:
    """T14: sign for the case."""
    permit(call.actor, A.acceptAssignment)

    async def decide(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.accept(act, case, row)

    return await change_row(call, A.acceptAssignment, given, decide)


async def record_first_contact(call: Call, given: RecordFirstContact) -> Result:
    """T20: record the first contact with the complainant."""
    permit(call.actor, A.recordFirstContact)

    async def decide(_work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        return rules.record_first_contact(act, case, row, given.channel, given.contacted_at, given.note)

    return await change_row(call, A.recordFirstContact, given, decide)


async def submit(call: Call, given: SubmitResult) -> Result:
    """T25: submit the result."""
    permit(call.actor, A.submitResult)

    async def decide(work: Work, act: Act, case: Case, row: Assignment) -> Outcome:
        asked = given.follow_up
        return rules.submit(
            act,
            case,
            row,
            rules.Submission(
                outcome=given.outcome,
                result_text=given.result_text,
                after_media=await pictures(work, act, given.after_media_ids, "afterMediaIds"),
                follow_up=_answer(asked) if asked else None,
                asked_at=asked.at if asked else None,
                no_contact_reason=given.no_contact_reason,
            ),
        )

    return await change_row(call, A.submitResult, given, decide)


async def _order(work: Work, act: Act, case: Case, given: DispatchIncident) -> rules.Dispatch:
    """The order with its units looked up, and what binds them: a duty item first, else a dispatch rule.

    A rule that was found is counted as hit. NOT_FOUND naming the list with an unknown unit.
    """
    leads = await _units(work, given.leads, "leads")
    supports = await _units(work, given.supports, "supports")
    grounds: list[str | None] = []
    found: dict[UUID, UUID] = {}
    for unit in (*leads, *supports):
        category = case.incident.category_id
        duty = await dictionaries.duty_basis(work, unit.id, category, act.now)
        rule = await dictionaries.dispatch_rule(work, category, case.region_ids, unit.id, act.now)
        grounds.append(duty.legal_basis if duty else rule.basis if rule else None)
        if rule is not None:
            found[unit.id] = rule.id
    for rule_id in dict.fromkeys(found.values()):
        dictionaries.hit(work, rule_id)
    named = [it for it in grounds if it is not None]
    return rules.Dispatch(
        mode=given.mode,
        leads=leads,
        supports=supports,
        copies=await _units(work, given.copies, "copies"),
        basis=given.basis,
        legal_basis="；".join(dict.fromkeys(named)) if len(named) == len(grounds) else None,
        rules=found,
        pushed=await _pushed(work, act, case, leads),
        push_down_reason=given.push_down_reason,
    )


async def _units(work: Work, ids: tuple[UUID, ...], field: str) -> tuple[OrgUnit, ...]:
    found = await orgs.known(ids, work.connection) if ids else {}
    if any(it not in found for it in ids):
        raise DomainError(ErrorCode.NOT_FOUND, field)
    return tuple(found[it] for it in ids)


async def _pushed(work: Work, act: Act, case: Case, leads: tuple[OrgUnit, ...]) -> dict[UUID, UUID]:
    """R35; who holds the duty is asked only where a street or community leads."""
    if not any(unit.kind in LOCAL for unit in leads):
        return {}
    holders = await duties.holders(
        case.incident.category_id, case.region_ids, act.now, viewer=act.actor, connection=work.connection
    )
    return pushed_down(leads, holders)


def _answer(asked: HandlerFollowUp) -> Answer:
    return Answer(
        channel=asked.channel,
        reached=asked.reached,
        solved=asked.solved,
        satisfaction=asked.satisfaction,
        opinion=asked.opinion,
    )
