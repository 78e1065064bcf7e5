"""The other ways out: rejected, transferred, voided, and back (domain.md B.3 T5, T6, T8, T36, B.5, B.6 C, E)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from domain import text
from domain.calendar import local_day
from domain.case import Case, put
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.event import Fact
from domain.incident import CaseOutcome, IncidentState, RejectReason
from domain.life.outcome import Outcome, conclude
from domain.loop.request import (
    ENDINGS,
    EndingKind,
    Request,
    RequestKind,
    RequestState,
    TransferTarget,
    VoidReason,
)
from domain.person import Role
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.ending import left_open
from domain.rules.incident import noted, rejected, replied, told
from domain.rules.loop.intake import sent_to_verify
from domain.rules.loop.unreasonable import closed_as_unreasonable
from domain.rules.loop.withdrawal import withdrawn

S = IncidentState
K = EndingKind

EMERGENCIES = frozenset(
    {
        TransferTarget.POLICE_110,
        TransferTarget.FIRE_119,
        TransferTarget.MEDICAL_120,
        TransferTarget.TRAFFIC_122,
    }
)
APPEAL_DAYS = 5
"""Working days within which a rejected or transferred case may be taken back (T5b)."""

RECEIVER = 60
_OPEN = frozenset(state for state in S if state.open)
# From where an ending may be proposed (B.5, T33, T36), under which row, and by whom.
_FROM: Mapping[K, frozenset[S]] = {
    K.REJECT: frozenset({S.FILED, S.ARBITRATING}),
    K.TRANSFER: frozenset({S.FILED, S.ARBITRATING}),
    K.VERIFY: frozenset({S.FILED}),
    K.VOID: _OPEN,
    K.UNREASONABLE: frozenset({S.FOLLOWUP}),
}
_ROW: Mapping[K, str] = {
    K.REJECT: "T5",
    K.TRANSFER: "T6",
    K.VERIFY: "T8",
    K.VOID: "T36",
    K.UNREASONABLE: "T33",
}
_PROPOSERS: Mapping[K, frozenset[Role]] = {
    K.REJECT: frozenset({Role.DISPATCHER}),
    K.TRANSFER: frozenset({Role.DISPATCHER}),
    K.VERIFY: frozenset({Role.DISPATCHER}),
    K.VOID: frozenset({Role.ACCEPTOR, Role.DISPATCHER, Role.SHIFT_LEADER, Role.CALLBACK}),
    K.UNREASONABLE: frozenset({Role.SHIFT_LEADER, Role.CALLBACK}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """How the case is to end, why, and what its complainants are to be told."""

    kind: EndingKind
    text: str
    reject_reason: RejectReason | None = None
    transfer_target: TransferTarget | None = None
    receiver: str | None = None
    void_reason: VoidReason | None = None
    reply_text: str | None = None


def transfer(act: Act, case: Case, target: TransferTarget, receiver: str | None, reply_text: str) -> Outcome:
    """T6: handed to whom it belongs by law; every complainant is told.

    GUARD_FAILED (field `receiver`) for an emergency that nobody has taken over.
    """
    words = text.checked(reply_text, "replyText")
    after = _transferred(act, case, target.value, _receiver(target, receiver), words)
    data: dict[str, Fact] = {"target": target.value, "complainants": told(case)}
    return conclude(case, after, [act.happening("T6", data=data)])


def reinstate(act: Act, case: Case, reason: str, *, receiver_refused: bool = False) -> Outcome:
    """T5b, T6b: back to REPORTED with a new INTAKE clock of the full limit.

    GUARD_FAILED later than 5 working days after the ending, unless it was transferred and the receiver refused it.
    """
    incident, ended = case.incident, case.incident.ended_at
    refused = receiver_refused and incident.state is S.TRANSFERRED
    last = act.calendar.workday_after(local_day(ended), APPEAL_DAYS) if ended else None
    in_time = last is not None and act.now <= act.calendar.closing(last)
    if incident.archived_at is not None or not (in_time or refused):
        raise DomainError(ErrorCode.GUARD_FAILED, rule="T5b")
    back = replace(
        incident,
        state=S.REPORTED,
        ended_at=None,
        reject_reason=None,
        reply_text=None,
        transfer_target=None,
        transfer_receiver=None,
    )
    after = stopped(replace(case, incident=back), act.now, (ClockType.ARCHIVE,))
    after = noted(act, after, text.checked(reason, "reason"))
    after = with_clocks(after, start(act, back, ClockType.INTAKE))
    row = "T6b" if incident.state is S.TRANSFERRED else "T5b"
    return conclude(case, after, [act.happening(row, data={"receiverRefused": refused})])


def propose(act: Act, case: Case, given: Proposal) -> Outcome:
    """B.5: one person proposes, another decides.

    FORBIDDEN (field `kind`) for a kind the role may not propose, ILLEGAL_TRANSITION where it does not fit the
    state, GUARD_FAILED naming what the kind needs besides.
    """
    if not act.actor.roles & _PROPOSERS[given.kind]:
        raise DomainError(ErrorCode.FORBIDDEN, "kind", rule=_ROW[given.kind])
    _check_state(case, given.kind)
    asked = Request(
        id=act.new_id(),
        incident_id=case.incident.id,
        kind=RequestKind.ENDING,
        org_id=act.actor.org_id,
        asked_by_id=act.actor_id,
        asked_at=act.now,
        reason=given.kind.value,
        detail=_detail(given),
        text=text.checked(given.text, "text"),
        basis=_reply(case, given),
        participants=_receivers(given),
    )
    after = replace(case, requests=(*case.requests, asked))
    data: dict[str, Fact] = {"request": str(asked.id), "kind": given.kind.value}
    return conclude(case, after, [act.happening(_ROW[given.kind], data=data)])


def decide(act: Act, case: Case, words: str, *, accept: bool) -> Outcome:
    """T5, T6, T8, T33, T36, T40: what was proposed is carried out, or refused and the case goes on as it was.

    ILLEGAL_TRANSITION when the case has moved on to where the proposal no longer fits. A merge (T7) needs its
    master too: here it can only be refused.
    """
    asked, *_ = case.waiting(*ENDINGS)
    words = text.checked(words, "text")
    if accept and asked.reason == K.UNREASONABLE.value:
        return closed_as_unreasonable(act, case, words)
    decided = replace(
        asked,
        state=RequestState.APPROVED if accept else RequestState.REJECTED,
        decided_by_id=act.actor_id,
        decided_at=act.now,
        answer=words,
    )
    after = replace(case, requests=put(case.requests, decided))
    data: dict[str, Fact] = {"request": str(asked.id), "accepted": accept}
    if accept:
        data["complainants"] = [str(asked.target_id)] if asked.target_id else told(case)
        after = _carried_out(act, after, decided)
    return conclude(case, after, [act.happening(_row(asked), data=data)])


def _carried_out(act: Act, case: Case, decided: Request) -> Case:
    if decided.kind is RequestKind.WITHDRAWAL:
        return withdrawn(act, case, decided)
    if decided.kind is RequestKind.MERGE:
        raise DomainError(ErrorCode.ILLEGAL_TRANSITION, rule="T7")
    kind = K(str(decided.reason))
    _check_state(case, kind)
    return _EXECUTED[kind](act, case, decided)


def _check_state(case: Case, kind: EndingKind) -> None:
    if case.incident.state not in _FROM[kind]:
        raise DomainError(
            ErrorCode.ILLEGAL_TRANSITION, rule=_ROW[kind], facts={"from": case.incident.state.value}
        )


def _row(asked: Request) -> str:
    """The row of domain.md a request follows."""
    if asked.kind is RequestKind.ENDING:
        return _ROW[K(str(asked.reason))]
    return "T40" if asked.kind is RequestKind.WITHDRAWAL else "T7"


def _detail(given: Proposal) -> str | None:
    """The closed reason of the kind; GUARD_FAILED when it is missing."""
    needed = {
        K.REJECT: ("rejectReason", given.reject_reason),
        K.TRANSFER: ("transferTarget", given.transfer_target),
        K.VOID: ("voidReason", given.void_reason),
    }
    if given.kind not in needed:
        return None
    field, value = needed[given.kind]
    if value is None:
        raise DomainError(ErrorCode.GUARD_FAILED, field, rule=_ROW[given.kind])
    return value.value


def _receivers(given: Proposal) -> tuple[str, ...]:
    if given.kind is not K.TRANSFER or given.transfer_target is None:
        return ()
    receiver = _receiver(given.transfer_target, given.receiver)
    return (receiver,) if receiver else ()


def _receiver(target: TransferTarget, receiver: str | None) -> str | None:
    """T6: an emergency is handed to somebody who is named."""
    named = text.optional_line(receiver, "receiver", most=RECEIVER)
    if named is None and target in EMERGENCIES:
        raise DomainError(ErrorCode.GUARD_FAILED, "receiver", rule="T6")
    return named


def _reply(case: Case, given: Proposal) -> str | None:
    """What is replied: always when the case is refused or handed on; when it is voided, where somebody asked."""
    words = text.optional(given.reply_text, "replyText")
    owed = given.kind in {K.REJECT, K.TRANSFER} or (given.kind is K.VOID and case.complainants)
    if owed and words is None:
        raise DomainError(ErrorCode.GUARD_FAILED, "replyText", rule=_ROW[given.kind])
    return words


def _rejected(act: Act, case: Case, decided: Request) -> Case:
    return rejected(act, case, RejectReason(str(decided.detail)), decided.basis or "")


def _transferred(act: Act, case: Case, target: str, receiver: str | None, words: str) -> Case:
    after = left_open(act, replied(act, case, words), S.TRANSFERRED)
    incident = replace(after.incident, transfer_target=target, transfer_receiver=receiver)
    return replace(after, incident=incident)


def _handed_on(act: Act, case: Case, decided: Request) -> Case:
    receiver = decided.participants[0] if decided.participants else None
    return _transferred(act, case, str(decided.detail), receiver, decided.basis or "")


def _verified(act: Act, case: Case, _decided: Request) -> Case:
    return sent_to_verify(act, case)


def _voided(act: Act, case: Case, decided: Request) -> Case:
    """T36: it never counted; whoever asked meanwhile is told with the words of the decision."""
    if case.complainants:
        case = replied(act, case, decided.basis or decided.answer or "")
    after = left_open(act, case, S.VOIDED)
    incident = replace(after.incident, outcome=CaseOutcome.VOID, void_reason=decided.detail)
    return replace(after, incident=incident)


_EXECUTED: Mapping[K, Callable[[Act, Case, Request], Case]] = {
    K.REJECT: _rejected,
    K.TRANSFER: _handed_on,
    K.VERIFY: _verified,
    K.VOID: _voided,
}
