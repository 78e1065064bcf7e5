"""The desks of the units: assignments by their clocks, unread, sent back, or marked for poor quality."""

from collections.abc import Mapping

from db.rows import TRUE, Sql, both, exists, one_of, select
from db.workbench.entries import LEAD, LIVE, Reading, beside, entries, first_due, flagged, never
from domain.assignment import AssignmentRole, AssignmentState
from domain.clock import ClockType
from domain.loop.request import RequestKind, RequestState
from domain.loop.workbench import TaskReason
from domain.media import MediaPurpose

_REWORKED = ("T30", "T32", "T32b")  # rows that a check or a resident began
_SAME_RESULT = (
    "SUBSTR(b.result_text, 1, 60) = SUBSTR(a.result_text, 1, 60) AND b.result_text = a.result_text "
    "AND b.result_text IS NOT NULL"
)
_OF_CLOCK: Mapping[ClockType, TaskReason] = {
    ClockType.SIGN: TaskReason.TO_SIGN,
    ClockType.READ: TaskReason.TO_READ,
    ClockType.CONTACT: TaskReason.TO_CONTACT,
    ClockType.HANDLE: TaskReason.TO_HANDLE,
}
_RUNNING = both(Sql("c.stopped_at IS NULL AND c.paused_at IS NULL"), one_of("c.type", tuple(_OF_CLOCK)))


def _by_clock(reading: Reading, due: Sql) -> Sql:
    """Live rows with a running clock that is due then; the first of them is when the row is."""
    whose = reading.units
    tables = "clock c CROSS JOIN assignment a" if whose == TRUE else "assignment a CROSS JOIN clock c"
    why = " || ".join(
        f"MAX(CASE WHEN c.type = '{clock}' THEN '{reason},' ELSE '' END)"
        for clock, reason in _OF_CLOCK.items()
    )
    where = both(LIVE, whose, Sql("c.assignment_id = a.id"), _RUNNING, due)
    return entries(reading, "a", Sql(why), Sql("MIN(c.due_at)"), tables, where, "GROUP BY a.id")


def due_today(reading: Reading) -> Sql:
    """R72: what is due from now to the end of the district's day (trap 30)."""
    span = Sql("c.due_at >= ? AND c.due_at < ?", (reading.marks.now, reading.marks.day_end))
    return _by_clock(reading, span)


def overdue(reading: Reading) -> Sql:
    """R72: what was due and runs on; on time is up to and including the due time (design §6)."""
    return _by_clock(reading, Sql("c.due_at < ?", (reading.marks.now,)))


def unread(reading: Reading) -> Sql:
    """Rows that nobody has accepted, copies that nobody has read."""
    why = Sql(f"CASE WHEN a.role = 'CC' THEN '{TaskReason.TO_READ},' ELSE '{TaskReason.TO_SIGN},' END")
    where = both(LIVE, Sql("a.state = ?", (AssignmentState.PENDING,)), reading.units)
    return entries(reading, "a", why, first_due("SIGN", "READ"), "assignment a", where)


def copies(reading: Reading) -> Sql:
    """R13: copies that have been unread for too long."""
    late = Sql(
        f"a.state = ? AND a.role = ? AND {beside()}a.dispatched_at < ?",
        (AssignmentState.PENDING, AssignmentRole.CC, reading.marks.unread),
    )
    where = both(LIVE, late, reading.units)
    return entries(reading, "a", Sql(f"'{TaskReason.TO_READ},'"), first_due("READ"), "assignment a", where)


def sent_back(reading: Reading) -> Sql:
    """R72: work that came back (T26, T30, T32) and is not submitted again; own returns approved lately."""
    why, back = flagged(
        {
            TaskReason.CORRECTION: Sql("a.result_text IS NOT NULL"),
            TaskReason.REWORK: one_of("a.born_by", _REWORKED),
        }
    )
    again = both(LIVE, LEAD, Sql("a.submitted_at IS NULL"), reading.units, back)
    returned = both(
        Sql(
            "q.kind = ? AND q.state = ? AND q.asked_at >= ? AND a.id = q.assignment_id AND a.state = ?",
            (
                RequestKind.RETURN,
                RequestState.APPROVED,
                reading.marks.recent,
                AssignmentState.RETURNED,
            ),
        ),
        Sql(reading.units.text.replace("a.org_id", "q.org_id"), reading.units.params),
    )
    given_back = Sql(f"'{TaskReason.GIVEN_BACK},'")
    first = entries(reading, "a", why, Sql("a.handle_due_at"), "assignment a", again)
    second = entries(reading, "a", given_back, never(), "request q CROSS JOIN assignment a", returned)
    return Sql(f"{first.text} UNION ALL {second.text}", (*first.params, *second.params))


def quality(reading: Reading) -> Sql:
    """S41: rows dispatched lately, still held or done, with a mark of poor quality."""
    marks = reading.marks
    same = select("DISTINCT b.incident_id", "assignment b", Sql(_SAME_RESULT), f"LIMIT {marks.copied:d}")
    copies = select("COUNT(*)", f"({same.text}) copies")
    submitted = Sql("a.submitted_at IS NOT NULL AND a.result_text IS NOT NULL")
    photo = exists("media m", Sql("m.incident_id = a.incident_id AND m.purpose = ?", (MediaPurpose.AFTER,)))
    demanded = exists(
        "incident o JOIN category y ON y.id = o.category_id",
        Sql("o.id = a.incident_id AND y.requires_after_photo"),
    )
    why, marked = flagged(
        {
            TaskReason.LATE_SIGN: Sql("a.on_time_accept = FALSE"),
            TaskReason.NO_CONTACT: both(
                LEAD,
                Sql(
                    "a.first_contact_at IS NULL AND a.no_contact_reason IS NULL AND a.contact_due_at < ?",
                    (marks.now,),
                ),
            ),
            TaskReason.SHORT_RESULT: both(submitted, Sql("LENGTH(TRIM(a.result_text)) < ?", (marks.short,))),
            TaskReason.COPIED_RESULT: both(submitted, Sql(f"({copies.text}) >= ?", (marks.copied,))),
            TaskReason.NO_AFTER_PHOTO: both(submitted, demanded, Sql(f"NOT {photo.text}", photo.params)),
        }
    )
    kept = Sql(
        "a.dispatched_at >= ? AND a.state NOT IN (?, ?)",
        (marks.recent, AssignmentState.RETURNED, AssignmentState.CANCELLED),
    )
    where = both(kept, reading.units, marked)
    return entries(reading, "a", why, Sql(f"{beside()}a.handle_due_at"), "assignment a", where)
