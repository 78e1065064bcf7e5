"""A run in which nothing is wrong, small enough to spoil by hand."""

from dataclasses import replace
from typing import Any

from tests.feed_rig.judging.shown import shown_case
from tests.feed_rig.record import (
    Command,
    Entry,
    Item,
    Recording,
    Rights,
    Run,
    Scopes,
    Sitting,
    Standing,
    Truth,
)

UNIT, OTHER = "unit", "other"
HERE, THERE = Scopes(orgs=frozenset({UNIT})), Scopes(orgs=frozenset({OTHER}))
EVERYTHING, OWN = Rights(everything=True), Rights(orgs=frozenset({UNIT}))


def entry(seq: int, case: str, version: int, **other: Any) -> Entry:
    given: dict[str, Any] = {
        "kind": "CHANGED",
        "row": "T14",
        "before": HERE,
        "after": HERE,
        "data": {},
        **other,
    }
    return Entry(seq=seq, action="a", subject=f"Incident:{case}", version=version, incident=case, **given)


LOG = (
    entry(1, "a", 1, kind="REPORTED", before=None),
    entry(2, "b", 1, before=THERE, after=THERE),
    entry(3, "a", 2),
    entry(4, "b", 2, before=THERE, after=THERE),
    entry(5, "a", 3, kind="LIGHT", data={"clock": "k", "light": "RED"}),
    Entry(6, "GRID", "R61", None, "Grid:g", 1, None, None, None, {}),
)
STATES = {"a": (3, "FILED", "RED"), "b": (2, "FILED", "NONE")}


def case(key: str, version: int) -> dict[str, Any]:
    """A case as it was shown with that version; its light turned with the last."""
    last, state, light = STATES[key]
    row = {"id": "Assignment:r", "version": 2, "state": "PENDING", "light": "NONE"}
    shown = {"id": f"Incident:{key}", "version": version, "state": state, "complainant": None, "round": 1}
    shown |= {"light": light if version == last else "NONE", "supervisionLevel": "NONE", "escalationStep": 0}
    return shown | {"returnPending": False, "dueAt": None, "assignments": [row]}


def event(seq: int, follows: int, at: float) -> Item:
    entry = LOG[seq - 1]
    row = case(entry.incident, entry.version) if entry.incident else None
    shown = {"subjectId": entry.subject, "version": entry.version, "incident": row}
    return Item(
        at,
        {"__typename": "FeedEvent", "cursor": str(seq), "follows": str(follows), "kind": entry.kind, **shown},
    )


def beat(seq: int, follows: int, at: float) -> Item:
    return Item(at, {"__typename": "FeedHeartbeat", "cursor": str(seq), "follows": str(follows)})


def sitting(after: int | None, *seqs: int, opened: float = 1.0) -> Sitting:
    start = after or 0
    items, last = [beat(start, start, opened)], start
    for number, seq in enumerate(seqs):
        items.append(event(seq, last, opened + number / 10))
        last = seq
    return Sitting(opened, None if after is None else str(after), 1, items)


def named(told: Sitting) -> Sitting:
    """The same over SSE, each event called by its cursor."""
    return replace(told, items=[replace(it, id=it.value["cursor"]) for it in told.items])


def queue() -> Recording:
    row = {"id": "Assignment:r", "version": 1, "state": "PENDING", "light": "NONE"}
    items = [
        Item(1, {"__typename": "QueueSnapshot", "items": [], "complete": True, "total": 0, "cursor": "0"}),
        Item(2, {"__typename": "QueueEntered", "assignment": row, "cursor": "3"}),
        Item(3, {"__typename": "QueueChanged", "assignment": {**row, "version": 2}, "cursor": "5"}),
    ]
    sitting = Sitting(1.0, None, 1, items)
    return Recording(
        "h", "departmentQueue", True, None, UNIT, [sitting], {"Assignment:r": (2, "PENDING", "NONE")}
    )


def desk() -> Recording:
    """Of the handler: one view without and one with a case."""
    task = {"id": "T:a", "since": "x", "dueAt": None, "why": ["TO_SIGN"], "incident": case("a", 3)}
    views = [{"totalCount": 0, "tasks": []}, {"totalCount": 1, "tasks": [task]}]
    items = [Item(1 + number, {"__typename": "DeskView", **it}) for number, it in enumerate(views)]
    recording = Recording("h", "workbench", True, desk="UNREAD", sittings=[Sitting(1.0, None, 1, items)])
    recording.fresh = {"": (1,), "T:a": ("x", None, "TO_SIGN", ("Incident:a", 3, "FILED", "RED"))}
    return recording


def good() -> Run:
    """A director who left once and came back, a handler, the handler's queue, board, desk and case; nothing wrong."""
    fresh = {f"Incident:{key}": shown_case(case(key, it[0])) for key, it in STATES.items()}
    director = Recording(
        "d", "feed", True, sittings=[sitting(None, 1, 2, 3), sitting(3, 4, 5, 6, opened=2.0)]
    )
    director.paged = ["1", "2", "3", "4", "5", "6"]
    called = [named(sitting(None, 1, 3, 5))]
    caller = Recording("d", "incidentChanged", True, "a", sittings=called, door="events")
    handler = Recording("h", "feed", True, sittings=[sitting(None, 1, 3, 5)])
    centre = Recording("d", "commandCentre", True, sittings=[sitting(None, 1, 5)])
    board = Recording("d", "board", True, fresh={"FILED": (2,)})
    counted = [{"state": "FILED", "count": 2}, {"state": "CLOSED", "count": 0}]
    board.sittings = [Sitting(1.0, None, 1, [Item(1, {"__typename": "BoardCounts", "byState": counted})])]
    director.fresh, handler.fresh = fresh, {"Incident:a": fresh["Incident:a"]}
    caller.fresh = handler.fresh
    truth = Truth(
        entries=LOG,
        position=int,
        incidents=dict(STATES),
        assignments={"r": (UNIT, 2, "PENDING", "NONE", "a"), "s": (OTHER, 1, "PENDING", "NONE", "b")},
        marks={"m": 1},
        keys=frozenset({"k1", "k2"}),
        steps={"k": ("RED",)},
    )
    commands = [
        Command("d", "addNote", "k1", "m", [{"note": {"id": "n"}}] * 2),
        Command("d", "addNote", "k9", "never"),
    ]
    standings = {"d": [Standing(EVERYTHING, 0.0)], "h": [Standing(OWN, 0.0)]}
    return Run(
        truth,
        [director, handler, centre, queue(), board, desk(), caller],
        commands,
        standings,
        secrets=("13800000000",),
    )
