"""The steps before filing and the other ways out, as their people take them in the tests of the rules."""

from dataclasses import replace
from typing import Any

from domain.action import ActionName as A
from domain.case import Case
from domain.incident import CaseOutcome, IncidentState, RejectReason
from domain.loop.request import EndingKind, RequestKind, TransferTarget, VoidReason
from domain.place import Crs, Point
from domain.rules.loop import intake, otherwise, withdrawal
from domain.rules.loop.intake import Finding, SelfHandling
from domain.rules.loop.otherwise import Proposal
from domain.verification import CheckResult
from domain.viewer import Viewer
from tests.domain.stage import (
    ACCEPTOR,
    CALLBACK,
    DISPATCHER,
    SHIFT,
    SPOT,
    WORKER,
    Story,
    a_category,
    a_complainant,
    a_picture,
)

HERE = Point(SPOT.lng, SPOT.lat, Crs.WGS84)
KILOMETRE_OFF = Point(SPOT.lng, SPOT.lat + 0.009, Crs.WGS84)


def own_find(**changes: Any) -> Story:
    """A report nobody asked for, of a kind its finder may handle on the spot."""
    return Story(viewer=ACCEPTOR, category=replace(a_category(), self_handling=True), **changes)


def shared(case: Case, count: int) -> Case:
    """The case as the master of so many merged ones, each with its own complainant."""
    others = tuple(a_complainant() for _ in range(count))
    return replace(case, others=others, incident=replace(case.incident, merged_count=count))


def in_state(case: Case, state: IncidentState) -> Case:
    """The case as it would stand in another state, its rows aside."""
    return replace(case, incident=replace(case.incident, state=state))


def sent_to_verify(story: Story) -> Story:
    """T8."""
    return story.take(intake.request_verification(story.by(ACCEPTOR, A.requestVerification), story.case))


def found(story: Story, result: CheckResult = CheckResult.PASS, viewer: Viewer = WORKER) -> Story:
    """T9, on the spot and with a picture."""
    finding = Finding(result=result, point=HERE, media=(a_picture(),), note="已到现场")
    return story.take(intake.record_verification(story.by(viewer, A.recordVerification), story.case, finding))


def self_handled(story: Story, outcome: CaseOutcome = CaseOutcome.SOLVED) -> Story:
    """T3."""
    done = SelfHandling(
        outcome=outcome, result_text="已清理", before_media=(a_picture(),), after_media=(a_picture(),)
    )
    return story.take(intake.self_handle(story.by(WORKER, A.selfHandleIncident), story.case, done))


def reviewed(story: Story, *, accept: bool) -> Story:
    """T4."""
    doing = story.by(ACCEPTOR, A.reviewSelfHandled)
    return story.take(intake.review_self_handled(doing, story.case, "已看", accept=accept))


def a_proposal(kind: EndingKind, **changes: object) -> Proposal:
    """A proposal of that kind with all it needs."""
    given = Proposal(
        kind=kind,
        text="理由",
        reject_reason=RejectReason.OUTSIDE_DUTY if kind is EndingKind.REJECT else None,
        transfer_target=TransferTarget.COURT if kind is EndingKind.TRANSFER else None,
        void_reason=VoidReason.MISTAKEN if kind is EndingKind.VOID else None,
        reply_text="答复",
    )
    return replace(given, **changes)  # type: ignore[arg-type]  # the names are the proposal's fields


def proposed(story: Story, kind: EndingKind, viewer: Viewer = DISPATCHER) -> Story:
    """B.5, one proposal."""
    doing = story.by(viewer, A.proposeEnding)
    return story.take(otherwise.propose(doing, story.case, a_proposal(kind)))


def decided(story: Story, *, accept: bool = True) -> Story:
    """B.5, by whoever decides such a thing."""
    asked = story.case.requests[-1]
    viewer = CALLBACK if asked.kind is RequestKind.WITHDRAWAL else SHIFT
    doing = story.by(viewer, A.decideEnding)
    return story.take(otherwise.decide(doing, story.case, "已定", accept=accept))


def withdrawing(story: Story, which: int = 0) -> Story:
    """T40, told to the acceptor."""
    doing = story.by(ACCEPTOR, A.withdrawIncident)
    who = story.case.complainants[which]
    return story.take(withdrawal.withdraw(doing, story.case, "不再要求", who.id))
