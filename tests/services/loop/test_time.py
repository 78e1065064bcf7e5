"""Extensions, hangs and the calendar as commands, on both stores (T22 to T24, R78, traps 11 and 18)."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from db import clocks, dictionaries
from db.loop import hangs as counts
from db.rows import Sql, read, select
from db.unit_of_work import in_transaction
from domain.assignment import Assignment, AssignmentState
from domain.calendar import DISTRICT_TIME
from domain.clock import Clock, ClockType, Light, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.loop.request import HangReason, HangReview, RequestState
from services.command import Result
from services.loop import extensions, hangs
from services.rulebook import calendars
from services.sweep import drain
from tests.db.district import new_id
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")
NATIONAL = tuple(
    calendars.Day(date=date(2024, 10, day), is_workday=False, name="国庆节") for day in range(1, 8)
)
SECOND = timedelta(seconds=1)
STEPS = ("E0", "YELLOW", "RED", "E4", "D1", "D2", "D3", "E5", "D4", "D5", "D6")
EXCHANGED = calendars.Day(date=date(2024, 10, 12), is_workday=True, name="国庆节")


class Timed(Desk):
    """The desk, with a unit that asks for time."""

    async def row(self) -> Assignment:
        """The unit's row."""
        return (await self.case()).assignments[-1]

    async def clock(self, kind: ClockType = ClockType.HANDLE) -> Clock:
        """The latest clock of that type."""
        return [it for it in (await self.case()).clocks if it.type is kind][-1]

    async def ask_extension(self, days: int = 3, **changes: Any) -> Result:
        """T22, the wish."""
        told: dict[str, Any] = {
            "days": days,
            "reason": "缺料",
            "text": "材料未到",
            "informed_at": self.now,
        } | changes
        given = extensions.RequestExtension(**await self.target(row=True), **told)
        return await extensions.request(self.call("housing_lead"), given)

    async def decide_extension(self, username: str = "dispatcher", *, accept: bool = True) -> Result:
        """T22, the answer."""
        given = extensions.DecideExtension(**await self.target(row=True), accept=accept, text="已核")
        return await extensions.decide(self.call(username), given)

    async def hang(self, days: float = 30, most: float = 90) -> None:
        """T23, both halves."""
        given = hangs.RequestHang(
            **await self.target(row=True),
            reason=HangReason.FUNDING,
            plan="列入预算",
            text="待资金到位",
            next_review_at=self.now + timedelta(days=days),
            max_until=self.now + timedelta(days=most),
        )
        await hangs.request(self.call("housing_lead"), given)
        decided = hangs.DecideHang(**await self.target(row=True), accept=True)
        await hangs.decide(self.call("director"), decided)

    async def review(self, review: HangReview, days: float | None = None) -> Result:
        """T23b."""
        told = self.now + timedelta(days=days) if days else None
        given = hangs.ReviewHang(**await self.target(), review=review, text="已复查", next_review_at=told)
        return await hangs.review(self.call("director"), given)

    async def publish(self, *days: calendars.Day, year: int = 2024) -> Result:
        """R78."""
        given = calendars.ImportCalendar(year=year, days=days, source="国办发明电")
        return await calendars.import_year(self.call("sysadmin"), given)


@pytest.fixture
async def desk() -> Timed:
    made = Timed((await a_desk()).district)
    await made.walk(5)
    return made


async def fired(clock: Clock) -> list[str]:
    found = await read(select("step", "clock_step", Sql("clock_id = ?", (clock.id,)), "ORDER BY at, id"))
    return sorted((it["step"] for it in found), key=STEPS.index)


def moved(result: Result) -> list[Any]:
    found = result.facts["moved"]
    assert isinstance(found, list)
    return found


async def test_an_extension_is_stored_with_what_it_moves(desk: Timed) -> None:
    before = await desk.clock()
    await desk.ask_extension()
    result = await desk.decide_extension()
    after, row = await desk.clock(), await desk.row()
    assert after.due_at == row.handle_due_at == before.due_at + timedelta(days=5)  # three working days
    assert (await desk.case()).requests[-1].state is RequestState.APPROVED
    assert len(result.made["request"]) == 1
    await drain(after.yellow_at + timedelta(minutes=1))
    assert (await desk.clock()).light is Light.YELLOW
    await drain(after.due_at + timedelta(minutes=1))
    assert (await desk.row()).on_time_handle is False


async def test_an_extension_approved_late_leaves_the_breach_and_the_ladder_waits(desk: Timed) -> None:
    due = (await desk.clock()).due_at
    desk.now = due - timedelta(hours=1)
    await desk.ask_extension(5)
    desk.now = due + timedelta(hours=2)
    await desk.decide_extension()
    clock, row = await desk.clock(), await desk.row()
    assert (clock.breached, row.on_time_handle, row.state) == (True, False, AssignmentState.ACCEPTED)
    assert clock.due_at > desk.now
    await drain(clock.due_at)
    assert await fired(clock) == ["E0", "YELLOW", "RED"]
    await drain(clock.due_at + timedelta(days=3))
    assert "E4" in await fired(clock)


async def test_a_hang_is_stored_with_its_pause_and_its_clocks(desk: Timed) -> None:
    await desk.hang()
    hung = await desk.case()
    assert hung.incident.state is IncidentState.HUNG
    await drain(desk.now + timedelta(days=20))
    assert (await desk.row()).on_time_handle is None
    desk.later(days=20)
    await desk.review(HangReview.CONTINUE, 30)
    assert (await desk.clock(ClockType.HANG_REVIEW)).due_at == desk.now + timedelta(days=30)
    desk.later(days=25)
    await desk.review(HangReview.RESUME)
    clock, row = await desk.clock(), await desk.row()
    found = await clocks.pauses_of([clock.id], viewer=desk.district.viewer("director"))
    (pause,) = found[clock.id]
    assert (pause.to_at, pause.row) == (desk.now, "T24")
    assert clock.paused_seconds > 0
    assert row.handle_due_at == clock.due_at > desk.now
    assert not (await clocks.pauses_of([clock.id], viewer=desk.district.viewer("civil")))[clock.id]


async def test_two_directors_at_once_decide_a_hang_once(desk: Timed) -> None:
    target = await desk.target(row=True)
    now = desk.now
    given = hangs.RequestHang(
        **target,
        reason=HangReason.LITIGATION,
        plan="待判决",
        text="诉讼中",
        next_review_at=now + timedelta(days=9),
        max_until=now + timedelta(days=90),
    )
    await hangs.request(desk.call("housing_lead"), given)
    decided = hangs.DecideHang(**await desk.target(row=True), accept=True)
    answers = await asyncio.gather(
        *(hangs.decide(desk.call("director"), decided) for _ in range(2)), return_exceptions=True
    )
    refused = [it for it in answers if isinstance(it, DomainError)]
    assert [it.code for it in refused] == [ErrorCode.CONFLICT]
    assert len([it for it in (await desk.case()).clocks if it.type is ClockType.HANG_REVIEW]) == 1


async def test_a_units_hung_work_is_counted_by_what_the_viewer_sees(desk: Timed) -> None:
    housing = desk.district.orgs["HOUSING"].id
    await desk.hang()
    director, civil = desk.district.viewer("director"), desk.district.viewer("civil")
    assert (await counts.count_of(housing, viewer=director)).share == 1
    assert (await counts.count_of(housing, viewer=civil)).share is None


async def test_trap_11_every_open_case_follows_an_imported_calendar(desk: Timed) -> None:
    other = Timed(desk.district)
    await other.walk(2)
    before = (await desk.clock()).due_at
    holiday = calendars.Day(date=date(2024, 10, 25), is_workday=False, name="节日")
    result = await desk.publish(*NATIONAL, EXCHANGED, holiday)
    moves = {it.clock_id: it for it in moved(result)}
    handle, dispatch = await desk.clock(), await other.clock(ClockType.DISPATCH)
    assert moves.keys() == {handle.id, dispatch.id}
    assert handle.due_at == before + timedelta(days=1)
    assert (moves[handle.id].before, moves[handle.id].after) == (before, handle.due_at)
    assert dispatch.due_at == datetime(2024, 10, 28, 9, tzinfo=UTC)  # Friday is a holiday now: Monday
    assert result.facts["total"] == 2
    again = await desk.publish(*NATIONAL, EXCHANGED, holiday)
    assert (moved(again), again.facts["total"]) == ([], 0)
    book = await dictionaries.rulebook(desk.now)
    assert not book.calendar.is_workday(date(2024, 10, 25))
    assert (
        book.calendar.is_workday(date(2024, 9, 29)) is False
    )  # a new notice of the year replaces the old one


async def test_trap_11_what_was_late_before_the_import_stays_late(desk: Timed) -> None:
    due = (await desk.clock()).due_at
    desk.now = due + timedelta(minutes=5)
    await desk.publish(
        *NATIONAL, EXCHANGED, calendars.Day(date=date(2024, 10, 28), is_workday=False, name="节日")
    )
    clock = await desk.clock()
    assert clock.due_at == due + timedelta(days=1)
    assert (clock.breached, clock.light, (await desk.row()).on_time_handle) == (True, Light.RED, False)


async def test_a_published_year_is_provisional_no_more(desk: Timed) -> None:
    late = Timed(desk.district)
    late.now = datetime(2024, 12, 31, 9, tzinfo=DISTRICT_TIME)
    await late.walk(3)
    assert (await late.clock()).provisional
    newyear = calendars.Day(date=date(2025, 1, 1), is_workday=False, name="元旦")
    result = await late.publish(newyear, year=2025)
    clock = await late.clock()
    assert (clock.provisional, clock.due_at) == (False, datetime(2025, 1, 8, 9, tzinfo=UTC))
    assert clock.id in {it.clock_id for it in moved(result)}


async def test_trap_18_a_new_policy_moves_no_running_case(desk: Timed) -> None:
    clock = await desk.clock()
    values = [
        PolicyValue(id=new_id(), key=key, amount=1, unit=TimeUnit.WORK_DAY, valid_from=desk.now + SECOND)
        for key in ("HANDLE.NORMAL", "EXTENSION.NORMAL")
    ]
    await in_transaction(lambda work: dictionaries.insert_policy(work, values))
    assert await desk.clock() == clock
    desk.later(minutes=1)
    await desk.ask_extension(5)  # as many days as when the case was given to the unit
    await desk.decide_extension()
    assert (await desk.clock()).due_at == clock.due_at + timedelta(days=7)
    fresh = Timed(desk.district, now=desk.now)
    await fresh.walk(5)
    assert (await fresh.clock()).limit == 1
    with pytest.raises(DomainError) as refusal:
        await fresh.ask_extension(2)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "days")


async def test_a_limit_may_be_for_one_category_and_region_and_the_nearest_holds(desk: Timed) -> None:
    region = desk.district.regions["C1"]
    keys = {
        "HANDLE.NORMAL@NOISE@": 3,
        f"HANDLE.NORMAL@@{region.code}": 9,
        f"HANDLE.NORMAL@NOISE@{region.code}": 2,
        "HANDLE.NORMAL@LAMP@": 1,
    }
    values = [
        PolicyValue(id=new_id(), key=key, amount=amount, unit=TimeUnit.WORK_DAY, valid_from=desk.now)
        for key, amount in keys.items()
    ]
    await in_transaction(lambda work: dictionaries.insert_policy(work, values))
    await desk.walk(3)
    assert (await desk.clock()).limit == 2
