"""The limits of the trade as data: defaults of domain.md B.2, overridden by dictionary rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeVar

from domain.calendar import WorkCalendar
from domain.clock import ClockType, Limit, TimeUnit
from domain.dictionary import PolicyValue
from domain.errors import DomainError, ErrorCode

T = TypeVar("T")

REWORK_ROUNDS = 2
"""How often a case may be sent back for rework (T32)."""

PHOTO_DISTANCE_M = 100
"""How far, in metres, a photo's position may lie from the case (T9)."""

RETURN_WINDOW = "RETURN_WINDOW"
EXTENSION = "EXTENSION"
CLAIM_WINDOW = "CLAIM_WINDOW"
OPINION = "OPINION"
SCOPE = "@"
UNDISPATCHED = "UNDISPATCHED"
DESK_SPAN = "DESK_SPAN"
HARD_RETURNS = "HARD_RETURNS"
SHORT_RESULT = "SHORT_RESULT"
COPIED_RESULTS = "COPIED_RESULTS"
HUNG_SHARE = "HUNG_SHARE"
OPINION_SAMPLE = "OPINION_SAMPLE"
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


_MONTH = Limit(30, TimeUnit.NATURAL_DAY)
_DECISION = _row(_hours(1), _hours(1), _work_hours(4), _work_days(1))

LIMITS: Mapping[ClockType, Mapping[str, Limit]] = MappingProxyType(
    {
        # B.2 intake decision; anchor P17: web reports within 2 hours
        ClockType.INTAKE: _row(_minutes(10), _minutes(30), _work_hours(2), _work_hours(2)),
        # B.2 on-site verification; anchor C1: a clock of its own
        ClockType.VERIFY: _row(_minutes(30), _hours(2), _work_days(1), _work_days(1)),
        # B.2 dispatch; anchor P19: one working day
        ClockType.DISPATCH: _row(_minutes(10), _minutes(30), _work_days(1), _work_days(1)),
        # B.2 sign-off; anchors P20: one working day, P24: one hour
        ClockType.SIGN: _row(_minutes(10), _minutes(30), _work_days(1), _work_days(1)),
        # B.2 first contact; anchor P24: 24 hours
        ClockType.CONTACT: _row(_minutes(30), _hours(2), _hours(24), _hours(24)),
        # B.2 handling; anchors P17, L2, L3, P18
        ClockType.HANDLE: _row(_hours(2), _hours(24), _work_days(5), _work_days(15)),
        # B.6 State → running clocks: a copy is to be read in one working day, without score (R13)
        ClockType.READ: _row(_work_days(1), _work_days(1), _work_days(1), _work_days(1)),
        # B.2 return decision; B.6: CRITICAL one hour, and the same limits for extensions and hangs
        ClockType.RETURN_DECIDE: _DECISION,
        ClockType.EXT_DECIDE: _DECISION,
        ClockType.HANG_DECIDE: _DECISION,
        # B.6 T23, T23b: a review at least every 30 days, at the day the director names
        ClockType.HANG_REVIEW: _row(_MONTH, _MONTH, _MONTH, _MONTH),
        # B.2 arbitration; anchor L3 §22
        ClockType.ARBITRATE: _row(_hours(1), _hours(4), _work_days(2), _work_days(3)),
        # B.3 T35: 30 days after closing
        ClockType.ARCHIVE: _row(_MONTH, _MONTH, _MONTH, _MONTH),
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
        f"{RETURN_WINDOW}.URGENT": _hours(2),  # B.2 return request window; none for CRITICAL
        f"{RETURN_WINDOW}.NORMAL": _work_days(1),  # B.2; anchor P2, L9
        f"{RETURN_WINDOW}.COMPLEX": _work_days(2),  # B.2
        f"{EXTENSION}.NORMAL": _work_days(5),  # B.2 extension; anchor P19; none for the urgent classes
        f"{EXTENSION}.COMPLEX": _work_days(10),  # B.2; anchor P2
        CLAIM_WINDOW: _work_hours(4),  # B.3 T12
        OPINION: _work_days(3),  # S49
        UNDISPATCHED: _work_days(1),  # S31, S39
        DESK_SPAN: _MONTH,  # how far back the desks list what is finished: approved returns, marks of quality
        _BUFFER: _work_hours(4),  # B.2, last line: external clocks win
    }
)
COUNTS: Mapping[str, int] = MappingProxyType(
    {
        HARD_RETURNS: 2,  # S39: returns that make a case hard
        SHORT_RESULT: 20,  # S41: characters; a shorter result says next to nothing
        COPIED_RESULTS: 3,  # S41: cases with one result, word for word
        HUNG_SHARE: 5,  # trap 27: percent of a unit's open rows above which hanging may dodge lateness
        OPINION_SAMPLE: 20,  # S49 [P]: percent of results asked about at the door beside all the dissatisfied
    }
)
"""Numbers that are no time: they have no unit."""

PERCENTAGES = frozenset({HUNG_SHARE, OPINION_SAMPLE})
"""Those of a hundred; none of it is a choice too."""

COUNTED = TimeUnit.NATURAL_MIN
"""What is stored in the place of a count's unit, and shown to nobody (`unit_of`)."""

_OPTIONAL = frozenset({f"{_REWORK}.CRITICAL", f"{_REWORK}.URGENT"})


def _defaults() -> dict[str, Limit]:
    table = {f"{clock}.{urgency}": cell for clock, row in LIMITS.items() for urgency, cell in row.items()}
    return {**table, **_SPECIAL}


_KNOWN = _defaults().keys() | COUNTS.keys() | _OPTIONAL


@dataclass(frozen=True, slots=True)
class Policy:
    """The limits and counts in force, by key (`HANDLE.NORMAL`); running clocks keep the limit they began with (T11).

    A key may be for one category, one region or both: `HANDLE.NORMAL@SZ-ZM@211005`, either part empty (`narrow`,
    `narrow_counts`).
    """

    limits: Mapping[str, Limit] = field(default_factory=_defaults)
    version: int = 0
    narrow: Mapping[str, Limit] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=lambda: COUNTS)
    narrow_counts: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def default(cls) -> "Policy":
        """The defaults of domain.md B.2, version 0."""
        return cls()

    def with_values(self, values: Iterable[PolicyValue], version: int) -> "Policy":
        """This policy with the dictionary's values over it; the later value of a key wins.

        BAD_INPUT for an unknown key, an amount below one (a percentage may be none), or a buffer that is not in working
        minutes.
        """
        limits, narrow = dict(self.limits), dict(self.narrow)
        counts, narrow_counts = dict(self.counts), dict(self.narrow_counts)
        for value in values:
            base, scoped = _checked(value)
            if base in COUNTS:
                (narrow_counts if scoped else counts)[value.key] = value.amount
            else:
                (narrow if scoped else limits)[value.key] = Limit(value.amount, value.unit)
        return replace(
            self, limits=limits, narrow=narrow, counts=counts, narrow_counts=narrow_counts, version=version
        )

    def within(self, categories: Sequence[str], regions: Sequence[str]) -> "Policy":
        """The limits of a case of that category there; both by their codes, the nearest first.

        Of two limits for one key the nearer category's holds, then the nearer region's.
        """
        limits = {**self.limits, **_nearest(self.narrow, categories, regions)}
        counts = {**self.counts, **_nearest(self.narrow_counts, categories, regions)}
        return replace(self, limits=limits, counts=counts)

    @property
    def scoped(self) -> bool:
        """Whether something of it is for some cases alone."""
        return bool(self.narrow or self.narrow_counts)

    def count(self, key: str) -> int:
        """A number that is no time, one of `COUNTS`."""
        return self.counts[key]

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

    def special(self, key: str, urgency: str | None = None) -> Limit | None:
        """A limit that no clock type names: RETURN_WINDOW, EXTENSION, CLAIM_WINDOW, OPINION; None: not allowed."""
        return self.limits.get(key if urgency is None else f"{key}.{urgency}")

    def known(self, key: str) -> Limit:
        """A limit that no clock type names and that always is one, as UNDISPATCHED is."""
        return self.limits[key]

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


def unit_of(key: str, unit: TimeUnit) -> TimeUnit | None:
    """The unit of a value, as it is shown: a count has none."""
    return None if key.partition(SCOPE)[0] in COUNTS else unit


def _checked(value: PolicyValue) -> tuple[str, bool]:
    """The value's key without its scope, and whether it has one. BAD_INPUT naming what is wrong."""
    base, *scope = value.key.split(SCOPE)
    facts = {"key": value.key}
    if base not in _KNOWN or len(scope) not in {0, 2}:
        raise DomainError(ErrorCode.BAD_INPUT, "key", facts=facts)
    if value.amount < (0 if base in PERCENTAGES else 1):
        raise DomainError(ErrorCode.BAD_INPUT, "amount", facts=facts)
    if base == _BUFFER and value.unit is not TimeUnit.WORK_MIN:
        raise DomainError(ErrorCode.BAD_INPUT, "unit", facts=facts)
    return base, bool(scope)


def _nearest(narrow: Mapping[str, T], categories: Sequence[str], regions: Sequence[str]) -> dict[str, T]:
    """Of each key what is nearest to a case of that category there."""
    near: dict[str, tuple[tuple[int, int], T]] = {}
    for key, value in narrow.items():
        base, category, region = key.split(SCOPE)
        rank = _both(_rank(category, categories), _rank(region, regions))
        if rank is not None and (base not in near or rank < near[base][0]):
            near[base] = (rank, value)
    return {base: value for base, (_, value) in near.items()}


def _rank(code: str, codes: Sequence[str]) -> int | None:
    """How near the code is among these; a part left empty fits everywhere, after all of them."""
    if not code:
        return len(codes)
    return codes.index(code) if code in codes else None


def _both(category: int | None, region: int | None) -> tuple[int, int] | None:
    return None if category is None or region is None else (category, region)


def _half(limit: Limit) -> Limit:
    """Half of the original limit, rounded up to a whole unit (B.2 rework, urgent classes)."""
    return Limit((limit.amount + 1) // 2, limit.unit)
