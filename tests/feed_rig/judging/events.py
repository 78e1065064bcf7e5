"""Judges the event streams of a run: no gap, nothing twice, in order, nothing forbidden, nothing after a revocation."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from tests.feed_rig.judging.log import Log
from tests.feed_rig.judging.shown import Shown, shown_case
from tests.feed_rig.record import Entry, Finding, Item, Recording, Rights, Row, Run, Sitting, Standing

_STRIKING = frozenset({"REPORTED", "ESCALATED", "SUPERVISED", "SURGE"})
_REMINDERS = frozenset({"E0", "E1", "I1"})


def carried(recording: Recording, rights: Rights, entry: Entry) -> bool:
    """Whether the console's stream has to carry the entry (core.graphql, Subscription)."""
    if recording.stream == "commandCentre":
        striking = entry.kind in _STRIKING and entry.row not in _REMINDERS
        if not striking and not (entry.kind == "LIGHT" and entry.data.get("light") == "RED"):
            return False
    if recording.stream == "incidentChanged" and entry.incident != recording.case:
        return False
    return rights.hears(entry)


def in_force(standings: Sequence[Standing], sitting: Sitting, patience: float) -> list[Rights]:
    """The rights a sitting may have been opened with; it keeps the ones it began with."""
    first = sitting.items[0].at if sitting.items else sitting.opened
    return [it.rights for it in standings if it.since <= first and sitting.opened <= it.until + patience]


def judged_events(run: Run, log: Log, recording: Recording) -> Iterator[Finding]:
    """Everything wrong with one event stream over all its sittings."""
    last: int | None = None
    first: int | None = None
    for number, sitting in enumerate(recording.sittings):
        where = f"{recording.who} {recording.stream} #{number}"
        if not sitting.items:
            continue
        reader = _Reader(run, log, recording, sitting, where)
        yield from reader.findings(last)
        first = reader.start if first is None else first
        last = reader.end if reader.end is not None else last
    yield from _unheard(run, recording, last)
    yield from _paged(run, recording, first)
    yield from _folded(run, log, recording)


def _unheard(run: Run, recording: Recording, last: int | None) -> Iterator[Finding]:
    """What the log holds beyond the last thing a console was told, though it waited for it."""
    rights = run.standings[recording.who][-1].rights
    late = [it.seq for it in run.truth.entries if it.seq > (last or 0) and carried(recording, rights, it)]
    if last is None or late:
        yield Finding(
            "lost", f"{recording.who} {recording.stream}", f"never told of {late[:10]}, ended at {last}"
        )


def _paged(run: Run, recording: Recording, first: int | None) -> Iterator[Finding]:
    """The query `events` answers from where the console began what its stream has told, each once and in order."""
    if recording.paged is None or first is None:
        return
    where = f"{recording.who} events"
    rights = run.standings[recording.who][-1].rights
    said_ = [it for it in map(run.truth.position, recording.paged) if it > first]
    expected = {it.seq for it in run.truth.entries if it.seq > first and carried(recording, rights, it)}
    for what, seqs in (
        ("lost", expected - set(said_)),
        ("leaked", set(said_) - expected),
        ("duplicated", {it for it, times in Counter(said_).items() if times > 1}),
        ("disordered", {later for earlier, later in pairwise(said_) if later < earlier}),
    ):
        if seqs:
            yield Finding(what, where, str(sorted(seqs)[:10]))


def _folded(run: Run, log: Log, recording: Recording) -> Iterator[Finding]:
    """What the events of a console add up to is what a query answers it at the end.

    A case that its reader keeps out of by now is told of no more, not even that it is gone. Nor is what happened to
    a case while its reader had no right to it: where that was the last of it, the reader has to ask.
    """
    if recording.stream == "commandCentre":
        return  # it does not carry every change
    rights = run.standings[recording.who][-1].rights
    for case, (seq, shown) in sorted(_last_told(run, log, recording).items()):
        if case in rights.recused or any(
            it.seq > seq and carried(recording, rights, it) for it in log.of_case(case)
        ):
            continue  # lost within a sitting or at the end: judged there
        fresh = recording.fresh.get(f"Incident:{case}", ())
        if shown != fresh:
            detail = f"{case} folds to {shown}, a query says {fresh}"
            yield Finding("wrong", f"{recording.who} {recording.stream}", detail)


def _last_told(run: Run, log: Log, recording: Recording) -> dict[str, tuple[int, Shown]]:
    """Of each case the last entry that a console was told, and what was shown with it."""
    told: dict[str, tuple[int, Shown]] = {}
    for item in (it for sitting in recording.sittings for it in sitting.items):
        if item.value["__typename"] == "FeedEvent":
            entry = log.entries.get(run.truth.position(item.value["cursor"]))
            if entry is not None and entry.incident is not None:
                told[entry.incident] = entry.seq, shown_case(item.value.get("incident"))
    return told


class _Reader:
    """One sitting of an event stream."""

    def __init__(self, run: Run, log: Log, recording: Recording, sitting: Sitting, where: str) -> None:
        self._run = run
        self._recording = recording
        self._sitting = sitting
        self._where = where
        self._log = log
        self._told = [it for it in sitting.items if "follows" in it.value]
        self._events = [it for it in self._told if it.value["__typename"] == "FeedEvent"]
        self._seqs = [run.truth.position(it.value["cursor"]) for it in self._told]
        self.start = self._seqs[0] if self._seqs else None
        self.end = self._seqs[-1] if self._seqs else None

    def findings(self, last: int | None) -> Iterator[Finding]:
        """Everything wrong with it; `last` is the position the console had before."""
        yield from self._ends()
        if not self._told:
            return
        yield from self._chain(last)
        yield from self._content()
        yield from self._whole(last)
        yield from self._timely()

    def _found(self, what: str, detail: object) -> Finding:
        return Finding(what, self._where, str(detail))

    def _ends(self) -> Iterator[Finding]:
        """A gap or a revocation is the last item, and goes on where the console is."""
        for number, item in enumerate(self._sitting.items):
            kind = item.value["__typename"]
            if kind in {"FeedEvent", "FeedHeartbeat"}:
                continue
            if number != len(self._sitting.items) - 1:
                yield self._found("leaked", f"items after {kind}")
            resume = item.value.get("resumeAt")
            told = self._told[-1].value["cursor"] if self._told else self._sitting.after
            if resume != told:
                yield self._found("lost", f"{kind} goes on elsewhere than it stopped")
            if kind == "FeedGap" and item.value["gap"] != "OVERLOAD":
                yield self._found("lost", f"a gap: {item.value['gap']}")

    def _chain(self, last: int | None) -> Iterator[Finding]:
        first = self._told[0].value
        if first["__typename"] != "FeedHeartbeat" or first["follows"] != first["cursor"]:
            yield self._found("wrong", "the first item is no heartbeat that follows itself")
        if self._sitting.after not in {None, first["cursor"]} or (last is not None and self._seqs[0] != last):
            yield self._found("lost", f"resumed at {self._seqs[0]} instead of {last}")
        for earlier, later in pairwise(self._told):
            if later.value["follows"] != earlier.value["cursor"]:
                yield self._found("lost", f"{later.value} does not follow {earlier.value['cursor']}")
        for earlier_seq, later_seq in pairwise(self._seqs):
            if later_seq < earlier_seq:
                yield self._found("disordered", f"{later_seq} after {earlier_seq}")

    def _content(self) -> Iterator[Finding]:
        """Each event says what its entry says, shows a row no older than it, and no case its reader may not see."""
        rights = self._rights()
        for item in self._events:
            entry = self._log.entries.get(self._run.truth.position(item.value["cursor"]))
            if entry is None or said(item.value) != (entry.kind, entry.subject, entry.version):
                yield self._found("wrong", f"{item.value} is not {entry}")
                continue
            yield from self._shown(item.value, entry, rights)

    def _shown(self, value: Row, entry: Entry, rights: Sequence[Rights]) -> Iterator[Finding]:
        incident = value.get("incident")
        if incident is None:
            return
        if entry.incident is None or incident["id"] != f"Incident:{entry.incident}":
            yield self._found("leaked", f"{value} shows another case than {entry}")
            return
        later = [it.after for it in self._log.of_case(entry.incident) if it.seq >= entry.seq]
        if not any(right.sees(scopes, entry.incident) for right in rights for scopes in later):
            yield self._found("leaked", f"{value} shows a case that cannot be seen")
        if entry.subject == incident["id"] and incident["version"] < entry.version:
            yield self._found("wrong", f"the row is older than its event: {value}")

    def _whole(self, last: int | None) -> Iterator[Finding]:
        """Between its first and last position exactly what the viewer may hear, by rights it may have had."""
        received = [self._run.truth.position(it.value["cursor"]) for it in self._events]
        counted = Counter(received)
        repeated = sorted(it for it in counted if counted[it] > 1 or (last is not None and it <= last))
        if repeated:
            yield self._found("duplicated", repeated[:10])
        start, end = self._seqs[0], self._seqs[-1]
        between = [it for it in self._run.truth.entries if start < it.seq <= end]
        choices = [
            {it.seq for it in between if carried(self._recording, right, it)} for right in self._rights()
        ]
        if not choices:
            yield self._found("leaked", "a stream without any right to it")
            return
        expected = min(choices, key=lambda it: len(it ^ set(received)))
        if missing := sorted(expected - set(received)):
            yield self._found("lost", missing[:10])
        if foreign := sorted(set(received) - expected):
            yield self._found("leaked", foreign[:10])

    def _rights(self) -> list[Rights]:
        return in_force(self._run.standings[self._recording.who], self._sitting, self._run.patience)

    def _timely(self) -> Iterator[Finding]:
        if self._recording.prompt:
            late = after_revocation(self._run, self._recording, self._sitting)
            if late:
                yield self._found(
                    "leaked", f"{len(late)} items after the right was gone, first {late[0].value}"
                )


def after_revocation(run: Run, recording: Recording, sitting: Sitting) -> list[Item]:
    """Items that came later than the feed may take to hear that the right or the session ended (design §5)."""
    rights = in_force(run.standings[recording.who], sitting, run.patience)
    ends = [it.until for it in run.standings[recording.who] if it.rights in rights]
    over = min(max(ends, default=0.0), run.sessions_ended.get((recording.who, sitting.session), float("inf")))
    told = [it for it in sitting.items if it.value["__typename"] not in {"FeedRevoked", "FeedHeartbeat"}]
    return [it for it in told if it.at > over + run.patience]


def said(value: Row) -> tuple[str, str, int]:
    """What an event says happened."""
    return value["kind"], value["subjectId"], value["version"]
