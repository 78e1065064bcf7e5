"""What time alone does in a retold case: lights, ladders, T24, T27 and T35, in the order of their moments."""

from datetime import datetime

from bench.year.again.ledger import Clock
from bench.year.again.story import Story

Step = tuple[datetime, Clock, str]


def advance(story: Story, now: datetime) -> None:
    """Let everything happen that is due at `now`; on time is up to and including the due time (design §6)."""
    while found := _first(story, now):
        _fire(story, *found)


def _first(story: Story, now: datetime) -> Step | None:
    due: list[Step] = []
    for clock in story.clocks:
        step = _next(story, clock)
        if step and (step[0] < now or (step[0] == now and step[1] != "RED")):
            due.append((step[0], clock, step[1]))
    if not due:
        return None
    earliest = min(at for at, _, _ in due)
    return min((it for it in due if it[0] == earliest), key=lambda it: _preference(story, it))


def _next(story: Story, clock: Clock) -> tuple[datetime, str] | None:
    """Its next step; a review of what is hung ends with the time agreed (T24)."""
    step = clock.next(story.hours)
    until = clock.row.hung_until if clock.row and clock.kind == "HANG_REVIEW" else None
    if step is None or until is None or not clock.fired:
        return step
    return min(step[0], until), step[1]


def _preference(story: Story, step: Step) -> tuple[int, int]:
    """Of steps at one moment the product takes any first: the one whose card it wrote, the lowest card first."""
    at, clock, name = step
    for level, rung in story.cards_of(clock, name):
        org = clock.row.org if clock.row else None
        if (level, at, org, f"{clock.kind}.{rung}") in story.hints:
            return 0, ("URGE", "YELLOW", "RED").index(level)
    return 1, 0


def _fire(story: Story, at: datetime, clock: Clock, name: str) -> None:
    at = max(at, clock.start)
    clock.fired.append((name, at))
    if _ended(story, clock, name, at):
        return
    if name == "RED":
        clock.breached = True
        story.late(clock)
    story.day_late(clock, name, at)
    for level, rung in story.cards_of(clock, name):
        story.card(level, at, clock.row, f"{clock.kind}.{rung}")


def _ended(story: Story, clock: Clock, name: str, at: datetime) -> bool:
    """What a clock does besides when it runs out: the check, the archive, the work again."""
    if clock.kind == "HANG_REVIEW" and clock.row and clock.row.hung_until and at >= clock.row.hung_until:
        resume(story, clock, at)
        return True
    if name != "RED" or clock.kind not in {"SUBMIT_WAIT", "ARCHIVE"}:
        return False
    clock.stopped_at = at
    if clock.kind == "SUBMIT_WAIT":
        story.begin_check(at)
    elif story.state == "CLOSED":
        story.state = "ARCHIVED"
    return True


def resume(story: Story, review: Clock, at: datetime) -> None:
    """T24: the hung row works again with what was left."""
    row = review.row
    if row is None:
        return
    for clock in story.clocks:
        if clock.row is row and clock.kind in {"HANDLE", "CONTACT"} and clock.paused_at:
            clock.resume(story.hours, at)
    review.stop(at)
    row.state, row.hung_until = "ACCEPTED", None
    story.settle(at)
