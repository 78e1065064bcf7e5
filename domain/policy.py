"""The limits of the trade as data: defaults of domain.md B.2, overridden by dictionary rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType

from domain.calendar import WorkCalendar
from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError, ErrorCode

REWORK_ROUNDS = 2
"""How often a case may be sent back for rework (T32)."""

PHOTO_DISTANCE_M = 100
"""How far, in metres, a photo's position may lie from the case (T9)."""

_BUFFER = "EXTERNAL_BUFFER"
_CONSULT = "CONSULT_HANDLE"
_REWORK = "REWORK_HANDLE"
_REPLY = "SUPERVISION_REPLY"


def _minutes(amount: int) -> Limit:
    return Limit(amount, TimeUnit.NATURAL_MIN)


def _hours(amount: int) -> Limit:
    return Limit(amount * 60, TimeUnit.NATURAL_MIN)


def _work_hours(amount: int) -> Limit:
    return Limit(amount * 60, TimeUnit.WORK_MIN)


def _work_days(amount: int) -> Limit:
    return Limit(amount, TimeUnit.WORK_DAY)


def _row(critical: Limit, urgent: Limit, normal: Limit, complex_: Limit) -> Mapping[str, Limit]:
    """One line of the table B.2, in its order of columns."""
    return MappingProxyType({"CRITICAL": critical, "URGENT": urgent, "NORMAL": normal, "COMPLEX": complex_})


LIMITS: Mapping[ClockType, Mapping[str, Limit]] = MappingProxyType(
    {
        # B.2 intake decision; anchor P17: web reports within 2 hours
        ClockType.INTAKE: _row(_minutes(10), _minutes(30), _work_hours(2), _work_hours(2)),
        # B.2 dispatch; anchor P19: one working day
        ClockType.DISPATCH: _row(_minutes(10), _minutes(30), _work_days(1), _work_days(1)),
        # B.2 sign-off; anchors P20: one working day, P24: one hour
        ClockType.SIGN: _row(_minutes(10), _minutes(30), _work_days(1), _work_days(1)),
        # B.2 first contact; anchor P24: 24 hours
        ClockType.CONTACT: _row(_minutes(30), _hours(2), _hours(24), _hours(24)),
        # B.2 handling; anchors P17, L2, L3, P18
        ClockType.HANDLE: _row(_hours(2), _hours(24), _work_days(5), _work_days(15)),
        # B.6 State → running clocks, SUBMITTED: 4 working hours, then T27 by the timer
        ClockType.SUBMIT_WAIT: _row(_work_hours(4), _work_hours(4), _work_hours(4), _work_hours(4)),
        # B.2 check; no anchor, proposed
        ClockType.CHECK: _row(_hours(2), _hours(24), _work_days(1), _work_days(1)),
        # B.2 follow-up; anchor L1 §23: after the opinion's term
        ClockType.FOLLOWUP: _row(_hours(24), _work_days(1), _work_days(2), _work_days(3)),
    }
)

_SPECIAL: Mapping[str, Limit] = MappingProxyType(
    {
        f"{_CONSULT}.NORMAL": _work_days(2),  # B.2 handling, 咨询; anchor P17
        f"{_REWORK}.NORMAL": _work_days(3),  # B.2 rework; anchor L2 §27
        f"{_REWORK}.COMPLEX": _work_days(5),  # B.2 rework; anchor L2 §27; the urgent classes take half
        f"{_REPLY}.URGE": _work_hours(4),  # B.3 T37
        f"{_REPLY}.YELLOW": _work_days(1),  # B.3 T37
        f"{_REPLY}.RED": _work_days(1),  # B.3 T37
        f"{_REPLY}.LISTED": _work_days(1),  # B.3 T37 names three; a listing replies as a red card does
        _BUFFER: _work_hours(4),  # B.2, last line: external clocks win
    }
)
_OPTIONAL = frozenset({f"{_REWORK}.CRITICAL", f"{_REWORK}.URGENT"})


def _defaults() -> dict[str, Limit]:
    table = {f"{clock}.{urgency}": cell for clock, row in LIMITS.items() for urgency, cell in row.items()}
    return {**table, **_SPECIAL}


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits in force, by key (`HANDLE.NORMAL`); running clocks keep the limit they started with (T11)."""

    limits: Mapping[str, Limit] = field(default_factory=_defaults)
    version: int = 0

    @classmethod
    def default(cls) -> "Policy":
        """The defaults of domain.md B.2, version 0."""
        return cls()

    def with_values(self, values: Iterable[PolicyValue], version: int) -> "Policy":
        """This policy with the dictionary's values over it; the later value of a key wins.

        BAD_INPUT for an unknown key, an amount below one, or a buffer that is not in working minutes.
        """
        limits = dict(self.limits)
        for value in values:
            if value.key not in limits and value.key not in _OPTIONAL:
                raise DomainError(ErrorCode.BAD_INPUT, "key", facts={"key": value.key})
            if value.amount < 1:
                raise DomainError(ErrorCode.BAD_INPUT, "amount", facts={"key": value.key})
            if value.key == _BUFFER and value.unit is not TimeUnit.WORK_MIN:
                raise DomainError(ErrorCode.BAD_INPUT, "unit", facts={"key": value.key})
            limits[value.key] = Limit(value.amount, value.unit)
        return replace(self, limits=limits, version=version)

    def limit(
        self, clock_type: ClockType, urgency: str, *, consult: bool = False, rework: bool = False
    ) -> Limit:
        """The limit of a clock for an urgency; `consult` and `rework` change HANDLE alone.

        FEATURE_DISABLED for a clock this table has no limit for.
        """
        usual = self.limits.get(f"{clock_type}.{urgency}")
        if usual is None:
            raise DomainError(ErrorCode.FEATURE_DISABLED, "clockType", rule="B.2")
        if clock_type is ClockType.HANDLE and rework:
            return self.limits.get(f"{_REWORK}.{urgency}") or _half(usual)
        if clock_type is ClockType.HANDLE and consult:
            return self.limits.get(f"{_CONSULT}.{urgency}", usual)
        return usual

    def supervision_reply(self, level: str) -> Limit:
        """How long a unit has to reply to a supervision (T37). BAD_INPUT for a level that asks for no reply."""
        limit = self.limits.get(f"{_REPLY}.{level}")
        if limit is None:
            raise DomainError(ErrorCode.BAD_INPUT, "level", rule="T37")
        return limit

    @property
    def external_buffer(self) -> Limit:
        """How much earlier than a source's due time ours must be, in working minutes (B.2, last line)."""
        return self.limits[_BUFFER]

    def effective_due(
        self, internal_due: datetime, source_due: datetime | None, calendar: WorkCalendar
    ) -> datetime:
        """External clocks win: the source's due time less the buffer, where that is earlier (B.2, last line)."""
        if source_due is None:
            return internal_due
        buffer = timedelta(minutes=self.external_buffer.amount)
        return min(internal_due, calendar.subtract_work(source_due, buffer))


def _half(limit: Limit) -> Limit:
    """Half of the original limit, rounded up to a whole unit (B.2 rework, urgent classes)."""
    return Limit((limit.amount + 1) // 2, limit.unit)
