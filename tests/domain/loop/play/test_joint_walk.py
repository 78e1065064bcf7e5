"""Random commands on joint cases: the stored state is what B.5 says of the rows (domain.md B.5, B.6)."""

from dataclasses import replace
from itertools import combinations_with_replacement
from random import Random

import pytest

from domain.action import ActionName
from domain.assignment import Assignment, AssignmentRole
from domain.assignment import AssignmentState as R
from domain.case import Case
from domain.clock import ClockType as C
from domain.errors import DomainError
from domain.incident import IncidentState as S
from domain.life.derivation import derive
from domain.life.transition import EDGES, require
from domain.viewer import Viewer
from tests.domain.loop.play.moves_joint import MOVES
from tests.domain.loop.play.steps_joint import EQUAL, HEADS, READER, SINGLE, UNITS, Joint
from tests.domain.stage import ACCEPTOR, DIRECTOR, DISPATCHER, act


def aloud(case: Case) -> S:
    """B.5 read aloud, over the rows alone."""
    leads = [
        row.state
        for row in case.assignments
        if row.role is AssignmentRole.LEAD
        and row.round == case.incident.round
        and row.state not in {R.RETURNED, R.CANCELLED, R.REJECTED_RESULT, R.DONE}
    ]
    if not leads:
        return S.FILED
    if all(it is R.RETURN_REQ for it in leads):
        return S.RETURN_REVIEW
    if all(it is R.SUBMITTED for it in leads):
        return S.SUBMITTED
    if all(it is R.PENDING for it in leads):
        return S.DISPATCHED
    if R.HUNG in leads and all(it in {R.HUNG, R.SUBMITTED} for it in leads):
        return S.HUNG
    return S.HANDLING


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_every_mixture_of_lead_states_gives_the_state_of_b5(count: int) -> None:
    story = Joint().to(EQUAL if count > 1 else SINGLE, UNITS[:count])
    for states in combinations_with_replacement(R, count):
        rows = (replace(row, state=it) for row, it in zip(story.case.assignments, states, strict=True))
        mixed = replace(story.case, assignments=tuple(rows))
        assert derive(mixed).incident.state is aloud(mixed)


ACTORS = (DISPATCHER, DIRECTOR, ACCEPTOR, READER, *HEADS.values())


def tried(story: Joint, chance: Random) -> bool:
    """A random command by somebody the table lets do it on some row; whether the rule accepted it."""
    action = chance.choice(list(MOVES))
    rows = (None, *story.case.assignments) if EDGES[action].rows is None else story.case.assignments
    open_to = [(who, row) for who in ACTORS for row in rows[-8:] if allowed(who, action, story.case, row)]
    if not open_to:
        return False
    viewer, row = chance.choice(open_to)
    try:
        story.take(MOVES[action](chance, act(viewer, action, story.now), story.case, row))
    except DomainError:
        return False
    return True


def allowed(viewer: Viewer, action: ActionName, case: Case, row: Assignment | None) -> bool:
    """Whether the table allows it."""
    try:
        require(viewer, action, case, row)
    except DomainError:
        return False
    return True


@pytest.mark.parametrize("seed", range(8))
def test_the_state_is_what_the_rows_say_whatever_units_do(seed: int) -> None:
    chance, story, done = Random(seed), Joint(), 0  # noqa: S311 - a test's own dice, no secret
    for _ in range(900):
        if chance.random() < 0.05:
            story.later(hours=chance.randint(1, 30))
        late = {row.id for row in story.case.assignments if row.on_time_handle is False}
        done += tried(story, chance)
        case = story.case
        assert case.incident.state is aloud(case)
        assert derive(case) == case
        assert late <= {row.id for row in case.assignments if row.on_time_handle is False}
        assert any(clock.running for clock in case.clocks)
        ended = {row.id for row in case.assignments if not row.state.live}
        assert not [it for it in case.clocks if it.running and it.assignment_id in ended]
        assert len(case.running(C.SUBMIT_WAIT)) == (case.incident.state is S.SUBMITTED)
        if len(case.assignments) > 60:
            story = Joint()
    assert done > 150
