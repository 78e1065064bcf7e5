"""Rulings on whose duty a case is (domain.md B.3 T18, T19, S35)."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from db import dictionaries, orgs
from db.loop import statements
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.outcome import Outcome
from domain.loop.request import RequestKind
from domain.permission import permit
from domain.person import Role
from domain.rules.act import Act
from domain.rules.dispute import arbitration as rules
from services.apply import change_case
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferToArbitration:
    """Which units shall speak, besides those that hold the case, and about what."""

    id: UUID
    expected_version: int
    text: str
    participants: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitStatement:
    """What a unit says, and whether it offers itself."""

    id: UUID
    expected_version: int
    text: str
    volunteers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleArbitration:
    """Which units have the case from now on, by what order, and which of them shirked."""

    id: UUID
    expected_version: int
    mode: AssignmentMode
    leads: tuple[UUID, ...]
    order_text: str
    supports: tuple[UUID, ...] = ()
    copies: tuple[UUID, ...] = ()
    shirked_org_unit_ids: tuple[UUID, ...] = ()


async def refer(call: Call, given: ReferToArbitration) -> Result:
    """T18: leave to the command centre whose duty the case is."""
    permit(call.actor, A.referToArbitration)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        await _check_units(work, given.participants, "participants", "T18")
        return rules.refer(act, case, given.participants, given.text)

    return await change_case(call, A.referToArbitration, given, decide)


async def submit_statement(call: Call, given: SubmitStatement) -> Result:
    """S35: speak for a unit that the arbitration names; it need not see the case."""
    permit(call.actor, A.submitStatement)
    speaking = {str(it) for it in call.actor.orgs_as(Role.HANDLER_LEAD)}
    made: dict[str, tuple[UUID, ...]] = {}

    def named(case: Case) -> bool:
        return any(speaking.intersection(it.participants) for it in case.waiting(RequestKind.ARBITRATION))

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        outcome, statement = rules.make_statement(act, case, given.text, volunteers=given.volunteers)
        statements.insert(work, statement)
        made["statement"] = (statement.id,)
        return outcome

    return await change_case(call, A.submitStatement, given, decide, opened=named, beside=made)


async def rule(call: Call, given: RuleArbitration) -> Result:
    """T19: rule whose duty the case is; the next case of the kind finds the ruling as a dispatch rule (R08)."""
    permit(call.actor, A.ruleArbitration)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        (asked,) = case.waiting(RequestKind.ARBITRATION)
        for field in ("leads", "supports", "copies"):
            await _check_units(work, getattr(given, field), field, "T19")
        ruling = rules.Ruling(
            mode=given.mode,
            leads=given.leads,
            supports=given.supports,
            copies=given.copies,
            order_text=given.order_text,
            shirked=given.shirked_org_unit_ids,
            volunteers=await statements.volunteers(work, asked.id),
        )
        outcome = rules.rule(act, case, ruling)
        await dictionaries.insert_rules(work, rules.rules_of(act, case, ruling, asked.id))
        return outcome

    return await change_case(call, A.ruleArbitration, given, decide)


async def _check_units(work: Work, ids: Collection[UUID], field: str, rule: str) -> None:
    """NOT_FOUND for a unit that is none, GUARD_FAILED for one that is closed or may not handle it (T11)."""
    found = await orgs.known(ids, work.connection)
    if len(found) != len(set(ids)):
        raise DomainError(ErrorCode.NOT_FOUND, field, rule=rule)
    given_it = field in {"leads", "supports"}
    if not all(unit.handles if given_it else unit.active for unit in found.values()):
        raise DomainError(ErrorCode.GUARD_FAILED, field, rule=rule)
