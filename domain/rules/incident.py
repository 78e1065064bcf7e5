"""Report, reject, amend, file, note: the case before it is dispatched (domain.md B.3 T2, T5, T10, B.5 T10a)."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypedDict
from uuid import UUID

from domain import text
from domain.case import Case
from domain.clock import ClockType, due_time
from domain.complainant import Complainant
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode, Warned
from domain.event import EventKind, Fact, Scalar
from domain.incident import (
    Incident,
    IncidentDomain,
    IncidentKind,
    IncidentState,
    Note,
    NoteKind,
    RejectReason,
    Source,
    Spot,
    Urgency,
)
from domain.life.outcome import Outcome, conclude
from domain.media import Media, MediaPurpose
from domain.permission import permit_source
from domain.person import Role
from domain.policy import CLAIM_WINDOW
from domain.rules.act import Act
from domain.rules.clock import start, stopped, with_clocks
from domain.rules.ending import left_open

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No case of the platform happened before; an earlier date is a slip of the keyboard."""

LATEST_YEAR = 2199
"""The last year a source may set a due time in."""

ADDRESS, EXTERNAL_ID, GIVEN_BY = 200, 80, 60
_FILED_LEVEL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a case lies: the spot as given, and the ground it was found on. `inside` is the district."""

    spot: Spot | None
    address: str | None
    grid_id: UUID | None
    grid_version: int | None
    region_id: UUID
    region_ids: tuple[UUID, ...]
    inside: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report with everything it names looked up, its external id checked."""

    no: str
    public_code: str
    domain: IncidentDomain
    kind: IncidentKind
    category: Category
    title: str
    content: str | None
    source: Source
    urgency: Urgency
    occurred_at: datetime | None
    place: Place
    complainant: Complainant | None
    complained_org_id: UUID | None
    media: tuple[Media, ...]
    external_id: str | None
    external_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What T10a changes; None leaves as it is."""

    kind: IncidentKind | None = None
    category: Category | None = None
    title: str | None = None
    content: str | None = None
    place: Place | None = None
    reason: str


def report(act: Act, given: Report) -> Outcome:
    """T2: a new case in REPORTED with its INTAKE clock running.

    BAD_INPUT for texts and dates, FORBIDDEN for a source or external id the role may not name, GUARD_FAILED
    (R02, T2) for a missing element or photo.
    """
    permit_source(act.actor, given.source)
    _check_external(act, given)
    _check_elements(act, given)
    incident = _reported(act, given)
    case = Case(
        incident=incident,
        category=given.category,
        region_ids=given.place.region_ids,
        complainant=given.complainant,
        clocks=(start(act, incident, ClockType.INTAKE),),
        media=attached(given.media, incident.id, MediaPurpose.REPORT),
    )
    return conclude(None, case, [act.happening("T2", EventKind.REPORTED)])


def report_warnings(act: Act, given: Report) -> tuple[Warned, ...]:
    """What is accepted with a warning: a place outside the district, a due time in a year without calendar."""
    warned = [] if given.place.inside else [Warned(ErrorCode.OUTSIDE_DISTRICT, "point")]
    due = given.external_due_at
    if due is not None and act.calendar.is_provisional(due.date()):
        warned.append(Warned(ErrorCode.CALENDAR_MISSING, "externalDueAt"))
    return tuple(warned)


def reject(act: Act, case: Case, reason: RejectReason, reply_text: str) -> Outcome:
    """T5: refused for a reason of the closed list, with the words every complainant is told."""
    after = rejected(act, case, reason, text.checked(reply_text, "replyText"))
    data: dict[str, Fact] = {"reason": reason.value, "complainants": told(case)}
    return conclude(case, after, [act.happening("T5", data=data)])


def rejected(act: Act, case: Case, reason: RejectReason, words: str) -> Case:
    """T5 by the acceptor at once, or as proposed and decided: rule C ends whatever was begun."""
    after = left_open(act, replied(act, case, words), IncidentState.REJECTED)
    return replace(after, incident=replace(after.incident, reject_reason=reason))


def amend(act: Act, case: Case, given: Amendment) -> Outcome:
    """T10a: category, place, title, kind or content corrected; why is kept as a note.

    BAD_INPUT when nothing is to be changed, GUARD_FAILED (R02) when no place would be left.
    """
    incident, place = case.incident, given.place
    changes: dict[str, object] = {}
    if given.kind is not None:
        changes["kind"] = given.kind
    if given.category is not None:
        changes["category_id"] = given.category.id
    if given.title is not None:
        changes["title"] = _title(given.title)
    if given.content is not None:
        changes["content"] = text.optional(given.content, "content")
    if place is not None:
        _check_place(place)
        changes |= _placed(place)
    if not changes:
        raise DomainError(ErrorCode.BAD_INPUT, rule="T10a", zh="没有要更正的内容", en="Nothing to correct")
    fields: list[Scalar] = [*sorted(changes)]
    if place is not None:  # a grid confirmed before says nothing of the new place
        changes["grid_confirmed"] = incident.grid_confirmed and place.grid_id == incident.grid_id
    category = given.category or case.category
    after = replace(
        case,
        incident=replace(incident, category_version=category.version, **changes),  # type: ignore[arg-type]  # the names above are its fields
        category=category,
        region_ids=place.region_ids if place else case.region_ids,
    )
    after = noted(act, after, text.checked(given.reason, "reason"))
    return conclude(case, after, [act.happening("T10a", data={"fields": fields})])


def file(act: Act, case: Case, urgency: Urgency, category: Category, *, boundary: bool = False) -> Outcome:
    """T10: accepted as a case: INTAKE stops, DISPATCH starts. GUARD_FAILED below level 3 of the categories.

    `boundary`: neither a duty item nor a rule fits the category, so units may claim the case (T12).
    """
    if category.level != _FILED_LEVEL:
        raise DomainError(ErrorCode.GUARD_FAILED, "categoryCode", rule="T10")
    window = act.policy.special(CLAIM_WINDOW) if boundary else None
    incident = replace(
        case.incident,
        state=IncidentState.FILED,
        urgency=urgency,
        category_id=category.id,
        category_version=category.version,
        claim_until=due_time(act.now, window, act.calendar) if window else None,
    )
    after = stopped(replace(case, incident=incident, category=category), act.now, (ClockType.INTAKE,))
    after = with_clocks(after, start(act, incident, ClockType.DISPATCH))
    return conclude(case, after, [act.happening("T10", data={"urgency": urgency.value})])


def add_note(act: Act, case: Case, words: str) -> Outcome:
    """B.5: words added to an open case by whoever may see it."""
    return conclude(case, noted(act, case, text.checked(words, "text")), [act.happening("B.5")])


def unmask(act: Act, case: Case, field: str, reason: str) -> Outcome:
    """R80: a masked value was read; the reason is kept as a note, the log says which field."""
    after = noted(act, case, text.checked(reason, "reason"))
    return conclude(case, after, [act.happening("R80", data={"field": field})])


def noted(act: Act, case: Case, words: str, kind: NoteKind = NoteKind.NOTE) -> Case:
    """The case with a note of the actor's."""
    about, by = case.incident.id, act.actor.person_id
    note = Note(id=act.new_id(), incident_id=about, author_id=by, text=words, at=act.now, kind=kind)
    return replace(case, notes=(*case.notes, note))


def replied(act: Act, case: Case, words: str) -> Case:
    """The case with these words as its reply: one for each complainant, merged cases' included (trap 10)."""
    for _ in case.complainants:
        case = noted(act, case, words, NoteKind.REPLY)
    return replace(case, incident=replace(case.incident, reply_text=words))


def told(case: Case) -> list[Scalar]:
    """Who is replied to, for the log."""
    return [str(it.id) for it in case.complainants]


def attached(media: tuple[Media, ...], incident_id: UUID, purpose: MediaPurpose) -> tuple[Media, ...]:
    """Uploads made part of the case."""
    return tuple(replace(it, incident_id=incident_id, purpose=purpose) for it in media)


def _check_external(act: Act, given: Report) -> None:
    """Design §8: external ids only for channels."""
    if given.external_id is not None and Role.CHANNEL not in act.actor.roles:
        raise DomainError(ErrorCode.FORBIDDEN, "externalId")
    _dated(given.external_due_at, "externalDueAt", None)
    _dated(given.occurred_at, "occurredAt", act.now)


def _dated(moment: datetime | None, field: str, latest: datetime | None) -> None:
    late = moment is not None and (moment.year > LATEST_YEAR if latest is None else moment > latest)
    if moment is not None and (late or moment < EARLIEST):
        raise DomainError(ErrorCode.BAD_INPUT, field, zh="日期不合理", en="The date makes no sense")


def _check_elements(act: Act, given: Report) -> None:
    """T2, R02 (B.6): place is point or address; who is the complainant or the reporter, whom an account names."""
    _check_place(given.place)
    if given.complainant is None and Role.CHANNEL in act.actor.roles:
        raise DomainError(ErrorCode.GUARD_FAILED, "complainant", rule="R02")
    if given.category.requires_photo and not given.media:
        raise DomainError(ErrorCode.GUARD_FAILED, "mediaIds", rule="T2")


def _check_place(place: Place) -> None:
    """R02: a point or an address."""
    if place.spot is None and not place.address:
        raise DomainError(ErrorCode.GUARD_FAILED, "point", rule="R02")


def _reported(act: Act, given: Report) -> Incident:
    return Incident(
        id=act.new_id(),
        no=given.no,
        public_code=given.public_code,
        domain=given.domain,
        kind=given.kind,
        category_id=given.category.id,
        category_version=given.category.version,
        title=_title(given.title),
        content=text.optional(given.content, "content"),
        source=given.source,
        source_external_id=given.external_id,
        external_due_at=given.external_due_at,
        urgency=given.urgency,
        state=IncidentState.REPORTED,
        reporter_id=act.actor_id,
        complainant_id=given.complainant.id if given.complainant else None,
        complained_org_id=given.complained_org_id,
        occurred_at=given.occurred_at or act.now,
        reported_at=act.now,
        **_placed(given.place),
    )


class _Placed(TypedDict):
    spot: Spot | None
    address: str | None
    grid_id: UUID | None
    grid_version: int | None
    region_id: UUID


def _placed(place: Place) -> _Placed:
    return {
        "spot": place.spot,
        "address": text.optional_line(place.address, "address", most=ADDRESS),
        "grid_id": place.grid_id,
        "grid_version": place.grid_version,
        "region_id": place.region_id,
    }


def _title(words: str) -> str:
    least, most = text.TITLE
    return text.line(words, "title", least=least, most=most)
