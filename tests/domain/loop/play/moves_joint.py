"""Random, mostly valid input for the commands of dispatch and joint handling: what the walk plays."""

from collections.abc import Callable
from random import Random

from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentState
from domain.case import Case
from domain.followup import ReplyChannel
from domain.incident import CaseOutcome
from domain.life.outcome import Outcome
from domain.loop.milestone import undone
from domain.loop.whistle import Whistle, WhistleKind
from domain.rules import assignment
from domain.rules.act import Act
from domain.rules.loop import joint, milestone, whistle
from tests.domain.loop.play.steps_joint import EQUAL, LED, SINGLE, UNITS, order
from tests.domain.stage import COMMUNITY, unit

MOST = 4  # assignments of one case, as B.6 was explored
Move = Callable[[Random, Act, Case, Assignment | None], Outcome]


def _an_order(chance: Random) -> assignment.Dispatch:
    """One to four units in some mode, now and then with a copy."""
    units = tuple(chance.sample(UNITS, chance.randint(2, MOST)))
    copies = (COMMUNITY,) if COMMUNITY not in units and chance.random() < 0.3 else ()
    mode = chance.choice((SINGLE, LED, EQUAL))
    if mode is EQUAL:
        return order(EQUAL, units, copies=copies)
    return order(mode, units[:1], units[1:] if mode is LED else (), copies)


def _dispatch(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return assignment.dispatch(act, case, _an_order(chance))


def _redispatch(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return joint.redispatch(act, case, _an_order(chance), "另行安排")


def _withdraw(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return joint.withdraw(act, case, "派错了")


def _release(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return joint.release_support(act, case, _given(row), "无须协办")


def _accept(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return assignment.accept(act, case, _given(row))


def _contact(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return assignment.record_first_contact(act, case, _given(row), ReplyChannel.PHONE)


def _submit(chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    outcomes = (CaseOutcome.SOLVED, CaseOutcome.PARTLY, CaseOutcome.HUNG_OPEN)
    given = assignment.Submission(
        outcome=chance.choice(outcomes), result_text="已办", no_contact_reason="已当面告知"
    )
    return assignment.submit(act, case, _given(row), given)


def _milestone(chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    stage = chance.choice(undone(_given(row).stages))
    return milestone.complete(act, case, _given(row), stage.name, "已完成")


def _reply(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return joint.reply_as_support(act, case, _given(row), "已协办")


def _read(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return joint.acknowledge_copy(act, case, _given(row))


def _assign(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return joint.assign_handler(act, case, _given(row), act.actor.person_id)


def _send_back(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    waiting = [row.id for row in case.leads if row.state is AssignmentState.SUBMITTED]
    return joint.return_result(act, case, chance.sample(waiting, chance.randint(0, len(waiting))), "缺少照片")


def _whistle(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    whistled = Whistle(
        id=act.new_id(),
        incident_id=case.incident.id,
        org_id=COMMUNITY,
        kind=chance.choice(list(WhistleKind)),
        text="请到场会商",
        blown_by_id=act.actor.person_id,
        blown_at=act.now,
    )
    return whistle.blown(act, case, whistled, [unit(chance.choice(UNITS))])[2]


def _given(row: Assignment | None) -> Assignment:
    assert row is not None
    return row


MOVES: dict[A, Move] = {
    A.dispatchIncident: _dispatch,
    A.redispatchIncident: _redispatch,
    A.withdrawDispatch: _withdraw,
    A.releaseSupport: _release,
    A.acceptAssignment: _accept,
    A.recordFirstContact: _contact,
    A.submitResult: _submit,
    A.completeMilestone: _milestone,
    A.replyAsSupport: _reply,
    A.acknowledgeCopy: _read,
    A.assignHandler: _assign,
    A.returnResult: _send_back,
    A.blowWhistle: _whistle,
}
