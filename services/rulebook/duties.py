"""Duty items: which unit is bound to act for a category, by what, from when until when (domain.md A.1, R09)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.rulebook.changes import data_of
from db.rulebook.entries import DUTIES
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.dictionary import DictionaryNoun, DutyItem, DutySource
from domain.errors import DomainError, ErrorCode
from domain.event import Subject
from domain.permission import permit
from domain.rules.rulebook.validity import check_apart, check_span, ended, succeeded
from services.command import Call, Result, check_version, perform
from services.rulebook.history import begin, check_named, record, tell
from services.rulebook.named import category_in_use, region_in_force, units_in_use


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDutyItem:
    """A unit's duty for a category, everywhere or in one region; `id` names the item it follows, if there is one."""

    org_unit_id: UUID
    category_id: UUID
    legal_basis: str
    source: DutySource | None = None
    region_id: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    id: UUID | None = None
    expected_version: int | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDutyItem:
    """The item ends, now or at `ends_at`."""

    id: UUID
    expected_version: int
    reason: str
    ends_at: datetime | None = None


async def set_item(call: Call, given: SetDutyItem) -> Result:
    """A duty item; the one it follows ends as it begins. `made["duty"]`.

    NOT_FOUND (id, orgUnitId, categoryId, regionId), CONFLICT, BAD_INPUT with the field: no beginning in the past, no
    end before it, and no other duty of the unit for the category there at the same time.
    """
    permit(call.actor, A.setDutyItem)

    async def body(work: Work) -> Result:
        await begin(work)
        new = await _given(work, call, given)
        before = await _before(work, given)
        known = await DUTIES.alike(
            work, org_id=new.org_id, category_id=new.category_id, region_id=new.region_id
        )
        check_apart(new, [it for it in known if before is None or it.id != before.id])
        reason = text.optional(given.reason, "reason")
        if before is None:
            added: DutyItem | None = new
        else:
            changed, added = succeeded(before, new)
            await DUTIES.save(work, before, changed)
            await _kept(work, call, changed, reason)
        if added is not None:
            await DUTIES.insert(work, [added])
            await _kept(work, call, added, reason)
        return _told(work, call, A.setDutyItem, added or changed)

    return await perform(call, A.setDutyItem, given, body)


async def end_item(call: Call, given: EndDutyItem) -> Result:
    """The item ends; `made["duty"]`. NOT_FOUND, CONFLICT, GUARD_FAILED for an ended one, BAD_INPUT (endsAt, reason)."""
    permit(call.actor, A.endDutyItem)

    async def body(work: Work) -> Result:
        await begin(work)
        before = await DUTIES.load(work, given.id)
        check_version(before.version, given.expected_version)
        after = ended(before, given.ends_at or max(call.now, before.valid_from), call.now)
        await DUTIES.save(work, before, after)
        await _kept(work, call, after, text.checked(given.reason, "reason"))
        return _told(work, call, A.endDutyItem, after)

    return await perform(call, A.endDutyItem, given, body)


async def _given(work: Work, call: Call, given: SetDutyItem) -> DutyItem:
    begins = given.valid_from or call.now
    check_span(begins, given.valid_to, call.now)
    (unit,) = await units_in_use(work, (given.org_unit_id,), "orgUnitId")
    category = await category_in_use(work, given.category_id, begins)
    return DutyItem(
        id=call.new_id(),
        org_id=unit.id,
        category_id=category.id,
        region_id=await region_in_force(work, call, given.region_id),
        legal_basis=text.checked(given.legal_basis, "legalBasis"),
        valid_from=begins,
        valid_to=given.valid_to,
        source=given.source,
    )


async def _before(work: Work, given: SetDutyItem) -> DutyItem | None:
    check_named(given.id, given.expected_version)
    if given.id is None or given.expected_version is None:
        return None
    found = await DUTIES.load(work, given.id)
    check_version(found.version, given.expected_version)
    if (found.org_id, found.category_id, found.region_id) != (
        given.org_unit_id,
        given.category_id,
        given.region_id,
    ):
        raise DomainError(
            ErrorCode.BAD_INPUT, "id", rule="S40", zh="所接续的条目与此不同", en="It follows another duty"
        )
    return found


async def _kept(work: Work, call: Call, item: DutyItem, reason: str | None) -> None:
    subject = Subject("DutyItem", item.id, item.version)
    await record(
        work,
        call,
        DictionaryNoun.DUTY_ITEM,
        subject,
        data_of(item),
        valid_from=item.valid_from,
        reason=reason,
    )


def _told(work: Work, call: Call, action: A, item: DutyItem) -> Result:
    tell(
        work,
        call,
        action,
        Subject("DutyItem", item.id, item.version),
        "R09",
        org=str(item.org_id),
        category=str(item.category_id),
    )
    return Result(made={"duty": (item.id,)})
