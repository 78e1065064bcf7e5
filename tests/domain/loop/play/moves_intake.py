"""Random, mostly valid input for the commands before filing and the other ways out: what the walk plays."""

from collections.abc import Callable
from random import Random

from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.incident import CaseOutcome, RejectReason, Urgency
from domain.life.outcome import Outcome
from domain.loop.request import EndingKind, RequestKind, TransferTarget
from domain.rules import incident
from domain.rules.act import Act
from domain.rules.loop import intake, otherwise, withdrawal
from domain.verification import CheckResult
from tests.domain.loop.play.steps_intake import HERE, KILOMETRE_OFF, a_proposal
from tests.domain.stage import a_picture

Move = Callable[[Random, Act, Case, Assignment | None], Outcome]


def _file(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return incident.file(
        act, case, chance.choice(list(Urgency)), case.category, boundary=chance.random() < 0.3
    )


def _reject(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return incident.reject(act, case, chance.choice(list(RejectReason)), "不予受理")


def _amend(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return incident.amend(act, case, incident.Amendment(title="路灯损坏", reason="更正"))


def _note(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return incident.add_note(act, case, "记录")


def _transfer(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    target = chance.choice(list(TransferTarget))
    return otherwise.transfer(act, case, target, chance.choice(["接收人", "接收人", None]), "已转")


def _reinstate(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return otherwise.reinstate(act, case, "诉求人申诉", receiver_refused=chance.random() < 0.5)


def _send_to_verify(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return intake.request_verification(act, case)


def _verify(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    found = intake.Finding(
        result=chance.choice(list(CheckResult)),
        point=chance.choice([HERE, KILOMETRE_OFF]),
        media=(a_picture(),),
        note=chance.choice(["已到现场", "已到现场", None]),
    )
    return intake.record_verification(act, case, found)


def _self_handle(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    done = intake.SelfHandling(
        outcome=chance.choice([CaseOutcome.SOLVED, CaseOutcome.NOT_FOUND]),
        result_text="已清理",
        before_media=(a_picture(),),
        after_media=(a_picture(),),
    )
    return intake.self_handle(act, case, done)


def _review(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return intake.review_self_handled(act, case, "已看", accept=chance.random() < 0.5)


def _confirm_grid(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return intake.confirm_grid(act, case, None, ())


def _propose(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return otherwise.propose(act, case, a_proposal(chance.choice(list(EndingKind))))


def _decide(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    merging = bool(case.waiting(RequestKind.MERGE))  # confirming a merge needs its master
    return otherwise.decide(act, case, "已定", accept=not merging and chance.random() < 0.5)


def _void(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return otherwise.decide(act, case, "同意作废", accept=True)


def _withdraw(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return withdrawal.withdraw(act, case, "不再要求", chance.choice(case.complainants).id)


MOVES: dict[A, Move] = {
    A.fileIncident: _file,
    A.rejectIncident: _reject,
    A.amendIncident: _amend,
    A.addNote: _note,
    A.transferIncident: _transfer,
    A.reinstateIncident: _reinstate,
    A.requestVerification: _send_to_verify,
    A.recordVerification: _verify,
    A.selfHandleIncident: _self_handle,
    A.reviewSelfHandled: _review,
    A.confirmGrid: _confirm_grid,
    A.proposeEnding: _propose,
    A.decideEnding: _decide,
    A.voidIncident: _void,
    A.withdrawIncident: _withdraw,
}
