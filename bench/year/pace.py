"""How long people take: in office minutes, or in plain minutes where it is urgent."""

from datetime import datetime, timedelta

from bench.year.matter import HANDS, Matter, Task
from domain.calendar import DISTRICT_TIME, WorkCalendar
from domain.incident import Urgency

GRID = (
    300  # seconds: everything happens on whole five minutes, so that due times are met exactly now and then
)
# Least and most minutes of the punctual, the late and the silent.
PACE: dict[str, tuple[int, ...]] = {
    "file": (5, 90, 130, 300, 600, 1700),
    "reject": (5, 90, 130, 300, 600, 1700),
    "transfer": (5, 90, 130, 300, 600, 1700),
    "merge": (5, 60, 130, 200, 300, 500),
    "verify": (5, 60, 60, 110, 120, 200),
    "find": (30, 400, 500, 900, 1000, 3000),
    "dispatch": (5, 200, 500, 900, 1000, 2600),
    "accept": (5, 250, 500, 1000, 1000, 2600),
    "contact": (10, 300, 600, 1100, 1300, 3000),
    "help": (60, 1500, 2300, 3300, 3600, 6500),
    "submit": (100, 1700, 2200, 3600, 3500, 6500),
    "read": (10, 300, 500, 900, 3000, 9000),
    "extend": (600, 1300, 1300, 1900, 1700, 2080),
    "decide_extension": (20, 200, 250, 600, 900, 2300),
    "hang": (400, 1000, 1000, 1600, 1600, 2000),
    "decide_hang": (20, 200, 250, 600, 900, 2300),
    "review_hang": (1500, 5000, 5500, 9000, 9500, 12000),
    "report_progress": (300, 3000, 3500, 6000, 9000, 12000),
    "return": (10, 200, 200, 380, 300, 415),
    "decide_return": (20, 200, 250, 600, 900, 2300),
    "refer": (20, 200, 250, 400, 500, 900),
    "speak": (20, 200, 200, 400, 400, 700),
    "rule": (300, 800, 900, 1500, 1600, 3600),
    "send_back": (10, 150, 150, 200, 200, 230),
    "request_check": (10, 200, 200, 235, 235, 240),
    "check": (20, 380, 450, 900, 1000, 2600),
    "follow_up": (20, 700, 900, 1400, 1500, 3800),
    "opinion": (100, 1100, 1300, 1800, 2000, 3500),
    "rework": (20, 200, 300, 600, 900, 1800),
    "close": (5, 150, 200, 500, 900, 2000),
    "answer": (20, 220, 260, 500, 800, 3000),
    "decide_ending": (20, 200, 250, 500, 600, 1200),
    "self_handle": (5, 30, 60, 110, 120, 170),
    "review_self": (20, 300, 380, 600, 900, 1500),
    "claim": (5, 90, 100, 200, 230, 300),
    "confirm_claim": (5, 60, 60, 100, 200, 500),
    "merge_late": (20, 300, 300, 600, 600, 900),
    "unmerge": (10, 150, 150, 250, 300, 600),
    "recuse": (5, 60, 60, 100, 100, 200),
    "blow": (100, 900, 900, 1300, 1300, 1600),
    "come": (5, 50, 60, 400, 400, 1400),
    "rate": (20, 400, 500, 900, 1000, 2000),
    "stage": (60, 1300, 1500, 2600, 2600, 4000),
    "reopen": (1000, 6000, 6000, 7000, 7000, 8000),
}
USUAL = (20, 400, 500, 900, 1000, 2000)
HASTE = {Urgency.CRITICAL: 0.03, Urgency.URGENT: 0.09}
EVENING = 18


def when(matter: Matter, task: Task, now: datetime, calendar: WorkCalendar) -> datetime:
    """When whoever has to do it comes to it."""
    place = HANDS.index(matter.hand(task.org)) * 2
    least, most = PACE.get(task.name, USUAL)[place : place + 2]
    minutes = matter.chance.randint(least, most)
    if task.name == "follow_up" and isinstance(task.mark, tuple) and task.mark[-1]:
        return rounded(
            now + timedelta(days=1, hours=matter.chance.randint(1, 3)) if _at_noon(now) else _evening(now)
        )
    haste = HASTE.get(matter.plan.urgency)
    if haste is not None:
        return rounded(now + timedelta(minutes=minutes * haste))
    return rounded(calendar.add_work(now, timedelta(minutes=minutes)))


def rounded(moment: datetime) -> datetime:
    """The next whole five minutes."""
    seconds = moment.timestamp()
    return moment + timedelta(seconds=-seconds % GRID)


def _evening(now: datetime) -> datetime:
    """Half past six in the evening, today or tomorrow: R29 wants one attempt outside office hours."""
    local = now.astimezone(DISTRICT_TIME)
    at = local.replace(hour=EVENING, minute=30, second=0, microsecond=0)
    return (at if at > local else at + timedelta(days=1)).astimezone(now.tzinfo)


def _at_noon(now: datetime) -> bool:
    return now.astimezone(DISTRICT_TIME).hour >= EVENING
