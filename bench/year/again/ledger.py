"""One clock of the second bookkeeping: its due time, its pauses, its steps, each worked out from the beginning."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bench.year.again.hours import CLOSING, Hours, local_day, moment
from bench.year.again.limits import Limit, urgent

POSTS = frozenset(
    [
        *("INTAKE", "VERIFY", "DISPATCH", "RETURN_DECIDE", "EXT_DECIDE", "HANG_DECIDE"),
        *("HANG_REVIEW", "ARBITRATE", "CHECK", "FOLLOWUP", "REPLY"),
    ]
)
UNITS = frozenset({"SIGN", "CONTACT", "HANDLE"})
LATE_DAYS = ("D1", "D2", "D3", "D4", "D5", "D6")
_MILLISECOND, _ZERO = timedelta(milliseconds=1), timedelta()
_DAYS = "WORK_DAY"


@dataclass(eq=False, slots=True)
class Row:
    """A unit's share of a case."""

    org: str
    role: str
    round: int
    given_at: datetime
    state: str = "PENDING"
    designated: bool = False
    on_time_accept: bool | None = None
    on_time_handle: bool | None = None
    extensions: int = 0
    hung_until: datetime | None = None
    boundary: bool = False

    @property
    def name(self) -> tuple[str, str, int, datetime]:
        """What tells it from every other row of its case."""
        return (self.org, self.role, self.round, self.given_at)


@dataclass(eq=False, slots=True)
class Clock:
    """A clock as the rules say it goes; `fired` holds its steps with their moments, in order.

    `hours`: the calendar it counts by, while it is not stopped the one in force. `ceiling`: no later by what another
    platform asks for (B.2, last line). `spared`: no first contact is owed any more, which E0 would remind of.
    """

    kind: str
    row: Row | None
    round: int
    limit: Limit
    start: datetime
    due: datetime
    urgency: str
    hours: Hours
    external: bool = False
    ceiling: datetime | None = None
    name: str | None = None
    grants: list[tuple[datetime, int]] = field(default_factory=list)
    floors: list[tuple[datetime, Limit]] = field(default_factory=list)
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    breached: bool = False
    fired: list[tuple[str, datetime]] = field(default_factory=list)
    spared: bool = False

    def share(self, part: int) -> datetime:
        """The first millisecond at which so many percent of the time are used, pauses aside (R21)."""
        still = sum((self.limit.counted(self.hours, a, min(b, self.due)) for a, b in self._before()), _ZERO)
        whole = (self.limit.counted(self.hours, self.start, self.due) - still) * part
        used = -(-whole // (100 * _MILLISECOND)) * _MILLISECOND
        if not used:
            return self.due
        found = self.limit.on(self.hours, self.start, used)
        for since, until in self._before():
            if found > since:
                found = self.limit.on(self.hours, found, self.limit.counted(self.hours, since, until))
        return found

    def _before(self) -> list[tuple[datetime, datetime]]:
        return [(since, until) for since, until in self.pauses if since < self.due]

    def next(self) -> tuple[datetime, str] | None:
        """Its next step and when; None when it stands still or is at the top of its ladder."""
        if self.stopped_at or self.paused_at:
            return None
        name = self._following()
        return (self._moment(name), name) if name else None

    def _following(self) -> str | None:
        done = {name for name, _ in self.fired} | ({"E0"} if self.spared else set())
        for name in self._order():
            if name not in done:
                return name
        if self.kind in POSTS:
            return f"I4.{sum(name.startswith('I4') for name in done)}"
        return None

    def _order(self) -> tuple[str, ...]:
        """B.4 and B.6: the steps of this clock in the order of their times."""
        if self.kind == "ARCHIVE":
            return ("RED",)
        if self.kind in POSTS:
            return ("YELLOW", "RED", "I3", "I4")
        if self.kind not in UNITS:
            return ("YELLOW", "RED")
        if self.kind != "HANDLE":
            return ("YELLOW", "RED", "E4", "E5")
        first = ("E0", "YELLOW", "RED")
        if urgent(self.urgency):
            return (*first, "E4", "E5", *LATE_DAYS)
        return (*first, "E4", "D1", "D2", "E5", *LATE_DAYS[2:])

    def _moment(self, name: str) -> datetime:
        if name == "E0":
            return self.share(50)
        if name == "YELLOW":
            return self.share(80)
        if name == "RED":
            return self.due
        return self._over(*self._wait(name))

    def _wait(self, name: str) -> tuple[Limit, int]:
        """How long after the due time a rung comes, and how many working days after that."""
        if name in LATE_DAYS:
            return Limit(LATE_DAYS.index(name) + 1, _DAYS), 0
        rung, _, again = name.partition(".")
        times = int(again or 0)
        first = rung in {"E4", "I3"}
        if urgent(self.urgency):
            return Limit(30 if first else 120, "NATURAL_MIN"), times
        return Limit((1 if first else 3) + times, _DAYS), 0

    def _over(self, wait: Limit, days: int) -> datetime:
        """So long after the due time, or after the start of what was late from the start; pauses since aside."""
        found = wait.due(self.hours, max(self.due, self.start))
        if days:
            found = Limit(days, _DAYS).due(self.hours, found)
        for since, until in self.pauses:
            if self.due <= since < found:
                found = self.limit.on(self.hours, found, self.limit.counted(self.hours, since, until))
        return found

    def pause(self, at: datetime) -> None:
        """It stands still."""
        self.breached = self.breached or at > self.due
        self.paused_at = at

    def resume(self, at: datetime, hours: Hours) -> None:
        """It goes on with what was left; late, with what was granted after the breach (T22, B.6 D; D.9 adds pauses)."""
        since = self.paused_at or self.stopped_at
        if since is None:
            return
        self.paused_at = self.stopped_at = None
        self.recount(hours)
        self.pauses.append((since, at))
        if not self.breached or since < self.due:
            self.due = self._later(self.due, since, at)

    def grant(self, at: datetime, days: int) -> None:
        """T22: working days after the day it is due now; a breach stands (B.6 D)."""
        self.grants.append((at, days))
        self.due = self._extended(self.due, days)

    def not_before(self, at: datetime, term: Limit) -> None:
        """B.6: not due before the term of an opinion that is asked for now; a breach stands."""
        if not self.breached:
            self.floors.append((at, term))
            self.due = max(self.due, term.due(self.hours, at))

    def recount(self, hours: Hours, *, handed_in: bool = False) -> None:
        """R78: a calendar was published; the limit from the start by it, then what came between, as it came.

        `handed_in`: what stopped it is a result that may be sent back (T26).
        """
        if (self.stopped_at and not handed_in) or hours is self.hours:
            return
        self.hours = hours
        if self.external:
            return
        due = self.limit.due(hours, self.start)
        due = min(due, self.ceiling or due)
        came: list[tuple[datetime, datetime | int]] = [*self.pauses, *self.grants]
        for at, what in sorted(came, key=lambda it: it[0]):
            if isinstance(what, int):
                due = self._extended(due, what)
            elif at <= due:
                due = self._later(due, at, what)
        self.due = max([due, *(term.due(hours, at) for at, term in self.floors)])

    def _later(self, due: datetime, since: datetime, until: datetime) -> datetime:
        return self.limit.on(self.hours, due, self.limit.counted(self.hours, since, until))

    def _extended(self, due: datetime, days: int) -> datetime:
        later = moment(self.hours.workday(local_day(due), days), CLOSING)
        return max(due, min(later, self.ceiling or later))

    def stop(self, at: datetime) -> None:
        """It ends; who is later than the due time is late."""
        if self.stopped_at is None:
            self.breached = self.breached or (self.paused_at or at) > self.due
            self.stopped_at = at
