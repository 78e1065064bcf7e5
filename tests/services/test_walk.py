"""Random commands by random people at random times: what must hold in every state (domain.md B.6)."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest

from db import event_log
from domain.action import ActionName as A
from domain.assignment import AssignmentMode
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.incident import CaseOutcome, IncidentState, RejectReason, Urgency
from domain.life.derivation import derive
from domain.life.transition import EDGES
from domain.supervision import SupervisionLevel
from domain.verification import CheckResult, TaskState
from services import assignments, followups, incidents, supervisions, verifications
from services.sweep import drain
from tests.services.desk import ASKING, Desk, a_desk

STEPS = 300


@dataclass(frozen=True)
class Move:
    """A command with inputs drawn by chance; `row` says that it names an assignment."""

    service: Callable[..., Awaitable[Any]]
    given: Callable[..., Any]
    draw: Callable[[Desk, random.Random], dict[str, Any]]
    likely: tuple[str, ...]
    row: bool = False


MOVES: dict[A, Move] = {
    A.rejectIncident: Move(
        incidents.reject,
        incidents.RejectIncident,
        lambda _, chance: {"reason": chance.choice(list(RejectReason)), "reply_text": "不予受理"},
        ("acceptor",),
    ),
    A.amendIncident: Move(
        incidents.amend,
        incidents.AmendIncident,
        lambda _, chance: {"reason": "更正", "title": chance.choice(["路灯", "井盖破损", "灯"])},
        ("acceptor", "shift_leader"),
    ),
    A.fileIncident: Move(
        incidents.file,
        incidents.FileIncident,
        lambda _, chance: {
            "urgency": chance.choice(list(Urgency)),
            "category_code": chance.choice(["NOISE", "NOISE", "QUIET"]),
        },
        ("acceptor",),
    ),
    A.dispatchIncident: Move(
        assignments.dispatch,
        assignments.DispatchIncident,
        lambda desk, chance: {
            "mode": chance.choice([AssignmentMode.SINGLE] * 4 + [AssignmentMode.LED_JOINT]),
            "leads": (desk.district.orgs[chance.choice(["HOUSING", "HOUSING", "CIVIL"])].id,),
        },
        ("dispatcher",),
    ),
    A.acceptAssignment: Move(
        assignments.accept, assignments.AcceptAssignment, lambda *_: {}, ("housing",), row=True
    ),
    A.recordFirstContact: Move(
        assignments.record_first_contact,
        assignments.RecordFirstContact,
        lambda _, chance: {"channel": chance.choice(list(ReplyChannel))},
        ("housing", "housing_lead"),
        row=True,
    ),
    A.submitResult: Move(
        assignments.submit,
        assignments.SubmitResult,
        lambda _, chance: {
            "outcome": chance.choice([*CaseOutcome, *[CaseOutcome.SOLVED] * 9]),
            "result_text": "已处理",
            "no_contact_reason": chance.choice([None, "无人接听", "无人接听"]),
        },
        ("housing_lead",),
        row=True,
    ),
    A.requestCheck: Move(
        verifications.request_check,
        verifications.RequestCheck,
        lambda desk, chance: {
            "inspector_org_unit_id": chance.choice(
                [None, desk.district.orgs["HOUSING"].id, desk.district.orgs["COMMUNITY"].id]
            )
        },
        ("acceptor",),
    ),
    A.recordCheck: Move(
        verifications.record_check,
        verifications.RecordCheck,
        lambda _, chance: {
            "result": chance.choice([*CheckResult, CheckResult.PASS]),
            "note": chance.choice(["", *["已看"] * 5]),
        },
        ("inspector", "inspector2", "shift_leader", "clerk"),
    ),
    A.recordFollowUp: Move(
        followups.record,
        followups.RecordFollowUp,
        lambda _, chance: {
            "layer": chance.choice([*FollowUpLayer, FollowUpLayer.COMMAND]),
            "channel": ReplyChannel.PHONE,
            "reached": chance.random() < 0.7,
            "solved": chance.choice([None, None, *Solved]),
            "satisfaction": chance.choice([None, *Satisfaction]),
        },
        ("callback", "clerk", "worker", "housing"),
    ),
    A.closeIncident: Move(followups.close, followups.CloseIncident, lambda *_: {}, ("shift_leader",)),
    A.reworkIncident: Move(
        followups.rework,
        followups.ReworkIncident,
        lambda _, chance: {"reason": chance.choice(list(DissatisfactionReason)), "text": "重办"},
        ("shift_leader",),
    ),
    A.superviseIncident: Move(
        supervisions.supervise,
        supervisions.SuperviseIncident,
        lambda _, chance: {"level": chance.choice(list(SupervisionLevel)), "text": "抓紧"},
        ("director",),
    ),
    A.addNote: Move(
        incidents.add_note, incidents.AddNote, lambda *_: {"text": "记录"}, ("housing", "acceptor")
    ),
}


def holds(case: Case) -> None:
    """The properties of one state."""
    assert derive(case) == case
    if case.incident.state.open:
        assert any(clock.running for clock in case.clocks)
    else:
        assert not any(it.running for it in case.clocks if it.type is not ClockType.ARCHIVE)  # T35
        assert not any(row.state.live for row in case.assignments)
        states = {task.state for task in case.verifications} | {task.state for task in case.followups}
        assert TaskState.PENDING not in states
    for row in case.assignments:
        assert row.version >= 1
    assert case.incident.round <= 3


def follows(before: Case, after: Case) -> None:
    """The properties of one change."""
    assert after.incident.version >= before.incident.version
    assert after.incident.supervision_level.rank >= before.incident.supervision_level.rank
    clocks = {clock.id: clock for clock in after.clocks}
    for clock in before.clocks:
        assert clocks[clock.id].breached or not clock.breached
        assert clocks[clock.id].stopped_at == clock.stopped_at or clock.stopped_at is None
    rows = {row.id: row for row in after.assignments}
    for row in before.assignments:
        now = rows[row.id]
        assert now.version >= row.version
        assert now == row or now.version > row.version or now.light != row.light
        assert row.on_time_handle is not False or now.on_time_handle is False
        assert row.on_time_accept is not False or now.on_time_accept is False


async def attempt(desk: Desk, chance: random.Random, action: A) -> DomainError | None:
    move = MOVES[action]
    case = await desk.case()
    username = chance.choice(move.likely if chance.random() < 0.85 else tuple(desk.district.people))
    if move.row and not case.assignments:
        return None
    target = await desk.target(row=move.row)
    if chance.random() < 0.05:
        target["expected_version"] += 1
    given = move.given(**target, **move.draw(desk, chance))
    try:
        await move.service(desk.call(username), given)
    except DomainError as refusal:
        return refusal
    return None


def weighted(chance: random.Random, case: Case) -> A:
    """Mostly a command the state knows, now and then any."""
    row = case.assignments[-1] if case.assignments else None
    forward = set(MOVES) - {A.rejectIncident, A.amendIncident, A.superviseIncident, A.addNote}
    fitting = [
        action
        for action in sorted(forward)
        if case.incident.state in (edge := EDGES[action]).states
        and (edge.rows is None or (row is not None and row.state in edge.rows))
    ]
    return chance.choice(fitting if fitting and chance.random() < 0.8 else sorted(MOVES))


async def another(desk: Desk, chance: random.Random) -> None:
    """The next case, with somebody who asks or without."""
    await desk.report(complainant=chance.choice([None, ASKING, ASKING]))


@pytest.mark.usefixtures("store")
async def test_whatever_happens_the_rules_of_the_table_hold() -> None:
    chance = random.Random(7)  # noqa: S311 - the same walk every time
    desk = await a_desk()
    closed = reworked = refusals = age = 0
    await another(desk, chance)
    for _ in range(STEPS):
        before, head = await desk.case(), await event_log.head()
        desk.later(minutes=chance.choice([1, 20, 200, 2000]))
        refusal = await attempt(desk, chance, weighted(chance, before))
        after = await desk.case()
        if refusal is not None:
            refusals += 1
            assert after == before
            assert await event_log.head() == head
        follows(before, after)
        if chance.random() < 0.2:
            await drain(desk.now)
            swept = await desk.case()
            follows(after, swept)
            after = swept
        holds(after)
        age += 1
        reworked += after.incident.round > before.incident.round
        if not after.incident.state.open or age > 60:
            closed += after.incident.state is IncidentState.CLOSED
            age = 0
            await another(desk, chance)
    assert refusals > 20
    assert closed >= 1
    assert reworked >= 1
