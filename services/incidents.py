"""The case before dispatch, notes, and the reading of masked values (domain.md B.3 T2, T5, T10, B.5, R80)."""

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from db import cases, dictionaries, incidents, orgs, people
from db.loop import drafts
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.calendar import local_day
from domain.case import Case
from domain.complainant import Complainant, Confidentiality
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode
from domain.followup import ReplyChannel
from domain.incident import IncidentDomain, IncidentKind, RejectReason, Source, Urgency
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.person import Role
from domain.rules import incident as rules
from domain.rules.act import Act
from domain.rules.complainant import complainant_of
from domain.term import Term
from services.apply import act_of, answer, apply, change_case, pictures, placed
from services.command import Call, PointGiven, Result, check_version, perform, with_limits

_PUBLIC_CODES = 10**12
_CODE = 40
_PUBLIC = frozenset({Role.VOLUNTEER, Role.RESIDENT})


class MaskedField(Term):
    """脱敏字段: what `unmaskField` can show."""

    COMPLAINANT_NAME = "COMPLAINANT_NAME", "诉求人姓名", "Name of the complainant"
    COMPLAINANT_PHONE = "COMPLAINANT_PHONE", "诉求人电话", "Phone of the complainant"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplainantGiven:
    """Who asks, as a reporter names them."""

    name: str | None = None
    phone: str | None = None
    confidentiality: Confidentiality | None = None
    reply_wanted: bool = True
    preferred_channel: ReplyChannel | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportIncident:
    """A report (T2)."""

    domain: IncidentDomain
    kind: IncidentKind
    category_code: str
    title: str
    source: Source
    content: str | None = None
    urgency: Urgency = Urgency.NORMAL
    occurred_at: datetime | None = None
    point: PointGiven | None = None
    address: str | None = None
    complainant: ComplainantGiven | None = None
    complained_org_unit_id: UUID | None = None
    media_ids: tuple[UUID, ...] = ()
    external_id: str | None = None
    external_due_at: datetime | None = None
    draft_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectIncident:
    """Why the case is not taken, and what the complainant is told."""

    id: UUID
    expected_version: int
    reason: RejectReason
    reply_text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AmendIncident:
    """What is corrected; None leaves as it is."""

    id: UUID
    expected_version: int
    reason: str
    kind: IncidentKind | None = None
    category_code: str | None = None
    title: str | None = None
    content: str | None = None
    point: PointGiven | None = None
    address: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIncident:
    """How urgent the case is, and its category of level 3."""

    id: UUID
    expected_version: int
    urgency: Urgency
    category_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddNote:
    """Words for the case's record."""

    id: UUID
    expected_version: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmaskField:
    """Which masked value is read, and why."""

    id: UUID
    expected_version: int
    field: MaskedField
    reason: str


async def report(call: Call, given: ReportIncident) -> Result:
    """T2: report a case, and end its draft. Warns OUTSIDE_DISTRICT and CALENDAR_MISSING; NOT_FOUND (`draftId`)."""
    permit(call.actor, A.reportIncident)

    async def body(work: Work) -> Result:
        act = await act_of(work, call, A.reportIncident)
        if given.draft_id is not None:
            await drafts.take(work, call.actor.person_id, given.draft_id)
        told = await _told(work, act, given)
        act = await with_limits(work, act, told.category.id, told.place.region_ids)
        outcome = rules.report(act, told)
        await apply(work, None, outcome)
        return answer(None, outcome.case, warnings=rules.report_warnings(act, told))

    return await perform(call, A.reportIncident, given, body)


async def reject(call: Call, given: RejectIncident) -> Result:
    """T5: do not take the case, for a reason of the closed list."""
    permit(call.actor, A.rejectIncident)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.reject(act, case, given.reason, given.reply_text)

    return await change_case(call, A.rejectIncident, given, decide)


async def amend(call: Call, given: AmendIncident) -> Result:
    """T10a: correct the case."""
    permit(call.actor, A.amendIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        code = given.category_code
        category = await _category(code, work, act, case.category) if code is not None else None
        moved = given.point is not None or given.address is not None
        change = rules.Amendment(
            kind=given.kind,
            category=category,
            title=given.title,
            content=given.content,
            place=await placed(work, act, given.point, given.address, case) if moved else None,
            reason=given.reason,
        )
        return rules.amend(act, case, change)

    return await change_case(call, A.amendIncident, given, decide)


async def file(call: Call, given: FileIncident) -> Result:
    """T10: take the case."""
    permit(call.actor, A.fileIncident)

    async def decide(work: Work, act: Act, case: Case) -> Outcome:
        category = await _category(given.category_code, work, act, case.category)
        bound = await dictionaries.fitting(category.id, case.region_ids, act.now, connection=work.connection)
        filed = await with_limits(work, act, category.id, case.region_ids)
        return rules.file(filed, case, given.urgency, category, boundary=not any(bound))

    return await change_case(call, A.fileIncident, given, decide)


async def add_note(call: Call, given: AddNote) -> Result:
    """B.5: add a note to an open case."""
    permit(call.actor, A.addNote)

    async def decide(_work: Work, act: Act, case: Case) -> Outcome:
        return rules.add_note(act, case, given.text)

    return await change_case(call, A.addNote, given, decide)


async def unmask_field(call: Call, given: UnmaskField) -> Result:
    """R80: read one masked value, once: it is in `facts`, never stored, so that no reading goes unlogged."""
    permit(call.actor, A.unmaskField)

    async def body(work: Work) -> Result:
        case = await cases.load(work, given.id, viewer=call.actor)
        check_version(case.incident.version, given.expected_version)
        value = _masked(call, case, given.field)
        act = await act_of(work, call, A.unmaskField, case)
        outcome = rules.unmask(act, case, given.field.value, given.reason)
        await apply(work, case, outcome)
        return replace(answer(case, outcome.case), facts={"value": value})

    return await perform(call, A.unmaskField, given, body)


def _masked(call: Call, case: Case, field: MaskedField) -> str:
    """The value, for who may read it now; NOT_FOUND (field `field`) when there is none."""
    permit(call.actor, A.unmaskField, case)
    who = case.complainant
    value = who and (who.name if field is MaskedField.COMPLAINANT_NAME else who.phone)
    if not value:
        raise DomainError(ErrorCode.NOT_FOUND, "field")
    return value


async def _told(work: Work, act: Act, given: ReportIncident) -> rules.Report:
    """The report with everything it names looked up."""
    place = await placed(work, act, given.point, given.address)
    if given.complained_org_unit_id is not None:
        found = await orgs.get([given.complained_org_unit_id], viewer=act.actor, connection=work.connection)
        if not found:
            raise DomainError(ErrorCode.NOT_FOUND, "complainedOrgUnitId")
    external_id = text.optional_line(given.external_id, "externalId", most=rules.EXTERNAL_ID)
    if external_id is not None and Role.CHANNEL in act.actor.roles:
        known = await incidents.by_external_id(given.source, external_id, connection=work.connection)
        if known is not None:
            raise DomainError(ErrorCode.BAD_INPUT, "externalId", zh="外部编号已登记", en="Reported already")
    return rules.Report(
        no=await cases.next_number(work, local_day(act.now)),
        public_code=f"{secrets.randbelow(_PUBLIC_CODES):012d}",
        domain=given.domain,
        kind=given.kind,
        category=await _category(given.category_code, work, act),
        title=given.title,
        content=given.content,
        source=given.source,
        urgency=given.urgency,
        occurred_at=given.occurred_at,
        place=place,
        complainant=await _complainant(work, act, given),
        complained_org_id=given.complained_org_unit_id,
        media=await pictures(work, act, given.media_ids, "mediaIds"),
        external_id=external_id,
        external_due_at=given.external_due_at,
    )


async def _category(code: str, work: Work, act: Act, kept: Category | None = None) -> Category:
    """The category, in use; one that the case has already stays as the case knows it (trap 18)."""
    plain = text.line(code, "categoryCode", most=_CODE)
    found = await dictionaries.category_by_code(plain, connection=work.connection)
    if found is not None and kept is not None and found.id == kept.id:
        return kept
    if found is None or not found.in_use(act.now):
        raise DomainError(ErrorCode.NOT_FOUND, "categoryCode")
    return found


async def _complainant(work: Work, act: Act, given: ReportIncident) -> Complainant | None:
    """Who asks: as named, or a member of the public who reports for oneself (R02)."""
    who = given.complainant
    if who is not None:
        return complainant_of(
            act,
            given.kind,
            name=who.name,
            phone=who.phone,
            confidentiality=who.confidentiality,
            reply_wanted=who.reply_wanted,
            preferred_channel=who.preferred_channel,
        )
    if not act.actor.roles & _PUBLIC:
        return None
    found = await people.get([act.actor.person_id], viewer=act.actor, connection=work.connection)
    own = found[act.actor.person_id]
    return complainant_of(act, given.kind, name=own.name, phone=own.phone, person_id=own.id)
