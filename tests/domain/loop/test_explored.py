"""The rules explored exhaustively for one and two leads (domain.md B.6, head): no state is a trap."""

import itertools
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from random import Random

import pytest

from domain.action import ActionName as A
from domain.assignment import Assignment, AssignmentRole, AssignmentState
from domain.case import Case
from domain.clock import ClockType
from domain.errors import DomainError, ErrorCode
from domain.incident import IncidentState
from domain.life.derivation import derive, derived_state
from domain.life.guards.review import has_passed, reworks, unhappy
from domain.life.transition import EDGES, OPEN, Z, require
from domain.loop.request import Request, RequestKind
from domain.verification import TaskState
from tests.domain.loop.play.playing import ASIDE, CAST, MOVES, Choice, choices, doing
from tests.domain.stage import CIVIL, HANDLER, HOUSING, NOW, SYSTEM, act, new_id, story_at

FORBIDDEN_WAYS = frozenset({A.voidIncident, A.withdrawIncident, A.redispatchIncident, A.mergeIncident})
# Ways out that B.6 does not count, and what only repeats: left out of the exploration altogether.
LEFT_OUT = ASIDE | FORBIDDEN_WAYS | {A.unmergeIncident, A.archiveIncident, A.reopenIncident, A.releaseSupport}
SEEDS, MANY_SEEDS = 5, 30  # how many inputs are drawn; more where units are drawn too
# Where a proposed ending leads on by rows of their own (B.5, T33); elsewhere it only voids.
ENDED_OTHERWISE = frozenset(
    {IncidentState.REPORTED, IncidentState.FILED, IncidentState.ARBITRATING, IncidentState.FOLLOWUP}
)
DRAWN = frozenset({A.dispatchIncident, A.ruleArbitration})


def shape(case: Case) -> object:
    """What matters of a case to how it may go on."""
    incident = case.incident
    asked = sorted((it.kind.value, it.reason or "") for it in case.requests if it.pending)
    tasks = sorted(
        (v.phase.value, v.not_by is not None) for v in case.verifications if v.state is TaskState.PENDING
    )
    calls = sorted({f.layer.value for f in case.followups if f.state is TaskState.PENDING})
    return (
        incident.state,
        reworks(case),
        tuple(sorted(_row_shape(case, row) for row in case.assignments if row.state.live)),
        tuple(asked),
        tuple(tasks),
        tuple(calls),
        has_passed(case),
        unhappy(case),
    )


def _row_shape(case: Case, row: Assignment) -> tuple[object, ...]:
    gave_back = any(it.org_id == row.org_id and it.kind is RequestKind.RETURN for it in case.requests)
    more = sum(it.assignment_id == row.id and it.kind is RequestKind.EXTENSION for it in case.requests)
    contact = bool(case.running(ClockType.CONTACT, row.id))
    return (row.role.value, row.state.value, row.designated or gave_back, row.close_hung, more, contact)


class Atlas:
    """Every shape that commands reach from a report, with one case of it, and where its commands lead."""

    def __init__(self, leads: int, start: Case, left_out: frozenset[A]) -> None:
        self.leads = leads
        self.actions = [action for action in sorted(MOVES) if action not in left_out]
        self.case: dict[object, Case] = {shape(start): start}
        self.ways: dict[object, set[object]] = {}
        self.plays = 0
        waiting = deque(self.case)
        while waiting:
            here = waiting.popleft()
            self.ways[here] = set()
            for after in self._following(self.case[here]):
                there = shape(after)
                self.ways[here].add(there)
                if there not in self.case:
                    self.case[there] = after
                    waiting.append(there)

    def _following(self, case: Case) -> Iterator[Case]:
        for action in self.actions:
            if action is A.proposeEnding and case.incident.state not in ENDED_OTHERWISE:
                continue
            for viewer, row in self._each_role(choices(action, case)):
                for seed in range(MANY_SEEDS if action in DRAWN else SEEDS):
                    self.plays += 1
                    at = doing(viewer, action, act(SYSTEM, None, NOW))
                    try:
                        outcome = MOVES[action](Random(seed), at, case, row)  # noqa: S311 - a test's own dice
                    except DomainError:
                        continue
                    if self._within(outcome.case):
                        yield replace(outcome.case, scores=(), pauses=())

    def _each_role(self, open_to: list[Choice]) -> list[Choice]:
        """One person for each set of roles and row: the others may do the same."""
        return list(
            {(viewer.roles, row.id if row else None): (viewer, row) for viewer, row in open_to}.values()
        )

    def _within(self, case: Case) -> bool:
        return len(case.leads) <= self.leads and not case.supports

    def homeward(self) -> set[object]:
        """The shapes from which some way leads to an end."""
        back: dict[object, set[object]] = {}
        for here, there in self.ways.items():
            for it in there:
                back.setdefault(it, set()).add(here)
        home = deque(it for it, case in self.case.items() if not case.incident.state.open)
        seen = set(home)
        while home:
            fresh = back.get(home.popleft(), set()) - seen
            seen |= fresh
            home.extend(fresh)
        return seen


# Before dispatch everything is explored with one lead; two leads differ from FILED on.
EARLY = frozenset(
    {
        A.proposeEnding,
        A.requestVerification,
        A.rejectIncident,
        A.transferIncident,
        A.claimIncident,
        A.requestExtension,
    }
)
REACHED = {1: OPEN - {IncidentState.SELF_DONE}, 2: Z | {IncidentState.CHECKING, IncidentState.FOLLOWUP}}


@cache
def explored(leads: int) -> Atlas:
    """The whole of it, once."""
    if leads == 1:
        return Atlas(1, story_at(0).case, LEFT_OUT)
    return Atlas(2, story_at(1).case, LEFT_OUT | EARLY)


BOTH = pytest.mark.parametrize("leads", [1, 2])


@BOTH
def test_every_open_state_has_a_way_to_an_end(leads: int) -> None:
    """Without voiding, withdrawing, re-dispatching and merging (B.6, property 1)."""
    atlas = explored(leads)
    traps = [case.incident.state for key, case in atlas.case.items() if key not in atlas.homeward()]
    assert not traps, Counter(traps)
    assert len(atlas.case) > 400, f"{len(atlas.case)} states, {atlas.plays} plays"


@BOTH
def test_the_exploration_reaches_every_open_state(leads: int) -> None:
    assert REACHED[leads] <= {case.incident.state for case in explored(leads).case.values()}
    rows = {row.state for case in explored(leads).case.values() for row in case.leads}
    wanted = {AssignmentState.PENDING, AssignmentState.ACCEPTED, AssignmentState.RETURN_REQ}
    wanted |= {AssignmentState.HANG_REQ, AssignmentState.HUNG, AssignmentState.SUBMITTED}
    assert rows >= wanted | ({AssignmentState.EXT_REQ} if leads == 1 else set())
    assert any(len(case.leads) == leads for case in explored(leads).case.values())


@BOTH
def test_someone_other_than_the_timer_can_always_act(leads: int) -> None:
    atlas = explored(leads)
    stuck = [
        key for key, case in atlas.case.items() if case.incident.state.open and not atlas.ways[key] - {key}
    ]
    assert not stuck


@BOTH
def test_the_stored_state_equals_the_derived_one(leads: int) -> None:
    for case in explored(leads).case.values():
        assert derive(case) == case


ASKED = {
    AssignmentState.RETURN_REQ: RequestKind.RETURN,
    AssignmentState.EXT_REQ: RequestKind.EXTENSION,
    AssignmentState.HANG_REQ: RequestKind.HANG,
}
REFUSED = frozenset(
    {
        ErrorCode.FORBIDDEN,
        ErrorCode.ILLEGAL_TRANSITION,
        ErrorCode.GUARD_FAILED,
        ErrorCode.RETURN_FORBIDDEN,
        ErrorCode.EXTENSION_AFTER_DUE,
        ErrorCode.EXTENSION_LIMIT,
        ErrorCode.SUPPORT_PENDING,
        ErrorCode.FOLLOWUP_REQUIRED,
        ErrorCode.VERIFIER_IS_HANDLER,
    }
)


def standing(states: tuple[AssignmentState, ...], support: AssignmentState | None = None) -> Case:
    """A case whose leads (and support) stand like that, with what they asked for."""
    case = story_at(2).case
    (row,) = case.assignments
    told = [(AssignmentRole.LEAD, it) for it in states]
    told += [(AssignmentRole.SUPPORT, support)] if support else []
    rows = tuple(
        replace(
            row, id=new_id(), seq=number, role=role, state=state, org_id=(HOUSING, CIVIL, new_id())[number]
        )
        for number, (role, state) in enumerate(told)
    )
    requests = tuple(
        Request(
            id=new_id(),
            incident_id=case.incident.id,
            assignment_id=it.id,
            kind=ASKED[it.state],
            org_id=it.org_id,
            asked_by_id=HANDLER.person_id,
            asked_at=NOW,
        )
        for it in rows
        if it.state in ASKED
    )
    after = replace(case, assignments=rows, requests=requests)
    return replace(after, incident=replace(after.incident, state=derived_state(after.leads)))


@pytest.mark.parametrize("support", [None, AssignmentState.PENDING, AssignmentState.REPLIED])
def test_every_row_state_times_command_times_role_is_allowed_by_the_table_alone(
    support: AssignmentState | None,
) -> None:
    """What `require` lets through is in the line of the table; what it refuses has a code of the table."""
    tried, let, codes = 0, 0, set()
    several = 1 if support else 2
    leads = [it for count in range(1, several + 1) for it in itertools.product(AssignmentState, repeat=count)]
    for states in leads:
        case = standing(states, support)
        for action, edge in EDGES.items():
            rows = case.assignments if edge.rows is not None else (None,)
            for row, viewer in itertools.product(rows, CAST):
                tried += 1
                try:
                    require(viewer, action, case, row)
                except DomainError as refusal:
                    codes.add(refusal.code)
                    continue
                let += 1
                assert case.incident.state in edge.states
                assert row is None or row.state in (edge.rows or ())
                assert row is None or row.role in (edge.of or {row.role})
    assert codes <= REFUSED
    assert let > 100, f"{let} of {tried} allowed"
