"""Limits, set for a category, a region and an urgency, from when until when (S40, B.2)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from db.rulebook.changes import data_of
from db.rulebook.entries import POLICIES
from db.unit_of_work import Work
from domain import text
from domain.action import ActionName as A
from domain.clock import TimeUnit
from domain.dictionary import DictionaryNoun, PolicyValue
from domain.errors import DomainError, ErrorCode
from domain.event import Subject
from domain.permission import permit
from domain.policy import unit_of
from domain.rules.rulebook.policy import check_value, key_of, set_value, stored_unit
from domain.rules.rulebook.validity import check_span
from services.command import Call, Result, check_version, perform
from services.rulebook.history import begin, check_named, record, tell
from services.rulebook.named import category_in_use, region_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicyValue:
    """A limit: `key` without its scope (`HANDLE.NORMAL`); `id` names the value it follows, if there is one.

    A count or a percentage (`OPINION_SAMPLE`) has no unit.
    """

    key: str
    amount: int
    unit: TimeUnit | None = None
    category_id: UUID | None = None
    region_id: UUID | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    id: UUID | None = None
    expected_version: int | None = None
    reason: str | None = None


async def set_limit(call: Call, given: SetPolicyValue) -> Result:
    """A limit for clocks that start from then on; those that run keep theirs (trap 18). `made["policy"]`.

    NOT_FOUND (id, categoryId, regionId), CONFLICT, BAD_INPUT with the field: an unknown key, an amount or unit that
    is none, no beginning in the past, no end before it, no other value of the key at the same time.
    """
    permit(call.actor, A.setPolicyValue)

    async def body(work: Work) -> Result:
        await begin(work)
        new = await _given(work, call, given)
        before = await _before(work, given, new.key)
        known = await POLICIES.alike(work, key=new.key)
        changed, added = set_value(new, before, known, replace(new, id=call.new_id()))
        reason = text.optional(given.reason, "reason")
        if before is not None:
            await POLICIES.save(work, before, changed[0])
        await POLICIES.insert(work, added)
        await _kept(work, call, (*changed, *added), reason)
        return _told(work, call, added[0] if added else changed[0])

    return await perform(call, A.setPolicyValue, given, body)


async def _given(work: Work, call: Call, given: SetPolicyValue) -> PolicyValue:
    begins = given.valid_from or call.now
    check_span(begins, given.valid_to, call.now)
    category = await category_in_use(work, given.category_id, begins) if given.category_id else None
    region = await region_of(work, call, given.region_id) if given.region_id else None
    value = PolicyValue(
        id=call.new_id(),
        key=key_of(given.key, category.code if category else None, region.code if region else None),
        amount=given.amount,
        unit=stored_unit(given.key, given.unit),
        valid_from=begins,
        valid_to=given.valid_to,
    )
    check_value(value)
    return value


async def _before(work: Work, given: SetPolicyValue, key: str) -> PolicyValue | None:
    check_named(given.id, given.expected_version)
    if given.id is None or given.expected_version is None:
        return None
    found = await POLICIES.load(work, given.id)
    check_version(found.version, given.expected_version)
    if found.key != key:
        raise DomainError(
            ErrorCode.BAD_INPUT, "id", rule="S40", zh="所接续的时限与此不同", en="It follows another limit"
        )
    return found


async def _kept(work: Work, call: Call, values: Iterable[PolicyValue], reason: str | None) -> None:
    for it in values:
        subject = Subject("PolicyValue", it.id, it.version)
        await record(
            work,
            call,
            DictionaryNoun.POLICY_VALUE,
            subject,
            {**data_of(it), "unit": unit_of(it.key, it.unit)},
            valid_from=it.valid_from,
            reason=reason,
        )


def _told(work: Work, call: Call, value: PolicyValue) -> Result:
    subject = Subject("PolicyValue", value.id, value.version)
    tell(work, call, A.setPolicyValue, subject, "S40", key=value.key, amount=value.amount)
    return Result(made={"policy": (value.id,)})
