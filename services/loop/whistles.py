"""Whistles of streets and communities: blown, answered and rated on both sides (R33, R34)."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from db import cases, orgs
from db.loop import whistles
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.outcome import Outcome
from domain.loop.whistle import Whistle, WhistleCall, WhistleKind, WhistleStep
from domain.org import LOCAL, OrgUnit
from domain.permission import PERMITTED, permit
from domain.person import Role
from domain.rules.act import Act
from domain.rules.loop import whistle as rules
from domain.viewer import Viewer
from services.apply import act_of, apply, change_case
from services.command import SYSTEM, Call, Result, perform

Decide = Callable[[Act, Case, WhistleCall, Whistle], tuple[WhistleCall, Outcome]]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlowWhistle:
    """Which units are called to the case, and for what."""

    id: UUID
    expected_version: int
    kind: WhistleKind
    text: str
    org_unit_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWhistle:
    """What a unit that was called has done."""

    call_id: UUID
    step: WhistleStep


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWhistle:
    """One side's rating of the other, 1 to 5."""

    call_id: UUID
    rating: int
    text: str | None = None


async def blow(call: Call, given: BlowWhistle) -> Result:
    """R33: a street or community calls units. FORBIDDEN for people of other units, NOT_FOUND for an unknown unit."""
    permit(call.actor, A.blowWhistle)
    whistle_id = call.new_id()

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        found = await orgs.known(given.org_unit_ids, work.connection)
        if len(found) != len(set(given.org_unit_ids)):
            raise DomainError(ErrorCode.NOT_FOUND, "orgUnitIds")
        asked = Whistle(
            id=whistle_id,
            incident_id=case.incident.id,
            org_id=(await _local(work, act.actor)).id,
            kind=given.kind,
            text=given.text,
            blown_by_id=act.actor.person_id,
            blown_at=act.now,
        )
        units = [found[it] for it in given.org_unit_ids]
        whistle, calls, outcome = rules.blown(act, case, asked, units)
        whistles.insert(work, whistle, calls)
        return outcome

    return await change_case(call, A.blowWhistle, given, decide, beside={"whistle": (whistle_id,)})


async def answer(call: Call, given: AnswerWhistle) -> Result:
    """R33: a unit that was called signs, calls or comes. FORBIDDEN for other units, NOT_FOUND."""
    permit(call.actor, A.answerWhistle)

    def decide(act: Act, case: Case, called: WhistleCall, _whistle: Whistle) -> tuple[WhistleCall, Outcome]:
        if called.org_id not in act.actor.orgs_as(Role.HANDLER):
            raise DomainError(ErrorCode.FORBIDDEN, rule="R33")
        return rules.answered(act, case, called, given.step)

    return await _change(call, A.answerWhistle, given, decide)


async def rate(call: Call, given: RateWhistle) -> Result:
    """R34: whoever whistled rates the unit, the unit's head whoever whistled. FORBIDDEN for third parties."""
    permit(call.actor, A.rateWhistle)

    def decide(act: Act, case: Case, called: WhistleCall, whistle: Whistle) -> tuple[WhistleCall, Outcome]:
        own = _units_rating(act.actor)
        if own.isdisjoint({whistle.org_id, called.org_id}):
            raise DomainError(ErrorCode.FORBIDDEN, rule="R34")
        back = whistle.org_id not in own
        return rules.rated(act, case, called, given.rating, given.text, back=back)

    return await _change(call, A.rateWhistle, given, decide)


async def _change(call: Call, action: A, given: AnswerWhistle | RateWhistle, decide: Decide) -> Result:
    """Lock the call and its case, decide, store. The unit called need not see the case (ADR 8)."""

    async def body(work: Work) -> Result:
        before, whistle = await whistles.load_call(work, given.call_id, viewer=call.actor)
        case = await cases.load(work, before.incident_id, viewer=SYSTEM)
        permit(call.actor, action, case)
        act = await act_of(work, call, action, case)
        after, outcome = decide(act, case, before, whistle)
        whistles.save_call(work, before, after)
        await apply(work, case, outcome)
        return Result(incident_id=case.incident.id, made={"call": (before.id,)})

    return await perform(call, action, given, body)


def _units_rating(viewer: Viewer) -> frozenset[UUID]:
    return frozenset(org for role in PERMITTED[A.rateWhistle] for org in viewer.orgs_as(role))


async def _local(work: Work, viewer: Viewer) -> OrgUnit:
    """The street or community for which the person whistles. FORBIDDEN without one (R33)."""
    mine = frozenset(org for role in PERMITTED[A.blowWhistle] for org in viewer.orgs_as(role))
    known = await orgs.known(sorted(mine), work.connection)
    for unit in known.values():
        if unit.kind in LOCAL and unit.active:
            return unit
    raise DomainError(ErrorCode.FORBIDDEN, rule="R33")
