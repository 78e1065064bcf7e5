"""What the exploration and the walk share: every command's moves, the whole cast, who may do what now."""

import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from typing import cast

from domain.action import ActionName
from domain.assignment import Assignment
from domain.case import Case
from domain.errors import DomainError
from domain.life.outcome import Outcome
from domain.life.transition import EDGES, require
from domain.permission import PERMITTED
from domain.person import PostType
from domain.rules.act import Act
from domain.rules.step import Fired, due_steps
from domain.viewer import Viewer
from tests.domain.loop.play.steps_joint import HEADS, READER
from tests.domain.stage import CIVIL, EVERYONE, INSPECTOR_2, act, person

A = ActionName
Move = Callable[[Random, Act, Case, Assignment | None], Outcome]
Choice = tuple[Viewer, Assignment | None]

SECOND = (PostType.ACCEPTOR, PostType.SHIFT_LEADER, PostType.DISPATCHER, PostType.COMMAND_DIRECTOR)
ALONE = (PostType.SUPERVISOR, PostType.LEADER, PostType.CALLBACK)
CAST: tuple[Viewer, ...] = (
    *EVERYONE,
    INSPECTOR_2,
    READER,
    *(head for head in HEADS.values() if head not in EVERYONE),
    person(PostType.HANDLER, org=CIVIL),
    *(person(post) for post in (*SECOND, *ALONE)),
)
# Commands that change nothing about how the case goes on: the exploration leaves them out.
ASIDE = frozenset(
    {
        A.amendIncident,
        A.addNote,
        A.confirmGrid,
        A.joinIncident,
        A.joinPublicCase,
        A.assignHandler,
        A.acknowledgeCopy,
        A.superviseIncident,
        A.replySupervision,
        A.cancelSupervision,
        A.instructIncident,
        A.acknowledgeInstruction,
        A.markUrgent,
        A.markHistoric,
        A.submitStatement,
        A.declareRecusal,
        A.blowWhistle,
    }
)


def collected() -> Mapping[ActionName, Move]:
    """The moves of every `moves_*.py` beside this file; a part's own before those of the whole."""
    found: dict[ActionName, Move] = {}
    for path in sorted(Path(__file__).parent.glob("moves_*.py")):
        module = importlib.import_module(f"{__package__}.{path.stem}")
        found = {**cast("Mapping[ActionName, Move]", module.MOVES), **found}
    return found


MOVES = collected()


def allowed(viewer: Viewer, action: ActionName, case: Case, row: Assignment | None) -> bool:
    """Whether the table allows it."""
    try:
        require(viewer, action, case, row)
    except DomainError:
        return False
    return True


def choices(action: ActionName, case: Case) -> list[Choice]:
    """Who may do it now, to which row of the case."""
    edge = EDGES[action]
    if case.incident.state not in edge.states:
        return []
    rows: tuple[Assignment | None, ...] = (None,)
    if edge.rows is not None:
        rows = tuple(it for it in case.assignments if it.state in edge.rows)
    people = [viewer for viewer in CAST if viewer.roles & PERMITTED[action]]
    return [(viewer, row) for row in rows for viewer in people if allowed(viewer, action, case, row)]


def swept(case: Case, at: Act) -> Iterator[tuple[Case, Fired]]:
    """Everything that is due by then, each with the case it started from."""
    for fired in due_steps(at, case):
        yield case, fired
        case = fired.outcome.case


def doing(viewer: Viewer, action: ActionName, at: Act) -> Act:
    """The same moment, for somebody's command."""
    return act(viewer, action, at.now)
