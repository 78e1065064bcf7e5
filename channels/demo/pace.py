"""How long the steps of a made-up case take, and what they leave on its clocks."""

from datetime import datetime, timedelta

from domain.clock import Clock, step, stop

# When each step is taken, as a share of the case's whole time and at most so many hours.
FILED, DISPATCHED, ACCEPTED, CONTACTED_AT, CHECKED = (
    (0.02, 1),
    (0.05, 4),
    (0.12, 8),
    (0.15, 20),
    (0.10, 2),
)
SHORTEST = timedelta(minutes=20)
_SECOND = timedelta(seconds=1)

Pace = tuple[float, int]


def stopped(clock: Clock, at: datetime) -> Clock:
    """The clock as its stop left it, having turned its light when it was time."""
    while turned := step(clock, at):
        clock = turned[0]
    return stop(clock, at)


def after(start: datetime, taken: timedelta, pace: Pace) -> datetime:
    """When a step is taken in a case that takes so long."""
    return start + span(taken, pace)


def span(taken: timedelta, pace: Pace) -> timedelta:
    """How long a step takes, in whole seconds."""
    share, hours = pace
    return min(taken * share, timedelta(hours=hours)) // _SECOND * _SECOND
