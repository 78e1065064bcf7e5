"""Office hours set for the district or one unit: how they are checked, and how a unit's lie over the district's."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from datetime import date, time

from domain.calendar import Hours, Windows, checked
from domain.errors import DomainError, ErrorCode

WINDOWS, LEAST = 6, 60
"""How many windows a day has at most, and how many minutes they are at least."""

LAST_YEAR = 2199
_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
Own = Sequence[tuple[date, Windows | None]]
"""What a unit set from which day on; None where it keeps the district's hours again."""


def check_windows(windows: Windows) -> Windows:
    """The windows of a day: in whole minutes, in order, apart. BAD_INPUT (windows)."""
    length = sum((minutes_of(closes) - minutes_of(opens) for opens, closes in checked(windows)), 0)
    seconds = any(edge.second or edge.microsecond for window in windows for edge in window)
    if seconds or len(windows) > WINDOWS or length < LEAST:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "windows",
            rule="D.9",
            zh=f"每日至多 {WINDOWS} 段，合计不少于 {LEAST} 分钟，以整分计",
            en=f"{WINDOWS} windows of whole minutes at most, {LEAST} minutes together at least",
        )
    return windows


def time_given(words: str) -> time:
    """The time of day that the words say, `08:30`. BAD_INPUT (windows)."""
    if not _TIME.fullmatch(words):
        raise DomainError(
            ErrorCode.BAD_INPUT, "windows", rule="D.9", zh="时刻须写作 08:30", en="A time is written 08:30"
        )
    return time.fromisoformat(words)


def check_day(since: date, today: date) -> None:
    """Hours begin with a day that has not begun: what was counted stays as it was. BAD_INPUT (validFrom)."""
    if not today < since or since.year > LAST_YEAR:
        raise DomainError(
            ErrorCode.BAD_INPUT,
            "validFrom",
            rule="D.9",
            zh="须自明日或更晚起生效",
            en="From tomorrow on, or later",
        )


def over(base: Windows, district: Sequence[Hours], own: Own) -> tuple[Hours, ...]:
    """A unit's hours day by day: its own where it has set any, the district's where it has not; in order."""
    days = sorted({*(it.since for it in district), *(since for since, _ in own)})
    made: list[Hours] = []
    for day in days:
        mine = _at([since for since, _ in own], [windows for _, windows in own], day)
        theirs = _at([it.since for it in district], [it.windows for it in district], day) or base
        made.append(Hours(day, mine or theirs))
    return tuple(made)


def _at(days: Sequence[date], windows: Sequence[Windows | None], day: date) -> Windows | None:
    place = bisect_right(days, day)
    return windows[place - 1] if place else None


def minutes_of(moment: time) -> int:
    """Minutes after midnight, as windows are stored."""
    return moment.hour * 60 + moment.minute


def time_of(minutes: int) -> time:
    """The time so many minutes after midnight, less than a day."""
    return time(*divmod(minutes, 60))
