"""The domain's vocabularies as GraphQL enums, each value with its 中文 and English label (design §8)."""

import strawberry
from strawberry.types.enum import StrawberryEnumDefinition

from api.feed.items import GapReason, QueueLeftReason, RevokedReason
from domain.action import ActionName
from domain.assignment import AssignmentMode, AssignmentRole, AssignmentState
from domain.clock import ClockType, Light, TimeUnit
from domain.complainant import Confidentiality
from domain.dictionary import DictionaryNoun, DutySource
from domain.errors import ErrorCode
from domain.event import EventKind
from domain.followup import DissatisfactionReason, FollowUpLayer, ReplyChannel, Satisfaction, Solved
from domain.grid import GridKind
from domain.incident import (
    CaseOutcome,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    NoteKind,
    PublicStatus,
    RejectReason,
    Source,
    Urgency,
)
from domain.integration.document import DocumentKind
from domain.loop.request import (
    EndingKind,
    HangReason,
    HangReview,
    RequestKind,
    RequestState,
    ReturnReason,
    TransferTarget,
    VoidReason,
)
from domain.loop.score import ScoreType
from domain.loop.whistle import WhistleKind, WhistleStep
from domain.loop.workbench import Desk, TaskReason
from domain.media import MediaPurpose
from domain.org import OrgKind
from domain.person import PostType, Role
from domain.place import Crs
from domain.region import RegionLevel
from domain.saved_filter import FilterNoun
from domain.supervision import SupervisionLevel, SupervisionOrigin
from domain.term import Language, Term
from domain.verification import CheckResult, TaskState, VerificationPhase
from services.incidents import MaskedField


class IncidentOrder(Term):
    """事项排序: the order of a list of cases."""

    REPORTED_AT_DESC = "REPORTED_AT_DESC", "上报时间，新的在前", "Reported, newest first"
    REPORTED_AT_ASC = "REPORTED_AT_ASC", "上报时间，旧的在前", "Reported, oldest first"
    DUE_AT_ASC = "DUE_AT_ASC", "截止时间，早的在前", "Due, earliest first"
    DUE_AT_DESC = "DUE_AT_DESC", "截止时间，晚的在前", "Due, latest first"
    CLOSED_AT_DESC = "CLOSED_AT_DESC", "结案时间，新的在前", "Closed, newest first"
    CLOSED_AT_ASC = "CLOSED_AT_ASC", "结案时间，旧的在前", "Closed, oldest first"
    NO_ASC = "NO_ASC", "编号，升序", "Number, ascending"
    NO_DESC = "NO_DESC", "编号，降序", "Number, descending"


class AssignmentOrder(Term):
    """交办单排序: the order of a list of assignments."""

    HANDLE_DUE_AT_ASC = "HANDLE_DUE_AT_ASC", "办理截止，早的在前", "Handling due, earliest first"
    HANDLE_DUE_AT_DESC = "HANDLE_DUE_AT_DESC", "办理截止，晚的在前", "Handling due, latest first"
    DISPATCHED_AT_ASC = "DISPATCHED_AT_ASC", "派遣时间，旧的在前", "Dispatched, oldest first"
    DISPATCHED_AT_DESC = "DISPATCHED_AT_DESC", "派遣时间，新的在前", "Dispatched, newest first"


TERMS: tuple[type[Term], ...] = (
    ActionName,
    AssignmentMode,
    AssignmentOrder,
    AssignmentRole,
    AssignmentState,
    CaseOutcome,
    CheckResult,
    ClockType,
    Confidentiality,
    Crs,
    Desk,
    DictionaryNoun,
    DissatisfactionReason,
    DocumentKind,
    DutySource,
    EndingKind,
    ErrorCode,
    EventKind,
    FilterNoun,
    FollowUpLayer,
    GapReason,
    GridKind,
    HangReason,
    HangReview,
    IncidentDomain,
    IncidentKind,
    IncidentOrder,
    IncidentState,
    Language,
    Light,
    MaskedField,
    MediaPurpose,
    NoteKind,
    OrgKind,
    PostType,
    PublicStatus,
    QueueLeftReason,
    RegionLevel,
    RejectReason,
    ReplyChannel,
    RequestKind,
    RequestState,
    ReturnReason,
    RevokedReason,
    Role,
    Satisfaction,
    ScoreType,
    Solved,
    Source,
    SupervisionLevel,
    SupervisionOrigin,
    TaskReason,
    TaskState,
    TimeUnit,
    TransferTarget,
    Urgency,
    VerificationPhase,
    VoidReason,
    WhistleKind,
    WhistleStep,
)
_NAMES: dict[type[Term], str] = {CaseOutcome: "Outcome"}  # `domain.life.outcome.Outcome` is a rule's answer


def graphql_name(term: type[Term]) -> str:
    """The enum's name in the schema."""
    return _NAMES.get(term, term.__name__)


def describe(member: Term) -> str:
    """The two labels of a value as its description."""
    return f"{member.zh}。{member.en}."


def _publish(term: type[Term]) -> None:
    strawberry.enum(term, name=graphql_name(term), description=term.__doc__)
    definition: StrawberryEnumDefinition = term.__strawberry_definition__  # type: ignore[attr-defined]  # set just above
    for value in definition.values:
        value.description = describe(term[value.name])


for _term in TERMS:
    _publish(_term)
