"""The limits and points of domain.md B.2, B.4, B.6 and D.4, copied from its tables by hand and read as they stand.

`10m` natural minutes, `2h` natural hours, `2w` working hours, `5d` working days, `30n` natural days.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bench.year.again.hours import CLOSING, DAY, Hours, local_day, moment

COLUMNS = ("CRITICAL", "URGENT", "NORMAL", "COMPLEX")
B2 = """
INTAKE         10m 30m  2w  2w
VERIFY         30m  2h  1d  1d
DISPATCH       10m 30m  1d  1d
SIGN           10m 30m  1d  1d
CONTACT        30m  2h 24h 24h
HANDLE          2h 24h  5d 15d
CONSULT         2h 24h  2d 15d
REWORK           -   -  3d  5d
READ            1d  1d  1d  1d
RETURN_DECIDE   1h  1h  4w  1d
EXT_DECIDE      1h  1h  4w  1d
HANG_DECIDE     1h  1h  4w  1d
HANG_REVIEW    30n 30n 30n 30n
ARBITRATE       1h  4h  2d  3d
SUBMIT_WAIT     4w  4w  4w  4w
CHECK           2h 24h  1d  1d
FOLLOWUP       24h  1d  2d  3d
ARCHIVE        30n 30n 30n 30n
"""
OPINION = "3d"
EXTERNAL_BUFFER = timedelta(hours=4)
REPLY = {"URGE": "4w", "YELLOW": "1d", "RED": "1d", "LISTED": "1d"}
LEVELS = ("NONE", "URGE", "YELLOW", "RED", "LISTED")
POINTS = {
    "LATE_SIGN": -1,
    "NO_CONTACT": -1,
    "LATE_HANDLE": -2,
    "LATE_DAYS": -0.5,
    "LATE_REPLY": -1,
    "RETURN_REJECTED": -1,
    "SHIRKED": -3,
    "SLOPPY_RESULT": -0.5,
    "REWORK": -1,
    "DISSATISFIED": -1,
    "FALSE_DONE": -5,
    "YELLOW_CARD": -3,
    "RED_CARD": -6,
    "LISTED_CARD": -10,
    "CLAIMED": 2,
    "VOLUNTEERED": 1,
}
_MINUTES = {"m": ("NATURAL_MIN", 1), "h": ("NATURAL_MIN", 60), "w": ("WORK_MIN", 60)}


@dataclass(frozen=True, slots=True)
class Limit:
    """So much of a unit; the unit bears the name that the store has for it."""

    amount: int
    unit: str

    @property
    def by_office(self) -> bool:
        """Whether only office time uses it up."""
        return self.unit.startswith("WORK")

    def counted(self, hours: Hours, start: datetime, end: datetime) -> timedelta:
        """The time between that uses the limit up."""
        return hours.between(start, end) if self.by_office else max(end - start, timedelta())

    def on(self, hours: Hours, start: datetime, counted: timedelta) -> datetime:
        """When so much of it is used up."""
        return hours.after(start, counted) if self.by_office else start + counted

    def due(self, hours: Hours, start: datetime) -> datetime:
        """When it runs out (D.9)."""
        if self.unit == "WORK_DAY":
            return moment(hours.workday(local_day(start), self.amount), CLOSING)
        if self.unit == "NATURAL_DAY":
            last = local_day(start) + DAY * self.amount
            return moment(last if hours.works(last) else hours.workday(last, 1), CLOSING)
        return self.on(hours, start, timedelta(minutes=self.amount))


def read(cell: str) -> Limit:
    """A cell of the table."""
    amount, unit = int(cell[:-1]), cell[-1]
    if unit in _MINUTES:
        name, times = _MINUTES[unit]
        return Limit(amount * times, name)
    return Limit(amount, {"d": "WORK_DAY", "n": "NATURAL_DAY"}[unit])


def urgent(urgency: str) -> bool:
    """Whether the ladder counts minutes (B.4, last line)."""
    return urgency in {"CRITICAL", "URGENT"}
