"""Asking the resident afterwards, closing, and sending back (domain.md B.3 T31, T32, B.6, R29, R30)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain import text
from domain.assignment import Assignment, AssignmentState
from domain.calendar import WorkCalendar
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.followup import (
    DissatisfactionReason,
    FollowUp,
    FollowUpLayer,
    ReplyChannel,
    Satisfaction,
    Solved,
)
from domain.incident import CaseOutcome, IncidentState, NoteKind
from domain.life.guards.review import (
    attempts_at,
    closes,
    given_up,
    is_unhappy,
    key_of,
    owed,
    unhappy,
    worked_out,
)
from domain.life.outcome import Outcome, conclude
from domain.life.transition import open_layers
from domain.loop.ladder import E5
from domain.loop.score import ScoreType
from domain.person import Role
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.ending import closed, lone_lead, scored, sent_back
from domain.rules.incident import noted, replied, told
from domain.rules.loop.opinion import a_task, demanded, waiting_task, with_opinion, with_task
from domain.rules.loop.unreasonable import closed_as_unreasonable
from domain.rules.supervision import Grounds, at_step, proposed, raised
from domain.supervision import SupervisionLevel
from domain.verification import TaskState

_MOMENT = timedelta(milliseconds=1)
_DONE_WORDS = "事项已办结。"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One attempt to ask: whether the person was reached, and what was said."""

    channel: ReplyChannel
    reached: bool
    solved: Solved | None = None
    satisfaction: Satisfaction | None = None
    dissatisfaction_reason: DissatisfactionReason | None = None
    contacted_by_handler: bool | None = None
    opinion: str | None = None

    @property
    def valid(self) -> bool:
        """R29: reached and answered."""
        rated = self.satisfaction not in {None, Satisfaction.NOT_RATED}
        return self.reached and (self.solved is not None or rated)

    @property
    def unhappy(self) -> bool:
        """S49: a valid answer that is dissatisfied, or says that nothing is solved."""
        return self.valid and is_unhappy(self.satisfaction, self.solved)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rework:
    """Why a case goes back, to which units; `minutes` are those of the case meeting that T32b needs."""

    reason: DissatisfactionReason
    words: str
    leads: Collection[UUID] = ()
    supports: Collection[UUID] = ()
    minutes: str | None = None


def begin_followup(act: Act, case: Case) -> Case:
    """T28: the case in FOLLOWUP, a COMMAND task for each who is owed a reply, the opinion where it is demanded."""
    after = stopped(case, act.now, (ClockType.CHECK,))
    incident = replace(after.incident, state=IncidentState.FOLLOWUP)
    after = with_clocks(replace(after, incident=incident), start(act, incident, ClockType.FOLLOWUP))
    if demanded(act, case):
        after = with_opinion(act, after, sampled=not case.category.requires_opinion)
    for who in owed(after):
        after = with_task(act, after, key_of(after, who))
    return after


def record(
    act: Act, case: Case, layer: FollowUpLayer, answer: Answer, complainant_id: UUID | None = None
) -> Outcome:
    """T31: one attempt of a layer at one complainant; a task is completed by it and, if it failed, set again (R29).

    Whoever is dissatisfied is asked at the door too (S49). ILLEGAL_TRANSITION or FORBIDDEN (field `layer`) when this
    layer is not this viewer's now; NOT_FOUND (field `complainantId`); BAD_INPUT for answers of a person not reached.
    """
    _check_layer(act, case, layer)
    person = _named(case, complainant_id)
    task = waiting_task(case, layer, person)
    row_id = _own_row(act, case, layer)
    after = recorded(act, case, layer, answer, act.now, row_id=row_id, complainant_id=person)
    if case.incident.state is IncidentState.FOLLOWUP:
        again = layer is FollowUpLayer.COMMAND or task is not None
        after = _asked_on(act, after, layer, person, wronged=answer.unhappy, again=again)
    data: dict[str, Fact] = {"layer": layer.value, "reached": answer.reached}
    return conclude(case, after, [act.happening("T31", data=data)])


def _asked_on(
    act: Act, case: Case, layer: FollowUpLayer, person: UUID | None, *, wronged: bool, again: bool
) -> Case:
    """What an attempt leads to: another one, or the household's opinion of the dissatisfied (S49)."""
    if wronged and layer is FollowUpLayer.COMMAND:
        return with_opinion(act, case, person)
    attempts = attempts_at(case, layer, person)
    if not again or any(it.valid for it in attempts) or tried_enough(act.calendar, attempts):
        return case
    return (with_task if layer is FollowUpLayer.COMMAND else with_opinion)(act, case, person)


def tried_enough(calendar: WorkCalendar, attempts: tuple[FollowUp, ...]) -> bool:
    """R29: three failed attempts on two days at least, one of them outside office hours."""
    outside = (
        not calendar.work_between(it.attempted_at, it.attempted_at + _MOMENT)
        for it in attempts
        if it.attempted_at
    )
    return given_up(attempts) and any(outside)


def close(act: Act, case: Case, *, partly: bool = False, minutes: str | None = None) -> Outcome:
    """T29 from CHECKING, T31 from FOLLOWUP; T33 by the director, or T32b with `partly` and the meeting's minutes.

    Each who is owed a reply gets one. FOLLOWUP_REQUIRED (T31) where nobody tried outside office hours (R29);
    GUARD_FAILED, FORBIDDEN as the table says; BAD_INPUT (field `partly`, `minutes`).
    """
    if partly or minutes is not None:
        return _closed_partly(act, case, partly=partly, minutes=minutes)
    if unhappy(case):
        return closed_as_unreasonable(act, case)
    closes(act.actor, case)
    _check_hours(act, case)
    row = "T31" if case.incident.state is IncidentState.FOLLOWUP else "T29"
    after = replied(act, closed(act, case), _result_of(case))
    data: dict[str, Fact] = {"onTime": after.incident.on_time, "complainants": told(case)}
    return conclude(case, after, [act.happening(row, data=data)])


def _closed_partly(act: Act, case: Case, *, partly: bool, minutes: str | None) -> Outcome:
    """T32b: the case meeting ends it, with what was done."""
    _check_meeting(act, case)
    if not partly:
        raise DomainError(ErrorCode.BAD_INPUT, "partly", rule="T32b")
    words = text.checked(minutes or "", "minutes")
    after = noted(act, closed(act, case), words, NoteKind.MINUTES)
    after = replace(after, incident=replace(after.incident, outcome=CaseOutcome.PARTLY))
    after = replied(act, after, _result_of(case))
    return conclude(case, after, [act.happening("T32b", data={"complainants": told(case)})])


def rework(act: Act, case: Case, given: Rework, grounds: Grounds | None = None) -> Outcome:
    """T32: the resident was not satisfied and the request is judged reasonable: a new round, −1 for its leads.

    After two reworks it is the director's, with the minutes of the case meeting (T32b); the second dissatisfaction
    is a RED card besides (E5). BAD_INPUT for the texts, else as `sent_back`.
    """
    row = "T32b" if worked_out(case) and Role.COMMAND_DIRECTOR in act.actor.roles else "T32"
    words = text.checked(given.words, "text")
    after, named = sent_back(act, case, given.leads, row, given.supports)
    after = noted(act, after, words)
    if row == "T32b" or given.minutes is not None:
        after = noted(act, after, text.checked(given.minutes or "", "minutes"), NoteKind.MINUTES)
    after, proposals = proposed(act, case, _punished(act, case, after, named, row), grounds or Grounds())
    return conclude(case, after, [act.happening(row, data={"reason": given.reason.value}), *proposals])


def _punished(act: Act, before: Case, after: Case, named: Collection[Assignment], row: str) -> Case:
    """Points of the round that ends, and RED for the second dissatisfaction (B.4 E5)."""
    again = unhappy(before)
    after = scored(act, after, named, ScoreType.DISSATISFIED if again else ScoreType.REWORK, row)
    rounds = [number for number in range(1, before.incident.round + 1) if unhappy(before, number)]
    if again and len(rounds) > 1:
        after = raised(act, after, SupervisionLevel.RED, f"{row}.{E5.row}", lone_lead(after))
        after = at_step(after, E5.number)
    return after


def recorded(
    act: Act,
    case: Case,
    layer: FollowUpLayer,
    answer: Answer,
    at: datetime,
    *,
    row_id: UUID | None,
    complainant_id: UUID | None = None,
) -> Case:
    """The case with an attempt recorded: in the waiting task of the layer, or as a row of its own."""
    _check_answer(answer)
    waiting = waiting_task(case, layer, complainant_id) or a_task(act, case, layer, None, complainant_id)
    done = replace(
        waiting,
        assignment_id=row_id,
        state=TaskState.DONE,
        channel=answer.channel,
        reached=answer.reached,
        valid=answer.valid,
        solved=answer.solved,
        satisfaction=answer.satisfaction,
        dissatisfaction_reason=answer.dissatisfaction_reason,
        contacted_by_handler=answer.contacted_by_handler,
        opinion=text.optional(answer.opinion, "opinion"),
        recorded_by_id=act.actor_id,
        attempted_at=at,
    )
    return replace(case, followups=put(case.followups, done))


def _named(case: Case, complainant_id: UUID | None) -> UUID | None:
    """The complainant as follow-ups name one. NOT_FOUND for who is not linked or has withdrawn (T40)."""
    own = case.incident.complainant_id
    wanted = complainant_id or own
    if complainant_id is not None and all(it.id != wanted for it in case.complainants):
        raise DomainError(ErrorCode.NOT_FOUND, "complainantId", rule="T31")
    return None if wanted == own else wanted


def _result_of(case: Case) -> str:
    """What is told to who asked: the last result handed in."""
    results = [row for row in case.assignments if row.submitted_at is not None and row.result_text]
    last = max(results, key=lambda row: (row.submitted_at, row.seq), default=None)
    return last.result_text or _DONE_WORDS if last else _DONE_WORDS


def _check_hours(act: Act, case: Case) -> None:
    """R29, as T31 needs it: whoever was not reached was tried outside office hours too."""
    if case.incident.state is not IncidentState.FOLLOWUP:
        return
    for who in owed(case):
        attempts = attempts_at(case, FollowUpLayer.COMMAND, key_of(case, who))
        if not any(it.valid for it in attempts) and not tried_enough(act.calendar, attempts):
            raise DomainError(ErrorCode.FOLLOWUP_REQUIRED, rule="R29")


def _check_meeting(act: Act, case: Case) -> None:
    """T32b is the director's, after two reworks."""
    if Role.COMMAND_DIRECTOR not in act.actor.roles:
        raise DomainError(ErrorCode.FORBIDDEN, "partly", rule="T32b")
    if not worked_out(case):
        raise DomainError(ErrorCode.GUARD_FAILED, "partly", rule="T32b")


def _check_answer(answer: Answer) -> None:
    """A person who was not reached said nothing."""
    said = (("solved", answer.solved), ("satisfaction", answer.satisfaction))
    for field, value in said:
        if value is not None and not answer.reached:
            raise DomainError(ErrorCode.BAD_INPUT, field, rule="R29")


def _check_layer(act: Act, case: Case, layer: FollowUpLayer) -> None:
    if layer in open_layers(act.actor, case):
        return
    handling = layer is FollowUpLayer.HANDLER
    if handling is (case.incident.state is IncidentState.FOLLOWUP):
        state = case.incident.state.value
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, "layer", rule="T31", facts={"from": state})
    raise DomainError(ErrorCode.FORBIDDEN, "layer", rule="T31")


def _own_row(act: Act, case: Case, layer: FollowUpLayer) -> UUID | None:
    if layer is not FollowUpLayer.HANDLER:
        return None
    accepted = (row for row in case.leads if row.state is AssignmentState.ACCEPTED)
    return next(row.id for row in accepted if row.org_id in act.actor.handler_orgs)
