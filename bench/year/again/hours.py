"""Office hours walked day by day and window by window: slow, simple, and no code of the product (domain.md D.9)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone

DISTRICT = timezone(timedelta(hours=8))
WINDOWS = ((time(8, 30), time(11, 30)), (time(13), time(17)))
CLOSING = time(17)
DAY = timedelta(days=1)
SATURDAY = 5


def moment(day: date, at: time) -> datetime:
    """That time of the district's day, in UTC."""
    return datetime.combine(day, at, DISTRICT).astimezone(UTC)


def local_day(at: datetime) -> date:
    """The district's date."""
    return at.astimezone(DISTRICT).date()


class Hours:
    """The calendar from `first` to `last`: `named` says of a date whether it is worked; else weekends are rest."""

    def __init__(self, named: Mapping[date, bool], first: date, last: date) -> None:
        self._named = named
        days = [first + DAY * number for number in range((last - first).days + 1)]
        self._windows = [
            (moment(day, opens), moment(day, closes))
            for day in days
            if self.works(day)
            for opens, closes in WINDOWS
        ]
        self._openings = [opens for opens, _ in self._windows]
        self._closings = [closes for _, closes in self._windows]

    def works(self, day: date) -> bool:
        """Whether offices are open on that day."""
        return self._named.get(day, day.weekday() < SATURDAY)

    def workday(self, day: date, count: int) -> date:
        """The count-th working day after that day."""
        while count:
            day += DAY
            count -= self.works(day)
        return day

    def between(self, start: datetime, end: datetime) -> timedelta:
        """Office time from start to end."""
        total = timedelta()
        for opens, closes in self._from(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return max(total, timedelta())

    def after(self, start: datetime, work: timedelta) -> datetime:
        """The first moment by which so much office time has gone since start."""
        if not work:
            return start
        for opens, closes in self._from(start):
            there = closes - max(opens, start)
            if work <= there:
                return max(opens, start) + work
            work -= there
        raise ValueError("the calendar ends too early")

    def before(self, end: datetime, work: timedelta) -> datetime:
        """The last moment from which so much office time is left until end."""
        number = bisect_left(self._openings, end)
        while number:
            number -= 1
            opens, closes = self._windows[number]
            there = min(closes, end) - opens
            if work <= there:
                return min(closes, end) - work
            work -= there
        raise ValueError("the calendar begins too late")

    def _from(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The windows that are not over at `start`."""
        first = bisect_right(self._closings, start)
        return (self._windows[number] for number in range(first, len(self._windows)))
