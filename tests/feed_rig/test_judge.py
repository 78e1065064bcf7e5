"""The judge itself: it has nothing to say of a good run, and finds each way in which a run can be spoiled."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.feed_rig.folding import judged
from tests.feed_rig.plan import Fault, drawn, groups_of
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


def _entry(seq: int, case: str, version: int, **other: Any) -> Entry:
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
    _entry(1, "a", 1, kind="REPORTED", before=None),
    _entry(2, "b", 1, before=THERE, after=THERE),
    _entry(3, "a", 2),
    _entry(4, "b", 2, before=THERE, after=THERE),
    _entry(5, "a", 3, kind="LIGHT", data={"clock": "k", "light": "RED"}),
    Entry(6, "GRID", "R61", None, "Grid:g", 1, None, None, None, {}),
)
STATES = {"a": (3, "FILED", "RED"), "b": (2, "FILED", "NONE")}


def _event(seq: int, follows: int, at: float) -> Item:
    entry = LOG[seq - 1]
    row = {
        "id": entry.subject,
        "version": entry.version,
        "state": "FILED",
        "light": "NONE",
        "complainant": None,
    }
    if entry.incident and (entry.version, *STATES[entry.incident][1:]) == STATES[entry.incident]:
        row["light"] = STATES[entry.incident][2]
    shown = {
        "subjectId": entry.subject,
        "version": entry.version,
        "incident": row if entry.incident else None,
    }
    return Item(
        at,
        {"__typename": "FeedEvent", "cursor": str(seq), "follows": str(follows), "kind": entry.kind, **shown},
    )


def _beat(seq: int, follows: int, at: float) -> Item:
    return Item(at, {"__typename": "FeedHeartbeat", "cursor": str(seq), "follows": str(follows)})


def _sitting(after: int | None, *seqs: int, opened: float = 1.0) -> Sitting:
    start = after or 0
    items, last = [_beat(start, start, opened)], start
    for number, seq in enumerate(seqs):
        items.append(_event(seq, last, opened + number / 10))
        last = seq
    return Sitting(opened, None if after is None else str(after), 1, items)


def _queue() -> Recording:
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


def good() -> Run:
    """A director who left once and came back, a handler, the handler's queue, the centre; nothing wrong."""
    fresh = {f"Incident:{key}": it for key, it in STATES.items()}
    director = Recording(
        "d", "feed", True, sittings=[_sitting(None, 1, 2, 3), _sitting(3, 4, 5, 6, opened=2.0)]
    )
    handler = Recording("h", "feed", True, sittings=[_sitting(None, 1, 3, 5)])
    centre = Recording("d", "commandCentre", True, sittings=[_sitting(None, 1, 5)])
    board = Recording("d", "board", True, fresh={"FILED": (2,)})
    counted = [{"state": "FILED", "count": 2}, {"state": "CLOSED", "count": 0}]
    board.sittings = [Sitting(1.0, None, 1, [Item(1, {"__typename": "BoardCounts", "byState": counted})])]
    director.fresh, handler.fresh = fresh, {"Incident:a": fresh["Incident:a"]}
    truth = Truth(
        entries=LOG,
        position=int,
        incidents=dict(STATES),
        assignments={"r": (UNIT, 2, "PENDING", "NONE"), "s": (OTHER, 1, "PENDING", "NONE")},
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
        truth, [director, handler, centre, _queue(), board], commands, standings, secrets=("13800000000",)
    )


def _director(run: Run) -> Recording:
    return run.recordings[0]


def _handler(run: Run) -> Recording:
    return run.recordings[1]


def _value(run: Run, recording: int, sitting: int, item: int) -> dict[str, Any]:
    return run.recordings[recording].sittings[sitting].items[item].value


def dropped(run: Run) -> None:
    """An item lost on the way, and the chain mended over it."""
    del _handler(run).sittings[0].items[2]
    _value(run, 1, 0, 2)["follows"] = "1"


def dropped_at_the_end(run: Run) -> None:
    """The last item never came."""
    del _handler(run).sittings[0].items[3]


def dropped_between_sittings(run: Run) -> None:
    """Resumed one further than it had stopped."""
    _director(run).sittings[1] = _sitting(4, 5, 6, opened=2.0)


def twice(run: Run) -> None:
    """The same item again."""
    _director(run).sittings[0].items.append(_event(3, 3, 1.9))


def twice_over_a_reconnection(run: Run) -> None:
    """Resumed earlier than it had stopped."""
    _director(run).sittings[1] = _sitting(2, 3, 4, 5, 6, opened=2.0)


def reordered(run: Run) -> None:
    """Two items of one subject the wrong way round."""
    items = _handler(run).sittings[0].items
    items[1], items[2] = items[2], items[1]


def unchained(run: Run) -> None:
    """An item that follows something else."""
    _value(run, 1, 0, 2)["follows"] = "2"


def forbidden(run: Run) -> None:
    """A handler hears of another unit's case."""
    _handler(run).sittings[0] = _sitting(None, 1, 2, 3, 5)


def forbidden_row(run: Run) -> None:
    """An item of one's own case with another unit's row in it."""
    _value(run, 1, 0, 1)["incident"] = {"id": "Incident:b", "version": 9, "state": "FILED", "light": "NONE"}


def after_the_post(run: Run) -> None:
    """An item six seconds after the post ended."""
    run.standings = {**run.standings, "h": [Standing(OWN, 0.0, 2.0), Standing(Rights(), 2.0)]}
    items = _handler(run).sittings[0].items
    items[3] = replace(items[3], at=8.0)


def after_the_session(run: Run) -> None:
    """An item six seconds after the session ended."""
    run.sessions_ended = {("d", 1): 2.0}
    items = _director(run).sittings[1].items
    items[3] = replace(items[3], at=8.5)


def after_revoked(run: Run) -> None:
    """Something after the last item there may be."""
    revoked = {"__typename": "FeedRevoked", "revoked": "RIGHTS_CHANGED", "resumeAt": "1"}
    _handler(run).sittings[0].items.insert(2, Item(1.15, revoked))


def other_content(run: Run) -> None:
    """An item that says another kind than the log."""
    _value(run, 0, 0, 1)["kind"] = "ESCALATED"


def halves(run: Run) -> None:
    """An item without its row, and an error instead."""
    _value(run, 0, 0, 1)["errors"] = [{"message": "away"}]


def old_row(run: Run) -> None:
    """A row older than the event that brought it."""
    _value(run, 0, 0, 3)["incident"]["version"] = 1


def wrong_end(run: Run) -> None:
    """The last row differs from what a query says."""
    _director(run).fresh["Incident:a"] = (4, "CLOSED", "NONE")


def personal(run: Run) -> None:
    """A telephone number in an item."""
    _value(run, 0, 0, 1)["incident"]["complainant"] = {"phone": "13800000000"}


def queue_gap(run: Run) -> None:
    """A row changed that had never entered."""
    del run.recordings[3].sittings[0].items[1]


def queue_end(run: Run) -> None:
    """The table holds another version."""
    run.truth.assignments = {"r": (UNIT, 3, "PENDING", "NONE")}


def queue_back(run: Run) -> None:
    """A row that grew younger."""
    _value(run, 3, 0, 1)["assignment"]["version"] = 7


def board_end(run: Run) -> None:
    """Other counts."""
    run.recordings[4].fresh = {"FILED": (3,)}


def light_twice(run: Run) -> None:
    """One step of a clock told twice."""
    run.truth.entries = (*LOG, _entry(7, "a", 3, kind="LIGHT", data={"clock": "k", "light": "RED"}))


def light_never(run: Run) -> None:
    """A step fired that the log does not tell."""
    run.truth.steps = {"k": ("RED", "YELLOW")}


def command_lost(run: Run) -> None:
    """Answered with success, and not there."""
    run.truth.marks = {}


def command_twice(run: Run) -> None:
    """One key, two effects."""
    run.truth.marks = {"m": 2}


def command_answered_twice(run: Run) -> None:
    """One key, two answers."""
    run.commands[0].answers[1:] = [{"note": {"id": "other"}}]


def hole(run: Run) -> None:
    """An entry missing from the log."""
    run.truth.entries = (*LOG[:3], *LOG[4:])


def broken_chain(run: Run) -> None:
    """The chain of hashes does not hold."""
    run.truth.chain = "it was changed"


SPOILED: dict[Callable[[Run], None], str] = {
    dropped: "lost",
    dropped_at_the_end: "lost",
    dropped_between_sittings: "lost",
    unchained: "lost",
    queue_gap: "lost",
    light_never: "lost",
    command_lost: "lost",
    hole: "lost",
    twice: "duplicated",
    twice_over_a_reconnection: "duplicated",
    light_twice: "duplicated",
    command_twice: "duplicated",
    reordered: "disordered",
    queue_back: "disordered",
    forbidden: "leaked",
    forbidden_row: "leaked",
    after_the_post: "leaked",
    after_the_session: "leaked",
    after_revoked: "leaked",
    personal: "leaked",
    other_content: "wrong",
    halves: "wrong",
    old_row: "wrong",
    wrong_end: "wrong",
    queue_end: "wrong",
    board_end: "wrong",
    command_answered_twice: "wrong",
    broken_chain: "wrong",
}


def test_the_judge_has_nothing_to_say_of_a_good_run() -> None:
    assert judged(good()) == []


@pytest.mark.parametrize("spoil", SPOILED, ids=lambda it: it.__name__)
def test_the_judge_finds_what_was_spoiled(spoil: Callable[[Run], None]) -> None:
    run = good()
    spoil(run)
    assert SPOILED[spoil] in {it.what for it in judged(run)}


def test_a_right_that_was_lost_and_given_back_is_judged_by_the_time_of_each_sitting() -> None:
    run = good()
    run.standings = {
        **run.standings,
        "h": [Standing(OWN, 0.0, 1.25), Standing(Rights(), 1.2, 9.0), Standing(OWN, 9.0)],
    }
    revoked = Item(1.3, {"__typename": "FeedRevoked", "revoked": "RIGHTS_CHANGED", "resumeAt": "3"})
    first, nothing, again = _sitting(None, 1, 3), _sitting(3, opened=7.0), _sitting(4, 5, opened=9.5)
    first.items.append(revoked)
    nothing.items.append(_beat(4, 3, 8.0))
    _handler(run).sittings = [first, nothing, again]
    assert judged(run) == []


def test_an_answer_given_again_may_hide_what_its_reader_has_lost() -> None:
    run = good()
    run.commands[0].answers[1:] = [{"note": None}]
    assert judged(run) == []


def test_a_plan_is_the_same_for_a_seed_and_holds_each_kind_of_fault() -> None:
    for store, missing in (("postgres", set()), ("sqlite", {"redis", "postgres"})):
        plan = drawn(7, 6.0, groups_of(store))
        assert plan == drawn(7, 6.0, groups_of(store))
        assert plan != drawn(8, 6.0, groups_of(store))
        assert {it.fault for it in plan} == {it for it in Fault if it.group not in missing}
        assert all(0 <= it.at < 6 for it in plan)
