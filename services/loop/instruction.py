"""Leaders' instructions, their receipt, and two flags of a case (domain.md B.3 T39, C.2 R16 to R18)."""

from dataclasses import dataclass
from uuid import UUID

from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.loop import instruction as rules
from services.apply import change_case
from services.command import Call, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructIncident:
    """A leader's words."""

    id: UUID
    expected_version: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgeInstruction:
    """Which instruction was received."""

    id: UUID
    expected_version: int
    note_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkUrgent:
    """Which case."""

    id: UUID
    expected_version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkHistoric:
    """Which case."""

    id: UUID
    expected_version: int


async def instruct(call: Call, given: InstructIncident) -> Result:
    """T39: a leader instructs."""
    permit(call.actor, A.instructIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.instruct(act, case, given.text)

    return await change_case(call, A.instructIncident, given, decide)


async def acknowledge(call: Call, given: AcknowledgeInstruction) -> Result:
    """R16: a unit receives an instruction."""
    permit(call.actor, A.acknowledgeInstruction)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.acknowledge(act, case, given.note_id)

    received = {"note": (given.note_id,)}
    return await change_case(call, A.acknowledgeInstruction, given, decide, beside=received)


async def mark_urgent(call: Call, given: MarkUrgent) -> Result:
    """R17: the case is marked 加急."""
    permit(call.actor, A.markUrgent)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.mark_urgent(act, case)

    return await change_case(call, A.markUrgent, given, decide)


async def mark_historic(call: Call, given: MarkHistoric) -> Result:
    """R18: the case is marked 历史遗留."""
    permit(call.actor, A.markHistoric)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.mark_historic(act, case)

    return await change_case(call, A.markHistoric, given, decide)
