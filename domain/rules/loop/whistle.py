"""A street calls units to the spot; they sign, call back and arrive, and both sides are rated (R33, R34)."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from uuid import UUID

from domain import text
from domain.case import Case
from domain.clock import Limit, TimeUnit, due_time
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.loop.whistle import Whistle, WhistleCall, WhistleKind, WhistleStep
from domain.org import OrgUnit
from domain.rules.act import Act

RATINGS = range(1, 6)

_SIGN = Limit(60, TimeUnit.NATURAL_MIN)
_CONTACT = Limit(24 * 60, TimeUnit.NATURAL_MIN)
_ARRIVE: Mapping[WhistleKind, Limit] = {
    WhistleKind.EMERGENCY: Limit(2 * 60, TimeUnit.NATURAL_MIN),
    WhistleKind.ROUTINE: Limit(3, TimeUnit.WORK_DAY),
    WhistleKind.TOUGH: Limit(5, TimeUnit.WORK_DAY),
}
_TAKEN = {
    WhistleStep.SIGN: "signed_at",
    WhistleStep.CONTACT: "contacted_at",
    WhistleStep.ARRIVE: "arrived_at",
}


def blown(
    act: Act, case: Case, whistle: Whistle, units: Collection[OrgUnit]
) -> tuple[Whistle, list[WhistleCall], Outcome]:
    """R33: each unit has an hour to sign, 24 hours to call, and by the kind 2 hours, 3 or 5 working days to come.

    BAD_INPUT for the text, GUARD_FAILED (field `orgUnitIds`) for no unit, one twice, inactive, or the caller itself.
    """
    named = {unit.id for unit in units}
    if not units or len(named) != len(units) or whistle.org_id in named or not all(it.active for it in units):
        raise DomainError(ErrorCode.GUARD_FAILED, "orgUnitIds", rule="R33")
    calls = [_call(act, whistle, unit.id) for unit in units]
    data: dict[str, Fact] = {"kind": whistle.kind.value, "units": [str(unit.id) for unit in units]}
    worded = replace(whistle, text=text.checked(whistle.text, "text"))
    return worded, calls, conclude(case, case, [act.happening("R33", data=data)])


def answered(act: Act, case: Case, call: WhistleCall, step: WhistleStep) -> tuple[WhistleCall, Outcome]:
    """R33: the unit signs, then calls and comes, each once. ILLEGAL_TRANSITION otherwise, and for an ended case."""
    taken = _TAKEN[step]
    early = step is not WhistleStep.SIGN and call.signed_at is None
    if early or getattr(call, taken) is not None or not case.incident.state.open:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="R33")
    data: dict[str, Fact] = {"unit": str(call.org_id), "step": step.value}
    return (
        replace(call, **{taken: act.now}),  # type: ignore[arg-type]  # one of its times
        conclude(case, case, [act.happening("R33", data=data)]),
    )


def rated(
    act: Act, case: Case, call: WhistleCall, rating: int, words: str | None, *, back: bool
) -> tuple[WhistleCall, Outcome]:
    """R34: the street rates the unit from 1 to 5, the unit the street (`back`), once each.

    BAD_INPUT for another number, ILLEGAL_TRANSITION before the unit has come or should have, and the second time.
    """
    if rating not in RATINGS:
        raise DomainError(ErrorCode.BAD_INPUT, "rating", rule="R34")
    open_ = call.arrived_at is not None or act.now > call.arrive_due_at
    given = call.rated_back if back else call.rating
    if not open_ or given is not None or case.incident.state is IncidentState.ARCHIVED:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="R34")
    said = text.optional(words, "text")
    after = (
        replace(call, rated_back=rating, rated_back_text=said)
        if back
        else replace(call, rating=rating, rating_text=said)
    )
    data: dict[str, Fact] = {"unit": str(call.org_id), "back": back, "rating": rating}
    return after, conclude(case, case, [act.happening("R34", data=data)])


def _call(act: Act, whistle: Whistle, org_id: UUID) -> WhistleCall:
    return WhistleCall(
        id=act.new_id(),
        whistle_id=whistle.id,
        incident_id=whistle.incident_id,
        org_id=org_id,
        sign_due_at=due_time(act.now, _SIGN, act.calendar),
        contact_due_at=due_time(act.now, _CONTACT, act.calendar),
        arrive_due_at=due_time(act.now, _ARRIVE[whistle.kind], act.calendar),
    )
