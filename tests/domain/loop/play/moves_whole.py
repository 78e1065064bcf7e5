"""Random, mostly valid input for checks, follow-ups, closing, time and supervision: what the walk plays."""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import NoteKind
from domain.life.guards.review import key_of, open_layers, unhappy, worked_out
from domain.life.outcome import Outcome
from domain.loop.request import HangReason, HangReview
from domain.rules import followup, supervision, verification
from domain.rules.act import Act
from domain.rules.followup import Answer
from domain.rules.loop import archive, instruction, merging, reopening
from domain.rules.time import extension, hang
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult

Move = Callable[[Random, Act, Case, Assignment | None], Outcome]


def _given(row: Assignment | None) -> Assignment:
    assert row is not None
    return row


def _request_check(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return verification.request_check(act, case)


def _check(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    result = chance.choice([*CheckResult, CheckResult.PASS, CheckResult.PASS])
    false = result is CheckResult.FAIL and chance.random() < 0.3
    return verification.record_check(
        act, case, verification.Check(result=result, note="已看", false_completion=false)
    )


def _ask(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    reached = chance.random() < 0.7
    answer = Answer(
        channel=ReplyChannel.PHONE,
        reached=reached,
        solved=chance.choice(list(Solved)) if reached else None,
        satisfaction=chance.choice([Satisfaction.SATISFIED, *Satisfaction]) if reached else None,
    )
    layer = chance.choice(sorted(open_layers(act.actor, case)))
    who = chance.choice([None, *case.complainants]) if layer is not FollowUpLayer.HANDLER else None
    asked = None if who is None or key_of(case, who) is None else who.id
    return followup.record(act, case, layer, answer, asked)


def _close(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    partly = worked_out(case) and unhappy(case)
    return followup.close(act, case, partly=partly, minutes="会议纪要" if partly else None)


def _rework(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    reason = chance.choice(list(DissatisfactionReason))
    minutes = "会议纪要" if worked_out(case) else None
    return followup.rework(act, case, followup.Rework(reason=reason, words="重办", minutes=minutes))


def _reopen(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return reopening.reopen(act, case, "又坏了")


def _archive(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return archive.archive(act, case)


def _join(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return merging.join(act, case)


def _ask_extension(chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    wish = extension.Wish(days=chance.randint(1, 6), reason="缺料", text="等料", informed_at=act.now)
    return extension.request(act, case, _given(row), wish)


def _decide_extension(chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return extension.decide(act, case, _given(row), accept=chance.random() < 0.6, answer="已核")


def _ask_hang(chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    review = act.now + timedelta(days=chance.randint(5, 30))
    plan = hang.Plan(
        reason=chance.choice(list(HangReason)),
        plan="明春施工",
        text="冬季不能施工",
        next_review_at=review,
        max_until=review + timedelta(days=chance.choice([0, 60])),
    )
    return hang.request(act, case, _given(row), plan)


def _decide_hang(chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return hang.decide(act, case, _given(row), accept=chance.random() < 0.7, answer="已核")


def _review_hang(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    chosen = chance.choice(list(HangReview))
    after = act.now + timedelta(days=chance.randint(1, 30)) if chosen is HangReview.CONTINUE else None
    return hang.review(act, case, hang.Review(review=chosen, text="已复查", next_review_at=after))


def _resume(_chance: Random, act: Act, case: Case, row: Assignment | None) -> Outcome:
    return hang.resume(act, case, _given(row), "可以施工")


def _supervise(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return supervision.supervise(act, case, chance.choice(list(SupervisionLevel)), "抓紧")


def _reply(chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    card = chance.choice([it for it in case.supervisions if it.open])
    return supervision.reply(act, case, card.id, "已部署")


def _cancel(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return supervision.cancel(act, case, "误发")


def _instruct(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return instruction.instruct(act, case, "请速办")


def _acknowledge(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    waiting = [it for it in case.notes if it.kind is NoteKind.INSTRUCTION and it.received_at is None]
    return instruction.acknowledge(act, case, waiting[0].id)


def _urgent(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return instruction.mark_urgent(act, case)


def _historic(_chance: Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return instruction.mark_historic(act, case)


MOVES: dict[A, Move] = {
    A.requestCheck: _request_check,
    A.recordCheck: _check,
    A.recordFollowUp: _ask,
    A.closeIncident: _close,
    A.reworkIncident: _rework,
    A.reopenIncident: _reopen,
    A.archiveIncident: _archive,
    A.joinIncident: _join,
    A.requestExtension: _ask_extension,
    A.decideExtension: _decide_extension,
    A.requestHang: _ask_hang,
    A.decideHang: _decide_hang,
    A.reviewHang: _review_hang,
    A.resumeHung: _resume,
    A.superviseIncident: _supervise,
    A.replySupervision: _reply,
    A.cancelSupervision: _cancel,
    A.instructIncident: _instruct,
    A.acknowledgeInstruction: _acknowledge,
    A.markUrgent: _urgent,
    A.markHistoric: _historic,
}
