"""The desks of the command centre and of those who ask and look for it: hard cases, tasks, open loops."""

from collections.abc import Callable

from db.rows import TRUE, Sql, both, either, exists, one_of, select
from db.workbench.entries import Reading, beside, entries, flagged, not_handled, of_cases
from domain.assignment import AssignmentState
from domain.clock import ClockType
from domain.followup import FollowUpLayer
from domain.loop.request import RequestKind, RequestState
from domain.loop.workbench import EXTERNAL, TaskReason
from domain.person import Role
from domain.verification import TaskState, VerificationPhase
from domain.visibility import SEE_EVERYTHING


def hard_cases(reading: Reading) -> Sql:
    """S39: open cases with too many returns asked for, or filed and not dispatched for too long."""
    asked = Sql(
        f"q.incident_id = o.id AND {beside()}q.kind = ? AND q.state <> ?",
        (RequestKind.RETURN, RequestState.LAPSED),
    )
    counted = select("COUNT(*)", "request q", asked)
    waiting = Sql(
        "c.incident_id = o.id AND c.type = ? AND c.stopped_at IS NULL AND c.start_at < ?",
        (ClockType.DISPATCH, reading.marks.undispatched),
    )
    why, hard = flagged(
        {
            TaskReason.RETURNED_OFTEN: Sql(
                f"({counted.text}) >= ?", (*counted.params, reading.marks.returns)
            ),
            TaskReason.UNDISPATCHED: both(Sql("o.state = 'FILED'"), exists("clock c", waiting)),
        }
    )
    return of_cases(reading, why, hard)


def externals(reading: Reading) -> Sql:
    """S31: open cases from outside, reported too long ago, that no unit holds or has held to an end."""
    held = both(
        Sql("z.incident_id = o.id"),
        Sql("z.state NOT IN (?, ?)", (AssignmentState.RETURNED, AssignmentState.CANCELLED)),
    )
    none = exists("assignment z", held)
    outside = both(
        one_of(f"{beside()}o.source", sorted(EXTERNAL)),
        Sql(f"{beside()}o.reported_at < ?", (reading.marks.undispatched,)),
    )
    return of_cases(
        reading,
        Sql(f"'{TaskReason.UNDISPATCHED},'"),
        both(outside, Sql(f"NOT {none.text}", none.params)),
    )


def checks(reading: Reading) -> Sql:
    """Tasks of the inspectors, and of clerks and workers of the unit or grid they were given to (T9, T28)."""
    viewer = reading.viewer
    waits = both(
        Sql("v.state = ?", (TaskState.PENDING,)),
        Sql("v.not_by IS NULL OR v.not_by <> ?", (viewer.person_id,)),
    )
    if not viewer.roles & SEE_EVERYTHING:
        units = sorted(viewer.orgs_as(Role.COMMUNITY_CLERK) | viewer.orgs_as(Role.GRID_WORKER))
        there = both(
            Sql("v.phase = ?", (VerificationPhase.INTAKE,)), one_of("o.grid_id", sorted(viewer.grids))
        )
        waits = both(waits, either(one_of("v.org_id", units), there))
    where = both(waits, Sql("o.id = v.incident_id"), not_handled(viewer))
    source = "verification v CROSS JOIN incident o"
    return entries(reading, "v", Sql("''"), Sql("v.due_at"), source, where)


def followups(layer: FollowUpLayer) -> Callable[[Reading], Sql]:
    """Tasks of a layer, but for people of a unit that handled the case (R30, trap 28)."""

    def asked(reading: Reading) -> Sql:
        why = Sql(f"CASE WHEN f.sampled THEN '{TaskReason.SAMPLED},' ELSE '' END")
        waits = Sql("f.state = ? AND f.layer = ? AND o.id = f.incident_id", (TaskState.PENDING, layer))
        where = both(waits, not_handled(reading.viewer))
        source = "follow_up f CROSS JOIN incident o"
        return entries(reading, "f", why, Sql("f.due_at"), source, where)

    return asked


def open_loops(reading: Reading) -> Sql:
    """S50: every open case; its loop is never complete."""
    return of_cases(reading, Sql("''"), TRUE)
