"""The ladder over both stores: once whoever sweeps, cards and their replies, archiving (traps 8 and 19)."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from db import cases, dictionaries, event_log
from db.loop import scores
from db.unit_of_work import Work, in_transaction
from domain.clock import ClockStep, ClockType, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.event import EventKind
from domain.incident import IncidentState
from domain.loop.score import ScoreEntry, ScoreType
from domain.person import PostType
from domain.rules.clock import stopped
from domain.supervision import Supervision, SupervisionLevel
from services import supervisions
from services.command import SYSTEM, Call, new_id
from services.loop import archive, instruction
from services.sweep import drain, sweep
from tests.services.desk import Desk, a_desk

FRIDAY, MONDAY = datetime(2024, 10, 25, 9, tzinfo=UTC), datetime(2024, 10, 28, 9, tzinfo=UTC)
WEDNESDAY = datetime(2024, 10, 30, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture
async def desk(store: str) -> Desk:  # noqa: ARG001 - the store must be open
    return await (await a_desk()).walk(3)


async def rows_of(desk: Desk) -> list[str]:
    """The rows of what the platform wrote about the case, in order."""
    told = [it.event for it in await event_log.of_incident(desk.id, 0, 500)]
    return [it.row for it in told if it.actor_id is None and it.subject.noun == "Incident"]


async def booked(desk: Desk, username: str = "director") -> list[ScoreEntry]:
    return (await scores.of_incidents([desk.id], viewer=desk.district.viewer(username)))[desk.id]


async def cards(desk: Desk) -> list[Supervision]:
    return sorted((await desk.case()).supervisions, key=lambda it: it.level.rank)


def refused(refusal: pytest.ExceptionInfo[DomainError]) -> tuple[ErrorCode, str | None, str | None]:
    return refusal.value.code, refusal.value.field, refusal.value.rule


async def test_trap_8_two_sweepers_issue_one_yellow_and_one_red_card(desk: Desk) -> None:
    for moment in (MONDAY, WEDNESDAY):
        await asyncio.gather(*(drain(moment, wait=False) for _ in range(2)))
        await drain(moment)
    assert [it.level.value for it in await cards(desk)] == ["URGE", "YELLOW", "RED"]
    told = await rows_of(desk)
    assert (told.count("E4"), told.count("E5")) == (2, 2)  # of sign-off and first contact, once each
    assert await drain(WEDNESDAY) == 0


async def test_trap_8_a_sweeper_that_is_killed_half_way_leaves_nothing_half_done(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = cases.save, asyncio.Event()

    async def save(work: Work, before: object, after: object) -> None:
        await whole(work, before, after)  # type: ignore[arg-type]  # handed on as it came
        if not killed.is_set():
            killed.set()
            raise asyncio.CancelledError

    monkeypatch.setattr(cases, "save", save)
    with pytest.raises(asyncio.CancelledError):
        await drain(WEDNESDAY)
    assert await cards(desk) == []
    assert await booked(desk) == []
    await asyncio.gather(*(drain(WEDNESDAY, wait=False) for _ in range(2)))
    await drain(WEDNESDAY)
    assert [it.level.value for it in await cards(desk)] == ["URGE", "YELLOW", "RED"]


async def test_trap_19_points_are_booked_once_whoever_finds_the_breach(desk: Desk) -> None:
    await drain(FRIDAY + SECOND)
    before = await booked(desk)
    assert {it.type for it in before} == {ScoreType.LATE_SIGN, ScoreType.NO_CONTACT}
    desk.now = MONDAY - timedelta(hours=1)
    await desk.accept()
    await desk.contact()
    case = await desk.case()
    late = stopped(replace(case, clocks=tuple(replace(it, stopped_at=None) for it in case.clocks)), MONDAY)
    assert late.scores
    await in_transaction(lambda work: cases.save(work, case, replace(case, scores=late.scores)))
    assert await booked(desk) == before


async def test_whoever_is_late_without_a_sweep_pays_the_same(desk: Desk) -> None:
    desk.now = FRIDAY + SECOND
    await desk.accept()
    assert {it.type: it.amount for it in await booked(desk)} == {
        ScoreType.LATE_SIGN: -1,
        ScoreType.NO_CONTACT: -1,
    }


async def test_a_unit_sees_its_own_points_and_residents_none(desk: Desk) -> None:
    await drain(WEDNESDAY)
    assert {it.type for it in await booked(desk, "housing_lead")} == {
        ScoreType.LATE_SIGN,
        ScoreType.NO_CONTACT,
        ScoreType.YELLOW_CARD,
        ScoreType.RED_CARD,
    }
    for stranger in ("civil_lead", "worker", "resident", "clerk"):
        assert await booked(desk, stranger) == []


async def test_a_third_red_card_in_thirty_days_proposes_a_listing(desk: Desk) -> None:
    ids = [desk.id]
    for _ in range(2):
        await desk.walk(3)
        ids.append(desk.id)
    await drain(WEDNESDAY)
    told = []
    for desk.id in ids:
        told += [row for row in await rows_of(desk) if row == "E6"]
    assert told == ["E6"]


async def test_a_red_card_by_hand_counts_too_and_takes_its_points(desk: Desk) -> None:
    for _ in range(3):
        await desk.walk(3)
        given = supervisions.SuperviseIncident(
            **await desk.target(), level=SupervisionLevel.RED, text="久拖不办"
        )
        await supervisions.supervise(desk.call("director"), given)
    assert [(it.type, it.amount) for it in await booked(desk)] == [(ScoreType.RED_CARD, -6)]
    told = [it.event for it in await event_log.of_incident(desk.id, 0, 500)]
    assert [it.kind for it in told if it.row == "E6"] == [EventKind.ESCALATED]
    assert (await desk.case()).incident.escalation_step == 6


async def answer(desk: Desk, username: str, card_id: UUID) -> None:
    given = supervisions.ReplySupervision(**await desk.target(), supervision_id=card_id, text="已安排人员")
    await supervisions.reply(desk.call(username), given)


async def test_a_unit_answers_a_card_once_and_its_clock_stops(desk: Desk) -> None:
    desk.now = FRIDAY
    await drain(desk.now)
    (card,) = await cards(desk)
    with pytest.raises(DomainError) as stranger:
        await answer(desk, "housing", card.id)
    assert refused(stranger)[0] is ErrorCode.FORBIDDEN
    with pytest.raises(DomainError) as unknown:
        await answer(desk, "housing_lead", uuid4())
    assert refused(unknown) == (ErrorCode.NOT_FOUND, "supervisionId", "T37")
    await answer(desk, "housing_lead", card.id)
    (answered,) = await cards(desk)
    assert (answered.reply, answered.open) == ("已安排人员", False)
    clock = next(it for it in (await desk.case()).clocks if it.id == card.clock_id)
    assert clock.stopped_at == desk.now
    with pytest.raises(DomainError) as nothing:
        await answer(desk, "housing_lead", card.id)
    assert refused(nothing) == (ErrorCode.GUARD_FAILED, None, "T37")


async def test_a_supervision_is_cancelled_and_its_points_stay(desk: Desk) -> None:
    await drain(MONDAY)
    desk.now, before = MONDAY, await booked(desk)
    given = supervisions.CancelSupervision(**await desk.target(), reason="已到现场")
    await supervisions.cancel(desk.call("supervisor"), given)
    case = await desk.case()
    assert case.incident.supervision_level is SupervisionLevel.NONE
    assert {it.cancel_reason for it in case.supervisions} == {"已到现场"}
    assert await booked(desk) == before
    with pytest.raises(DomainError) as nothing:
        await supervisions.cancel(desk.call("supervisor"), replace(given, expected_version=99))
    assert refused(nothing)[0] is ErrorCode.CONFLICT
    again = replace(given, expected_version=case.incident.version)
    with pytest.raises(DomainError) as nothing:
        await supervisions.cancel(desk.call("supervisor"), again)
    assert refused(nothing) == (ErrorCode.GUARD_FAILED, None, "T38")


async def test_the_limit_in_force_at_the_report_decides_how_long_a_reply_may_take(desk: Desk) -> None:
    value = PolicyValue(
        id=new_id(),
        key="SUPERVISION_REPLY.URGE",
        amount=1,
        unit=TimeUnit.NATURAL_MIN,
        valid_from=desk.now + timedelta(hours=1),
    )
    await in_transaction(lambda work: dictionaries.insert_policy(work, [value]))
    await drain(FRIDAY)
    (card,) = await cards(desk)
    assert card.reply_due_at - card.issued_at > timedelta(hours=4)


async def test_a_step_that_fires_again_is_noted_under_its_number(desk: Desk) -> None:
    await desk.report()
    await drain(desk.now + timedelta(days=9))
    (clock,) = [it for it in (await desk.case()).clocks if it.type is ClockType.INTAKE]
    assert (clock.next_step, clock.repeated) == (ClockStep.I4, (await rows_of(desk)).count("I4"))
    assert clock.repeated > 2
    assert await sweep(desk.now + timedelta(days=9)) == 0


async def test_a_closed_case_is_archived_by_the_timer_and_what_was_merged_into_it_is_sealed(
    desk: Desk,
) -> None:
    await desk.report()
    child = desk.id
    await desk.walk(10)
    master = await desk.case()
    assert master.incident.state is IncidentState.CLOSED

    async def merge(work: Work) -> None:
        merged = await cases.load(work, child, viewer=SYSTEM)
        state = replace(
            stopped(merged, desk.now).incident, state=IncidentState.MERGED, master_id=master.incident.id
        )
        await cases.save(work, merged, replace(stopped(merged, desk.now), incident=state))

    await in_transaction(merge)
    await drain(desk.now + timedelta(days=33))
    case = await desk.case()
    assert (case.incident.state, case.incident.archived_at is None) == (IncidentState.ARCHIVED, False)
    desk.id = child
    sealed = (await desk.case()).incident
    assert (sealed.state, sealed.archived_at) == (IncidentState.MERGED, case.incident.archived_at)
    assert (await rows_of(desk))[-1] == "T35"


async def test_a_case_without_a_clock_is_archived_by_hand_once_it_is_due(desk: Desk) -> None:
    await desk.walk(10)
    case = await desk.case()
    bare = tuple(replace(it, stopped_at=it.stopped_at or desk.now) for it in case.clocks)
    await in_transaction(lambda work: cases.save(work, case, replace(case, clocks=bare)))
    given = archive.ArchiveIncident(**await desk.target())
    with pytest.raises(DomainError) as early:
        await archive.archive(desk.call("shift_leader"), given)
    assert refused(early) == (ErrorCode.GUARD_FAILED, None, "T35")
    desk.later(days=33)
    await archive.archive(desk.call("shift_leader"), given)
    assert (await desk.case()).incident.state is IncidentState.ARCHIVED
    with pytest.raises(DomainError) as again:
        await archive.archive(desk.call("shift_leader"), archive.ArchiveIncident(**await desk.target()))
    assert refused(again)[0] is ErrorCode.ILLEGAL_TRANSITION


async def test_a_case_is_archived_by_hand_once_its_clock_is_due_and_before_the_sweep_comes(
    desk: Desk,
) -> None:
    await desk.walk(10)
    desk.later(days=40)
    given, call = archive.ArchiveIncident(**await desk.target()), desk.call("shift_leader")
    await archive.archive(call, given)
    sealed = await desk.case()
    assert (sealed.incident.state, sealed.incident.archived_at) == (IncidentState.ARCHIVED, desk.now)
    assert not [it for it in sealed.clocks if it.stopped_at is None]
    await archive.archive(call, given)  # sent again: answered, not done again
    with pytest.raises(DomainError) as stale:
        await archive.archive(desk.call("shift_leader"), given)
    assert refused(stale)[0] is ErrorCode.CONFLICT
    assert (await desk.case()).incident.version == sealed.incident.version


async def test_a_leaders_words_are_received_by_the_unit_that_holds_the_case(desk: Desk) -> None:
    director = desk.district.viewer("director")
    leader = replace(director, posts=(replace(director.posts[0], type=PostType.LEADER),))
    given = instruction.InstructIncident(**await desk.target(), text="请住建局从快办理")
    made = (await instruction.instruct(Call(leader, desk.now, new_id, uuid4()), given)).made["note"]
    receipt = instruction.AcknowledgeInstruction(**await desk.target(), note_id=made[0])
    with pytest.raises(DomainError) as stranger:
        await instruction.acknowledge(desk.call("civil_lead"), receipt)
    assert refused(stranger)[0] is ErrorCode.NOT_FOUND
    await instruction.acknowledge(desk.call("housing_lead"), receipt)
    (note,) = (await desk.case()).notes
    assert note.received_by_id == desk.district.people["housing_lead"].id
    with pytest.raises(DomainError) as again:
        await instruction.acknowledge(
            desk.call("housing_lead"), replace(receipt, expected_version=(await desk.case()).incident.version)
        )
    assert refused(again) == (ErrorCode.GUARD_FAILED, None, "R16")
