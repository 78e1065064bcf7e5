"""Clocks and explained due times (design §6)."""

import strawberry

from api.scalars import DateTime
from api.schema.argument import Lang
from api.schema.words import Info, Node, Shown, column, resolver
from domain import clock as rows
from domain.calendar import WorkCalendar
from domain.clock import ClockType, Light, TimeUnit
from domain.deadline import Deadline, clock_explanation, clock_used
from domain.deadline import DeadlineInterval as Interval
from domain.loop.pause import Pause
from domain.rules.clock import OF_POSTS
from domain.term import Language


@strawberry.type(description="期限的一段。A span between start and due.")
class DeadlineInterval(Shown[Interval]):
    """期限的一段: counted or not, and why."""

    from_: DateTime = column("start", "起。From.", graphql_name="from")
    to: DateTime = column("end", "止。To.")
    counted: bool = column("counted", "是否计入。Whether it counts.")
    minutes: int = column("minutes", "整分钟数。Whole minutes.")

    @resolver("计入或不计入的理由。Why it counts or does not.")
    def reason(self, lang: Lang = Language.ZH) -> str:
        """In the language asked for."""
        return self.row.en if lang is Language.EN else self.row.zh


@strawberry.type(description="期限试算。A due time computed and explained.")
class DeadlinePreview(Shown[Deadline]):
    """期限试算."""

    due_at: DateTime = column("due_at", "截止时间。When it is due.")
    yellow_at: DateTime = column("yellow_at", "亮黄灯时间。When 80 % is used.")
    provisional: bool = column("provisional", "是否暂定。Whether a year on the way has no calendar yet.")

    @resolver("逐段说明。Every span on the way.")
    def explanation(self) -> list[DeadlineInterval]:
        """In order, without holes."""
        return [DeadlineInterval.of(span) for span in self.row.explanation]


@strawberry.type(description="计时。A running or stopped limit.")
class Clock(Shown[rows.Clock], Node):
    """计时."""

    type: ClockType = column("type", "时限类别。What it measures.")
    start_at: DateTime = column("start_at", "开始时间。When it started.")
    due_at: DateTime = column("due_at", "截止时间。When it is due.")
    yellow_at: DateTime = column("yellow_at", "亮黄灯时间。When 80 % is used.")
    light: Light = column("light", "灯。Its light.")
    paused_at: DateTime | None = column("paused_at", "暂停时间。When it was paused.")
    stopped_at: DateTime | None = column("stopped_at", "停止时间。When it stopped.")
    breached: bool = column("breached", "是否超期；一旦超期不再改变。Whether it was ever late; never undone.")
    provisional: bool = column(
        "provisional", "期限是否暂定。Whether a year it runs through has no calendar yet."
    )
    external: bool = column("external", "期限是否由来源方给定。Whether the due time was given from outside.")
    round: int = column("round", "办理轮次。The round of work it belongs to.")
    limit: int = column("limit", "时限数值。The limit's amount.")
    unit: TimeUnit = column("unit", "时限单位。The limit's unit.")

    @resolver("已用比例，超期大于 1。The share used, above 1 when late.")
    async def used_ratio(self, info: Info) -> float:
        """Counted at read; a stopped or paused clock stands still."""
        row = self.row
        until = row.stopped_at or row.paused_at or await info.context.now()
        return clock_used(row, until, await _calendar(info, row), await _pauses(info, row))

    @resolver("期限逐段说明。Every span from start to due, and why it counts or not.")
    async def explanation(self, info: Info) -> list[DeadlineInterval]:
        """In order, without holes."""
        spans = clock_explanation(self.row, await _calendar(info, self.row), await _pauses(info, self.row))
        return [DeadlineInterval.of(span) for span in spans]


async def _pauses(info: Info, row: rows.Clock) -> list[Pause]:
    """Its pauses that ended; a clock that never paused is not asked."""
    found: list[Pause] = await info.context.loaders["Pause.clock"].load(row.id) if row.paused_seconds else []
    return found


async def _calendar(info: Info, row: rows.Clock) -> WorkCalendar:
    """The working time it counts: its unit's, where a unit owes what it measures and keeps days or hours of its own."""
    book = await info.context.rulebook()
    if row.assignment_id is None or row.type in OF_POSTS or not book.calendars:
        return book.calendar
    held = await info.context.loaders["Assignment"].load(row.assignment_id)
    return book.calendar_of(held.org_id if held is not None else None)
