"""Where the entries of each desk come from, as one query a desk; who may see them is said in `tasks.py`.

Every desk finds its rows by an index that holds unfinished things alone, or the last weeks': it costs what is on it.
"""

from collections.abc import Callable, Mapping

from db.rows import Sql
from db.workbench import centre, units
from db.workbench.entries import ENDED_ROWS, Reading
from domain.followup import FollowUpLayer
from domain.loop.workbench import Desk, Marks
from domain.viewer import Viewer

_QUERIES: Mapping[Desk, Callable[[Reading], Sql]] = {
    Desk.DUE_TODAY: units.due_today,
    Desk.OVERDUE: units.overdue,
    Desk.UNREAD: units.unread,
    Desk.SENT_BACK: units.sent_back,
    Desk.COPIES_UNREAD: units.copies,
    Desk.HARD_CASES: centre.hard_cases,
    Desk.EXTERNALS: centre.externals,
    Desk.CHECKS: centre.checks,
    Desk.FOLLOW_UPS: centre.followups(FollowUpLayer.COMMAND),
    Desk.OPINIONS: centre.followups(FollowUpLayer.COMMUNITY),
    Desk.QUALITY: units.quality,
    Desk.OPEN_LOOPS: centre.open_loops,
}
_INDEXES = (
    f"assignment_live ON assignment (org_id, state) WHERE state NOT IN ({ENDED_ROWS})",
    "clock_running ON clock (due_at, type) WHERE stopped_at IS NULL",
    "assignment_result ON assignment (SUBSTR(result_text, 1, 60)) WHERE result_text IS NOT NULL",
)
"""What the desks need beside the models' indexes: live rows, running clocks, results by how they begin."""


def create_statements() -> list[str]:
    """The indexes of the desks, as statements that may be run again."""
    return [f"CREATE INDEX IF NOT EXISTS {it}" for it in _INDEXES]


def query(desk: Desk, viewer: Viewer, marks: Marks) -> Sql:
    """The entries of a desk: the columns of `Task`."""
    return _QUERIES[desk](Reading(viewer, marks))
