"""Random but mostly valid calls of the rules of supervision, instruction and archiving."""

import random
from collections.abc import Callable

from domain.action import ActionName as A
from domain.assignment import Assignment
from domain.case import Case
from domain.incident import NoteKind
from domain.life.outcome import Outcome
from domain.rules import supervision
from domain.rules.act import Act
from domain.rules.loop import archive, instruction
from domain.supervision import SupervisionLevel

Move = Callable[[random.Random, Act, Case, Assignment | None], Outcome]


def _supervise(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return supervision.supervise(act, case, chance.choice(list(SupervisionLevel)), "抓紧")


def _reply(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return supervision.reply(act, case, chance.choice(case.supervisions).id, "已安排")


def _cancel(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return supervision.cancel(act, case, "已整改")


def _instruct(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return instruction.instruct(act, case, "请从快办理")


def _acknowledge(chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    words = [it for it in case.notes if it.kind is NoteKind.INSTRUCTION]
    return instruction.acknowledge(act, case, chance.choice(words).id)


def _urgent(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return instruction.mark_urgent(act, case)


def _historic(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return instruction.mark_historic(act, case)


def _archive(_chance: random.Random, act: Act, case: Case, _row: Assignment | None) -> Outcome:
    return archive.archive(act, case)


MOVES: dict[A, Move] = {
    A.superviseIncident: _supervise,
    A.replySupervision: _reply,
    A.cancelSupervision: _cancel,
    A.instructIncident: _instruct,
    A.acknowledgeInstruction: _acknowledge,
    A.markUrgent: _urgent,
    A.markHistoric: _historic,
    A.archiveIncident: _archive,
}
