"""Tables, one file per noun; Tortoise finds every model through this module."""

from db.models.assignment import AssignmentRow
from db.models.clock import ClockPauseRow, ClockRow, ClockStepRow, TestClockRow
from db.models.complainant import ComplainantRow
from db.models.dictionary import (
    CalendarDayRow,
    CalendarMoveRow,
    CategoryRow,
    DictionaryChangeRow,
    DispatchRuleRow,
    DutyItemRow,
    MilestoneRow,
    OrgCalendarDayRow,
    PolicyValueRow,
    WorkWindowRow,
)
from db.models.document import DocumentRow
from db.models.event_log import EventLogRow, LogEpochRow
from db.models.followup import FollowUpRow
from db.models.grid import GridOutlineRow, GridRow
from db.models.idempotency import IdempotencyRow
from db.models.incident import DayCounterRow, IncidentRow, NoteRow
from db.models.integration_key import IntegrationKeyRow
from db.models.media import MediaRow
from db.models.org import OrgUnitRow
from db.models.person import CredentialRow, PersonRow, PostRow
from db.models.recusal import RecusalRow
from db.models.region import RegionRow
from db.models.request import RequestRow, StatementRow
from db.models.saved_filter import SavedFilterRow
from db.models.score import ScoreEntryRow
from db.models.session import SessionRow
from db.models.supervision import SupervisionRow
from db.models.verification import VerificationRow
from db.models.whistle import WhistleCallRow, WhistleRow

__all__ = [
    "AssignmentRow",
    "CalendarDayRow",
    "CalendarMoveRow",
    "CategoryRow",
    "ClockPauseRow",
    "ClockRow",
    "ClockStepRow",
    "ComplainantRow",
    "CredentialRow",
    "DayCounterRow",
    "DictionaryChangeRow",
    "DispatchRuleRow",
    "DocumentRow",
    "DutyItemRow",
    "EventLogRow",
    "FollowUpRow",
    "GridOutlineRow",
    "GridRow",
    "IdempotencyRow",
    "IncidentRow",
    "IntegrationKeyRow",
    "LogEpochRow",
    "MediaRow",
    "MilestoneRow",
    "NoteRow",
    "OrgCalendarDayRow",
    "OrgUnitRow",
    "PersonRow",
    "PolicyValueRow",
    "PostRow",
    "RecusalRow",
    "RegionRow",
    "RequestRow",
    "SavedFilterRow",
    "ScoreEntryRow",
    "SessionRow",
    "StatementRow",
    "SupervisionRow",
    "TestClockRow",
    "VerificationRow",
    "WhistleCallRow",
    "WhistleRow",
    "WorkWindowRow",
]
