"""What time alone does in a retold case: lights, ladders, T24, T27 and T35, in the order of their moments."""

from datetime import datetime

from bench.year.again.ledger import UNITS, Clock
from bench.year.again.limits import urgent
from bench.year.again.story import Story

STILL = frozenset({"HANDLE", "CONTACT", "MILESTONE"})
"""What stands still while a row hangs (T23): its handling with all stages of it."""

AGAIN = 5
"""E6 comes again every five working days (B.6)."""

Step = tuple[datetime, Clock, str]


def advance(story: Story, now: datetime) -> None:
    """Let everything happen that is due at `now`; on time is up to and including the due time (design §6)."""
    while found := _first(story, now):
        _fire(story, *found)


def _first(story: Story, now: datetime) -> Step | None:
    due: list[Step] = []
    for clock in story.clocks:
        step = _next(clock)
        if step and (step[0] < now or (step[0] == now and step[1] != "RED")):
            due.append((step[0], clock, step[1]))
    if not due:
        return None
    earliest = min(at for at, _, _ in due)
    return min((it for it in due if it[0] == earliest), key=lambda it: _preference(story, it))


def _next(clock: Clock) -> tuple[datetime, str] | None:
    """Its next step; a review of what is hung ends with the time agreed (T24)."""
    step = clock.next()
    until = clock.row.hung_until if clock.row and clock.kind == "HANG_REVIEW" else None
    if step is None or until is None or not clock.fired:
        return step
    return min(step[0], until), step[1]


def _preference(story: Story, step: Step) -> tuple[int, int]:
    """Of steps at one moment the product takes any first: the one whose card it wrote, the lowest card first."""
    at, clock, name = step
    soon = ["RED"] if name in {"E0", "YELLOW"} and clock.due == at else []  # due before it began: all at once
    org = clock.row.org if clock.row else None
    for level, rung in [it for each in (name, *soon) for it in cards_of(story, clock, each)]:
        if (level, max(at, clock.start), org, f"{clock.kind}.{rung}") in story.hints:
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
    for level, rung in cards_of(story, clock, name):
        story.rise(int(rung[1:]))
        story.card(level, at, clock.row, f"{clock.kind}.{rung}")
    _propose(story, clock, name, at)


def cards_of(story: Story, clock: Clock, name: str) -> list[tuple[str, str]]:
    """B.4: the cards a step brings, lowest first, each with the rung it is for."""
    if clock.kind == "HANG_REVIEW" and name == "RED" and not _reported_on(story, clock):
        return [("YELLOW", "E4")]
    if clock.kind not in UNITS:
        return []
    twice = clock.kind == "HANDLE" and clock.row is not None and clock.row.extensions > 1
    found = {
        "RED": [("URGE", "E3" if clock.kind == "HANDLE" else "E2")] + [("RED", "E5")] * twice,
        "E4": [("YELLOW", "E4")],
        "E5": [("RED", "E5")],
    }
    return found.get(name, [])


def _reported_on(story: Story, clock: Clock) -> bool:
    return any(clock.row and org == clock.row.org and at >= clock.start for org, at in story.notes)


def _propose(story: Story, clock: Clock, name: str, at: datetime) -> None:
    """E6: a red card is a working day without an answer, and again every five (B.4, B.6)."""
    card = next((it for it in story.cards if it.clock is clock), None)
    if card is None or card.level != "RED" or not card.open:
        return
    rung, _, times = name.partition(".")
    days = int(times or 0) + (0 if urgent(clock.urgency) else 3) if rung == "I4" else 0
    if name == "RED" or (days and days % AGAIN == 0):
        story.rise(6)
        story.listings += [(at, row.org) for row in ([card.row] if card.row else story.leads)]


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
        if clock.row is row and clock.kind in STILL and clock.paused_at and not clock.stopped_at:
            clock.resume(at, story.hours)
    review.stop(at)
    row.state, row.hung_until = "ACCEPTED", None
    story.settle(at)
