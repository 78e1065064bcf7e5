"""One matter reported twice: merging, undoing it, "me too", repeated calls (domain.md B.3 T7, B.6 T7u, R03, R05)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from db import cases, idempotency, incidents
from db.loop.merges import merged_into
from db.unit_of_work import Work
from domain.action import ActionName as A
from domain.case import Case
from domain.errors import DomainError, ErrorCode
from domain.life.outcome import Outcome
from domain.life.transition import EDGES, require
from domain.loop.request import RequestKind
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.loop import merging as rules
from domain.rules.loop import repeat
from services.apply import act_of, answer, apply, caught_up, change_case
from services.command import SYSTEM, Call, Result, check_version, perform, with_limits
from services.loop import recusals


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeIncident:
    """Which case is the same matter as which other."""

    id: UUID
    expected_version: int
    master_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmergeIncident:
    """Which merge is undone, and why."""

    id: UUID
    expected_version: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRepeat:
    """Which call repeats which earlier case, and what is told; by default the progress."""

    id: UUID
    expected_version: int
    earlier_id: UUID
    reply_text: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinPublicCase:
    """The code of the public page of a case somebody else has seen too."""

    public_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinIncident:
    """Which case somebody else has seen too."""

    id: UUID
    expected_version: int


async def join(call: Call, given: JoinIncident) -> Result:
    """R03: say "me too"."""
    permit(call.actor, A.joinIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.join(act, case)

    return await change_case(call, A.joinIncident, given, decide)


async def join_public(call: Call, given: JoinPublicCase) -> Result:
    """R03: say "me too" to a case that the caller need not see, once each; a second time counts nothing.

    NOT_FOUND (field `publicCode`), ILLEGAL_TRANSITION for a case that is not open. A merged case counts for its master.
    """
    permit(call.actor, A.joinPublicCase)

    async def body(work: Work) -> Result:
        known = await incidents.public(given.public_code, connection=work.connection)
        if known is None:
            raise DomainError(ErrorCode.NOT_FOUND, "publicCode", rule="R03")
        case = await cases.load(work, known.master_id or known.id, viewer=SYSTEM)
        act = await act_of(work, call, A.joinPublicCase, case)
        late, _ = await caught_up(work, act, case)
        require(call.actor, A.joinPublicCase, late)
        if await _first_time(work, call, case.incident.id):
            await apply(work, late, rules.join(act, late))
        return Result()

    return await perform(call, A.joinPublicCase, given, body)


async def answer_repeat(call: Call, given: AnswerRepeat) -> Result:
    """R05: answer a call about what the same person reported before. NOT_FOUND for either case."""
    permit(call.actor, A.answerRepeat)

    async def body(work: Work) -> Result:
        found = await _locked(work, call, given.id, given.earlier_id)
        case, earlier = found[given.id], found.get(given.earlier_id)
        if earlier is None:
            raise DomainError(ErrorCode.NOT_FOUND, "earlierId", rule="R05")
        check_version(case.incident.version, given.expected_version)
        act = await act_of(work, call, A.answerRepeat, case)
        late, _ = await caught_up(work, act, case)
        known = (await caught_up(work, act, earlier))[0] if earlier.incident.id != late.incident.id else late
        require(call.actor, A.answerRepeat, late)
        outcome, counted = repeat.answered(act, late, known, given.reply_text)
        await apply(work, known, counted)
        await apply(work, late, outcome)
        return answer(late, outcome.case)

    return await perform(call, A.answerRepeat, given, body)


async def _first_time(work: Work, call: Call, incident_id: UUID) -> bool:
    """Whether the person says so for the first time, as far as keys are kept (30 days)."""
    mark, command = uuid5(incident_id, "me too"), A.joinPublicCase.value
    return await idempotency.claim(work, call.actor.person_id, mark, command, b"", datetime.now(UTC)) is None


async def merge(call: Call, given: MergeIncident) -> Result:
    """T7: merge a case, or after its dispatch ask the director to. NOT_FOUND for either case."""
    permit(call.actor, A.mergeIncident)

    async def body(work: Work) -> Result:
        found = await _locked(work, call, given.id, given.master_id)
        child, master = found[given.id], found.get(given.master_id)
        if master is None:
            raise DomainError(ErrorCode.NOT_FOUND, "masterId")
        check_version(child.incident.version, given.expected_version)
        act = await act_of(work, call, A.mergeIncident, child)
        late, _ = await caught_up(work, act, child)
        require(call.actor, A.mergeIncident, late)
        if late.incident.state in rules.BEFORE_DISPATCH:
            outcome = await _merged(work, act, late, master)
        else:
            outcome = rules.ask_merge(act, late, master)
        await apply(work, late, outcome)
        return answer(late, outcome.case)

    return await perform(call, A.mergeIncident, given, body)


async def unmerge(call: Call, given: UnmergeIncident) -> Result:
    """T7u: undo a merge."""
    permit(call.actor, A.unmergeIncident)

    async def body(work: Work) -> Result:
        shown = (await cases.cases([given.id], viewer=call.actor, connection=work.connection)).get(given.id)
        master_id = shown.incident.master_id if shown else None
        found = await _locked(work, call, given.id, master_id or given.id)
        child = found[given.id]
        check_version(child.incident.version, given.expected_version)
        act = await act_of(work, call, A.unmergeIncident, child)
        require(call.actor, A.unmergeIncident, child)
        master = found.get(child.incident.master_id or given.id)
        if master is None:
            raise DomainError(ErrorCode.NOT_FOUND, "id")
        late, _ = await caught_up(work, act, master)
        made = rules.unmerge(act, child, late, given.reason)
        await recusals.take_back(work, act, child.incident.id, late.incident.id)
        await apply(work, late, made.master)
        await apply(work, child, made.child)
        return answer(child, made.child.case)

    return await perform(call, A.unmergeIncident, given, body)


async def confirmed(work: Work, act: Act, child: Case, words: str | None = None) -> Outcome:
    """T7 after dispatch: the director agrees; the master is stored here, the child's outcome is the caller's to store.

    ILLEGAL_TRANSITION when no merge waits; GUARD_FAILED as `rules.merge`, the master having moved on meanwhile.
    """
    waiting = child.waiting(RequestKind.MERGE)
    state = child.incident.state
    if not waiting or waiting[0].target_id is None or state not in EDGES[A.mergeIncident].states:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T7", facts={"from": state.value})
    master = await cases.load(work, waiting[0].target_id, viewer=SYSTEM)
    return await _merged(work, act, child, master, words)


async def unmerged_with(work: Work, act: Act, master: Case) -> Case:
    """B.6 T7u: a VOIDED master's merged cases go on by themselves, stored here; the master without them."""
    timed = replace(act, actor=SYSTEM, action=None)
    for key in await merged_into(master.incident.id, viewer=SYSTEM, connection=work.connection):
        child = await cases.load(work, key, viewer=SYSTEM)
        own = await with_limits(work, timed, child.incident.category_id, child.region_ids)
        await recusals.take_back(work, timed, key, master.incident.id)
        await apply(work, child, rules.released(own, child))
        master = rules.without(master, child)
    return master


async def _merged(work: Work, act: Act, child: Case, master: Case, words: str | None = None) -> Outcome:
    """Merge, and store the master and the cases that move to it; the child is the caller's."""
    late, _ = await caught_up(work, act, master)
    below = await merged_into(child.incident.id, viewer=SYSTEM, connection=work.connection)
    moved = [await cases.load(work, key, viewer=SYSTEM) for key in below]
    made = rules.merge(act, child, late, moved, words)
    await recusals.carry(work, act, (child.incident.id, *below), late.incident.id)
    await apply(work, late, made.master)
    for before, outcome in zip(moved, made.moved, strict=True):
        await apply(work, before, outcome)
    return made.child


async def _locked(work: Work, call: Call, child_id: UUID, master_id: UUID) -> dict[UUID, Case]:
    """Both cases, locked in the order of ids, so that two merges of the same pair cannot wait for each other.

    NOT_FOUND (field `id`) for the child; a master that the caller cannot see is absent. FORBIDDEN (R82) for either.
    """
    found: dict[UUID, Case] = {}
    for key in sorted({child_id, master_id}):
        try:
            found[key] = await cases.load(work, key, viewer=call.actor)
        except DomainError as refusal:
            if key == child_id or refusal.code is ErrorCode.FORBIDDEN:
                raise
    return found
