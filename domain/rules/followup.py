"""Asking the resident afterwards, closing, and sending back (domain.md B.3 T31, T32, B.6, R29, R30)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from domain import text
from domain.assignment import AssignmentState
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
from domain.incident import IncidentState
from domain.life.outcome import Outcome, conclude
from domain.life.transition import open_layers
from domain.rules.act import Act
from domain.rules.ending import closed, sent_back
from domain.rules.incident import noted
from domain.verification import TaskState


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


def record(act: Act, case: Case, layer: FollowUpLayer, answer: Answer) -> Outcome:
    """T31: one attempt of a layer; the COMMAND task is completed by it and, if it failed, asked again (R29).

    ILLEGAL_TRANSITION or FORBIDDEN (field `layer`) when this layer is not this viewer's now; BAD_INPUT for
    answers of a person who was not reached.
    """
    _check_layer(act, case, layer)
    after = recorded(act, case, layer, answer, act.now, row_id=_own_row(act, case, layer))
    if layer is FollowUpLayer.COMMAND and not answer.valid and not _satisfied(after):
        after = with_task(act, after)
    data: dict[str, Fact] = {"layer": layer.value, "reached": answer.reached}
    return conclude(case, after, [act.happening("T31", data=data)])


def close(act: Act, case: Case) -> Outcome:
    """T29 from CHECKING, T31 from FOLLOWUP: the case is closed; its guards are in the table of transitions."""
    row = "T31" if case.incident.state is IncidentState.FOLLOWUP else "T29"
    after = closed(act, case)
    return conclude(case, after, [act.happening(row, data={"onTime": after.incident.on_time})])


def rework(
    act: Act, case: Case, reason: DissatisfactionReason, words: str, leads: Collection[UUID]
) -> Outcome:
    """T32: the resident was not satisfied and the request is judged reasonable: a new round.

    BAD_INPUT for the text, else as `sent_back`.
    """
    after = noted(act, sent_back(act, case, leads, "T32"), text.checked(words, "text"))
    return conclude(case, after, [act.happening("T32", data={"reason": reason.value})])


def recorded(
    act: Act, case: Case, layer: FollowUpLayer, answer: Answer, at: datetime, *, row_id: UUID | None
) -> Case:
    """The case with an attempt recorded: in the waiting task of the layer, or as a row of its own."""
    _check_answer(answer)
    waiting = next(
        (f for f in case.followups if f.layer is layer and f.state is TaskState.PENDING),
        _task(act, case, layer, None),
    )
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


def with_task(act: Act, case: Case) -> Case:
    """The case with a COMMAND follow-up to be done by the end of the FOLLOWUP clock (B.5)."""
    due = min((clock.due_at for clock in case.running(ClockType.FOLLOWUP)), default=None)
    task = _task(act, case, FollowUpLayer.COMMAND, due)
    return replace(case, followups=(*case.followups, task))


def _task(act: Act, case: Case, layer: FollowUpLayer, due: datetime | None) -> FollowUp:
    return FollowUp(
        id=act.new_id(),
        incident_id=case.incident.id,
        assignment_id=None,
        round=case.incident.round,
        layer=layer,
        state=TaskState.PENDING,
        channel=None,
        reached=None,
        valid=False,
        solved=None,
        satisfaction=None,
        dissatisfaction_reason=None,
        contacted_by_handler=None,
        opinion=None,
        recorded_by_id=None,
        due_at=due,
        created_at=act.now,
        attempted_at=None,
    )


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


def _satisfied(case: Case) -> bool:
    """Whether a COMMAND follow-up of this round was valid already."""
    return any(
        f.valid and f.layer is FollowUpLayer.COMMAND and f.round == case.incident.round
        for f in case.followups
    )
