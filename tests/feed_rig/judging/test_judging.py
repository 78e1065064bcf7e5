"""The judge itself: it has nothing to say of a good run, and finds each way in which a run can be spoiled."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from tests.feed_rig.judging.played import HERE, LOG, OWN, UNIT, beat, case, entry, event, good, named, sitting
from tests.feed_rig.judging.shown import shown_case
from tests.feed_rig.judging.verdict import judged
from tests.feed_rig.plan import Fault, drawn, groups_of
from tests.feed_rig.record import Item, Recording, Rights, Run, Standing, Window, merged_too, standings_of


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
    _director(run).sittings[1] = sitting(4, 5, 6, opened=2.0)


def twice(run: Run) -> None:
    """The same item again."""
    _director(run).sittings[0].items.append(event(3, 3, 1.9))


def twice_over_a_reconnection(run: Run) -> None:
    """Resumed earlier than it had stopped."""
    _director(run).sittings[1] = sitting(2, 3, 4, 5, 6, opened=2.0)


def reordered(run: Run) -> None:
    """Two items of one subject the wrong way round."""
    items = _handler(run).sittings[0].items
    items[1], items[2] = items[2], items[1]


def unchained(run: Run) -> None:
    """An item that follows something else."""
    _value(run, 1, 0, 2)["follows"] = "2"


def forbidden(run: Run) -> None:
    """A handler hears of another unit's case."""
    _handler(run).sittings[0] = sitting(None, 1, 2, 3, 5)


def forbidden_row(run: Run) -> None:
    """An item of one's own case with another unit's row in it."""
    _value(run, 1, 0, 1)["incident"] = {**case("b", 2), "version": 9}


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
    _director(run).fresh["Incident:a"] = shown_case({**case("a", 4), "state": "CLOSED"})


def wrong_row_at_the_end(run: Run) -> None:
    """The last row of a case's assignment differs from what a query says."""
    _value(run, 1, 0, 3)["incident"]["assignments"][0]["state"] = "ACCEPTED"


def personal(run: Run) -> None:
    """A telephone number in an item."""
    _value(run, 0, 0, 1)["incident"]["complainant"] = {"phone": "13800000000"}


def queue_gap(run: Run) -> None:
    """A row changed that had never entered."""
    del run.recordings[3].sittings[0].items[1]


def queue_end(run: Run) -> None:
    """The table holds another version."""
    run.truth.assignments = {"r": (UNIT, 3, "PENDING", "NONE", "a")}


def queue_back(run: Run) -> None:
    """A row that grew younger."""
    _value(run, 3, 0, 1)["assignment"]["version"] = 7


def board_end(run: Run) -> None:
    """Other counts."""
    run.recordings[4].fresh = {"FILED": (3,)}


def desk_end(run: Run) -> None:
    """The desk holds something else."""
    run.recordings[5].fresh = {"": (0,)}


def desk_foreign(run: Run) -> None:
    """Another unit's case on the desk, which is gone again."""
    _value(run, 5, 0, 0)["tasks"] = [{**_value(run, 5, 0, 1)["tasks"][0], "incident": case("b", 2)}]


def desk_after_the_post(run: Run) -> None:
    """A view six seconds after the post ended."""
    run.standings = {**run.standings, "h": [Standing(OWN, 0.0, 2.0), Standing(Rights(), 2.0)]}
    run.recordings[5].sittings[0].items[1] = replace(run.recordings[5].sittings[0].items[1], at=8.0)


def board_after_revoked(run: Run) -> None:
    """Counts after the last item there may be."""
    run.recordings[4].sittings[0].items.insert(0, Item(1, {"__typename": "FeedRevoked", "resumeAt": None}))


def queue_foreign(run: Run) -> None:
    """A row of another unit, which is gone again."""
    row = {"id": "Assignment:s", "version": 1, "state": "PENDING", "light": "NONE"}
    run.recordings[3].sittings[0].items[1:1] = [
        Item(1, {"__typename": "QueueEntered", "assignment": row}),
        Item(1, {"__typename": "QueueLeft", "assignmentId": "Assignment:s"}),
    ]


def queue_entered_twice(run: Run) -> None:
    """A row that enters where it is already."""
    run.recordings[3].sittings[0].items.insert(1, run.recordings[3].sittings[0].items[1])


def queue_left_twice(run: Run) -> None:
    """A row that leaves and had not entered."""
    left = Item(4, {"__typename": "QueueLeft", "assignmentId": "Assignment:s"})
    run.recordings[3].sittings[0].items.append(left)


def another_case(run: Run) -> None:
    """The stream of one case tells of another."""
    run.recordings[6].sittings = [named(sitting(None, 1, 2, 3, 5))]


def misnamed(run: Run) -> None:
    """An event of SSE whose id is not its item's cursor."""
    items = run.recordings[6].sittings[0].items
    items[1] = replace(items[1], id="9")


def unheard_red(run: Run) -> None:
    """The command centre never heard of a red light."""
    del run.recordings[2].sittings[0].items[2]


def page_short(run: Run) -> None:
    """The query says less than the stream."""
    run.recordings[0].paged = ["1", "2", "4", "5", "6"]


def page_foreign(run: Run) -> None:
    """The query says more than the reader may hear."""
    run.recordings[1].paged = ["1", "2", "3", "5"]


def page_twice(run: Run) -> None:
    """The query says something on two pages."""
    run.recordings[0].paged = ["1", "2", "3", "3", "4", "5", "6"]


def page_back(run: Run) -> None:
    """The query says something later than what followed it."""
    run.recordings[0].paged = ["1", "3", "2", "4", "5", "6"]


def recused(run: Run) -> None:
    """Events of a case that its reader keeps out of, from before the reader sat down."""
    run.standings = {**run.standings, "h": standings_of(run.standings["h"], {"a": Window(0.1, 0.2)})}
    run.patience = 0.0


def recused_late(run: Run) -> None:
    """An event of a case six seconds after its reader said to keep out of it."""
    run.standings = {**run.standings, "h": standings_of(run.standings["h"], {"a": Window(1.9, 2.0)})}
    items = _handler(run).sittings[0].items
    items[3] = replace(items[3], at=8.0)


def escalated_twice(run: Run) -> None:
    """One escalation told twice."""
    told = entry(7, "a", 3, kind="ESCALATED", data={"clock": "k", "step": "E3"})
    run.truth.entries = (*LOG, told, replace(told, seq=8))


def light_twice(run: Run) -> None:
    """One step of a clock told twice."""
    run.truth.entries = (*LOG, entry(7, "a", 3, kind="LIGHT", data={"clock": "k", "light": "RED"}))


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
    unheard_red: "lost",
    page_short: "lost",
    page_twice: "duplicated",
    page_back: "disordered",
    page_foreign: "leaked",
    queue_entered_twice: "duplicated",
    escalated_twice: "duplicated",
    queue_foreign: "leaked",
    desk_foreign: "leaked",
    desk_after_the_post: "leaked",
    board_after_revoked: "leaked",
    another_case: "leaked",
    recused: "leaked",
    recused_late: "leaked",
    queue_left_twice: "wrong",
    misnamed: "wrong",
    desk_end: "wrong",
    wrong_row_at_the_end: "wrong",
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
    first, nothing, again = sitting(None, 1, 3), sitting(3, opened=7.0), sitting(4, 5, opened=9.5)
    first.items.append(revoked)
    nothing.items.append(beat(4, 3, 8.0))
    _handler(run).sittings = [first, nothing, again]
    assert judged(run) == []


def test_a_recusal_takes_a_case_away_from_its_moment_on_and_leaves_the_rest() -> None:
    (before, after) = standings_of([Standing(OWN, 0.0)], {"a": Window(2.0, 2.5)})
    assert (before, after) == (Standing(OWN, 0.0, 2.5), Standing(replace(OWN, recused=frozenset({"a"})), 2.0))
    assert before.rights.sees(HERE, "a")
    assert not after.rights.sees(HERE, "a")
    assert after.rights.sees(HERE, "b")
    assert not after.rights.hears(LOG[0])


def test_what_a_case_is_merged_with_may_be_taken_away_too_and_nothing_else() -> None:
    merged = [
        replace(LOG[0], subject="Incident:a", data={"master": "m"}),
        replace(LOG[0], subject="Incident:m", data={"child": "a"}),
        replace(LOG[0], subject="Incident:m", data={"master": "n"}),
    ]
    declared = {("h", "a"): Window(2.0, 2.5), ("i", "n"): Window(3.0, 3.5)}
    found = merged_too(declared, merged, {("h", "m"), ("h", "n"), ("i", "m")})
    either = Window(2.0, inf), Window(3.0, inf)
    assert found == declared | {
        ("h", "m"): either[0], ("h", "n"): either[0], ("i", "m"): either[1], ("i", "a"): Window(3.0, inf, over=True)
    }  # fmt: skip
    before, after = standings_of([Standing(OWN, 0.0)], {"m": either[0]})
    assert (before.until, before.rights.recused) == (inf, frozenset())
    assert (after.since, after.rights.recused) == (2.0, frozenset({"m"}))
    *_, last = standings_of([Standing(OWN, 0.0)], {"a": Window(3.0, inf, over=True)})
    assert last.rights.recused == frozenset()  # the merge was undone, or only asked for
    assert merged_too(declared, LOG, set()) == declared


def test_what_was_told_of_a_case_before_its_reader_kept_out_of_it_need_not_be_told_again() -> None:
    run = good()
    run.standings = {**run.standings, "h": standings_of(run.standings["h"], {"a": Window(1.25, 1.26)})}
    run.recordings = [_handler(run)]
    del run.recordings[0].sittings[0].items[3]  # told of "a" until then, and not of what came later
    run.recordings[0].fresh = {}
    assert judged(run) == []
    run.standings = {**run.standings, "h": run.standings["h"][:1]}
    assert {it.what for it in judged(run)} == {"lost"}


def test_what_happened_while_a_right_was_lost_need_not_be_folded_afterwards() -> None:
    run = good()
    gone = [Standing(OWN, 0.0, 1.15), Standing(Rights(), 1.1, 9.0), Standing(OWN, 9.0)]
    run.standings, run.recordings = {**run.standings, "h": gone}, [_handler(run)]
    nothing = sitting(1, opened=7.0)
    nothing.items.append(beat(6, 1, 8.0))
    run.recordings[0].sittings = [sitting(None, 1), nothing, sitting(6, opened=9.5)]
    assert judged(run) == []


def test_a_queue_is_without_the_rows_of_a_case_that_its_reader_keeps_out_of() -> None:
    run = good()
    run.standings = {**run.standings, "h": standings_of(run.standings["h"], {"a": Window(3.5, 3.5)})}
    run.recordings = [run.recordings[3]]
    assert {it.what for it in judged(run)} == {"wrong"}
    left = Item(3.6, {"__typename": "QueueLeft", "assignmentId": "Assignment:r"})
    run.recordings[0].sittings[0].items.append(left)
    run.recordings[0].fresh = {}
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
