"""Judges the state streams: each sitting folds without contradiction, and the last one to what a query answers."""

from collections.abc import Iterator

from tests.feed_rig.judging.events import after_revocation, in_force
from tests.feed_rig.judging.log import Log
from tests.feed_rig.judging.shown import Shown, shown_row
from tests.feed_rig.record import Finding, Recording, Row, Run, Sitting

OPEN = frozenset({"PENDING", "ACCEPTED", "RETURN_REQ", "EXT_REQ", "HANG_REQ", "HUNG", "REPLIED", "SUBMITTED"})


def judged_queue(run: Run, recording: Recording) -> Iterator[Finding]:
    """Each sitting folds without contradiction, and the last one to what a query and the table say."""
    where = f"{recording.who} departmentQueue"
    folded: dict[str, Shown] = {}
    for number, sitting in enumerate(recording.sittings):
        if sitting.items and sitting.items[0].value["__typename"] == "QueueSnapshot":
            fold = _Fold(f"{where} #{number}")
            yield from fold.all(sitting)
            yield from _foreign(run, recording, fold)
            folded = fold.rows
    yield from _late(run, recording)
    apart = run.standings[recording.who][-1].rights.recused
    stored = {
        f"Assignment:{key}": (version, state, light)
        for key, (unit, version, state, light, case) in run.truth.assignments.items()
        if unit == recording.unit and state in OPEN and case not in apart
    }
    for name, other in (("a query", recording.fresh), ("the table", stored)):
        for key in sorted(folded.keys() | other.keys()):
            if folded.get(key) != other.get(key):
                yield Finding(
                    "wrong", where, f"{key} folds to {folded.get(key)}, {name} says {other.get(key)}"
                )


def _foreign(run: Run, recording: Recording, fold: "_Fold") -> Iterator[Finding]:
    """Rows of another unit than the one that was asked for."""
    for key in sorted(fold.seen):
        unit = run.truth.assignments.get(key.rpartition(":")[2], (recording.unit,))[0]
        if unit != recording.unit:
            yield Finding("leaked", f"{recording.who} departmentQueue", f"{key} is a row of {unit}")


def _late(run: Run, recording: Recording) -> Iterator[Finding]:
    """What came after the right or the session was gone."""
    where = f"{recording.who} {recording.stream}"
    for number, sitting in enumerate(recording.sittings):
        if recording.prompt and (late := after_revocation(run, recording, sitting)):
            yield Finding("leaked", f"{where} #{number}", f"{len(late)} items after the right was gone")
        for earlier in sitting.items[:-1]:
            if earlier.value["__typename"] == "FeedRevoked":
                yield Finding("leaked", f"{where} #{number}", "items after FeedRevoked")


class _Fold:
    """The rows of a unit's queue as one sitting tells them."""

    def __init__(self, where: str) -> None:
        self.rows: dict[str, Shown] = {}
        self.seen: set[str] = set()  # every row that was ever in it
        self._where = where
        self._whole = False

    def all(self, sitting: Sitting) -> Iterator[Finding]:
        """Fold everything that came."""
        for item in sitting.items:
            yield from self._take(item.value)
            self.seen |= self.rows.keys()

    def _take(self, value: Row) -> Iterator[Finding]:
        kind = value["__typename"]
        if kind == "QueueSnapshot":
            if self._whole:
                yield Finding("duplicated", self._where, "a second snapshot")
            self.rows |= {it["id"]: shown_row(it) for it in value["items"]}
            self._whole = value["complete"]
        elif kind == "QueueEntered":
            if value["assignment"]["id"] in self.rows:
                yield Finding("duplicated", self._where, f"entered twice: {value['assignment']}")
            self.rows[value["assignment"]["id"]] = shown_row(value["assignment"])
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
        self.rows[row["id"]] = shown_row(row)


def _key(text: str) -> str:
    return text.rpartition(":")[2]


def judged_board(run: Run, recording: Recording) -> Iterator[Finding]:
    """The last counts are what a query answers."""
    yield from _late(run, recording)
    last = _last(recording)
    shown = {it["state"]: (it["count"],) for it in (last or {}).get("byState", ())}
    if {key: it for key, it in shown.items() if it != (0,)} != recording.fresh:
        yield Finding(
            "wrong", f"{recording.who} board", f"the last counts are {shown}, a query says {recording.fresh}"
        )


def judged_desk(run: Run, log: Log, recording: Recording) -> Iterator[Finding]:
    """The last view of a desk is what a query answers, and no view shows a case its reader may not see."""
    yield from _late(run, recording)
    where = f"{recording.who} workbench {recording.desk}"
    last = _last(recording)
    shown = desk_shown(last) if last else {}
    if shown != recording.fresh:
        yield Finding("wrong", where, f"shows {shown} at last, a query says {recording.fresh}")
    for sitting in recording.sittings:
        rights = in_force(run.standings[recording.who], sitting, run.patience)
        for case in sorted({it for item in sitting.items for it in _cases(item.value)}):
            scopes = [it.after for it in log.of_case(case)]
            if not any(right.sees(it, case) for right in rights for it in scopes):
                yield Finding("leaked", where, f"case {case}, which cannot be seen")


def desk_shown(view: Row) -> dict[str, Shown]:
    """A view of a desk: how much is on it, and its entries."""
    tasks = view["tasks"] if "tasks" in view else view["nodes"]
    return {"": (view["totalCount"],)} | {it["id"]: _task(it) for it in tasks}


def _task(task: Row) -> Shown:
    case = task["incident"]
    known = (task["since"], task["dueAt"], *task["why"])
    return (*known, case and (case["id"], *shown_row(case)))


def _cases(view: Row) -> Iterator[str]:
    for task in view.get("tasks", ()):
        if task["incident"]:
            yield _key(task["incident"]["id"])


def _last(recording: Recording) -> Row | None:
    return next(
        (it.value for sitting in reversed(recording.sittings) for it in reversed(sitting.items)), None
    )
