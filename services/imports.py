"""Cases of an earlier system taken over, many in one transaction (`importCase`, SYSTEM, outside domain.md B.3)."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from db import cases, clocks, dictionaries, incidents, orgs, regions
from db.unit_of_work import Work, in_transaction
from domain import text
from domain.action import ActionName as A
from domain.calendar import local_day
from domain.dictionary import Category
from domain.errors import DomainError, ErrorCode
from domain.incident import CaseOutcome, IncidentDomain, IncidentKind, Source, Urgency
from domain.life.outcome import Outcome
from domain.permission import permit
from domain.rules.act import Act
from domain.rules.imported import Taken, take_over
from domain.rules.incident import EXTERNAL_ID
from services.apply import act_of, apply
from services.command import Call, Result, with_limits

_PUBLIC_CODES = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportCase:
    """One row of an export; `closed_at`, `on_time` and `outcome` stay empty where the export does not know them."""

    external_id: str
    source: Source
    domain: IncidentDomain
    kind: IncidentKind
    category_id: UUID
    title: str
    region_id: UUID
    org_id: UUID
    reported_at: datetime
    closed: bool
    content: str | None = None
    address: str | None = None
    urgency: Urgency = Urgency.NORMAL
    occurred_at: datetime | None = None
    closed_at: datetime | None = None
    on_time: bool | None = None
    outcome: CaseOutcome | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one row: its case, whether it is new, or why it was refused."""

    external_id: str
    incident_id: UUID | None = None
    new: bool = False
    refusal: DomainError | None = None


@dataclass(frozen=True, slots=True)
class _Ground:
    """What the rows of one batch name, looked up once."""

    categories: Mapping[UUID, Category]
    orgs: frozenset[UUID]
    regions: Mapping[UUID, tuple[UUID, ...]]


async def import_case(call: Call, given: ImportCase) -> Result:
    """Take over one case, or answer the one taken over before under its source and external id.

    BAD_INPUT and NOT_FOUND name the field.
    """
    (done,) = await import_cases(call, [given])
    if done.refusal is not None:
        raise done.refusal
    return Result(incident_id=done.incident_id)


async def import_cases(call: Call, batch: Sequence[ImportCase]) -> list[Imported]:
    """Take over many cases in one transaction, in their order; a refused row harms no other."""
    permit(call.actor, A.importCase)
    return await in_transaction(partial(_import, call=call, batch=batch))


async def _import(work: Work, *, call: Call, batch: Sequence[ImportCase]) -> list[Imported]:
    act = await act_of(work, call, A.importCase)
    ground = await _surveyed(work, call, batch)
    done = []
    for given in batch:
        try:
            done.append(await _take_over(work, act, given, ground))
        except DomainError as refusal:
            done.append(Imported(given.external_id, refusal=refusal))
    return done


async def _take_over(work: Work, act: Act, given: ImportCase, ground: _Ground) -> Imported:
    """Decide first, then number and store: a refused row leaves no trace, a known one is answered."""
    external_id = text.line(given.external_id, "externalId", most=EXTERNAL_ID)
    known = await incidents.by_external_id(given.source, external_id, connection=work.connection)
    if known is not None:
        return Imported(given.external_id, known.id)
    for field, is_known in (
        ("category", given.category_id in ground.categories),
        ("org", given.org_id in ground.orgs),
        ("region", given.region_id in ground.regions),
    ):
        if not is_known:
            raise DomainError(ErrorCode.NOT_FOUND, field)
    then = await with_limits(work, act, given.category_id, ground.regions[given.region_id])
    outcome, past = take_over(then, _taken(given, external_id, ground))
    no = await cases.next_number(work, local_day(given.reported_at))
    await apply(work, None, _numbered(outcome, no))
    for it in past:
        await clocks.fire(work, it.clock, it.step, it.at)
    return Imported(given.external_id, outcome.case.incident.id, new=True)


async def _surveyed(work: Work, call: Call, batch: Sequence[ImportCase]) -> _Ground:
    connection = work.connection
    categories = await dictionaries.get(
        {it.category_id for it in batch}, viewer=call.actor, connection=connection
    )
    units = await orgs.get({it.org_id for it in batch}, viewer=call.actor, connection=connection)
    named = await regions.get({it.region_id for it in batch}, viewer=call.actor, connection=connection)
    above = await regions.ancestors_of(set(named), connection=connection)
    return _Ground(categories, frozenset(units), above)


def _taken(given: ImportCase, external_id: str, ground: _Ground) -> Taken:
    return Taken(
        public_code=f"{secrets.randbelow(_PUBLIC_CODES):012d}",
        external_id=external_id,
        source=given.source,
        domain=given.domain,
        kind=given.kind,
        urgency=given.urgency,
        category=ground.categories[given.category_id],
        title=given.title,
        content=given.content,
        address=given.address,
        region_id=given.region_id,
        region_ids=ground.regions[given.region_id],
        org_id=given.org_id,
        reported_at=given.reported_at,
        occurred_at=given.occurred_at,
        closed=given.closed,
        closed_at=given.closed_at,
        on_time=given.on_time,
        outcome=given.outcome,
    )


def _numbered(outcome: Outcome, no: str) -> Outcome:
    """The case under its number, which is taken only once nothing can be refused any more."""
    case = outcome.case
    return replace(
        outcome,
        case=replace(
            case,
            incident=replace(case.incident, no=no),
            assignments=tuple(replace(row, incident_no=no) for row in case.assignments),
        ),
    )
