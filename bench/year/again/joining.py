"""What it means that cases become one or two again, and how proposals to end them are decided (T7, T7u, T36, T40)."""

from dataclasses import replace
from datetime import datetime

from bench.year.again.parts import Before
from bench.year.again.story import Story
from bench.year.again.telling import Facts, tells
from bench.year.again.working import reopened

LATE_STATES = frozenset({"SUBMITTED", "CHECKING", "FOLLOWUP"})
_BEFORE_DISPATCH = frozenset({"REPORTED", "VERIFYING", "FILED"})
_ENDINGS = {"REJECT": "REJECTED", "TRANSFER": "TRANSFERRED", "VOID": "VOIDED"}


@tells("mergeIncident")
def merged(story: Story, at: datetime, facts: Facts) -> None:
    """T7: by the acceptor before dispatch; afterwards it is only asked, and the director confirms (B.6)."""
    if story.state in _BEFORE_DISPATCH:
        _join(story, at, facts)


def _join(story: Story, at: datetime, facts: Facts) -> None:
    """The child ends, the master answers its complainants; a CLOSED one is at work again for it (T34)."""
    master = story.world.stories[facts["master"]]
    if master.state == "CLOSED":
        reopened(master, at, facts)
    master.asking += story.asking
    story.asking = list(story.own)
    for other in _merged_into(story):
        other.before = replace(other.before, master=facts["master"]) if other.before else None
    running = tuple(it for it in story.clocks if not it.stopped_at)
    story.before = Before(facts["master"], story.state, running)
    story.end("MERGED", at)


def _merged_into(story: Story) -> list[Story]:
    stories = story.world.stories
    return [it for it in stories.values() if it.before is not None and stories[it.before.master] is story]


@tells("unmergeIncident")
def parted(story: Story, at: datetime, _facts: Facts) -> None:
    """T7u by the shift leader."""
    if story.before is None:
        raise ValueError("never merged")
    for asks in story.asking:
        story.world.stories[story.before.master].asking.remove(asks)
    _restored(story, at, story.before)


def _restored(story: Story, at: datetime, before: Before) -> None:
    """The state before, clocks as if never stopped; what was dispatched is FILED and waits to be dispatched again."""
    story.before = None
    if before.state not in _BEFORE_DISPATCH:
        story.state = "FILED"
        story.start("DISPATCH", at)
        return
    story.state = before.state
    for clock in before.clocks:
        clock.stopped_at = None
        clock.recount(story.hours)


@tells("decideEnding")
@tells("voidIncident")
def ending_decided(story: Story, at: datetime, facts: Facts) -> None:
    """T5, T6, T36 after a proposal, T7 after dispatch, T40 after the call; T33 ends as closings do."""
    if not facts["accept"]:
        return
    if facts["kind"] == "MERGE":
        _join(story, at, facts)
    elif facts["kind"] in _ENDINGS:
        _left(story, at, _ENDINGS[facts["kind"]])
    else:
        late = story.state in LATE_STATES
        story.withdrawn += 1
        if story.withdrawn == len(story.asking):
            story.end("CLOSED", at, done=late)


def _left(story: Story, at: datetime, state: str) -> None:
    """Rule C; what was merged into a VOIDED case goes on by itself, however long ago that was (T7u)."""
    story.end(state, at)
    if state != "VOIDED":
        return
    for child in _merged_into(story):
        if child.before is not None:
            _restored(child, at, child.before)
