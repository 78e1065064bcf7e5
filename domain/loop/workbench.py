"""Workbenches: the named lists of what waits for whom, and since when it is too late (R72, S39, S41, S31, R13)."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.calendar import WorkCalendar, local_day, midnight
from domain.clock import ClockType, Limit, TimeUnit, due_time
from domain.errors import DomainError, ErrorCode
from domain.incident import Source
from domain.permission import CASE_STAFF
from domain.person import Role
from domain.policy import (
    COPIED_RESULTS,
    DESK_SPAN,
    HARD_RETURNS,
    SHORT_RESULT,
    UNDISPATCHED,
    Policy,
)
from domain.term import Term
from domain.viewer import Viewer

_DAYS = frozenset({TimeUnit.WORK_DAY, TimeUnit.NATURAL_DAY})
_DAY, _SECOND, _MINUTE = timedelta(days=1), timedelta(seconds=1), timedelta(minutes=1)
_R = Role

OVERSEERS = frozenset({_R.SHIFT_LEADER, _R.DISPATCHER, _R.COMMAND_DIRECTOR, _R.LEADER, _R.SUPERVISOR})
"""Who looks after every unit's work; a unit's people see their own unit's."""

EXTERNAL = frozenset(
    {
        Source.HOTLINE_12345,
        Source.MINXIN,
        Source.PLATFORM,
        Source.LEADER,
        Source.SUPERIOR,
        Source.POLICE_110,
        Source.MEDIA,
    }
)
"""Sources that hand cases over from outside (S31); patrols, volunteers, residents and departments report their own."""


class Desk(Term):
    """工作台: a named list of what waits for somebody."""

    DUE_TODAY = "DUE_TODAY", "今日到期", "Assignments due before the day ends"
    OVERDUE = "OVERDUE", "已超期", "Assignments past a due time"
    UNREAD = "UNREAD", "未签收未阅", "Assignments to be accepted and copies to be read"
    SENT_BACK = "SENT_BACK", "退回件", "Results and cases sent back (T26, T30, T32), and own returns approved"
    COPIES_UNREAD = "COPIES_UNREAD", "抄告逾期未阅", "Copies unread for longer than allowed (R13)"
    HARD_CASES = "HARD_CASES", "派遣难点", "Cases returned again and again, or not dispatched in time (S39)"
    EXTERNALS = "EXTERNALS", "外来件未交办", "Cases from outside that no unit has been given in time (S31)"
    CHECKS = "CHECKS", "核实核查任务", "Verifications and checks to be made (T9, T28)"
    FOLLOW_UPS = "FOLLOW_UPS", "回访任务", "Follow-ups of the command centre to be made (T31)"
    OPINIONS = "OPINIONS", "入户征求意见任务", "Household opinions to be asked for (S49)"
    QUALITY = "QUALITY", "办理质量标记", "Assignments with a mark of poor quality (S41)"
    OPEN_LOOPS = "OPEN_LOOPS", "未闭环事项", "Cases whose loop is open (S50)"


class TaskReason(Term):
    """待办缘由: why something is on a desk."""

    TO_SIGN = "TO_SIGN", "签收", "To be accepted"
    TO_READ = "TO_READ", "阅知", "To be read"
    TO_CONTACT = "TO_CONTACT", "首次联系", "The first contact is to be made"
    TO_HANDLE = "TO_HANDLE", "办理", "To be handled"
    CORRECTION = "CORRECTION", "退回补正", "The result was sent back to be put right (T26)"
    REWORK = "REWORK", "返工重办", "A check failed or the resident was dissatisfied (T30, T32)"
    GIVEN_BACK = "GIVEN_BACK", "退单获准", "The unit's return was approved (T16, T19)"
    RETURNED_OFTEN = "RETURNED_OFTEN", "多次退单", "Returned again and again"
    UNDISPATCHED = "UNDISPATCHED", "逾时未派", "Not dispatched in time"
    SAMPLED = "SAMPLED", "抽样", "Drawn by lot"
    LATE_SIGN = "LATE_SIGN", "签收超时", "Accepted late"
    NO_CONTACT = "NO_CONTACT", "未按时联系", "Nobody was contacted in time"
    SHORT_RESULT = "SHORT_RESULT", "结果空泛", "The result says next to nothing"
    COPIED_RESULT = "COPIED_RESULT", "结果雷同", "The result is that of other cases, word for word"
    NO_AFTER_PHOTO = "NO_AFTER_PHOTO", "缺办理后照片", "No picture after the work, where one is demanded"


_UNITS = OVERSEERS | {_R.HANDLER, _R.HANDLER_LEAD}
READERS: Mapping[Desk, frozenset[Role]] = {
    Desk.DUE_TODAY: _UNITS,
    Desk.OVERDUE: _UNITS,
    Desk.UNREAD: _UNITS,
    Desk.SENT_BACK: _UNITS,
    Desk.COPIES_UNREAD: _UNITS,
    Desk.HARD_CASES: frozenset({_R.DISPATCHER, _R.SHIFT_LEADER, _R.COMMAND_DIRECTOR}),
    Desk.EXTERNALS: frozenset({_R.ACCEPTOR, _R.DISPATCHER, _R.SHIFT_LEADER, _R.COMMAND_DIRECTOR}),
    Desk.CHECKS: frozenset(
        {_R.INSPECTOR, _R.SHIFT_LEADER, _R.COMMAND_DIRECTOR, _R.COMMUNITY_CLERK, _R.GRID_WORKER}
    ),
    Desk.FOLLOW_UPS: frozenset({_R.CALLBACK, _R.SHIFT_LEADER, _R.COMMAND_DIRECTOR}),
    Desk.OPINIONS: frozenset(
        {_R.COMMUNITY_CLERK, _R.GRID_WORKER, _R.CALLBACK, _R.SHIFT_LEADER, _R.COMMAND_DIRECTOR}
    ),
    Desk.QUALITY: OVERSEERS | {_R.HANDLER_LEAD},
    Desk.OPEN_LOOPS: CASE_STAFF,
}
"""Which roles read a desk; what is on it is no more than the viewer may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """待办: one entry of a desk, about a case and (by `id`) its assignment, check or follow-up.

    `why` are `TaskReason`s, each followed by a comma. `at` is the business time at which the desk was read.
    """

    id: UUID
    incident_id: UUID
    org_id: UUID | None
    assignment_id: UUID | None
    verification_id: UUID | None
    followup_id: UUID | None
    since: datetime
    due_at: datetime | None
    at: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What the desks compare with at the moment `now`.

    `day_end`: when the district's day ends (trap 30). Undispatched since before `undispatched`, a copy unread since
    before `unread` is too long; `recent`: how far back finished things are listed. The others are counts.
    """

    now: datetime
    day_end: datetime
    undispatched: datetime
    unread: datetime
    recent: datetime
    returns: int
    short: int
    copied: int


def marks(now: datetime, policy: Policy, calendar: WorkCalendar) -> Marks:
    """What the desks compare with at that moment, under these limits."""

    def ago(limit: Limit) -> datetime:
        return run_out_before(now, limit, calendar)

    return Marks(
        now=now,
        day_end=midnight(local_day(now) + _DAY),
        undispatched=ago(policy.known(UNDISPATCHED)),
        unread=ago(policy.limit(ClockType.READ, "NORMAL")),
        recent=ago(policy.known(DESK_SPAN)),
        returns=policy.count(HARD_RETURNS),
        short=policy.count(SHORT_RESULT),
        copied=policy.count(COPIED_RESULTS),
    )


def run_out_before(now: datetime, limit: Limit, calendar: WorkCalendar) -> datetime:
    """What began before this moment has used its limit up: it was due (`due_time`) before `now`.

    Exact for limits in days, which count from a day and not from its hour; for limits in minutes to a second.
    """
    by_days = limit.unit in _DAYS
    step, origin = (_DAY, midnight(local_day(now) + _DAY)) if by_days else (_SECOND, now)

    def late(steps: int) -> bool:
        return due_time(origin - steps * step, limit, calendar) < now

    far = 1
    while not late(far):
        far *= 2
    first = bisect_left(range(far + 1), 1, 1, far, key=late)
    return (origin - (first - by_days) * step).astimezone(UTC)


def admit(viewer: Viewer, desk: Desk) -> None:
    """Refuse with FORBIDDEN, field `desk`, whoever does not work at it."""
    if not viewer.roles & READERS[desk]:
        raise DomainError(ErrorCode.FORBIDDEN, "desk")


def desks_of(viewer: Viewer) -> list[Desk]:
    """The desks the viewer reads, in their order."""
    return [desk for desk in Desk if viewer.roles & READERS[desk]]


def reasons(why: str) -> list[TaskReason]:
    """The reasons a task's `why` holds, in the order of the vocabulary."""
    said = why.split(",")
    return [it for it in TaskReason if it.value in said]


def late_minutes(due_at: datetime | None, at: datetime) -> int:
    """For how many whole natural minutes it was overdue then; 0 when it is not, or never due."""
    return max(0, (at - due_at) // _MINUTE) if due_at is not None else 0
