"""Judges what the streams add up to: folded items are what a query answers; commands and escalations happened once."""

from collections import Counter
from collections.abc import Iterator

from tests.feed_rig.judge import after_revocation, judged_events
from tests.feed_rig.record import Entry, Finding, Recording, Row, Run, Sitting

OPEN = frozenset({"PENDING", "ACCEPTED", "RETURN_REQ", "EXT_REQ", "HANG_REQ", "HUNG", "REPLIED", "SUBMITTED"})
Shown = tuple[object, ...]


def judged(run: Run) -> list[Finding]:
    """Everything wrong with a run."""
    found = [Finding("wrong", "the chain of hashes", run.truth.chain)] if run.truth.chain else []
    found += _order(run)
    found += _escalations(run)
    found += _commands(run)
    for recording in run.recordings:
        if recording.stream == "departmentQueue":
            found += _queue(run, recording)
        elif recording.stream == "board":
            found += _board(recording)
        else:
            found += judged_events(run, recording)
            found += _cases(run, recording)
        found += _shown(run, recording)
    return found


def _order(run: Run) -> Iterator[Finding]:
    """The log has no hole, and the versions of each subject only grow."""
    versions: dict[str, int] = {}
    for number, entry in enumerate(run.truth.entries, run.truth.entries[0].seq if run.truth.entries else 1):
        if entry.seq != number:
            yield Finding("lost", "the log", f"{entry.seq} stands where {number} should")
        if entry.version < versions.get(entry.subject, 0):
            yield Finding("disordered", "the log", f"{entry} after version {versions[entry.subject]}")
        versions[entry.subject] = max(entry.version, versions.get(entry.subject, 0))
    for key, (version, *_) in run.truth.incidents.items():
        if versions.get(f"Incident:{key}", version) != version:
            yield Finding(
                "lost", "the log", f"case {key} is at {version}, its entries at {versions[f'Incident:{key}']}"
            )


def _escalations(run: Run) -> Iterator[Finding]:
    """A light turns once for each step that fired, and an escalation is told once; only I4 is told again each day."""
    told = Counter(_step(entry) for entry in run.truth.entries if _fired(entry))
    for step, times in told.items():
        fired = run.truth.steps.get(str(step[0]), ())
        if step[1] == "LIGHT":
            if times != fired.count(str(step[3])):
                yield Finding(
                    "duplicated" if times > 1 else "wrong", "a light", f"{step} {times} times of {fired}"
                )
        elif times > 1 + sum(it.startswith("I4.") for it in fired):
            yield Finding("duplicated", "an escalation", f"{step} {times} times")
    for clock, fired in run.truth.steps.items():
        for light in {"YELLOW", "RED"} & set(fired):
            if not any(step[0] == clock and step[3] == light for step in told):
                yield Finding("lost", "a light", f"{clock} fired {light}, and the log does not say so")


def _fired(entry: Entry) -> bool:
    return "clock" in entry.data and entry.kind in {"LIGHT", "ESCALATED"}


def _step(entry: Entry) -> tuple[object, ...]:
    return entry.data["clock"], entry.kind, entry.row, entry.data.get("light") or entry.data.get("step")


def _commands(run: Run) -> Iterator[Finding]:
    """Answered with success: in the store, once, whatever the number of tries; never answered: once at most."""
    for command in run.commands:
        where = f"{command.mutation} {command.key}"
        if command.answers and command.key not in run.truth.keys:
            yield Finding("lost", where, "answered, but its key is not in the store")
        if not all(_alike(it, command.answers[0]) for it in command.answers):
            yield Finding("wrong", where, f"answered differently: {command.answers}")
        if command.mark is not None:
            times = run.truth.marks.get(command.mark, 0)
            if times > 1:
                yield Finding("duplicated", where, f"happened {times} times")
            if command.answers and not times:
                yield Finding("lost", where, "answered, but not in the store")


def _alike(answer: Row, first: Row) -> bool:
    """Whether a later answer names the same objects; one that its reader lost meanwhile is null (design §7, §8)."""
    return answer.keys() == first.keys() and all(
        it is None or it == first[name] for name, it in answer.items()
    )


def _cases(run: Run, recording: Recording) -> Iterator[Finding]:
    """What the events of a console add up to is what a query answers it at the end."""
    folded: dict[str, Shown] = {}
    entries = {it.seq: it for it in run.truth.entries}
    for sitting in recording.sittings:
        for item in sitting.items:
            if item.value["__typename"] == "FeedEvent":
                entry = entries.get(run.truth.position(item.value["cursor"]))
                if entry is not None and entry.incident is not None:
                    folded[f"Incident:{entry.incident}"] = _row(item.value.get("incident"))
    if recording.stream == "commandCentre":
        return  # it does not carry every change
    for key in sorted(folded.keys() | recording.fresh.keys()):
        shown, fresh = folded.get(key, ()), recording.fresh.get(key, ())
        if shown != fresh and (key in folded):
            yield Finding(
                "wrong",
                f"{recording.who} {recording.stream}",
                f"{key} folds to {shown}, a query says {fresh}",
            )


def _row(row: Row | None) -> Shown:
    return (row["version"], row["state"], row["light"]) if row else ()


def _queue(run: Run, recording: Recording) -> Iterator[Finding]:
    """Each sitting folds without contradiction, and the last one to what a query and the table say."""
    where = f"{recording.who} departmentQueue"
    folded: dict[str, Shown] = {}
    for number, sitting in enumerate(recording.sittings):
        if sitting.items and sitting.items[0].value["__typename"] == "QueueSnapshot":
            fold = _Fold(f"{where} #{number}")
            yield from fold.all(sitting)
            folded = fold.rows
        if recording.prompt and (late := after_revocation(run, recording, sitting)):
            yield Finding("leaked", f"{where} #{number}", f"{len(late)} items after the right was gone")
    stored = {
        f"Assignment:{key}": (version, state, light)
        for key, (unit, version, state, light) in run.truth.assignments.items()
        if unit == recording.unit and state in OPEN
    }
    for name, other in (("a query", recording.fresh), ("the table", stored)):
        for key in sorted(folded.keys() | other.keys()):
            if folded.get(key) != other.get(key):
                yield Finding(
                    "wrong", where, f"{key} folds to {folded.get(key)}, {name} says {other.get(key)}"
                )


class _Fold:
    """The rows of a unit's queue as one sitting tells them."""

    def __init__(self, where: str) -> None:
        self.rows: dict[str, Shown] = {}
        self._where = where
        self._whole = False

    def all(self, sitting: Sitting) -> Iterator[Finding]:
        """Fold everything that came."""
        for item in sitting.items:
            yield from self._take(item.value)

    def _take(self, value: Row) -> Iterator[Finding]:
        kind = value["__typename"]
        if kind == "QueueSnapshot":
            if self._whole:
                yield Finding("duplicated", self._where, "a second snapshot")
            self.rows |= {it["id"]: _row(it) for it in value["items"]}
            self._whole = value["complete"]
        elif kind == "QueueEntered":
            if value["assignment"]["id"] in self.rows:
                yield Finding("duplicated", self._where, f"entered twice: {value['assignment']}")
            self.rows[value["assignment"]["id"]] = _row(value["assignment"])
        elif kind == "QueueChanged":
            yield from self._changed(value["assignment"])
        elif kind == "QueueLeft" and self.rows.pop(f"Assignment:{_key(value['assignmentId'])}", None) is None:
            yield Finding("wrong", self._where, f"left without having entered: {value}")

    def _changed(self, row: Row) -> Iterator[Finding]:
        known = self.rows.get(row["id"])
        if known is None:
            yield Finding("lost", self._where, f"changed without having entered: {row}")
        elif row["version"] < int(str(known[0])):
            yield Finding("disordered", self._where, f"{row} after version {known[0]}")
        self.rows[row["id"]] = _row(row)


def _key(text: str) -> str:
    return text.rpartition(":")[2]


def _board(recording: Recording) -> Iterator[Finding]:
    last = next(
        (it.value for sitting in reversed(recording.sittings) for it in reversed(sitting.items)), None
    )
    shown = {it["state"]: (it["count"],) for it in (last or {}).get("byState", ())}
    if {key: it for key, it in shown.items() if it != (0,)} != recording.fresh:
        yield Finding(
            "wrong", f"{recording.who} board", f"the last counts are {shown}, a query says {recording.fresh}"
        )


def _shown(run: Run, recording: Recording) -> Iterator[Finding]:
    """No stream shows what only `unmaskField` may, and none tells an item by halves."""
    where = f"{recording.who} {recording.stream}"
    for item in (it for sitting in recording.sittings for it in sitting.items):
        text = str(item.value)
        if any(secret in text for secret in run.secrets):
            yield Finding("leaked", where, f"personal data: {text[:200]}")
        if "errors" in item.value:
            yield Finding("wrong", where, f"told by halves: {text[:400]}")
