"""Random commands by random people on cases with one to four assignments and merged pairs (domain.md B.6, head)."""

from collections import Counter
from dataclasses import fields, replace
from datetime import timedelta
from random import Random

import pytest

from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import ClockType, TimeUnit
from domain.dictionary import Milestone
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome, Incident, IncidentState, NoteKind
from domain.life.derivation import derive
from domain.life.outcome import Outcome
from domain.life.transition import EDGES, ROW_ACTIONS
from domain.loop.milestone import undone
from domain.loop.request import RequestKind
from domain.rules.act import Act
from domain.rules.loop import merging
from domain.verification import TaskState
from tests.domain.loop.play.moves_review import WELL
from tests.domain.loop.play.playing import ASIDE, MOVES, choices, doing, swept
from tests.domain.stage import NOW, SYSTEM, a_category, a_complainant, act, story_at

R = AssignmentState
# B.6 "Assignment state x command", as it is printed: s = SUPPORT only, l = LEAD only, b = both.
COLUMNS = (
    A.acceptAssignment,
    A.recordFirstContact,
    A.requestReturn,
    A.decideReturn,
    A.requestExtension,
    A.decideExtension,
    A.requestHang,
    A.decideHang,
    A.resumeHung,
    A.submitResult,
    A.replyAsSupport,
    A.releaseSupport,
)
TABLE = {
    #               T14 T20 T15 T16 T22 dec T23 dec T24 T25 T21 T13c
    R.PENDING: "    b   l   b   .   .   .   .   .   .   .   .   s",
    R.ACCEPTED: "   .   l   b   .   l   .   l   .   .   l   s   s",
    R.RETURN_REQ: " .   l   .   b   .   .   .   .   .   .   .   s",
    R.EXT_REQ: "    .   l   .   .   .   l   .   .   .   l   .   .",
    R.HANG_REQ: "   .   .   .   .   .   .   .   l   .   l   .   .",
    R.HUNG: "       .   .   .   .   .   .   .   .   l   l   .   .",
    R.SUBMITTED: "  .   .   .   .   .   .   .   .   .   .   .   .",
}
ROLES = {
    ".": frozenset(),
    "l": frozenset({AssignmentRole.LEAD}),
    "s": frozenset({AssignmentRole.SUPPORT}),
    "b": frozenset({AssignmentRole.LEAD, AssignmentRole.SUPPORT}),
}
# What ends a case without its work: now and then only, or no walk gets far.
RARE = frozenset(
    {
        A.rejectIncident,
        A.transferIncident,
        A.voidIncident,
        A.withdrawIncident,
        A.redispatchIncident,
        A.proposeEnding,
        A.mergeIncident,
        A.withdrawDispatch,
        A.archiveIncident,
        A.cancelSupervision,
    }
)
UNCOUNTED = ("version", "light", "loop_completeness", "request_count")
PARTS = ("verifications", "followups", "supervisions", "media", "notes", "complainant", "requests")
# What a case that is led home is not given any more: more time, another unit, a second look.
AWAY = frozenset(
    {
        A.requestReturn,
        A.referToArbitration,
        A.requestExtension,
        A.requestHang,
        A.returnResult,
        A.reopenIncident,
        A.requestVerification,
        A.unmergeIncident,
        A.reinstateIncident,
    }
)
ANSWERS = frozenset({A.confirmClaim, A.voidIncident, A.decideReturn, A.decideExtension, A.claimIncident})
MILESTONES = (Milestone("停工", 240, TimeUnit.WORK_MIN), Milestone("拆除", 20, TimeUnit.WORK_DAY))
STEPS, WALKS = 5000, 10
AGE = 90
"""Commands in a case's life before it is led home."""


def permitted_by_table(state: AssignmentState, action: A) -> frozenset[AssignmentRole]:
    """Who of the rows in that state the command is for, says B.6."""
    line = TABLE.get(state)
    return ROLES[line.split()[COLUMNS.index(action)]] if line else frozenset()


@pytest.mark.parametrize("action", COLUMNS)
@pytest.mark.parametrize("state", R)
def test_the_edges_are_the_table_of_row_states_and_commands(state: AssignmentState, action: A) -> None:
    edge = EDGES[action]
    assert edge.rows is not None
    assert edge.of is not None
    assert (edge.of if state in edge.rows else frozenset()) == permitted_by_table(state, action)


def test_every_row_command_is_in_the_table() -> None:
    below = {A.assignHandler, A.acknowledgeCopy}  # said below the table
    assert set(ROW_ACTIONS) - set(COLUMNS) == below | {A.completeMilestone}  # R24


# The seven properties at the head of B.6, by name.


def someone_can_act(case: Case) -> None:
    """Someone other than the timer can always act."""
    if case.incident.state.open:
        forward = (action for action in MOVES if action not in ASIDE)
        assert any(choices(action, case) for action in forward), case.incident.state


def a_clock_runs(case: Case) -> None:
    """An open case always has a running clock, cards and archiving aside."""
    if case.incident.state.open:
        running = {it.type for it in case.clocks if it.running}
        assert running - {ClockType.REPLY, ClockType.ARCHIVE}, case.incident.state


def nothing_survives_the_end(case: Case) -> None:
    """No live row or running clock survives in an ended case; a copy can still be read (rule C)."""
    if case.incident.state.open or case.incident.state is IncidentState.DRAFT:
        return
    assert not [it for it in case.clocks if it.running and it.type is not ClockType.ARCHIVE]
    assert not [it for it in case.assignments if it.state.live and it.role is not AssignmentRole.CC]
    assert TaskState.PENDING not in {it.state for it in case.verifications}
    assert TaskState.PENDING not in {it.state for it in case.followups}
    assert not case.waiting(*RequestKind)


def no_row_outlives_its_clocks(case: Case) -> None:
    """An ended row has no clock left."""
    ended = {row.id for row in case.assignments if not row.state.live}
    assert not [it for it in case.clocks if it.stopped_at is None and it.assignment_id in ended]


def no_breach_is_undone(before: Case, after: Case) -> None:
    """Late stays late, on the clock and on the row (rule D)."""
    clocks = {it.id: it for it in after.clocks}
    assert all(clocks[it.id].breached for it in before.clocks if it.breached)
    rows = {it.id: it for it in after.assignments}
    for row in before.assignments:
        assert row.on_time_handle is not False or rows[row.id].on_time_handle is False
        assert row.on_time_accept is not False or rows[row.id].on_time_accept is False


def milestones_keep_step(case: Case) -> None:
    """R24: what is not done runs, stands still and ends with HANDLE; a result is handed in without one left."""
    for row in case.assignments:
        waiting = {it.clock_id for it in undone(row.stages)}
        assert not waiting or row.state is not R.SUBMITTED or row.outcome is CaseOutcome.HUNG_OPEN
        handling = {
            it.running for it in case.clocks if it.type is ClockType.HANDLE and it.assignment_id == row.id
        }
        assert {it.running for it in case.clocks if it.id in waiting} <= handling, row.state


def stored_is_derived(case: Case) -> None:
    """The stored state, light, due time and completeness equal the derived ones."""
    assert derive(case) == case


def one_final_reply_each(before: Case, after: Case, action: A | None) -> None:
    """Each complainant gets exactly one final reply per closing; a withdrawal's is the confirmation call."""
    known = {it.id for it in before.notes}
    replies = [it for it in after.notes if it.kind is NoteKind.REPLY and it.id not in known]
    ended = before.incident.state.open and not after.incident.state.open
    asked = {it.kind for it in before.requests if it.pending}
    withdrawn = action is A.decideEnding and RequestKind.WITHDRAWAL in asked
    if ended and after.incident.state is not IncidentState.MERGED and not withdrawn:
        assert len(replies) == len(before.complainants), (action, after.incident.state)
    else:
        assert len(replies) <= 1, action


def versions_rise_exactly(before: Case, after: Case) -> None:
    """By one when a card, a state or a field of the object changed; never for lights and reminders (design §8)."""
    parts = any(getattr(before, name) != getattr(after, name) for name in PARTS)
    risen = after.incident.version - before.incident.version
    assert risen == (parts or differ(before.incident, after.incident))
    old = {row.id: row for row in before.assignments}
    for row in after.assignments:
        if row.id in old:
            assert row.version - old[row.id].version == differ(old[row.id], row)
        else:
            assert row.version == 1


def differ(old: Incident | Assignment, new: Incident | Assignment) -> bool:
    """Whether a field that counts changed."""
    return any(
        getattr(old, it.name) != getattr(new, it.name) for it in fields(old) if it.name not in UNCOUNTED
    )


def each_object_has_its_event(before: Case, outcome: Outcome) -> None:
    """One entry for each object whose version rose, with that version."""
    said = Counter((it.subject.id, it.subject.version) for it in outcome.events)
    old = {row.id: row.version for row in before.assignments}
    changed = [row for row in outcome.case.assignments if row.version != old.get(row.id)]
    assert all(said[row.id, row.version] == 1 for row in changed)
    if outcome.case.incident.version != before.incident.version:
        assert said[outcome.case.incident.id, outcome.case.incident.version] >= 1


def follows(before: Case, outcome: Outcome, action: A | None) -> None:
    """All of it, of one step."""
    after = outcome.case
    no_breach_is_undone(before, after)
    one_final_reply_each(before, after, action)
    versions_rise_exactly(before, after)
    each_object_has_its_event(before, outcome)
    holds(after)


def holds(case: Case) -> None:
    """All of it, of one state."""
    stored_is_derived(case)
    a_clock_runs(case)
    nothing_survives_the_end(case)
    no_row_outlives_its_clocks(case)
    milestones_keep_step(case)


class Walk:
    """One or two cases at one place, and the time; every step is checked as it is taken."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)  # noqa: S311 - the same walk every time
        self.played: Counter[A] = Counter()
        self.refused: Counter[A] = Counter()
        self.fired = self.widest = 0
        self.begun: Counter[str] = Counter()
        self.widths: Counter[int] = Counter()
        self.begin()

    def begin(self) -> None:
        """New cases, some without anybody who asks, some two of one matter."""
        self.moves = MOVES
        self.now = NOW
        category = replace(
            a_category(),
            self_handling=self.chance.random() < 0.5,
            requires_opinion=self.chance.random() < 0.3,
            milestones=self.chance.choice([(), (), MILESTONES]),
        )
        count = self.chance.choice([1, 2, 2])
        asking = [self.chance.choice([None, a_complainant(), a_complainant()]) for _ in range(count)]
        self.cases = [story_at(0, complainant=who, category=category).case for who in asking]
        self.begun.update({"cases": count, "pairs": count - 1, "staged": count * bool(category.milestones)})
        self.age = 0

    def step(self) -> None:
        """Time passes, what is due happens, somebody does something."""
        minutes = self.chance.choice([0, 1, 20, 200, 2000])
        self.now += timedelta(minutes=minutes)
        for index in range(len(self.cases)):
            self.sweep(index)
        index = self.chance.randrange(len(self.cases))
        actions = sorted(MOVES.keys() | {A.mergeIncident, A.unmergeIncident})
        self.chance.shuffle(actions)
        if self.chance.random() < 0.3:  # what waits is answered, or nobody ever would
            actions.sort(key=lambda it: it not in ANSWERS)
        for action in actions:
            rare = action in RARE | ASIDE and self.chance.random() < 0.8
            if not rare and self.play(index, action):
                break
        self.age += 1
        if self.age > AGE or not any(it.incident.state.open for it in self.cases):
            self.home()
            self.begin()

    def sweep(self, index: int) -> None:
        """What is due on that case, step by step."""
        for before, fired in swept(self.cases[index], act(SYSTEM, None, self.now)):
            follows(before, fired.outcome, None)
            self.fired += 1
            self.cases[index] = settled(fired.outcome.case)

    def play(self, index: int, action: A) -> bool:
        """Somebody whom the table lets do it does it; whether anybody could."""
        case = self.cases[index]
        open_to = choices(action, case)
        if not open_to:
            return False
        viewer, row = self.chance.choice(open_to)
        doer = doing(viewer, action, act(SYSTEM, None, self.now))
        try:
            outcome = self.done(index, action, doer, row)
        except DomainError:
            self.refused[action] += 1
            return True
        self.played[action] += 1
        follows(case, outcome, action)
        self.cases[index] = settled(outcome.case)
        someone_can_act(self.cases[index])
        width = len(self.cases[index].leads + self.cases[index].supports)
        self.widths[width] += 1
        self.widest = max(self.widest, width)
        self.release(index, doer)
        return True

    def done(self, index: int, action: A, doer: Act, row: Assignment | None) -> Outcome:
        """The move; those of two cases move both."""
        case = self.cases[index]
        if action is A.unmergeIncident:
            return self.both(index, merging.unmerge(doer, case, self.cases[1 - index], "误并"))
        agreed = action is A.decideEnding and case.waiting(RequestKind.MERGE)
        if action is A.mergeIncident or (agreed and self.chance.random() < 0.7):
            if len(self.cases) == 1:
                raise DomainError(ErrorCode.NOT_FOUND, "masterId")
            master = self.cases[1 - index]
            if not agreed and case.incident.state not in merging.BEFORE_DISPATCH:
                return merging.ask_merge(doer, case, master)
            return self.both(index, merging.merge(doer, case, master))
        return self.moves[action](self.chance, doer, case, row)

    def both(self, index: int, made: merging.Merge) -> Outcome:
        """The other case goes on from what the merge made of it."""
        follows(self.cases[1 - index], made.master, None)
        self.cases[1 - index] = settled(made.master.case)
        return made.child

    def release(self, index: int, doer: Act) -> None:
        """T7u: what was merged into a voided case goes on by itself."""
        master = self.cases[index].incident
        for other, child in enumerate(self.cases):
            if master.state is IncidentState.VOIDED and child.incident.master_id == master.id:
                outcome = merging.released(doer, child)
                follows(child, outcome, None)
                self.cases[other] = settled(outcome.case)

    def home(self) -> None:
        """Every open state has a way to an end, without voiding, withdrawing, re-dispatching and merging.

        Checks pass and everybody is content by now: else what nobody can ask (S49) is left by a rework.
        """
        self.moves = {**MOVES, **WELL}
        for index in range(len(self.cases)):
            for _ in range(600):
                if not self.cases[index].incident.state.open:
                    break
                self.now += timedelta(minutes=self.chance.choice([5, 300, 900]))
                self.sweep(index)
                actions = [it for it in sorted(MOVES) if it not in ASIDE | RARE | AWAY]
                self.chance.shuffle(actions)
                any(self.play(index, action) for action in actions)
            assert not self.cases[index].incident.state.open, self.cases[index].incident.state


def settled(case: Case) -> Case:
    """The case as it is loaded again: what was added to the ledgers is written."""
    return replace(case, scores=(), pauses=())


def test_whatever_anybody_does_the_seven_properties_hold() -> None:
    played: Counter[A] = Counter()
    refused: Counter[A] = Counter()
    fired = widest = 0
    begun: Counter[str] = Counter()
    widths: Counter[int] = Counter()
    for seed in range(WALKS):
        walk = Walk(seed)
        while walk.played.total() < STEPS // WALKS:
            walk.step()
        played, refused, fired = played + walk.played, refused + walk.refused, fired + walk.fired
        widest = max(widest, walk.widest)
        begun, widths = begun + walk.begun, widths + walk.widths
    lived = f"{dict(begun)}, commands by assignments at work {dict(sorted(widths.items()))}"
    counted = f"{played.total()} commands, {refused.total()} refused, {fired} steps of clocks"
    told = f"{lived}: {counted}: {played.most_common()}"
    assert played.total() >= STEPS, told
    assert fired > STEPS // 10, told
    never = (MOVES.keys() | {A.mergeIncident, A.unmergeIncident}) - played.keys()
    assert never <= {A.archiveIncident}, told  # the timer's, wherever a clock runs
    assert widest == 4, told
    assert all(widths[it] > STEPS // 100 for it in (1, 2, 3, 4)), told
    assert min(begun["pairs"], begun["staged"]) > WALKS, told
    print(told)  # noqa: T201 - the counts are what the test shows (pytest -rP)
