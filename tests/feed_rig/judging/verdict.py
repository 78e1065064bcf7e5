"""The whole verdict on a run."""

from collections.abc import Iterator

from tests.feed_rig.judging.events import judged_events
from tests.feed_rig.judging.log import Log, judged_log
from tests.feed_rig.judging.states import judged_board, judged_desk, judged_queue
from tests.feed_rig.record import Finding, Recording, Run

STATE_STREAMS = frozenset({"departmentQueue", "board", "workbench"})


def judged(run: Run) -> list[Finding]:
    """Everything wrong with a run."""
    log = Log(run.truth.entries)
    found = list(judged_log(run))
    for recording in run.recordings:
        found += _stream(run, log, recording)
        found += _items(run, recording)
    return found


def _stream(run: Run, log: Log, recording: Recording) -> Iterator[Finding]:
    if recording.stream == "departmentQueue":
        return judged_queue(run, recording)
    if recording.stream == "board":
        return judged_board(run, recording)
    if recording.stream == "workbench":
        return judged_desk(run, log, recording)
    return judged_events(run, log, recording)


def _items(run: Run, recording: Recording) -> Iterator[Finding]:
    """No stream shows what only `unmaskField` may, none tells an item by halves, and an event's id is its cursor."""
    where = f"{recording.who} {recording.stream}"
    for item in (it for sitting in recording.sittings for it in sitting.items):
        text = str(item.value)
        if any(secret in text for secret in run.secrets):
            yield Finding("leaked", where, f"personal data: {text[:200]}")
        if "errors" in item.value:
            yield Finding("wrong", where, f"told by halves: {text[:400]}")
        position = item.value.get("cursor") or item.value.get("resumeAt")
        if recording.door == "events" and (position or None) != (item.id or None):
            yield Finding("wrong", where, f"the event's id is {item.id}, its item's position {position}")
