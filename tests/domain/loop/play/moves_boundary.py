"""Random moves of boundary disputes, for the walk through the table: mostly valid input (T12, T15 to T19)."""

import random
from collections.abc import Callable, Mapping

from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentMode
from domain.case import Case
from domain.life.outcome import Outcome
from domain.loop.request import RequestKind, ReturnReason
from domain.rules.act import Act
from domain.rules.dispute import arbitration, claim, returning
from tests.domain.stage import CIVIL, COMMUNITY, HOUSING

Move = Callable[[random.Random, Act, Case, Assignment | None], Outcome]
UNITS = (HOUSING, CIVIL, COMMUNITY)


def _of(row: Assignment | None) -> Assignment:
    if row is None:
        raise LookupError("the command is on an assignment")
    return row


def request_return(chance: random.Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    """T15, mostly with another unit named."""
    named = chance.choice([None, *(it for it in UNITS if it != _of(row).org_id)])
    reason = chance.choice(list(ReturnReason))
    asked = returning.Asked(reason=reason, basis="三定方案", text="不属本单位", suggested_org_id=named)
    return returning.request_return(act, case, _of(row), asked)


def decide_return(chance: random.Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    """T16 or T17."""
    decision = returning.Decision(
        accept=chance.random() < 0.6, text="经核", refused_before=chance.randrange(2)
    )
    return returning.decide_return(act, case, _of(row), decision)


def claim_incident(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    """T12, asked."""
    return claim.claim(act, case, chance.choice([None, "愿意承担"]))


def confirm_claim(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    """T12, decided."""
    return claim.confirm(act, case, "同意认领", accept=chance.random() < 0.7, duty=chance.random() < 0.3)


def refer(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    """T18."""
    return arbitration.refer(act, case, chance.sample(UNITS, 2), "职责边界不清")


def make_statement(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    """S35."""
    return arbitration.make_statement(act, case, "本单位意见", volunteers=chance.random() < 0.5)[0]


def rule(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    """T19 in any mode."""
    (asked,) = case.waiting(RequestKind.ARBITRATION)
    mode = chance.choice(list(AssignmentMode))
    units = tuple(chance.sample(UNITS, len(UNITS)))
    leads = 2 if mode is AssignmentMode.EQUAL_JOINT else 1
    ruling = arbitration.Ruling(
        mode=mode,
        leads=units[:leads],
        supports=units[leads:] if mode is AssignmentMode.LED_JOINT else (),
        order_text="会议纪要",
        volunteers=frozenset(units[:1]),
        shirked=tuple(it for it in units[2:] if str(it) in asked.participants),
    )
    return arbitration.rule(act, case, ruling)


MOVES: Mapping[A, Move] = {
    A.requestReturn: request_return,
    A.decideReturn: decide_return,
    A.claimIncident: claim_incident,
    A.confirmClaim: confirm_claim,
    A.referToArbitration: refer,
    A.submitStatement: make_statement,
    A.ruleArbitration: rule,
}
