"""Days and hours of units: whose clocks follow them, what is answered again, what a missing year is (R78, D.9)."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from db import dictionaries
from domain.action import ActionName
from domain.calendar import DISTRICT_TIME
from domain.clock import Clock, ClockType, TimeUnit
from domain.errors import DomainError, ErrorCode
from domain.rules.time.calendar import change_of_year
from services.command import Result
from services.rulebook import calendars, following, hours
from services.sweep import drain
from tests.services.desk import Desk, a_desk

pytestmark = pytest.mark.usefixtures("store")

ROWS = (ClockType.SIGN, ClockType.HANDLE)


def local(text: str) -> datetime:
    """A time of the district, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=DISTRICT_TIME).astimezone(UTC)


async def clock(desk: Desk, kind: ClockType) -> Clock:
    """The case's newest clock of that type."""
    return [it for it in (await desk.case()).clocks if it.type is kind][-1]


async def own_days(
    desk: Desk, *days: tuple[str, bool], org: str = "HOUSING", key: UUID | None = None
) -> Result:
    """R78 for one unit."""
    given = calendars.ImportCalendar(
        year=2024,
        days=tuple(
            calendars.Day(date=date.fromisoformat(day), is_workday=on, name="自定") for day, on in days
        ),
        source="单位通知",
        org_unit_id=desk.district.orgs[org].id,
    )
    return await calendars.import_year(desk.call("sysadmin", key), given)


async def windows(desk: Desk, since: str, *spans: str, org: str | None = "HOUSING") -> Result:
    """D.9."""
    given = hours.SetWorkWindows(
        valid_from=date.fromisoformat(since),
        windows=tuple(hours.Window(opens=it[:5], closes=it[6:]) for it in spans),
        source="作息通知",
        org_unit_id=desk.district.orgs[org].id if org else None,
    )
    return await hours.set_windows(desk.call("sysadmin"), given)


def moved(result: Result) -> dict[ClockType, datetime]:
    """When what moved is due now."""
    assert isinstance(result.facts["moved"], list)
    return {it.type: it.after for it in result.facts["moved"]}


async def test_a_units_own_days_move_the_clocks_of_its_rows_alone() -> None:
    desk = await a_desk()
    await desk.walk(3)
    other = Desk(desk.district)
    await other.report()
    await other.file()
    await other.dispatch("CIVIL", basis="职责所在")
    before = {it: await clock(desk, it) for it in ROWS}
    result = await own_days(desk, ("2024-10-25", False), ("2024-10-26", True))
    after = {it: await clock(desk, it) for it in ROWS}
    assert before[ClockType.SIGN].due_at == local("2024-10-25T17:00")
    assert after[ClockType.SIGN].due_at == local("2024-10-26T17:00")  # Friday off, Saturday worked
    assert after[ClockType.HANDLE].due_at == before[ClockType.HANDLE].due_at
    assert moved(result) == {ClockType.SIGN: after[ClockType.SIGN].due_at}
    assert (await clock(other, ClockType.SIGN)).due_at == local("2024-10-25T17:00")
    back = await own_days(desk)
    assert moved(back) == {ClockType.SIGN: before[ClockType.SIGN].due_at}
    book = await dictionaries.rulebook(desk.now)
    assert desk.district.orgs["HOUSING"].id not in book.calendars


async def test_a_result_that_may_be_sent_back_follows_though_its_clock_has_stopped() -> None:
    desk = await a_desk()
    await desk.walk(6)
    before = await clock(desk, ClockType.HANDLE)
    assert before.stopped_at
    result = await own_days(desk, ("2024-10-25", False))
    after = await clock(desk, ClockType.HANDLE)
    assert moved(result)[ClockType.HANDLE] == after.due_at > before.due_at
    await desk.request_check()
    assert ClockType.HANDLE not in moved(await own_days(desk, ("2024-10-28", False)))


async def test_an_import_sent_again_answers_what_it_answered() -> None:
    desk = await a_desk()
    await desk.walk(3)
    key = uuid4()
    first = await own_days(desk, ("2024-10-25", False), key=key)
    assert first.facts["total"] == 2
    again = await own_days(desk, ("2024-10-25", False), key=key)
    assert again.facts == first.facts
    anew = await own_days(desk, ("2024-10-25", False))
    assert (anew.facts["total"], anew.facts["version"]) == (0, 2)
    with pytest.raises(DomainError) as refusal:
        await own_days(desk, ("2024-10-28", False), key=key)
    assert refusal.value.code is ErrorCode.IDEMPOTENCY_KEY_REUSED


async def test_a_replay_moves_what_the_first_did_not_come_to_and_lists_both(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = await a_desk()
    await desk.walk(3)
    key = uuid4()

    async def broken(*_given: object) -> None:
        raise RuntimeError("the first attempt breaks here")

    with monkeypatch.context() as patched:
        patched.setattr(following, "apply", broken)
        assert (await own_days(desk, ("2024-10-25", False), key=key)).facts["total"] == 0
    assert (await own_days(desk, ("2024-10-25", False), key=key)).facts["total"] == 2
    assert (await own_days(desk, ("2024-10-25", False), key=key)).facts["total"] == 2


async def test_hours_of_a_unit_hold_for_its_rows_from_their_day_on() -> None:
    desk = await a_desk()
    await desk.walk(3)
    before = (await clock(desk, ClockType.HANDLE)).due_at
    assert before == local("2024-10-31T17:00")
    result = await windows(desk, "2024-10-30", "07:00-09:00", "10:00-12:00", "13:00-15:30")
    after = await clock(desk, ClockType.HANDLE)
    assert after.due_at == local("2024-10-31T15:30")
    assert moved(result) == {ClockType.HANDLE: after.due_at}
    assert (await clock(desk, ClockType.SIGN)).due_at == local("2024-10-25T17:00")  # before that day
    fresh = Desk(desk.district, now=local("2024-10-30T16:00"))
    await fresh.walk(3)
    assert (await clock(fresh, ClockType.SIGN)).due_at == local("2024-10-31T15:30")
    assert (await clock(fresh, ClockType.DISPATCH)).due_at == local("2024-10-31T17:00")  # the centre's own
    back = await windows(desk, "2024-10-31")
    assert moved(back)[ClockType.HANDLE] >= before


async def test_hours_of_the_district_hold_for_everyone_without_own_ones() -> None:
    desk = await a_desk()
    await desk.walk(3)
    await windows(desk, "2024-10-28", "08:00-12:00", "13:00-16:00")
    result = await windows(desk, "2024-10-29", "09:00-12:00", "14:00-18:00", org=None)
    assert (await clock(desk, ClockType.HANDLE)).due_at == local("2024-10-31T16:00")
    assert moved(result) == {}
    other = Desk(desk.district)
    await other.report()
    await other.file()
    await other.dispatch("CIVIL", basis="职责所在")
    assert (await clock(other, ClockType.HANDLE)).due_at == local("2024-10-31T18:00")


async def test_a_unit_that_was_late_by_its_old_hours_stays_late() -> None:
    desk = await a_desk()
    await desk.walk(3)
    desk.now = local("2024-10-25T17:05")
    await drain(desk.now)
    await own_days(desk, ("2024-10-25", False))
    sign = await clock(desk, ClockType.SIGN)
    assert (sign.breached, sign.due_at) == (True, local("2024-10-28T17:00"))


async def test_a_year_without_a_notice_is_provisional_for_a_unit_with_days_of_its_own_too() -> None:
    desk = await a_desk()
    desk.now = local("2024-12-31T09:00")
    given = calendars.ImportCalendar(
        year=2025,
        days=(calendars.Day(date=date(2025, 1, 1), is_workday=False, name="元旦"),),
        source="单位通知",
        org_unit_id=desk.district.orgs["HOUSING"].id,
    )
    await calendars.import_year(desk.call("sysadmin"), given)
    await desk.walk(3)
    sign = await clock(desk, ClockType.SIGN)
    assert (sign.provisional, sign.unit, sign.due_at) == (
        True,
        TimeUnit.WORK_DAY,
        local("2025-01-02T17:00"),
    )


async def test_hours_and_days_are_refused_for_their_reasons() -> None:
    desk = await a_desk()
    for since, spans, field in (
        ("2024-10-24", ("08:00-12:00",), "validFrom"),
        ("9999-01-01", ("08:00-12:00",), "validFrom"),
        ("2024-10-25", ("12:00-08:00",), "windows"),
        ("2024-10-25", ("08:00-12:00", "11:00-15:00"), "windows"),
        ("2024-10-25", ("8:000-12:00",), "windows"),
    ):
        with pytest.raises(DomainError) as refusal:
            await windows(desk, since, *spans)
        assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, field)
    with pytest.raises(DomainError) as refusal:
        await windows(desk, "2024-10-25", org=None)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.BAD_INPUT, "windows")
    unknown = hours.SetWorkWindows(
        valid_from=date(2024, 10, 25), windows=(), source="通知", org_unit_id=uuid4()
    )
    with pytest.raises(DomainError) as refusal:
        await hours.set_windows(desk.call("sysadmin"), unknown)
    assert (refusal.value.code, refusal.value.field) == (ErrorCode.NOT_FOUND, "orgUnitId")
    with pytest.raises(DomainError) as refusal:
        await hours.set_windows(desk.call("director"), unknown)
    assert refusal.value.code is ErrorCode.FORBIDDEN


async def test_a_call_of_the_release_before_has_no_change_and_is_answered_all_the_same() -> None:
    desk = await a_desk()
    call = desk.call("sysadmin")
    found = await following.follow_all(call, ActionName.importCalendar, Result(), change_of_year(2024))
    assert found.facts == {"moved": [], "total": 0, "version": 1}
